package kernelext

import (
	"bytes"
	"errors"
	"image"
	"image/png"
	"io"
	"strings"
	"testing"
)

type length float64

// fakePlot has the methods of gonum's *plot.Plot that Display uses.
type fakePlot struct {
	Title struct{ Text string }
	err   error
}

func (p *fakePlot) WriterTo(w, h length, format string) (io.WriterTo, error) {
	var b bytes.Buffer
	if format != "png" {
		return nil, errors.New("not a PNG")
	}
	return &b, errors.Join(p.err, png.Encode(&b, image.NewGray(image.Rect(0, 0, int(w), int(h)))))
}

// described describes a figure as the types of package viz do.
type described struct{ figure }

func (d described) Figure() (figure, error) { return d.figure, d.err }

func TestDisplayPlots(t *testing.T) {
	p := &fakePlot{}
	p.Title.Text = "Loss"
	b, err := bundleOf(p)
	if err != nil || b.Text != "[Figure: Loss]" || !strings.Contains(b.HTML, ` width="432"`) || !strings.Contains(b.HTML, "data:image/png;base64,") {
		t.Errorf("a plot is %+v, %v", b, err)
	}
	p.err = errors.New("log of 0")
	if _, err := bundleOf(p); err == nil || err.Error() != "the plot cannot be drawn: log of 0" {
		t.Errorf("a plot that fails: %v", err)
	}
	if _, err := bundleOf((*fakePlot)(nil)); err == nil || err.Error() != "the *kernelext.fakePlot is nil" {
		t.Errorf("no plot: %v", err)
	}
	var pixels bytes.Buffer
	if err := png.Encode(&pixels, image.NewGray(image.Rect(0, 0, 2, 2))); err != nil {
		t.Fatal(err)
	}
	type item struct{ figure } // it has no method Figure of its own
	d := described{figure{png: pixels.Bytes(), alt: "A line."}}
	if b, err := bundleOf(d); err != nil || b.Text != "[Figure: A line.]" {
		t.Errorf("a description is %+v, %v", b, err)
	}
	for _, shown := range []any{p, d, item{}, Markdown("x"), Row(), image.NewGray(image.Rect(0, 0, 1, 1))} {
		if !Displayable(shown) {
			t.Errorf("%T is not displayable", shown)
		}
	}
	for _, plain := range []any{nil, 3, "x", errors.New("x"), []int{1}} {
		if Displayable(plain) {
			t.Errorf("%T is displayable", plain)
		}
	}
}
