package cnn

import (
	"fmt"
	"math"
	"strings"

	"github.com/cnnbook/cnnbook/cifar"
)

// This file is the recipe of airbench94 (Keller Jordan, "94% on CIFAR-10 in 3.29 Seconds on a Single GPU", 2024, arXiv
// 2404.00498; github.com/KellerJordan/cifar10-airbench, legacy/airbench94.py). Its constants are those of that program. The
// steps to it, by the paper's table of epochs until 94 % of CIFAR-10's test images are right: 45 for a network like this one
// without them, 21 with the whitening layer, 18 with the Dirac start, 13.5 with the higher rate of the betas, 12 with
// Lookahead, 10.8 with the views of the evaluation, 9.9 with the alternating flips.
//
// It differs in two places from the program. There, Lookahead's copy begins before the whitening kernel is computed, and takes
// a millionth of the random kernel into the later weights; here it begins with the whitening kernel. And an image that is
// mirrored is mirrored before it is moved, in every epoch; the moves are symmetric, so that chance is the same.

// FastEpochs is the length of the recipe: 476 steps for CIFAR-10's 50,000 images, the last of them in the tenth epoch.
const FastEpochs = 9.9

// FastForm is a size of the recipe.
type FastForm struct {
	Name   string  // the accuracy in percent that was published for it, on the official test images with six views of each
	Widths [3]int  // filters of the three groups
	Epochs float64 // need not be whole
	Rate   float64 // the highest rate, for 1,024 images
}

// FastForms returns the forms of the recipe, the smallest first: airbench93, airbench94, which is that of [Fast] and [FastTraining],
// and airbench95, with the numbers of these programs (airbench/lib_airbench93.py, legacy/airbench94.py and legacy/airbench95.py).
func FastForms() []FastForm {
	return []FastForm{
		{"93", [3]int{64, 128, 128}, 11, 11.5},
		form94(),
		{"95", [3]int{128, 384, 384}, 15, 10}, // a wider network needs smaller steps
	}
}

func form94() FastForm { return FastForm{"94", [3]int{64, 256, 256}, FastEpochs, 11.5} }

// ParseFastForm returns the form with a name. Its error wraps [ErrConfig] and lists the names.
func ParseFastForm(name string) (FastForm, error) {
	var names []string
	for _, f := range FastForms() {
		if f.Name == name {
			return f, nil
		}
		names = append(names, f.Name)
	}
	return FastForm{}, fmt.Errorf("%w: unknown form %q of the fast recipe: choose one of %s", ErrConfig, name, strings.Join(names, ", "))
}

// Network returns the form's network for CIFAR-10.
func (f FastForm) Network() Architecture { return FastOfWidths(f.Widths[0], f.Widths[1], f.Widths[2]) }

// Fast returns the network of the recipe for CIFAR-10: 1.97 million parameters. See [FastTraining] for its training.
func Fast() Architecture { return form94().Network() }

// FastOfWidths returns the same network with other numbers of filters in its three groups.
func FastOfWidths(first, second, third int) Architecture {
	gelu := func(name string) Layer { return Activation{Name: name, Function: "gelu"} }
	layers := []Layer{
		// 24 filters that decorrelate patches of 2×2 pixels, not trained; 2×2 is the smallest patch with neighbours in
		// both directions, and cheap. The bias is trained for three epochs, as long as it still changes much.
		WhiteningConv2D{Name: "whitening", Kernel: 2, BiasEpochs: 3},
		gelu("whitening-gelu"),
	}
	for i, width := range []int{first, second, third} {
		name := func(part string) string { return fmt.Sprintf("group%d-%s", i+1, part) }
		conv := func(part string) Layer {
			// The identity in the first filters lets an image pass through untrained layers (paper, section 3.3). The bias would
			// be lost in the normalisation that follows.
			return Conv2D{Name: name(part), Filters: width, Kernel: 3, Padding: "same", NoBias: true, Init: "dirac"}
		}
		norm := func(part string) Layer {
			// The moving statistics forget quickly (0.6, not the usual 0.9 or 0.99), as the weights change quickly to the end. Without
			// gamma: the next convolution can scale as well. The epsilon is one that changes nothing.
			return BatchNormalization{Name: name(part), Momentum: 0.6, Epsilon: 1e-12, NoScale: true, Unbiased: true}
		}
		layers = append(layers,
			conv("conv1"), MaxPooling2D{Name: name("pool"), Size: 2}, norm("norm1"), gelu(name("gelu1")),
			conv("conv2"), norm("norm2"), gelu(name("gelu2")))
	}
	return Architecture{Name: "fast", Input: Shape{cifar.Height, cifar.Width, cifar.Channels}, Layers: append(layers,
		MaxPooling2D{Name: "pool", Size: 3}, // 3×3 is what is left of 32×32
		Flatten{Name: "flatten"},
		Dense{Name: "head", Units: cifar.Classes, NoBias: true, Init: "torch_uniform"},
		Rescaling{Name: "scale", Scale: 1. / 9}, // keeps the first logits small, at rates that suit the other layers
		Activation{Name: "softmax", Function: "softmax"},
	)}
}

