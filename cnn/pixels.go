package cnn

import (
	"fmt"
	"math"
	"reflect"
	"slices"
	"strings"

	"github.com/cnnbook/cnnbook/cifar"
	. "github.com/gomlx/gomlx/core/graph"
)

// Pixels maps pixel values from 0 to 255 to a network's input: pixel·Scale +
// Offset. Each has one number for all channels, or one per channel.
type Pixels struct {
	Scale  []float64 `json:"scale"`
	Offset []float64 `json:"offset"`
}

// check returns an error if the numbers do not fit images with that many channels.
func (p Pixels) check(channels int) error {
	for what, values := range map[string][]float64{"scale": p.Scale, "offset": p.Offset} {
		if len(values) != 1 && len(values) != channels {
			return fmt.Errorf("%w: the preprocessing has a %s of %d numbers, the images have %d channels", ErrConfig, what, len(values), channels)
		}
		for _, v := range values {
			if math.IsNaN(v) || math.IsInf(v, 0) {
				return fmt.Errorf("%w: the preprocessing has a %s of %g", ErrConfig, what, v)
			}
		}
	}
	return nil
}

// apply builds the graph of x [batch, height, width, channels].
func (p Pixels) apply(x *Node) *Node {
	along := func(values []float64) *Node {
		v := make([]float32, len(values))
		for i := range v {
			v[i] = float32(values[i])
		}
		return Reshape(Const(x.Graph(), v), 1, 1, 1, len(v))
	}
	return Add(Mul(x, along(p.Scale)), along(p.Offset))
}

// values applies the formula to an image's pixels, channels last.
func (p Pixels) values(pixels []uint8, channels int) []float32 {
	of := func(values []float64, i int) float32 { return float32(values[i%channels%len(values)]) }
	out := make([]float32, len(pixels))
	for i, v := range pixels {
		out[i] = float32(v)*of(p.Scale, i) + of(p.Offset, i)
	}
	return out
}

// check returns an error if the preprocessing does not fit images of that shape.
func (p Preprocess) check(image Shape) error {
	channels := image[2]
	switch {
	case p.Flip && p.AlternateFlip:
		return fmt.Errorf("%w: the preprocessing flips images at random and in turn: choose one of the two", ErrConfig)
	case p.Crop < 0 || p.Crop >= min(image[0], image[1]):
		return fmt.Errorf("%w: the preprocessing crops images of %d×%d padded by %d pixels: choose from 0 to %d", ErrConfig, image[0], image[1], p.Crop, min(image[0], image[1])-1)
	case p.CropZeros && p.Crop == 0:
		return fmt.Errorf("%w: the preprocessing pads with zeros, but crops nothing: set Crop", ErrConfig)
	}
	if most := 2 * max(image[0], image[1]); p.Cutout < 0 || p.Cutout > most {
		return fmt.Errorf("%w: the preprocessing cuts squares of side %d out of images of %d×%d pixels: choose from 0 to %d", ErrConfig, p.Cutout, image[0], image[1], most)
	}
	if p.Pixels == nil {
		return nil
	}
	if p.Raw {
		return fmt.Errorf("%w: the preprocessing divides by 255 and also has its own scale", ErrConfig)
	}
	return p.Pixels.check(channels)
}

// Inputs returns a dataset's images after this preprocessing, without flips and crops: float32
// [n, height, width, channels]. It is the input that exported networks need in other
// programs.
func (p Preprocess) Inputs(d *cifar.Dataset) []float32 {
	pixels, shape := make([]uint8, len(d.Images)), d.Shape()
	channelsLast(pixels, d)
	out := make([]float32, 0, len(pixels))
	for image := range slices.Chunk(pixels, shape.Bytes()) {
		switch {
		case p.Pixels != nil:
			out = append(out, p.Pixels.values(image, shape.Channels)...)
		case p.Raw:
			out = append(out, Pixels{Scale: []float64{1. / 255}, Offset: []float64{0}}.values(image, shape.Channels)...)
		default:
			out = append(out, Standardize(image)...)
		}
	}
	return out
}

// String describes the preprocessing, as in "each image standardised by itself".
func (p Preprocess) String() string {
	s := "each image standardised by itself"
	switch {
	case p.Pixels != nil && reflect.DeepEqual(*p.Pixels, Pixels{Scale: []float64{1}, Offset: []float64{0}}):
		s = "pixels as they are, 0 to 255"
	case p.Pixels != nil:
		s = fmt.Sprintf("pixels from 0 to 255 times %s plus %s", listed(p.Pixels.Scale), listed(p.Pixels.Offset))
	case p.Raw:
		s = "pixels divided by 255"
	}
	if p.Flip {
		s += "; training images mirrored at random"
	}
	if p.AlternateFlip {
		s += "; training images mirrored every other epoch"
	}
	if p.Crop > 0 {
		s += fmt.Sprintf("; training images moved by up to %d pixels", p.Crop)
		if p.CropZeros {
			s += ", black around them"
		}
	}
	if p.Cutout > 0 {
		s += fmt.Sprintf("; squares of side %d cut out of training images", p.Cutout)
	}
	return s
}

func listed(values []float64) string {
	var out []string
	for _, v := range values {
		out = append(out, fmt.Sprintf("%.6g", v))
	}
	return strings.Join(out, ", ")
}

// sameInput reports whether two preprocessings give a network the same input, apart
// from what applies to training images alone.
func (p Preprocess) sameInput(other Preprocess) bool {
	return reflect.DeepEqual(p.ForEvaluation(), other.ForEvaluation())
}

// Preprocess returns the preprocessing of the run's images.
func (r *Run) Preprocess() Preprocess { return r.config().Preprocess }
