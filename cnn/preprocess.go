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
	// AlternateFlip replaces these random flips: half of the images, chosen once by the seed, are flipped in the first
	// epoch, the other half in the second, and so on in turn, so that two epochs show an image both ways for sure
	// (Jordan 2024, arXiv 2404.00498, section 3.6).
	AlternateFlip bool `json:"alternate_flip,omitempty"`
	// Crop moves each training image by up to so many pixels up or down and, independently, left or right, each
	// distance with the same probability: the image, padded by Crop on all sides, is cropped to its size at a random place.
	Crop int `json:"crop,omitempty"`
	// CropZeros pads with black pixels. Otherwise the image is reflected at its edges, without repeating the edge.
	CropZeros bool `json:"crop_zeros,omitempty"`
	// Cutout sets a square of that many pixels a side in each training image to 0, after the standardisation: to the mean colour,
	// if that has a mean of 0. Its middle is anywhere in the image with the same probability, so that it may lie partly
	// outside (DeVries and Taylor 2017, arXiv 1708.04552).
	Cutout int `json:"cutout,omitempty"`
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

// ForEvaluation returns the preprocessing without what applies to training images alone.
func (p Preprocess) ForEvaluation() Preprocess {
	p.Flip, p.AlternateFlip, p.Crop, p.CropZeros, p.Cutout = false, false, 0, false, 0
	return p
}

// Standardizing returns the preprocessing that subtracts a mean from each channel and divides by a standard deviation, as
// torchvision's Normalize does: both of values from 0 to 1.
func Standardizing(mean, deviation []float64) *Pixels {
	p := &Pixels{}
	for c, m := range mean {
		p.Scale, p.Offset = append(p.Scale, 1/(255*deviation[c])), append(p.Offset, -m/deviation[c])
	}
	return p
}

// ChannelMoments returns the mean and the population standard deviation of each channel of a dataset, of values from 0 to 1.
// Of CIFAR-10's training images they are 0.4914, 0.4822, 0.4465 and 0.2470, 0.2435, 0.2616.
func ChannelMoments(d *cifar.Dataset) (mean, deviation []float64) {
	shape := d.Shape()
	plane := shape.Plane()
	for c := range shape.Channels {
		values := make([]uint8, 0, plane*d.Len())
		for start := c * plane; start < len(d.Images); start += shape.Bytes() {
			values = append(values, d.Images[start:start+plane]...)
		}
		m, s := PixelMoments(values)
		mean, deviation = append(mean, m/255), append(deviation, s/255)
	}
	return mean, deviation
}
