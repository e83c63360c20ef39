package cnn

import "testing"

// The counts by hand: of 32 windows of 3 along an axis, two lack a position.
func TestOperations(t *testing.T) {
	forward, training, err := WriteUp().Operations()
	if err != nil {
		t.Fatal(err)
	}
	first := int64(2 * 94 * 94 * 3 * 32)
	want := first + 2*94*94*32*32 + 2*46*46*32*64 + 2*46*46*64*64 + 2*4096*512 + 2*512*10
	if forward != want || training != 3*want-first {
		t.Errorf("%d forward and %d in training, want %d and %d", forward, training, want, 3*want-first)
	}
	strided := Architecture{Input: Shape{7, 7, 1}, Layers: []Layer{Conv2D{Name: "c", Filters: 2, Kernel: 3, Stride: 2, Padding: "same"}}}
	if forward, _, err = strided.Operations(); err != nil || forward != 2*10*10*2 {
		t.Errorf("%d for strides of 2 over 7 places, want 400, error %v", forward, err)
	}
	if _, _, err := (Architecture{Input: Shape{7}, Layers: strided.Layers}).Operations(); err == nil {
		t.Error("no error for a convolution of a vector")
	}
}
