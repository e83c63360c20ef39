// Package fit brings a picture to a network's size, in whole numbers and so alike on every machine. It needs nothing but
// slices: package cifar/picture uses it, and so does the evaluator that runs in a browser.
package fit

// Pixels is a picture: red, green, blue and opacity of each pixel, row by row, colours multiplied by the opacity.
type Pixels struct {
	Pix           []byte // 4·Width·Height
	Width, Height int
}

// Centre is the largest part in the middle of a width×height picture that has the proportions of
// toWidth×toHeight: its upper left corner and its size. All numbers are at least 1.
func Centre(width, height, toWidth, toHeight int) (x, y, w, h int) {
	w, h = width, height
	if w*toHeight > h*toWidth {
		w = max(1, h*toWidth/toHeight)
	} else {
		h = max(1, w*toHeight/toWidth)
	}
	return (width - w) / 2, (height - h) / 2, w, h
}

// OnWhite lays a picture on white, and reports whether it has transparent pixels.
func OnWhite(pix []byte) (transparent bool) {
	for i := 3; i < len(pix); i += 4 {
		if rest := 0xff - pix[i]; rest != 0 {
			transparent = true
			pix[i-3] += rest
			pix[i-2] += rest
			pix[i-1] += rest
			pix[i] = 0xff
		}
	}
	return transparent
}

// Resize averages over areas: a pixel of the result is the mean of the part of the picture
// that it covers, in which pixels at the edge count by the share that is covered. It
// returns red, green and blue of each pixel, row by row.
//
// In units of 1/width of a pixel of the picture (1/height from top to bottom), all edges are whole: output pixel i
// covers [i·W, (i+1)·W), where the picture, W wide, has its pixel j at [j·width, (j+1)·width).
func Resize(p Pixels, height, width int) []byte {
	columns, rows := spans(p.Width, width), spans(p.Height, height)
	out := make([]byte, 0, 3*height*width)
	total := uint64(p.Width) * uint64(p.Height)
	sums := make([]uint64, 3*width)
	for _, row := range rows {
		clear(sums)
		for y := row.from; y < row.to; y++ {
			line := p.Pix[4*p.Width*y:]
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

// Luma is the grey of a colour, by the weights of ITU-R 601, as in package image/color.
func Luma(r, g, b byte) byte {
	return byte((19595*uint32(r) + 38470*uint32(g) + 7471*uint32(b) + 1<<15) >> 16)
}
