// Package page puts a trained network into one HTML file that works without a server and without a kernel: [Make] writes the
// network's weights with 8 or 16 bits each, the evaluator of package internal/pagenet as WebAssembly, and up to 100 test
// images into it. Its reader drops a picture, chooses one or takes a test image, and sees the probability of each class and on
// which parts of the picture the answer hangs. Nothing leaves the page: its security policy lets it load and send nothing.
//
// The page asks the network as [cnn.Run.Evaluate] does: one view, without flips, after the run's own preprocessing. How far its
// probabilities are from ours is measured on the test images when the page is made, is stated in the page, and can be
// measured again there, in the reader's browser.
//
// Without JavaScript the page shows what the network says about the first test image.
package page

//go:generate go run ./generate