// FastTraining returns the recipe's training of [Fast] on these images, for a number of epochs, usually [FastEpochs], that need
// not be whole. Seed and Precision are left to the caller.
//
// The batch is that of [FastBatch]; rates are for each image, and need no change with it.
func FastTraining(images *cifar.Dataset, epochs float64) Config {
	return form94().Training(images, epochs)
}

// Training returns the form's training on these images: see [FastTraining].
func (f FastForm) Training(images *cifar.Dataset, epochs float64) Config {
	const (
		perExamples = 1024 // rate and decay are stated for so many images
		momentum    = 0.85
		decay       = 0.0153 // for 1,024 images; independent of the rate
	)
	batch := FastBatch(images.Len())
	// With Nesterov momentum a constant gradient moves the weights by 1 + 1/(1 − momentum) times the rate a step. The rate is
	// divided by that, so that momentum and rate can be chosen independently. The loss is a sum over the batch: the rate is
	// for one image.
	scale := perExamples * (1 + 1/(1-momentum))
	peak := f.Rate / scale
	c := Config{
		Batch: batch,
		Optimizer: TorchSGD{
			Momentum: momentum, Nesterov: true,
			WeightDecay: decay * float64(batch) / scale / peak, // PyTorch multiplies it by the rate
			NormRate:    64,                                    // betas learn 64 times as fast, without more decay
		},
		// From a fifth of the rate up to all of it after 23 % of the steps, and down to 7 %.
		Schedule: Triangle{Max: peak, First: 0.2, Peak: 0.23, Last: 0.07},
		Loss:     Loss{Smoothing: 0.2, Sum: true},
		// 0.95 for each of 5 steps, reached with the third power of the steps done.
		Lookahead:  &Lookahead{Every: 5, Decay: math.Pow(0.95, 5), Power: 3},
		Preprocess: Preprocess{AlternateFlip: true, Crop: 2, Pixels: roundedMoments(images)},
		DropLast:   true,
		Epochs:     max(1, int(math.Ceil(epochs))),
	}
	if per := c.stepsPerEpoch(images.Len()); epochs < float64(c.Epochs) {
		c.Steps = max(1, int(math.Ceil(float64(per)*epochs)))
	}
	return c
}

// FastBatch returns the batch of [FastTraining] for so many images: the recipe's 1,024, or for fewer than 8,192 images a smaller power
// of two, so that an epoch has eight steps.
func FastBatch(images int) int {
	batch := 1024
	for batch > 1 && images < 8*batch {
		batch /= 2
	}
	return batch
}

// roundedMoments standardises by the images' own means and deviations, to four decimals. For CIFAR-10's training images these are
// the recipe's numbers: (0.4914, 0.4822, 0.4465) and (0.2470, 0.2435, 0.2616).
func roundedMoments(images *cifar.Dataset) *Pixels {
	mean, deviation := ChannelMoments(images)
	for c := range mean {
		mean[c] = math.Round(mean[c]*1e4) / 1e4
		deviation[c] = max(1e-4, math.Round(deviation[c]*1e4)/1e4) // a channel that is constant
	}
	return Standardizing(mean, deviation)
}
