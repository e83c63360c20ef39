package lab

import (
	"math/rand/v2"
	"testing"

	"github.com/cnnbook/cnnbook/cifar"
	"github.com/cnnbook/cnnbook/cnn"
)

// A network without mistakes, as on a small set of one's own images, has a figure that says so.
func TestNoMistakes(t *testing.T) {
	_, d := cifar.Drawn(1, 10, 10)
	r := &cnn.Result{Names: d.Names}
	for name, draw := range map[string]func(){
		"mistakes": func() { Mistakes("None", r, d) },
		"captions": func() { CaptionedRow("None", r, d, func(*rand.Rand) []Captioned { return nil }) },
	} {
		t.Run(name, func(t *testing.T) { draw() })
	}
	if data, err := Mistakes("None", r, d).PNG(); err != nil || len(data) == 0 {
		t.Errorf("%d bytes, %v", len(data), err)
	}
}
