package cnn

import (
	"math"

	"github.com/cnnbook/cnnbook/cifar"
)

// Preprocess describes the preprocessing of an image before the network.
type Preprocess struct {
	// Raw skips the sample-wise standardisation and only divides by 255.
	Raw bool `json:"raw,omitempty"`
	// Flip flips each image left to right with probability 1/2. It applies only to
	// training images, unless Config.FlipEvaluation asks for the write-up's way.
	Flip bool `json:"flip,omitempty"`
	// Pixels, if not nil, replaces the standardisation.
	Pixels *Pixels `json:"pixels,omitempty"`
}

// epsilonStandardize is added to the standard deviation before dividing:
// K.epsilon() in Keras 2.1's ImageDataGenerator.standardize (Keras 2.2 and
// later add 1e-6 instead).
const epsilonStandardize = 1e-7

// Standardize is Keras's sample-wise standardisation of one image: all values
// minus their mean, divided by their population standard deviation plus 1e-7.
// It is the reference for the graph's computation, and shows the network's
// input. The order of the values does not matter.
func Standardize(pixels []uint8) []float32 {
	n := float64(len(pixels))
	var sum float64
	for _, p := range pixels {
		sum += float64(p)
	}
	mean := sum / n
	var squares float64
	for _, p := range pixels {
		squares += (float64(p) - mean) * (float64(p) - mean)
	}
	scale := 1 / (math.Sqrt(squares/n) + epsilonStandardize)
	out := make([]float32, len(pixels))
	for i, p := range pixels {
		out[i] = float32((float64(p) - mean) * scale)
	}
	return out
}

// PixelMoments returns the mean and the population standard deviation of all
// values, 0 to 255: of one image's Pixels, or of a whole dataset's Images. No
// values give zeros.
func PixelMoments(pixels []uint8) (mean, std float64) {
	if len(pixels) == 0 {
		return 0, 0
	}
	var sum, squares uint64 // exact: 255²·2^40 values fit
	for _, p := range pixels {
		sum += uint64(p)
		squares += uint64(p) * uint64(p)
	}
	n := float64(len(pixels))
	mean = float64(sum) / n
	return mean, math.Sqrt(max(0, float64(squares)/n-mean*mean))
}

// Inputs returns a dataset's images as a network gets them in evaluation: each
// standardised separately, float32 [n, height, width, channels]. It is the input that exported
// networks need in other programs.
func Inputs(d *cifar.Dataset) []float32 {
	return Preprocess{}.Inputs(d)
}
