package cnn

import (
	"fmt"
	"math"
)

// View is a way to present an image to the network in an evaluation with test-time augmentation: the image, moved by some
// pixels, with what it leaves free filled by its reflection, and then perhaps mirrored. The logits of all views, each times
// its Weight, are added up.
type View struct {
	Down, Right int  // pixels
	Mirror      bool // left to right
	Weight      float64
}

// MirrorViews are the image and its mirror image, with equal weights.
func MirrorViews() []View { return mirrored(View{Weight: 1}) }

// MirrorAndShiftViews are the six views of Jordan 2024, arXiv 2404.00498: the image, the image moved up and left by one pixel,
// and the image moved down and right, with weights 1/2, 1/4 and 1/4, and the mirror image of each, which shares its weight.
func MirrorAndShiftViews() []View {
	var out []View
	for _, v := range []View{{Weight: 0.5}, {Down: -1, Right: -1, Weight: 0.25}, {Down: 1, Right: 1, Weight: 0.25}} {
		out = append(out, mirrored(v)...)
	}
	return out
}

// mirrored returns the view and that of the mirrored image, with half the weight each.
func mirrored(v View) []View {
	v.Weight /= 2
	other := v
	other.Mirror = true
	return []View{v, other}
}

// checkViews returns an error if a view does not fit images of that shape.
func checkViews(views []View, image Shape) error {
	if len(views) == 0 && views != nil {
		return fmt.Errorf("%w: an evaluation needs at least one view; nil shows each image as it is", ErrConfig)
	}
	for i, v := range views {
		if !(math.Abs(v.Weight) <= math.MaxFloat32) {
			return fmt.Errorf("%w: view %d has a weight of %g", ErrConfig, i, v.Weight)
		}
		if most := min(image[0], image[1]) - 1; max(v.Down, -v.Down, v.Right, -v.Right) > most {
			return fmt.Errorf("%w: view %d moves the image by %d and %d pixels: at most %d are possible", ErrConfig, i, v.Down, v.Right, most)
		}
	}
	return nil
}
