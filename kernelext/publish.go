package kernelext

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"image"
	"image/draw"
	"image/png"
	"path/filepath"
	"regexp"
)

// publishedBytes is what a notebook with its outputs may take in a repository.
const publishedBytes = 1_000_000

// Publish puts the outputs of an executed notebook into its source, for readers without a kernel. The
// record of the run, with its machine and date, is left out. A notebook of more than 1 MB gets
// pictures of fewer colours: 6 bits for each of red, green and blue instead of 8, or 5, 4, 3.
// A source whose code has changed since is refused with ErrStale.
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
		return fmt.Errorf("%w: %s has %d code cells, %s has %d; run the book anew", ErrStale, filepath.Base(executed), len(from), filepath.Base(source), len(to))
	}
	for i := range to {
		if done.Cells[from[i]].Source != nb.Cells[to[i]].Source {
			return fmt.Errorf("%w: code cell %d of %s has changed since; run the book anew", ErrStale, i+1, filepath.Base(source))
		}
		nb.Cells[to[i]].Outputs = done.Cells[from[i]].Outputs
	}
	if err := (normaliser{kernel: kernelspecInfo{DisplayName: KernelDisplayName, Language: "go", Name: KernelName}}).apply(nb); err != nil {
		return fmt.Errorf("kernelext: publish %s: %w", source, err)
	}
	for bits := 8; bits >= 3; bits-- {
		if bits == 7 {
			continue // hardly smaller than 8
		}
		small := *nb
		if bits < 8 {
			if small.Cells, err = fewerColours(nb.Cells, bits); err != nil {
				return fmt.Errorf("kernelext: publish %s: %w", source, err)
			}
		}
		data, err := small.encode()
		if err != nil {
			return err
		}
		if len(data) <= publishedBytes {
			return writeFile(source, data, 0o644)
		}
	}
	return fmt.Errorf("kernelext: publish %s: with its outputs it takes more than %d bytes; show fewer or smaller pictures", source, publishedBytes)
}

var pngData = regexp.MustCompile(`data:image/png;base64,([A-Za-z0-9+/=]+)`)

// fewerColours copies cells with their pictures encoded anew.
func fewerColours(cells []notebookCell, bits int) ([]notebookCell, error) {
	out := make([]notebookCell, len(cells))
	for i, cell := range cells {
		outputs := make([]cellOutput, len(cell.Outputs))
		for j, o := range cell.Outputs {
			if html, ok := o.Data["text/html"]; ok {
				smaller, err := fewerColoursHTML(html, bits)
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

// fewerColoursHTML works on a JSON text: base64 holds nothing that JSON escapes.
func fewerColoursHTML(html json.RawMessage, bits int) (json.RawMessage, error) {
	var failed error
	out := pngData.ReplaceAllFunc(html, func(match []byte) []byte {
		data, err := base64.StdEncoding.DecodeString(string(pngData.FindSubmatch(match)[1]))
		if err == nil {
			data, err = posterize(data, bits)
		}
		if err != nil {
			failed = err
			return match
		}
		return append([]byte("data:image/png;base64,"), base64.StdEncoding.EncodeToString(data)...)
	})
	return out, failed
}

// posterize keeps the given number of bits of each colour, spread over the
// whole range so that black and white stay.
func posterize(data []byte, bits int) ([]byte, error) {
	img, err := png.Decode(bytes.NewReader(data))
	if err != nil {
		return nil, err
	}
	rgba := image.NewRGBA(img.Bounds())
	draw.Draw(rgba, rgba.Bounds(), img, img.Bounds().Min, draw.Src)
	levels := 1<<bits - 1
	for i, v := range rgba.Pix {
		if i%4 != 3 { // not the alpha
			rgba.Pix[i] = uint8((int(v)*levels + 127) / 255 * 255 / levels)
		}
	}
	var out bytes.Buffer
	err = (&png.Encoder{CompressionLevel: png.BestCompression}).Encode(&out, rgba)
	return out.Bytes(), err
}
