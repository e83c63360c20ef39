// Package smallpng makes PNG images smaller, at the price of colours and of pixels.
package smallpng

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"image/png"
)

// Reduce re-encodes an image with so many bits for each of red, green and blue and, if half is true, with half the width and
// height in pixels. Levels are spread over the whole range, so that black and white are unchanged.
func Reduce(data []byte, bits int, half bool) ([]byte, error) {
	img, err := decode(data)
	if err != nil {
		return nil, err
	}
	if half {
		img = halve(img)
	}
	posterise(img, bits)
	if indexed, ok := index(img); ok {
		return encode(indexed) // a plot, in a third of the bytes
	}
	return encode(img)
}

// Palette re-encodes an image with half the width and height in pixels and at most 256 colours: as many bits as give no more.
func Palette(data []byte) ([]byte, error) {
	img, err := decode(data)
	if err != nil {
		return nil, err
	}
	img = halve(img)
	for bits := 8; bits > 1; bits-- {
		reduced := &image.RGBA{Pix: bytes.Clone(img.Pix), Stride: img.Stride, Rect: img.Rect}
		posterise(reduced, bits)
		if indexed, ok := index(reduced); ok {
			return encode(indexed)
		}
	}
	return nil, fmt.Errorf("smallpng: more than 256 colours in two bits each")
}

func decode(data []byte) (*image.RGBA, error) {
	img, err := png.Decode(bytes.NewReader(data))
	if err != nil {
		return nil, err
	}
	rgba := image.NewRGBA(img.Bounds())
	draw.Draw(rgba, rgba.Bounds(), img, img.Bounds().Min, draw.Src)
	return rgba, nil
}

func encode(img image.Image) ([]byte, error) {
	var out bytes.Buffer
	err := (&png.Encoder{CompressionLevel: png.BestCompression}).Encode(&out, img)
	return out.Bytes(), err
}

// posterise reduces the colours in place; transparency stays.
func posterise(img *image.RGBA, bits int) {
	levels := 1<<bits - 1
	for i, v := range img.Pix {
		if i%4 != 3 {
			img.Pix[i] = uint8((int(v)*levels + 127) / 255 * 255 / levels)
		}
	}
}

// index returns the image with a palette, if it has at most 256 colours.
func index(img *image.RGBA) (*image.Paletted, bool) {
	seen, palette := map[color.RGBA]uint8{}, color.Palette{}
	out := image.NewPaletted(img.Rect, nil)
	for y := img.Rect.Min.Y; y < img.Rect.Max.Y; y++ {
		for x := img.Rect.Min.X; x < img.Rect.Max.X; x++ {
			c := img.RGBAAt(x, y)
			at, ok := seen[c]
			if !ok {
				if len(palette) == 256 {
					return nil, false
				}
				at = uint8(len(palette))
				seen[c], palette = at, append(palette, c)
			}
			out.Pix[out.PixOffset(x, y)] = at
		}
	}
	out.Palette = palette
	return out, true
}

// halve averages blocks of 2 × 2 pixels.
func halve(img *image.RGBA) *image.RGBA {
	b := img.Bounds()
	out := image.NewRGBA(image.Rect(0, 0, max(1, b.Dx()/2), max(1, b.Dy()/2)))
	for y := range b.Dy() / 2 {
		for x := range b.Dx() / 2 {
			from, to := img.PixOffset(b.Min.X+2*x, b.Min.Y+2*y), out.PixOffset(x, y)
			for c := range 4 {
				sum := int(img.Pix[from+c]) + int(img.Pix[from+4+c]) + int(img.Pix[from+img.Stride+c]) + int(img.Pix[from+img.Stride+4+c])
				out.Pix[to+c] = uint8((sum + 2) / 4)
			}
		}
	}
	return out
}
