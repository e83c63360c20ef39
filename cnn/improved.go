package cnn

// ImprovedEpochs is a usual length of [ImprovedTraining].
const ImprovedEpochs = 100

// Improved returns the write-up's network, changed only by ideas with which it ends:
//
//   - batch normalisation behind each convolution and the first dense layer, in place of their biases; it regularises too, as the
//     write-up expects of it, so the dropouts' rate p is 0.1 in place of 0.25 (Ioffe and Szegedy 2015, section 4.2.1, arXiv 1502.03167)
//   - L2 on all kernels: λ is 0.00025, whose gradient is that of the usual weight decay of 0.0005
//   - He's initialiser, which is for ReLUs
//
// It has the convolutions and dense layers of the write-up. See [ImprovedTraining] for its training.
func Improved() Architecture {
	const l2 = 0.00025
	network := Architecture{Name: "improved", Input: WriteUp().Input}
	for _, layer := range WriteUp().Layers {
		switch l := layer.(type) {
		case Conv2D:
			l.NoBias = true
			network.Layers = append(network.Layers, l, normalised(l.Name))
			continue
		case Dense:
			if l.Name == "First-Affine" {
				l.NoBias = true
				network.Layers = append(network.Layers, l, normalised(l.Name))
				continue
			}
		case Dropout:
			l.Rate *= 0.4
			layer = l
		}
		network.Layers = append(network.Layers, layer)
	}
	return network.WithL2(l2).WithInit("he_normal", "First-Convolution", "Second-Convolution", "Third-Convolution", "Fourth-Convolution", "First-Affine")
}

func normalised(layer string) BatchNormalization {
	return BatchNormalization{Name: layer + "-norm", Momentum: 0.9} // a few hundred steps an epoch: 0.99 would be behind
}

// ImprovedTraining returns a training of [Improved], for a number of epochs, usually [ImprovedEpochs]:
//
//   - crops after padding by an eighth, besides the write-up's flips
//   - the cyclic rate that the write-up tries in one of its stages, over the whole training: up to 0.1 and down to nothing
//     (Smith and Topin 2017, arXiv 1708.07120), with the momentum and batch that go with such a rate
//
// Seed and Precision are left to the caller.
func ImprovedTraining(epochs int) Config {
	return Config{
		Optimizer:  SGD{Momentum: 0.9, Nesterov: true},
		Schedule:   OneCycle{Max: 0.1},
		Batch:      250,
		Epochs:     epochs,
		Preprocess: Preprocess{Flip: true, Crop: 4, CropZeros: true},
	}
}
