package cnn

// WriteUp returns the network of the write-up: two pairs of 3×3 convolutions with 32
// and 64 filters, each pair followed by max pooling and dropout 0.25, then a
// dense layer of 512 with dropout 0.5 and ten outputs; 2,168,362 parameters.
func WriteUp() Architecture {
	const p = 0.25
	return Architecture{
		Name:  "write-up",
		Input: Shape{32, 32, 3},
		Layers: []Layer{
			Conv2D{Name: "First-Convolution", Filters: 32, Kernel: 3, Padding: "same"},
			Activation{Name: "First-Relu", Function: "relu"},
			Conv2D{Name: "Second-Convolution", Filters: 32, Kernel: 3, Padding: "same"},
			Activation{Name: "Second-Relu", Function: "relu"},
			MaxPooling2D{Name: "First-Max-Pool", Size: 2},
			Dropout{Name: "First-Dropout", Rate: p},
			Conv2D{Name: "Third-Convolution", Filters: 64, Kernel: 3, Padding: "same"},
			Activation{Name: "Third-Relu", Function: "relu"},
			Conv2D{Name: "Fourth-Convolution", Filters: 64, Kernel: 3, Padding: "same"},
			Activation{Name: "Fourth-Relu", Function: "relu"},
			MaxPooling2D{Name: "Second-Max-Pool", Size: 2},
			Dropout{Name: "Second-Dropout", Rate: p},
			Flatten{Name: "Flatten"},
			Dense{Name: "First-Affine", Units: 512},
			Activation{Name: "Fifth-Relu", Function: "relu"},
			Dropout{Name: "Third-Dropout", Rate: 2 * p},
			Dense{Name: "Final-Connected-Layer", Units: 10},
			Activation{Name: "Softmax", Function: "softmax"},
		},
	}
}
