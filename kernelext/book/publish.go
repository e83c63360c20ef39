package book

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"path/filepath"
	"regexp"

	"github.com/cnnbook/cnnbook/internal/atomicfile"
	"github.com/cnnbook/cnnbook/kernelext/setup"
)

// publishedBytes is the greatest size of a notebook with its outputs in a repository.
const publishedBytes = 1_000_000

// Publish copies the outputs of an executed notebook into its source, for readers without a kernel. The
// record of the run, with its machine and date, is left out. In a notebook of more than 1 MB, images are reduced to
// fewer colours and, if that is not enough, to half the width and height in pixels; their size on the page stays
// the same. A source whose code has changed since the run is refused with ErrStale.
func Publish(executed, source string) error {
	nb, err := readNotebook(source)
	if err != nil {
		return err
	}
	done, err := readNotebook(executed)
	if err != nil {
		return err
	}
	from, to := done.codeCells(), nb.codeCells()
	if len(from) != len(to) {
		return fmt.Errorf("%w: %s has %d code cells, %s has %d; run the book again", ErrStale, filepath.Base(executed), len(from), filepath.Base(source), len(to))
	}
	for i := range to {
		if done.Cells[from[i]].Source != nb.Cells[to[i]].Source {
			return fmt.Errorf("%w: code cell %d of %s has changed since; run the book again", ErrStale, i+1, filepath.Base(source))
		}
		nb.Cells[to[i]].Outputs = done.Cells[from[i]].Outputs
	}
	if err := (normaliser{kernel: kernelspecInfo{DisplayName: setup.KernelDisplayName, Language: "go", Name: setup.KernelName}}).apply(nb); err != nil {
		return fmt.Errorf("book: publish %s: %w", source, err)
	}
	for _, quality := range []quality{{bits: 8}, {bits: 6}, {bits: 5}, {6, true}, {5, true}, {4, true}} {
		small := *nb
		if quality.bits < 8 {
			if small.Cells, err = quality.cells(nb.Cells); err != nil {
				return fmt.Errorf("book: publish %s: %w", source, err)
			}
		}
		data, err := small.encode()
		if err != nil {
			return err
		}
		if len(data) <= publishedBytes {
			return atomicfile.WriteBytes(source, data, 0o644)
		}
	}
	return fmt.Errorf("book: publish %s: with its outputs it takes more than %d bytes; show fewer or smaller images", source, publishedBytes)
}

var pngData = regexp.MustCompile(`data:image/png;base64,([A-Za-z0-9+/=]+)`)

// quality is the reduced quality of an image.
type quality struct {
	bits int  // of each of red, green and blue
	half bool // half the width and height in pixels
}

// cells returns copies of cells with their images re-encoded.
func (q quality) cells(cells []notebookCell) ([]notebookCell, error) {
	out := make([]notebookCell, len(cells))
	for i, cell := range cells {
		outputs := make([]cellOutput, len(cell.Outputs))
		for j, o := range cell.Outputs {
			if html, ok := o.Data["text/html"]; ok {
				smaller, err := q.html(html)
				if err != nil {
					return nil, fmt.Errorf("output %d of cell %d: %w", j+1, i+1, err)
				}
				data := make(map[string]json.RawMessage, len(o.Data))
				for kind, value := range o.Data {
					data[kind] = value
				}
				data["text/html"] = smaller
				o.Data = data
			}
			outputs[j] = o
		}
		cell.Outputs = outputs
		out[i] = cell
	}
	return out, nil
}

// html re-encodes the images of a JSON string: base64 contains no character that JSON escapes.
func (q quality) html(html json.RawMessage) (json.RawMessage, error) {
	var failed error
	out := pngData.ReplaceAllFunc(html, func(match []byte) []byte {
		data, err := base64.StdEncoding.DecodeString(string(pngData.FindSubmatch(match)[1]))
		if err == nil {
			data, err = q.png(data)
		}
		if err != nil {
			failed = err
			return match
		}
		return append([]byte("data:image/png;base64,"), base64.StdEncoding.EncodeToString(data)...)
	})
	return out, failed
}

// png re-encodes an image. Colour levels are spread over the whole range, so that black and white are unchanged.
func (q quality) png(data []byte) ([]byte, error) {
	img, err := png.Decode(bytes.NewReader(data))
	if err != nil {
		return nil, err
	}
	rgba := image.NewRGBA(img.Bounds())
	draw.Draw(rgba, rgba.Bounds(), img, img.Bounds().Min, draw.Src)
	if q.half {
		rgba = halve(rgba)
	}
	levels := 1<<q.bits - 1
	for i, v := range rgba.Pix {
		if i%4 != 3 { // not alpha
			rgba.Pix[i] = uint8((int(v)*levels + 127) / 255 * 255 / levels)
		}
	}
	var out bytes.Buffer
	err = (&png.Encoder{CompressionLevel: png.BestCompression}).Encode(&out, withPalette(rgba))
	return out.Bytes(), err
}

// withPalette returns an image of at most 256 colours, such as a plot's, as one with a palette, which takes a third of the bytes.
func withPalette(img *image.RGBA) image.Image {
	numbers := map[color.RGBA]uint8{}
	out := image.NewPaletted(img.Bounds(), nil)
	for i := range out.Pix {
		c := color.RGBA{img.Pix[4*i], img.Pix[4*i+1], img.Pix[4*i+2], img.Pix[4*i+3]}
		number, known := numbers[c]
		if !known {
			if len(out.Palette) == 256 {
				return img
			}
			number = uint8(len(out.Palette))
			numbers[c] = number
			out.Palette = append(out.Palette, c)
		}
		out.Pix[i] = number
	}
	return out
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
