package lab

import (
	"bytes"
	_ "embed"
	"encoding/csv"
	"fmt"
	"strconv"

	"github.com/cnnbook/cnnbook/viz"
)

// fullSizeBase is the history of the base training on real CIFAR-10 with the budget full, epoch by epoch, as far as it was run:
//
//	go run . train --data DIR --budget full --recipe as-written
//
//go:embed full-size-base.csv
var fullSizeBase []byte

// fullSizeEpoch is an epoch of a training at full size.
type fullSizeEpoch struct{ epoch, loss, accuracy, validLoss, validAccuracy float64 }

// FullSizeBase shows the base training on real CIFAR-10 at the write-up's own size, as written, with the figures that the write-up
// prints for its first and its last epoch. The curve is a recorded one, from seed 1; it does not depend on the notebook's parameters.
func FullSizeBase() *viz.Figure {
	epochs := must(readFullSize(fullSizeBase))
	column := func(name string, value func(fullSizeEpoch) float64) viz.Series {
		s := viz.Series{Name: name}
		for _, e := range epochs {
			s.X, s.Y = append(s.X, e.epoch), append(s.Y, value(e))
		}
		return s
	}
	return Figure(viz.Lines{
		Title: "Base training on real CIFAR-10, as written", XLabel: "Epoch", YLabel: "Accuracy",
		Series: []viz.Series{
			column("training", func(e fullSizeEpoch) float64 { return e.accuracy }),
			column("validation", func(e fullSizeEpoch) float64 { return e.validAccuracy }),
			{Name: "write-up: training", X: []float64{1, 300}, Y: []float64{0.1034, 0.5203}},
			{Name: "write-up: validation", X: []float64{1, 300}, Y: []float64{0.1276, 0.5586}},
		},
		Width: 860, Height: 340,
	}, fmt.Sprintf("%d of 300 epochs, 40,000 images each, seed 1, a single run; of the write-up, only the first and the last epoch are known", len(epochs)))
}

// readFullSize reads a history as the columns epoch, loss, accuracy, valid_loss and valid_accuracy.
func readFullSize(data []byte) ([]fullSizeEpoch, error) {
	rows, err := csv.NewReader(bytes.NewReader(data)).ReadAll()
	if err != nil {
		return nil, fmt.Errorf("recorded history: %w", err)
	}
	var out []fullSizeEpoch
	for i, row := range rows[1:] {
		var v [5]float64
		for k := range v {
			if v[k], err = strconv.ParseFloat(row[k], 64); err != nil {
				return nil, fmt.Errorf("recorded history, line %d: %w", i+2, err)
			}
		}
		if v[0] != float64(i+1) {
			return nil, fmt.Errorf("recorded history, line %d: epoch %g, expected %d", i+2, v[0], i+1)
		}
		out = append(out, fullSizeEpoch{v[0], v[1], v[2], v[3], v[4]})
	}
	return out, nil
}
