package cifar

import (
	"fmt"
	"strconv"
	"strings"
)

// Shape is the size of one image: pixels from top to bottom, pixels from left to right,
// and channels, 1 (grey) or 3 (red, green, blue).
type Shape struct{ Height, Width, Channels int }

// MaxSide is the largest height or width of an image in a dataset.
const MaxSide = 2048

// officialShape is that of CIFAR-10.
func officialShape() Shape { return Shape{Height, Width, Channels} }

// Plane returns the number of pixels of one channel, Bytes that of all channels.
func (s Shape) Plane() int { return s.Height * s.Width }

// Bytes returns the number of bytes of one image.
func (s Shape) Bytes() int { return s.Plane() * s.Channels }

// String writes height by width, and the channels where they are not three: "48×48",
// "28×28 grey".
func (s Shape) String() string {
	size := fmt.Sprintf("%d×%d", s.Height, s.Width)
	switch s.Channels {
	case 3:
		return size
	case 1:
		return size + " grey"
	}
	return fmt.Sprintf("%s with %d channels", size, s.Channels)
}

// Check reports a shape that no dataset can have. Its error wraps ErrArgument.
func (s Shape) Check() error {
	if min(s.Height, s.Width) < 1 || max(s.Height, s.Width) > MaxSide {
		return fmt.Errorf("%w: images of %d×%d; want sides of 1 to %d pixels", ErrArgument, s.Height, s.Width, MaxSide)
	}
	if s.Channels != 1 && s.Channels != 3 {
		return fmt.Errorf("%w: images with %d channels; want 1 (grey) or 3 (red, green, blue)", ErrArgument, s.Channels)
	}
	return nil
}

// ParseShape reads a shape of three channels from "48x48" (height, width), of another number from
// "28x28x1".
func ParseShape(text string) (Shape, error) {
	numbers := []int{0, 0, 3}
	parts := strings.FieldsFunc(text, func(r rune) bool { return r == 'x' || r == 'X' || r == '×' })
	wrong := fmt.Errorf("%w: size %q; want HEIGHTxWIDTH as in 48x48, or 48x48x1 for grey", ErrArgument, text)
	if len(parts) != 2 && len(parts) != 3 {
		return Shape{}, wrong
	}
	for i, part := range parts {
		n, err := strconv.Atoi(part)
		if err != nil {
			return Shape{}, wrong
		}
		numbers[i] = n
	}
	s := Shape{numbers[0], numbers[1], numbers[2]}
	return s, s.Check()
}

// Shape returns the size of the images. A dataset that states none has CIFAR-10's.
func (d *Dataset) Shape() Shape {
	if d.Height == 0 && d.Width == 0 && d.Channels == 0 {
		return officialShape()
	}
	return Shape{d.Height, d.Width, d.Channels}
}

// setShape is the inverse of Shape.
func (d *Dataset) setShape(s Shape) { d.Height, d.Width, d.Channels = s.Height, s.Width, s.Channels }
