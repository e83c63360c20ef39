package cnn

import (
	_ "github.com/goccy/go-graphviz"
	_ "github.com/gofrs/flock"
	_ "github.com/gomlx/compute"
	_ "github.com/gomlx/go-xla/compute/xla"
	_ "github.com/gomlx/gomlx/backends/default"
	_ "github.com/gomlx/gomlx/core/graph"
	_ "github.com/gomlx/gomlx/ml/train"
	_ "github.com/janpfeifer/gonb/gonbui"
	_ "github.com/janpfeifer/gonb/gonbui/widgets"
	_ "gonum.org/v1/plot"
	_ "gonum.org/v1/plot/cmpimg"
	_ "gonum.org/v1/plot/vg/vgsvg"
	_ "gonum.org/v1/plot/plotter"
)
