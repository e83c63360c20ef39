package cnn

import (
	"errors"
	"strings"
	"testing"

	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
)

// The squares that are cut out, against a few lines of Go: zero where row and column are within, and all else as it was.
func TestCutOut(t *testing.T) {
	backend := testBackend(t)
	const n, height, width, channels = 5, 6, 4, 3
	middles := []int32{0, 0, 5, 3, 2, 1, 6*1000 + 3, 4*1000 + 2, 5, 0} // of height and width, by their remainders
	pixels := make([]float32, n*height*width*channels)
	for i := range pixels {
		pixels[i] = float32(i + 1)
	}
	for _, side := range []int{1, 2, 3, 4, 12} {
		out, err := graph.CallOnce(backend, func(x, middles *graph.Node) *graph.Node { return cutOut(x, middles, side) },
			tensors.FromFlatDataAndDimensions(pixels, n, height, width, channels), shiftsTensor(middles))
		if err != nil {
			t.Fatal(err)
		}
		for i, got := range values(t, out) {
			image, y, x := i/(height*width*channels), i/(width*channels)%height, i/channels%width
			top, left := int(middles[2*image])%height-side/2, int(middles[2*image+1])%width-side/2
			want := pixels[i]
			if y >= top && y < top+side && x >= left && x < left+side {
				want = 0
			}
			if got != want {
				t.Fatalf("side %d, image %d: row %d, column %d is %g, want %g", side, image, y, x, got, want)
			}
		}
	}
}

// Every place is the middle of a square equally often, and a step's squares are those of its seed and number.
func TestCutoutMiddles(t *testing.T) {
	const images = 6400
	counts := make([]int, 32)
	for _, v := range cutoutMiddles(3, 8, images) {
		if v < 0 {
			t.Fatalf("a middle of %d", v)
		}
		counts[v%32]++
	}
	for place, n := range counts {
		if n < 300 || n > 500 { // 400 expected, with a deviation of 20
			t.Errorf("place %d is a middle %d times of %d", place, n, 2*images)
		}
	}
}

// Promise(runs/resume) with squares cut out of images, and crops before
// Promise(runs/identity)
func TestCutoutResumesExactly(t *testing.T) {
	spec := tinySpec(t)
	spec.Config.Preprocess.Crop, spec.Config.Preprocess.Cutout = 1, 3
	whole := resumesExactly(t, spec)
	plain := spec
	plain.Config.Preprocess.Cutout = 0
	other := trainTiny(t, t.TempDir(), plain)
	if other.manifest.Identity == whole.manifest.Identity || other.Weights().Fingerprint() == whole.Weights().Fingerprint() {
		t.Error("without squares the run is the same")
	}
	if p := whole.Preprocess().ForEvaluation(); p != plain.Config.Preprocess.ForEvaluation() {
		t.Errorf("evaluation cuts squares out: %+v", p)
	}
	if s := whole.Preprocess().String(); !strings.HasSuffix(s, "; squares of side 3 cut out of training images") {
		t.Error(s)
	}
	spec.Config.Preprocess.Cutout = 100
	if _, err := OpenRun(t.TempDir(), spec); !errors.Is(err, ErrConfig) || !strings.Contains(err.Error(), "squares of side 100") {
		t.Error(err)
	}
	diverging := plain
	diverging.Config.Preprocess.Cutout, diverging.Config.Schedule = 3, Constant(1e20)
	if err := openTiny(t, t.TempDir(), diverging).Train(t.Context(), nil); err == nil || !strings.Contains(err.Error(), "it began in layer") {
		t.Error(err)
	}
}
