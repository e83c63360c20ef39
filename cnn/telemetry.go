package cnn

import (
	"fmt"
	"math"
	"slices"

	"github.com/gomlx/gomlx/core/tensors"
)

// WatchedStep is what a training with [Config.Telemetry] recorded of one step.
type WatchedStep struct {
	Step     int            `json:"step"`                // from 1, over the whole run
	Epoch    int            `json:"epoch"`               // from 1
	EpochEnd bool           `json:"epoch_end,omitempty"` // the epoch's last step: its layers have histograms
	Layers   []WatchedLayer `json:"layers"`              // those with arrays that a gradient moves, in order
	ReLUs    []WatchedReLU  `json:"relus,omitempty"`     // in order
}

// WatchedLayer holds Euclidean norms over all arrays of a layer that a gradient moves, kernel and bias together.
type WatchedLayer struct {
	Layer    string  `json:"layer"`
	Weights  float64 `json:"weights"`  // before the step
	Gradient float64 `json:"gradient"` // of the loss that training minimises, not multiplied by the learning rate; 0 for what is no longer trained
	Update   float64 `json:"update"`   // by how much the optimizer moved the weights, before a [Lookahead]

	WeightHistogram   *Histogram `json:"weight_histogram,omitempty"` // of the same values; at an epoch's end only
	GradientHistogram *Histogram `json:"gradient_histogram,omitempty"`
}

// WatchedReLU counts what is dead in the output of an [Activation] with the function "relu", in a step's batch and with dropout
// on. A unit is one value of the output for an image: one position of one channel after a convolution. It is dead if it is 0 for
// every image of the batch: no gradient passes through it. A channel is dead if all its units are: then the weights that it
// alone uses get no gradient.
type WatchedReLU struct {
	Layer        string `json:"layer"`
	Units        int    `json:"units"`
	Dead         int    `json:"dead"`
	Channels     int    `json:"channels"`
	DeadChannels int    `json:"dead_channels"`
}

// Histogram counts values in bins of equal width from Low to High, the smallest and the largest of them. A value between two
// bins is in the upper one, High in the last. If all values are equal, the first bin has them.
type Histogram struct {
	Low    float64 `json:"low"`
	High   float64 `json:"high"`
	Counts []int   `json:"counts"`
}

// Density returns the middle of each bin, and its count divided by the width of the bin and the number of all values, so that
// histograms of other widths can be compared. It is nil if all values are equal, which has no density.
func (h *Histogram) Density() (middles, density []float64) {
	width := (h.High - h.Low) / float64(len(h.Counts))
	if !(width > 0) {
		return nil, nil
	}
	sum := 0
	for _, n := range h.Counts {
		sum += n
	}
	for i, n := range h.Counts {
		middles = append(middles, h.Low+(float64(i)+0.5)*width)
		density = append(density, ratio(n, sum)/width)
	}
	return middles, density
}

const (
	watchEvery    = 10 // steps
	histogramBins = 40
)

// watches reports whether a step, counted from 1, in an epoch that ends with step end, is watched.
func watches(step, end int) bool { return step == 1 || step%watchEvery == 0 || step == end }

// Telemetry is what a run has recorded of its layers, in order of the steps: of the first step, of every tenth and of the last of
// each epoch.
type Telemetry []WatchedStep

// Layers returns the names of the layers that have weights which a gradient moves, in order.
func (t Telemetry) Layers() (names []string) {
	if len(t) > 0 {
		for _, l := range t[0].Layers {
			names = append(names, l.Layer)
		}
	}
	return names
}

// ReLUs returns the names of the ReLUs, in order.
func (t Telemetry) ReLUs() (names []string) {
	if len(t) > 0 {
		for _, r := range t[0].ReLUs {
			names = append(names, r.Layer)
		}
	}
	return names
}

