package cnn

// Precision is the type in which convolutions and dense layers multiply, as in
// Keras's mixed precision.
type Precision string

const (
	Float32 Precision = ""
	// BFloat16 has float32's range with 8 bits of mantissa. GPUs
	// multiply it several times as fast; on a CPU it is slower.
	BFloat16 Precision = "bfloat16"
)
