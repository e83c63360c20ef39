package cnn

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"github.com/cnnbook/cnnbook/cifar"
)

// WhiteningConv2D is a convolution, with padding "valid" and a bias, whose kernel is not trained: it is computed
// from the training images when a run starts, so that its outputs are uncorrelated and have a variance near 1
// (tysam-code's hlb-CIFAR10, 2023; Jordan 2024, arXiv 2404.00498, section 3.1). It has two filters for each value of a
// patch, 2·Kernel²·channels:
//
//	filter i          = eigenvector i / √(eigenvalue i + Epsilon), eigenvalues from the largest
//	filter n + i      = −filter i, as the activation after it would lose one of the signs
//
// The eigenvectors are those of the uncentred covariance of all patches of the preprocessed images, Σ p·pᵀ / patches. An
// eigenvector's sign is arbitrary; here its component of the largest magnitude, the first of several, is positive.
type WhiteningConv2D struct {
	Name       string  `json:"name"`
	Kernel     int     `json:"kernel_size"`
	Images     int     `json:"images,omitempty"`      // the first so many training images; 0 is 5,000
	Epsilon    float64 `json:"epsilon,omitempty"`     // 0 is 0.0005
	BiasEpochs int     `json:"bias_epochs,omitempty"` // the bias is trained in the first so many epochs; 0: in all
}

// The recipe's values, used for fields that are zero.
const (
	defaultWhiteningImages  = 5000
	defaultWhiteningEpsilon = 5e-4
)

func (WhiteningConv2D) Kind() string        { return "WhiteningConv2D" }
func (l WhiteningConv2D) LayerName() string { return l.Name }

// Conv2D returns the same layer, on images of that many channels, as one whose weights are like any other's.
func (l WhiteningConv2D) Conv2D(channels int) Conv2D {
	return Conv2D{Name: l.Name, Filters: 2 * l.Kernel * l.Kernel * channels, Kernel: l.Kernel}
}

// maxWhitenedSide bounds the kernel: the eigenvectors of larger patches would take minutes.
const maxWhitenedSide = 8

// Output is [height − Kernel + 1, width − Kernel + 1, 2·Kernel²·channels].
func (l WhiteningConv2D) Output(in Shape) (Shape, error) {
	if len(in) != 3 {
		return nil, fmt.Errorf("needs an image [height, width, channels], got %v", in)
	}
	if l.Kernel < 1 || l.Kernel > maxWhitenedSide {
		return nil, fmt.Errorf("needs a kernel side from 1 to %d, got %d", maxWhitenedSide, l.Kernel)
	}
	if !(l.Epsilon >= 0 && l.Epsilon < 1) {
		return nil, fmt.Errorf("epsilon must be at least 0 and below 1, got %g", l.Epsilon)
	}
	if l.Images < 0 || l.BiasEpochs < 0 {
		return nil, fmt.Errorf("images and bias_epochs must be at least 0, got %d and %d", l.Images, l.BiasEpochs)
	}
	return l.Conv2D(in[2]).Output(in)
}

// Weights are kernel [Kernel, Kernel, channels, filters], which is not trained, and bias [filters].
func (l WhiteningConv2D) Weights(in Shape) []WeightSpec {
	specs := l.Conv2D(in[2]).Weights(in)
	specs[0].Moving, specs[1].Epochs = true, l.BiasEpochs
	return specs
}

func (WhiteningConv2D) arrays() int { return 2 }

// Whiten computes the arrays of a network's [WhiteningConv2D] or [ZCAWhitening], if its first layer is one, from images and their
// preprocessing, and puts it into the weights. [OpenRun] does it for a new run's training images.
func (a Architecture) Whiten(weights Weights, images *cifar.Dataset, p Preprocess) error {
	if err := weights.matches(a); err != nil {
		return err
	}
	for i, layer := range a.Layers {
		w, ok := layer.(whitening)
		switch {
		case !ok:
			continue
		case i > 0:
			return fmt.Errorf("%w: layer %q: only the first layer can be a %s: it is computed from the images", ErrArchitecture, layer.LayerName(), layer.Kind())
		}
		if err := a.fits(images); err != nil {
			return err
		}
		if err := w.whiten(weights, images, p); err != nil {
			return fmt.Errorf("layer %q: %w", layer.LayerName(), err)
		}
	}
	return nil
}

// whitening is a layer that is computed from a network's images.
type whitening interface {
	whiten(weights Weights, images *cifar.Dataset, p Preprocess) error
}

// whiten computes the layer's kernel.
func (l WhiteningConv2D) whiten(weights Weights, images *cifar.Dataset, p Preprocess) error {
	sample := images.Head(cmp.Or(l.Images, defaultWhiteningImages))
	weights[0].Values = l.kernel(p.Inputs(sample), imageShape(images))
	return nil
}

// kernel returns the whitening kernel [Kernel, Kernel, channels, filters] of images [n, height, width, channels].
func (l WhiteningConv2D) kernel(images []float32, shape Shape) []float32 {
	covariance := patchCovariance(images, shape, l.Kernel)
	values, vectors := eigen(covariance)
	n := len(values)
	kernel := make([]float32, n*2*n)
	for filter := range n {
		scale := 1 / math.Sqrt(max(0, values[filter])+cmp.Or(l.Epsilon, defaultWhiteningEpsilon))
		for place, v := range vectors[filter] {
			kernel[place*2*n+filter] = float32(v * scale)
			kernel[place*2*n+n+filter] = -float32(v * scale)
		}
	}
	return kernel
}

// patchCovariance returns Σ p·pᵀ / patches over all patches of that side, each a vector by row, column and channel.
func patchCovariance(images []float32, shape Shape, side int) [][]float64 {
	height, width, channels := shape[0], shape[1], shape[2]
	n := side * side * channels
	sums := make([][]float64, n)
	for i := range sums {
		sums[i] = make([]float64, n)
	}
	patch := make([]float64, 0, n)
	patches := 0
	for image := range slices.Chunk(images, shape.Size()) {
		for y := range height - side + 1 {
			for x := range width - side + 1 {
				patch = patch[:0]
				for row := range side {
					start := ((y+row)*width + x) * channels
					for _, v := range image[start : start+side*channels] {
						patch = append(patch, float64(v))
					}
				}
				for i, v := range patch {
					for j, w := range patch[:i+1] {
						sums[i][j] += v * w
					}
				}
				patches++
			}
		}
	}
	for i := range sums {
		for j := range i + 1 {
			sums[i][j] /= float64(patches)
			sums[j][i] = sums[i][j]
		}
	}
	return sums
}