// GradientRatios returns ‖gradient‖/‖weights‖ of a layer, and the steps. A step is left out if its weights were all 0.
//
// That is the figure of which the write-up says that it should be about 1e-3. The rule is that of the course CS231n, which states
// it for the updates, not the gradients: see [Telemetry.UpdateRatios].
func (t Telemetry) GradientRatios(layer string) (steps, ratios []float64) {
	return t.ratios(layer, func(l WatchedLayer) float64 { return l.Gradient })
}

// UpdateRatios returns ‖update‖/‖weights‖ of a layer, and the steps. A step is left out if its weights were all 0. As a rule of
// thumb it should be about 1e-3 (A. Karpathy, CS231n, "Babysitting the learning process").
func (t Telemetry) UpdateRatios(layer string) (steps, ratios []float64) {
	return t.ratios(layer, func(l WatchedLayer) float64 { return l.Update })
}

func (t Telemetry) ratios(layer string, of func(WatchedLayer) float64) (steps, ratios []float64) {
	for _, s := range t {
		for _, l := range s.Layers {
			if l.Layer == layer && l.Weights > 0 {
				steps, ratios = append(steps, float64(s.Step)), append(ratios, of(l)/l.Weights)
			}
		}
	}
	return steps, ratios
}

// DeadShares returns the fraction of a ReLU's units that were dead, 0 to 1, and the steps.
func (t Telemetry) DeadShares(relu string) (steps, shares []float64) {
	for _, s := range t {
		for _, r := range s.ReLUs {
			if r.Layer == relu {
				steps, shares = append(steps, float64(s.Step)), append(shares, ratio(r.Dead, r.Units))
			}
		}
	}
	return steps, shares
}

// relus returns the indices of the layers that WatchedReLU counts.
func (a Architecture) relus() (at []int) {
	for i, l := range a.Layers {
		if l, ok := l.(Activation); ok && l.Function == "relu" {
			at = append(at, i)
		}
	}
	return at
}

// watch is [engine.step], and looks at the step. seen has neither step nor epoch yet. It is nil if a norm is not finite: the
// training will report that by itself.
func (e *engine) watch(data *deviceData, r stepRequest, histograms bool) (loss, correct float64, seen *WatchedStep, err error) {
	specs, err := e.net.WeightSpecs()
	if err != nil {
		return 0, 0, nil, err
	}
	before, err := e.trainedArrays(specs)
	if err != nil {
		return 0, 0, nil, err
	}
	loss, correct, outputs, err := e.train(data, r, true)
	if err != nil {
		return 0, 0, nil, err
	}
	gradients, after, dead, err := e.readWatched(specs, outputs)
	if err != nil {
		return 0, 0, nil, err
	}
	seen = &WatchedStep{EpochEnd: histograms, Layers: e.net.watchLayers(before, gradients, after, histograms)}
	if seen.ReLUs, err = e.net.watchReLUs(dead); err != nil {
		return 0, 0, nil, err
	}
	if !seen.finite() {
		seen = nil
	}
	return loss, correct, seen, nil
}

// trainedArrays copies the weights that a gradient moves: those from which steps go on, if there is an [EMA].
func (e *engine) trainedArrays(specs []WeightSpec) (out Weights, err error) {
	state := stepping(e.config, specs, part(e.state, 0, e.config.devices()))
	for i, s := range specs {
		if s.Moving {
			continue
		}
		values, err := tensors.CopyFlatData[float32](state[i])
		if err != nil {
			return nil, fmt.Errorf("%w: reading %s: %s", ErrBackend, s.Name, firstLine(err.Error()))
		}
		out = append(out, Array{Name: s.Name, Shape: s.Shape, Values: values})
	}
	return out, nil
}

