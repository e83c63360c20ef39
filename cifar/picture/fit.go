package picture

import (
	"fmt"
	"image"
	"image/draw"
	"strings"

	"github.com/cnnbook/cnnbook/cifar"
)

// Fit makes a picture the size of a dataset's images: it cuts out the largest part of the
// right proportions in the middle, and averages it over areas. It returns the pixels
// channel-first, as [cifar.Dataset.Pixels] does, and describes in words what was done:
// "640×480 pixels: 480×480 cut out in the middle, reduced to 48×48".
//
// Transparent pixels are laid on white. Colours become grey by ITU-R 601 weights; a grey
// picture has three equal channels. 16 bits a channel are cut to 8.
func Fit(img image.Image, s cifar.Shape) (pixels []byte, how string, err error) {
	if err := s.Check(); err != nil {
		return nil, "", err
	}
	b := img.Bounds()
	if b.Empty() {
		return nil, "", fmt.Errorf("the picture has no pixels: %w", ErrFormat)
	}
	if b.Dx() > MaxPixels/b.Dy() {
		return nil, "", fmt.Errorf("%d×%d pixels; want at most %d in all: %w", b.Dy(), b.Dx(), MaxPixels, ErrFormat)
	}
	part := centre(b, s)
	flat := image.NewRGBA(image.Rect(0, 0, part.Dx(), part.Dy()))
	draw.Draw(flat, flat.Bounds(), img, part.Min, draw.Src)
	transparent := onWhite(flat)

	colours := resize(flat, s.Height, s.Width)
	plane := s.Plane()
	pixels = make([]byte, s.Bytes())
	coloured := false
	for i := range plane {
		r, g, b := colours[3*i], colours[3*i+1], colours[3*i+2]
		coloured = coloured || r != g || g != b
		if s.Channels == 1 {
			pixels[i] = luma(r, g, b)
		} else {
			pixels[i], pixels[plane+i], pixels[2*plane+i] = r, g, b
		}
	}

	var did []string
	if part != b {
		did = append(did, fmt.Sprintf("%d×%d cut out in the middle", part.Dy(), part.Dx()))
	}
	switch {
	case part.Dy() > s.Height || part.Dx() > s.Width:
		did = append(did, fmt.Sprintf("reduced to %d×%d", s.Height, s.Width))
	case part.Dy() != s.Height || part.Dx() != s.Width:
		did = append(did, fmt.Sprintf("enlarged to %d×%d", s.Height, s.Width))
	}
	if transparent {
		did = append(did, "transparent pixels on white")
	}
	if coloured && s.Channels == 1 {
		did = append(did, "colours to grey")
	}
	if did == nil {
		did = []string{"as it is"}
	}
	return pixels, fmt.Sprintf("%d×%d pixels: %s", b.Dy(), b.Dx(), strings.Join(did, ", ")), nil
}

// centre is the largest rectangle in the middle of b with the proportions of s.
func centre(b image.Rectangle, s cifar.Shape) image.Rectangle {
	w, h := b.Dx(), b.Dy()
	if w*s.Height > h*s.Width {
		w = max(1, h*s.Width/s.Height)
	} else {
		h = max(1, w*s.Height/s.Width)
	}
	corner := b.Min.Add(image.Pt((b.Dx()-w)/2, (b.Dy()-h)/2))
	return image.Rectangle{Min: corner, Max: corner.Add(image.Pt(w, h))}
}

// onWhite lays a picture, whose colours are premultiplied, on white, and reports whether it
// has transparent pixels.
func onWhite(img *image.RGBA) (transparent bool) {
	for i := 3; i < len(img.Pix); i += 4 {
		if rest := 0xff - img.Pix[i]; rest != 0 {
			transparent = true
			img.Pix[i-3] += rest
			img.Pix[i-2] += rest
			img.Pix[i-1] += rest
			img.Pix[i] = 0xff
		}
	}
	return transparent
}

// resize averages over areas: a pixel of the result is the mean of the part of the picture
// that it covers, in which pixels at the edge count by the share that is covered. It
// returns red, green and blue of each pixel, row by row.
//
// Arithmetic is in whole numbers, and so the same on every machine. In units of 1/width of
// a pixel of the picture (1/height from top to bottom), all edges are whole: output pixel i
// covers [i·W, (i+1)·W), where the picture, W wide, has its pixel j at [j·width, (j+1)·width).
func resize(img *image.RGBA, height, width int) []byte {
	size := img.Bounds().Size()
	columns, rows := spans(size.X, width), spans(size.Y, height)
	out := make([]byte, 0, 3*height*width)
	total := uint64(size.X) * uint64(size.Y)
	sums := make([]uint64, 3*width)
	for _, row := range rows {
		clear(sums)
		for y := row.from; y < row.to; y++ {
			line := img.Pix[img.PixOffset(0, y):]
			down := row.weight(y)
			for x, column := range columns {
				var r, g, b uint64
				for at := column.from; at < column.to; at++ {
					across := column.weight(at)
					p := line[4*at : 4*at+3 : 4*at+3]
					r += across * uint64(p[0])
					g += across * uint64(p[1])
					b += across * uint64(p[2])
				}
				sums[3*x] += down * r
				sums[3*x+1] += down * g
				sums[3*x+2] += down * b
			}
		}
		for _, sum := range sums {
			out = append(out, byte((sum+total/2)/total))
		}
	}
	return out
}

// span is what an output pixel covers of n pixels in one direction.
type span struct {
	from, to   int // the first pixel, and the one after the last
	left, last uint64
	whole      uint64 // weight of a pixel that is covered entirely
}

func (s span) weight(at int) uint64 {
	switch at {
	case s.from:
		return s.left
	case s.to - 1:
		return s.last
	}
	return s.whole
}

func spans(n, outputs int) []span {
	out := make([]span, outputs)
	for i := range out {
		begin, end := i*n, (i+1)*n // in units of 1/outputs of a pixel
		s := span{from: begin / outputs, to: (end + outputs - 1) / outputs, whole: uint64(outputs)}
		s.left = uint64(min(end, (s.from+1)*outputs) - begin)
		s.last = uint64(end - max(begin, (s.to-1)*outputs))
		out[i] = s
	}
	return out
}

// luma is the grey of a colour, by the weights of ITU-R 601, as in package image/color.
func luma(r, g, b byte) byte {
	return byte((19595*uint32(r) + 38470*uint32(g) + 7471*uint32(b) + 1<<15) >> 16)
}
