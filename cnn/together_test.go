package cnn

import (
	"errors"
	"math"
	"testing"

	"github.com/cnnbook/cnnbook/cifar"
)

// One image standardised together with nothing is one image standardised alone;
// beside a darker one it no longer is.
func TestEvaluateTogether(t *testing.T) {
	r := trainTiny(t, t.TempDir(), tinySpec(t))
	_, test := cifar.Drawn(1, 10, 2)
	one := test.Head(1)
	darker, err := test.Subset([]int{0, 1})
	if err != nil {
		t.Fatal(err)
	}
	for i, p := range darker.Pixels(1) {
		darker.Pixels(1)[i] = p / 8
	}
	alone, err := r.Evaluate(t.Context(), one, nil)
	if err != nil {
		t.Fatal(err)
	}
	same, err := r.EvaluateTogether(t.Context(), one, nil)
	if err != nil {
		t.Fatal(err)
	}
	other, err := r.EvaluateTogether(t.Context(), darker, nil)
	if err != nil {
		t.Fatal(err)
	}
	if d := math.Abs(same.Losses[0] - alone.Losses[0]); d > 1e-4 {
		t.Errorf("a single image: losses differ by %g, expected none", d)
	}
	if d := math.Abs(other.Losses[0] - alone.Losses[0]); d < 1e-3 {
		t.Errorf("beside a darker image: losses differ by %g, expected a difference", d)
	}
	again, err := r.Evaluate(t.Context(), one, nil)
	if err != nil {
		t.Fatal(err)
	}
	if again.Losses[0] != alone.Losses[0] {
		t.Errorf("EvaluateTogether changed the run: loss %g, was %g", again.Losses[0], alone.Losses[0])
	}
	if _, err := r.EvaluateTogether(t.Context(), nil, nil); !errors.Is(err, ErrConfig) {
		t.Errorf("no images: %v, expected an ErrConfig", err)
	}
}

func TestPixelMoments(t *testing.T) {
	for _, c := range []struct {
		pixels    []uint8
		mean, std float64
	}{
		{nil, 0, 0},
		{[]uint8{7, 7, 7}, 7, 0},
		{[]uint8{0, 255}, 127.5, 127.5},
		{[]uint8{2, 4, 4, 4, 5, 5, 7, 9}, 5, 2},
	} {
		mean, std := PixelMoments(c.pixels)
		if math.Abs(mean-c.mean) > 1e-12 || math.Abs(std-c.std) > 1e-12 {
			t.Errorf("PixelMoments(%v) = %v, %v; expected %v, %v", c.pixels, mean, std, c.mean, c.std)
		}
	}
}
