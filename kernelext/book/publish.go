package book

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"path/filepath"
	"regexp"
	"slices"

	"github.com/cnnbook/cnnbook/internal/atomicfile"
	"github.com/cnnbook/cnnbook/kernelext/internal/smallpng"
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
		nb.Cells[to[i]].Outputs = withoutChoices(done.Cells[from[i]].Outputs)
	}
	if err := (normaliser{kernel: kernelspecInfo{DisplayName: setup.KernelDisplayName, Language: "go", Name: setup.KernelName}, anywhere: true}).apply(nb); err != nil {
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

// choice matches a choice that an Explorer puts into a page, or a Page of its own, beside the stills.
var choice = regexp.MustCompile(`(?s)<template class="cnnbook-(?:choice|page)".*?</template>`)

// withoutChoices returns outputs in which explorers and pages have only their stills, for a file that is to be small.
func withoutChoices(outputs []cellOutput) []cellOutput {
	out := slices.Clone(outputs)
	for i, o := range out {
		var page multiline
		if json.Unmarshal(o.Data["text/html"], &page) != nil || !choice.MatchString(string(page)) {
			continue
		}
		small, err := marshal(multiline(choice.ReplaceAllString(string(page), "")), "")
		if err != nil {
			continue
		}
		out[i].Data = maps.Clone(o.Data)
		out[i].Data["text/html"] = small
	}
	return out
}

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
			data, err = smallpng.Reduce(data, q.bits, q.half)
		}
		if err != nil {
			failed = err
			return match
		}
		return append([]byte("data:image/png;base64,"), base64.StdEncoding.EncodeToString(data)...)
	})
	return out, failed
}