// readWatched copies the further outputs of a watched step, in the order of [watchedStep], and frees them.
func (e *engine) readWatched(specs []WeightSpec, outputs []*tensors.Tensor) (gradients, after Weights, dead []int32, err error) {
	if after, err = e.trainedArrays(specs); err != nil {
		return nil, nil, nil, err
	}
	err = guard("reading a watched step", func() error {
		gradients = slices.Clone(after)
		into := []Weights{gradients}
		if e.config.Lookahead != nil {
			into = append(into, after)
		}
		for _, arrays := range into {
			for i := range arrays {
				if arrays[i].Values, err = tensors.CopyFlatData[float32](outputs[i]); err != nil {
					return err
				}
			}
			outputs = outputs[len(arrays):]
		}
		if len(outputs) == 0 {
			return nil
		}
		dead, err = tensors.CopyFlatData[int32](outputs[0])
		return err
	})
	return gradients, after, dead, err
}

// watchLayers sums up the arrays of each layer.
func (a Architecture) watchLayers(before, gradients, after Weights, histograms bool) (layers []WatchedLayer) {
	for first := 0; first < len(before); {
		name := a.layerOf(before[first].Name)
		end := first + 1
		for end < len(before) && a.layerOf(before[end].Name) == name {
			end++
		}
		l := WatchedLayer{
			Layer: name, Weights: norm(before[first:end]), Gradient: norm(gradients[first:end]),
			Update: distance(after[first:end], before[first:end]),
		}
		if histograms && l.finite() {
			l.WeightHistogram, l.GradientHistogram = histogramOf(before[first:end]), histogramOf(gradients[first:end])
		}
		layers, first = append(layers, l), end
	}
	return layers
}

// watchReLUs names the counts of a watched step.
func (a Architecture) watchReLUs(dead []int32) (out []WatchedReLU, err error) {
	shapes, err := a.Shapes()
	if err != nil {
		return nil, err
	}
	for k, i := range a.relus() {
		s := shapes[i]
		out = append(out, WatchedReLU{
			Layer: a.Layers[i].LayerName(), Units: s.Size(), Dead: int(dead[2*k]), Channels: s[len(s)-1], DeadChannels: int(dead[2*k+1]),
		})
	}
	return out, nil
}

func (s WatchedStep) finite() bool {
	return !slices.ContainsFunc(s.Layers, func(l WatchedLayer) bool { return !l.finite() })
}

func (l WatchedLayer) finite() bool { return finite(l.Weights + l.Gradient + l.Update) }

// norm is the Euclidean norm over all values of the arrays. Squares of float32 neither overflow nor vanish in float64.
func norm(arrays Weights) float64 {
	sum := 0.0
	for _, a := range arrays {
		sum += sumSquares(a.Values, nil)
	}
	return math.Sqrt(sum)
}

// distance is the Euclidean distance between arrays of the same shapes.
func distance(a, b Weights) float64 {
	sum := 0.0
	for i := range a {
		sum += sumSquares(a[i].Values, b[i].Values)
	}
	return math.Sqrt(sum)
}

// sumSquares sums the squares of a − b, or of a if b is nil. Four sums at a time are three times as fast as one.
func sumSquares(a, b []float32) float64 {
	var sums [4]float64
	for i, v := range a {
		x := float64(v)
		if b != nil {
			x -= float64(b[i])
		}
		sums[i%4] += x * x
	}
	return sums[0] + sums[1] + sums[2] + sums[3]
}

// histogramOf counts all values of the arrays, which must be finite.
func histogramOf(arrays Weights) *Histogram {
	low, high := math.Inf(1), math.Inf(-1)
	for _, a := range arrays {
		for _, v := range a.Values {
			low, high = min(low, float64(v)), max(high, float64(v))
		}
	}
	h := &Histogram{Low: low, High: high, Counts: make([]int, histogramBins)}
	scale := 0.0
	if high > low {
		scale = histogramBins / (high - low)
	}
	for _, a := range arrays {
		for _, v := range a.Values {
			h.Counts[min(int((float64(v)-low)*scale), histogramBins-1)]++
		}
	}
	return h
}
