package lab

import (
	"fmt"

	"github.com/cnnbook/cnnbook/cnn"
	"github.com/cnnbook/cnnbook/kernelext"
	"github.com/cnnbook/cnnbook/viz"
)

// Ratios shows what a run with [cnn.Config.Telemetry] recorded of its layers, over the steps: the ratio of each layer's gradient,
// and of its update, to its weights, and the share of dead ReLUs. The band is around 1e-3: the write-up states that rule of thumb
// for gradients before they are multiplied by the learning rate, the course CS231n for updates, "not the raw gradients". It ends the
// cell if the run has recorded nothing.
func Ratios(run *cnn.Run) *viz.Figure {
	t := telemetry(run)
	var r viz.Ratios
	for _, layer := range t.Layers() {
		r.Gradient = appendSeries(r.Gradient, layer, t.GradientRatios)
		r.Update = appendSeries(r.Update, layer, t.UpdateRatios)
	}
	for _, relu := range t.ReLUs() {
		r.Dead = appendSeries(r.Dead, relu, t.DeadShares)
	}
	return Figure(r, run)
}

// telemetry reads what a run has recorded, or ends the cell.
func telemetry(run *cnn.Run) cnn.Telemetry {
	t := must(run.Telemetry())
	if len(t) == 0 {
		check(fmt.Errorf("run %s has recorded no telemetry: train it with cnn.Config{Telemetry: true}; one that is finished without is trained again under another name or seed", run.Name))
	}
	return t
}

// appendSeries adds a line, unless it has no points.
func appendSeries(lines []viz.Series, name string, points func(string) (steps, values []float64)) []viz.Series {
	x, y := points(name)
	if len(x) == 0 {
		return lines
	}
	return append(lines, viz.Series{Name: name, X: x, Y: y})
}

// LastRatios lists, for the last step that a run with [cnn.Config.Telemetry] has recorded, each layer's norms and their ratios.
func LastRatios(run *cnn.Run) *kernelext.Table {
	seen := telemetry(run)
	last := seen[len(seen)-1]
	t := NewTable(fmt.Sprintf("Step %d: norms of all arrays of a layer together; %s", last.Step, Caption(run)), "layer", "‖weights‖", "‖gradient‖ / ‖weights‖", "‖update‖ / ‖weights‖")
	for _, l := range last.Layers {
		t.Add(l.Layer, fmt.Sprintf("%.4g", l.Weights), fmt.Sprintf("%.2g", l.Gradient/l.Weights), fmt.Sprintf("%.2g", l.Update/l.Weights))
	}
	return t
}
