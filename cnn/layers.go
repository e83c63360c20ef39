package cnn

import (
	"cmp"
	"fmt"
)

// The layers beside those of the write-up's network.

// LeakyReLU lets a part Alpha of negative values through: x where x > 0,
// Alpha·x elsewhere.
type LeakyReLU struct {
	Name  string  `json:"name"`
	Alpha float64 `json:"alpha,omitempty"` // 0 is 0.3
}

// BatchNormalization brings each channel to mean 0 and variance 1, then scales
// and shifts it (Ioffe and Szegedy 2015, arXiv 1502.03167):
//
//	y = gamma·(x − mean)/√(variance + Epsilon) + beta
//
// While training, mean and variance are those of the batch, over all axes but
// the last, and the moving statistics follow them:
//
//	moving ← Momentum·moving + (1−Momentum)·batch
//
// Otherwise they are the moving statistics, which belong to the weights but get
// no gradient. The variance is the population's in both places, as in Keras 3.
// Keras 2 differs in what it stores: for images 2.15 multiplies the variance by
// n/(n−1), n values per channel, and 2.1 also divides both averages by
// 1−Momentum^steps.
type BatchNormalization struct {
	Name     string  `json:"name"`
	Momentum float64 `json:"momentum,omitempty"` // 0 is 0.99
	Epsilon  float64 `json:"epsilon,omitempty"`  // 0 is 0.001
}

// GlobalAveragePooling2D is the mean of each channel: input [height, width,
// channels], output [channels].
type GlobalAveragePooling2D struct {
	Name string `json:"name"`
}

func (l LeakyReLU) Kind() string              { return "LeakyReLU" }
func (l BatchNormalization) Kind() string     { return "BatchNormalization" }
func (l GlobalAveragePooling2D) Kind() string { return "GlobalAveragePooling2D" }

func (l LeakyReLU) LayerName() string              { return l.Name }
func (l BatchNormalization) LayerName() string     { return l.Name }
func (l GlobalAveragePooling2D) LayerName() string { return l.Name }

// What Keras takes where a field is left at zero.
const (
	DefaultAlpha    = 0.3   // of a LeakyReLU
	DefaultMomentum = 0.99  // of a BatchNormalization
	DefaultEpsilon  = 0.001 // of a BatchNormalization
)

func (l LeakyReLU) alpha() float64             { return cmp.Or(l.Alpha, DefaultAlpha) }
func (l BatchNormalization) momentum() float64 { return cmp.Or(l.Momentum, DefaultMomentum) }
func (l BatchNormalization) epsilon() float64  { return cmp.Or(l.Epsilon, DefaultEpsilon) }

// Output checks Alpha; the shape stays.
func (l LeakyReLU) Output(in Shape) (Shape, error) {
	if !(l.Alpha >= 0 && l.Alpha <= 1) {
		return nil, fmt.Errorf("alpha must be from 0 to 1, got %g", l.Alpha)
	}
	return in, nil
}

// Output checks the fields; the shape stays.
func (l BatchNormalization) Output(in Shape) (Shape, error) {
	if !(l.Momentum >= 0 && l.Momentum < 1) {
		return nil, fmt.Errorf("momentum must be at least 0 and below 1, got %g", l.Momentum)
	}
	if !(l.Epsilon >= 0 && l.Epsilon < 1) {
		return nil, fmt.Errorf("epsilon must be at least 0 and below 1, got %g", l.Epsilon)
	}
	return in, nil
}

// Output is [channels].
func (l GlobalAveragePooling2D) Output(in Shape) (Shape, error) {
	if len(in) != 3 {
		return nil, fmt.Errorf("needs an image [height, width, channels], got %v", in)
	}
	return Shape{in[2]}, nil
}

// Weights are gamma and beta, which are trained, and the moving mean and
// variance, each [channels].
func (l BatchNormalization) Weights(in Shape) []WeightSpec {
	size := []int{in[len(in)-1]}
	return []WeightSpec{
		{Name: l.Name + "/gamma", Shape: size, Init: "ones"},
		{Name: l.Name + "/beta", Shape: size, Bias: true},
		{Name: l.Name + "/moving_mean", Shape: size, Bias: true, Moving: true},
		{Name: l.Name + "/moving_variance", Shape: size, Init: "ones", Moving: true},
	}
}

func (LeakyReLU) Weights(Shape) []WeightSpec              { return nil }
func (GlobalAveragePooling2D) Weights(Shape) []WeightSpec { return nil }

// SamePadding is how many rows or columns padding "same" adds before and after
// an axis of that size: TensorFlow's rule.
func SamePadding(size, kernel, stride int) [2]int {
	total := max(0, (size-1)/stride*stride+kernel-size)
	return [2]int{total / 2, total - total/2}
}
