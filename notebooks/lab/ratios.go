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

// Histograms shows how the weights and the gradients of a layer were distributed at the ends of epochs: of the first, of the last
// and of up to two between, in a run with [cnn.Config.Telemetry]. It ends the cell if the run has recorded none.
func Histograms(run *cnn.Run, layer string) *viz.Figure {
	weights := viz.Lines{Title: "Weights of " + layer, XLabel: "Weight", YLabel: "Density", Width: 430, Height: 320}
	gradients := weights
	gradients.Title, gradients.XLabel = "Their gradients", "Gradient"
	ends := epochEnds(telemetry(run), layer)
	if len(ends) == 0 {
		check(fmt.Errorf("run %s has recorded no histogram of a layer %q: they are made at the ends of epochs, of layers with weights that are trained", run.Name, layer))
	}
	for i, s := range ends {
		if few := min(4, len(ends)); i > 0 && i*(few-1)/(len(ends)-1) == (i-1)*(few-1)/(len(ends)-1) {
			continue // evenly spread, the first and the last among them
		}
		name := fmt.Sprintf("epoch %d", s.epoch)
		weights.Series = appendSeries(weights.Series, name, func(string) (x, y []float64) { return s.WeightHistogram.Density() })
		gradients.Series = appendSeries(gradients.Series, name, func(string) (x, y []float64) { return s.GradientHistogram.Density() })
	}
	return must(viz.Row("", must(weights.Figure()), must(gradients.Figure()))).Note(Caption(run))
}

// epochEnd is a layer at the end of an epoch.
type epochEnd struct {
	cnn.WatchedLayer
	epoch int
}

func epochEnds(t cnn.Telemetry, layer string) (ends []epochEnd) {
	for _, s := range t {
		for _, l := range s.Layers {
			if s.EpochEnd && l.Layer == layer {
				ends = append(ends, epochEnd{l, s.Epoch})
			}
		}
	}
	return ends
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
