package cnn

import (
	"math"
	"strings"
	"testing"

	"github.com/cnnbook/cnnbook/cifar"
)

// A small step against the gradient lowers the loss by the step's length times the
// gradient's: this checks the gradients of layers that only imports use. Their
// outputs are compared with Keras's in package exchange.
func TestGradientsOfWindowsAndActivations(t *testing.T) {
	layers := map[string][]Layer{
		"average": {AveragePooling2D{Name: "a", Size: 3, Stride: 2, Padding: "same"}}, "average apart": {AveragePooling2D{Name: "a", Size: 2}},
		"largest": {WindowMaxPooling2D{Name: "a", Size: 3, Stride: 2, Padding: "same"}}, "largest, valid": {WindowMaxPooling2D{Name: "a", Size: 3, Stride: 1}},
		"largest, over the edge": {WindowMaxPooling2D{Name: "a", Size: 3, Stride: 2, Top: 1, Left: 1, Right: 2}},
		"zeros":                  {ZeroPadding2D{Name: "a", Top: 1, Bottom: 2, Right: 3}},
		"depthwise":              {DepthwiseConv2D{Name: "a", Kernel: 3, Stride: 2, Multiplier: 2, Padding: "same"}}, "depthwise, valid": {DepthwiseConv2D{Name: "a", Kernel: 2, NoBias: true}},
		"separable": {SeparableConv2D{Name: "a", Filters: 5, Kernel: 3, Stride: 2, Padding: "same"}},
	}
	for _, f := range Activations() {
		if f != "softmax" {
			layers[f] = []Layer{Activation{Name: "a", Function: f}}
		}
	}
	train, _ := cifar.Drawn(1, 10, 2)
	for name, middle := range layers {
		t.Run(strings.ReplaceAll(name, " ", "-"), func(t *testing.T) {
			net := Architecture{Input: Shape{32, 32, 3}, Layers: append(append(
				[]Layer{Conv2D{Name: "first", Filters: 4, Kernel: 3, Stride: 4}}, middle...),
				Flatten{Name: "flat"}, Dense{Name: "dense", Units: 10}, Activation{Name: "softmax", Function: "softmax"})}
			const rate = 1e-4
			run, err := OpenRun(t.TempDir(), Spec{Name: "gradient", Network: net, Train: train, Valid: train, Config: Config{Optimizer: SGD{}, Schedule: Constant(rate), Batch: 10}})
			if err != nil {
				t.Fatal(err)
			}
			defer run.Close()
			loss := func() float64 {
				result, err := run.Evaluate(t.Context(), train, nil)
				if err != nil {
					t.Fatal(err)
				}
				return result.Loss
			}
			before, weights := loss(), run.Weights()
			if err := run.Train(t.Context(), nil); err != nil {
				t.Fatal(err)
			}
			squares := 0.0
			for i, a := range run.Weights() {
				for j, v := range a.Values {
					d := float64(v - weights[i].Values[j])
					squares += d * d
				}
			}
			lower, want := before-loss(), squares/rate
			t.Logf("the loss fell by %g, expected %g", lower, want)
			if !(math.Abs(lower-want) <= 0.03*want) || want < 1e-6 {
				t.Errorf("the loss fell by %g, expected %g", lower, want)
			}
		})
	}
}
