// Package pagenet computes what a trained network says about an image, in Go alone and with as few packages as possible: compiled
// to WebAssembly it is the evaluator of a page that holds a network, see package cnn/page. It trains nothing.
//
// A network is one file, which [Parse] reads as untrusted. All numbers in it are little-endian:
//
//	magic        "cnnpage1"
//	input        3 × uint16: height, width, channels (1 or 3)
//	pixels       uint8: 0: each image minus its mean, divided by its standard deviation plus 1e-7, over all its values
//	             1: value·scale + offset, with a float32 scale and a float32 offset for each channel
//	classes      uint16, and for each a name: uint16 length, UTF-8
//	layers       uint16, and for each a uint8 kind, see [Kind], and its fields
//	checksum     uint32: CRC-32 (IEEE) of all bytes before it
//
// A layer's name comes first: uint16 length, UTF-8. The fields after it are
//
//	convolution  uint16 kernel, uint16 stride, uint8 same, uint32 filters, weights [kernel, kernel, in, filters], bias
//	depthwise    uint16 kernel, uint16 stride, uint8 same, uint32 multiplier, weights [kernel, kernel, in·multiplier], bias
//	dense        uint32 units, weights [in, units], bias
//	affine       float32 scale and float32 shift of each channel: a normalisation, or a rescaling
//	max, mean    uint16 size, uint16 stride, uint8 same
//	zeros        4 × uint16: rows above and below, columns left and right
//	activation   uint8, see [Function], float32: the slope of a leaky ReLU
//
// and none for the mean of each channel and for flattening. Weights are uint8 bits (8 or 16), a float32 scale for each channel of
// the output, and signed integers of that many bits: a weight is its integer times its channel's scale. A bias is uint8 0, or
// uint8 1 and a float32 for each channel of the output.
//
// Padding "same" is TensorFlow's. Images are channels last, from 0 to 255.
package pagenet
