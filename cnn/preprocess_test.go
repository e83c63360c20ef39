package cnn

import (
	"math"
	"testing"
)

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
