package exchange

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"github.com/cnnbook/cnnbook/cnn"
)

// preprocessKey is the key of the preprocessing in exported files: JSON in an
// attribute of a .h5 file, or in a .keras file's metadata.
const preprocessKey = "cnnbook_preprocess"

// Preprocessings lists the preprocessings that [Import] accepts, each with a short
// description.
func Preprocessings() [][2]string {
	return [][2]string{
		{"standardise", "each image minus its mean, divided by its standard deviation, as in the write-up"},
		{"divide-255", "pixels divided by 255: from 0 to 1"},
		{"minus-1-to-1", "pixels divided by 127.5, minus 1"},
		{"none", "unchanged pixels: from 0 to 255"},
		{"mean=M,std=S", "pixels minus M, divided by S: one number each, or one for each channel with / between, as in mean=125/123/114,std=63/62/67"},
	}
}

// choices lists the names.
func choices() string {
	var out []string
	for _, c := range Preprocessings() {
		out = append(out, c[0])
	}
	return strings.Join(out, ", ")
}

// choose returns the preprocessing with that name.
func choose(name string) (cnn.Preprocess, error) {
	switch name {
	case "standardise", "standardize":
		return cnn.Preprocess{}, nil
	case "divide-255":
		return cnn.Preprocess{Raw: true}, nil
	case "minus-1-to-1":
		return cnn.Preprocess{Pixels: &cnn.Pixels{Scale: []float64{1 / 127.5}, Offset: []float64{-1}}}, nil
	case "none":
		return cnn.Preprocess{Pixels: &cnn.Pixels{Scale: []float64{1}, Offset: []float64{0}}}, nil
	}
	mean, std, ok := strings.Cut(name, ",std=")
	mean, isMean := strings.CutPrefix(mean, "mean=")
	if !ok || !isMean {
		return cnn.Preprocess{}, fmt.Errorf("%w: %q is unknown: known are %s", ErrPreprocessing, name, choices())
	}
	var s step
	var lists [2][]float64
	for i, text := range []string{mean, std} {
		for part := range strings.SplitSeq(text, "/") {
			v, err := strconv.ParseFloat(part, 64)
			if err != nil || (i == 1 && !(v > 0)) || v != v || v > 1e30 || v < -1e30 {
				return cnn.Preprocess{}, fmt.Errorf("%w: %q: %q is not a usable number", ErrPreprocessing, name, part)
			}
			lists[i] = append(lists[i], v)
		}
	}
	if a, b := len(lists[0]), len(lists[1]); a != b && a != 1 && b != 1 {
		return cnn.Preprocess{}, fmt.Errorf("%w: %q: %d means and %d deviations", ErrPreprocessing, name, a, b)
	}
	variance := make([]float64, len(lists[1]))
	for i, v := range lists[1] {
		variance[i] = v * v
	}
	s.normalize(lists[0], variance)
	p := pixels([]step{s})
	return cnn.Preprocess{Pixels: &p}, nil
}

// toldPreprocess reads the preprocessing from a file that this module exported; note is
// the description in older ones.
func toldPreprocess(text, note string) (*cnn.Preprocess, error) {
	if text == "" {
		if note == inputNote(cnn.Preprocess{}) {
			return &cnn.Preprocess{}, nil
		}
		return nil, nil
	}
	var p cnn.Preprocess
	if err := json.Unmarshal([]byte(text), &p); err != nil {
		return nil, fmt.Errorf("%w: its %s: %w", cnn.ErrFormat, preprocessKey, err)
	}
	return &p, nil
}

// input returns the preprocessing of the network's images: the one that the file states or
// chosen names, followed by the model's own preprocessing layers. said is a note if the
// result depends on an assumption.
func (p *plan) input(file *cnn.Preprocess, chosen string) (out cnn.Preprocess, said string, err error) {
	out.Flip = p.flip
	var names []string
	for _, s := range p.steps {
		names = append(names, fmt.Sprintf("%s %q", s.leaf.Class, s.leaf.text("name")))
	}
	own := pixels(p.steps)
	known := len(p.steps) > 0 && plausible(own)
	switch {
	case chosen == "" && file != nil && len(p.steps) == 0:
		out = *file
		out.Flip = out.Flip || p.flip
		return out, "", nil
	case chosen == "" && known:
		out = prepared(own)
		out.Flip = p.flip
		return out, fmt.Sprintf("%s: kept as preprocessing: pixels from 0 to 255 go in", strings.Join(names, ", ")), nil
	case chosen == "" && len(p.steps) > 0:
		return out, "", fmt.Errorf("%w: %s turns pixels from 0 to 255 into numbers up to %.3g, so it expects scaled pixels: the file does not state the preprocessing before it: it is one of %s",
			ErrPreprocessing, strings.Join(names, ", "), largest(own), choices())
	case chosen == "":
		return out, "", fmt.Errorf("%w: the file does not state the preprocessing of the pixels: it is one of %s", ErrPreprocessing, choices())
	}
	before, err := choose(chosen)
	if err != nil {
		return out, "", err
	}
	if len(p.steps) == 0 {
		if file != nil && before.String() != file.ForEvaluation().String() {
			said = fmt.Sprintf("the file states this preprocessing: %s; chosen instead: %s", *file, before)
		}
		before.Flip = p.flip
		return before, said, nil
	}
	first := cnn.Pixels{Scale: []float64{1. / 255}, Offset: []float64{0}}
	switch {
	case before.Pixels != nil:
		first = *before.Pixels
	case !before.Raw:
		return out, "", fmt.Errorf("%w: %s comes after standardisation: that is not supported", ErrPreprocessing, strings.Join(names, ", "))
	}
	both := pixels(append([]step{{scale: first.Scale, offset: first.Offset}}, p.steps...))
	if known && chosen != "none" && !plausible(both) {
		said = fmt.Sprintf("%s seems to expect pixels from 0 to 255: with %s before it, the network gets numbers up to %.3g", strings.Join(names, ", "), chosen, largest(both))
	}
	out = prepared(both)
	out.Flip = p.flip
	return out, said, nil
}

// largest returns the largest magnitude that a formula gives for pixels.
func largest(p cnn.Pixels) float64 {
	most := 0.0
	for i := range max(len(p.Scale), len(p.Offset)) {
		a, b := p.Offset[i%len(p.Offset)], p.Offset[i%len(p.Offset)]+255*p.Scale[i%len(p.Scale)]
		most = max(most, a, -a, b, -b)
	}
	return most
}
