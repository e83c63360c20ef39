package cnn_test

import (
	"encoding/json"
	"fmt"

	"github.com/cnnbook/cnnbook/cnn"
)

// A penalty on all kernels, and a greater one on those of one layer; Keras's kernel_regularizer.
func ExampleArchitecture_WithL2() {
	net := cnn.WriteUp().WithL2(1e-4).WithL2(1e-3, "First-Affine")
	specs, err := net.WeightSpecs()
	if err != nil {
		fmt.Println(err)
	}
	for _, s := range specs {
		if s.L2 > 0 {
			fmt.Println(s.Name, s.L2)
		}
	}
	_, err = cnn.WriteUp().WithL2(1e-4, "First-Afine").Shapes()
	fmt.Println(err)
	// Output:
	// First-Convolution/kernel 0.0001
	// Second-Convolution/kernel 0.0001
	// Third-Convolution/kernel 0.0001
	// Fourth-Convolution/kernel 0.0001
	// First-Affine/kernel 0.001
	// Final-Connected-Layer/kernel 0.0001
	// bad architecture: L2 for layer "First-Afine": no Conv2D or Dense layer has that name
}

// Kernels that start from a narrow normal distribution, and biases that start at 0.1, so that most ReLUs pass something on.
func ExampleArchitecture_WithInit() {
	net := cnn.Architecture{Input: cnn.Shape{8, 8, 3}, Layers: []cnn.Layer{
		cnn.Conv2D{Name: "conv", Filters: 4, Kernel: 3}, cnn.Activation{Name: "relu", Function: "relu"},
	}}
	data, err := json.Marshal(net.WithInit(cnn.Gaussian(0.01)).WithBiases(0.1).Layers[0])
	fmt.Println(string(data), err)
	// Output:
	// {"name":"conv","filters":4,"kernel_size":3,"kernel_initializer":"random_normal(0.01)","bias_initializer":0.1} <nil>
}

// A cosine that begins again twice, each time for twice as long.
func ExampleCosineRestarts() {
	for step, rate := range cnn.Rates(cnn.CosineRestarts{Max: 0.1}, 14) {
		fmt.Printf("%d: %.3f\n", step, rate)
	}
	// Output:
	// 0: 0.100
	// 1: 0.050
	// 2: 0.100
	// 3: 0.085
	// 4: 0.050
	// 5: 0.015
	// 6: 0.100
	// 7: 0.096
	// 8: 0.085
	// 9: 0.069
	// 10: 0.050
	// 11: 0.031
	// 12: 0.015
	// 13: 0.004
}
