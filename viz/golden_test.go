package viz_test

import (
	"bytes"
	"flag"
	"image"
	"image/color"
	"image/png"
	"os"
	"path/filepath"
	"testing"

	"gonum.org/v1/plot/cmpimg"

	"github.com/cnnbook/cnnbook/viz"
)

var update = flag.Bool("update", false, "write the golden images instead of comparing with them")

// tolerance is the allowed difference of a pixel's colour on cmpimg's scale of 0 … 1.
// Rasterizers differ slightly between processors at the edges of type.
const tolerance = 0.1

// goldens are small: each figure once, with little data.
func goldens() map[string]figurer {
	names := []string{"cat", "dog", "ship"}
	counts := [][]int{{8, 2, 0}, {3, 7, 0}, {0, 1, 9}}
	small := []viz.Labelled{
		{Image: picture(0, 1), Actual: "cat", Predicted: "dog"},
		{Image: picture(2, 3), Actual: "ship", Predicted: "ship"},
	}
	rates, loss, smooth := rangeTest(60)
	confidence, correct := confidences(300)
	return map[string]figurer{
		"curves":    viz.History{Loss: []float64{2.3, 1.9, 1.6}, ValidLoss: []float64{2.2, 1.8, 1.7}, Width: 260, Height: 200},
		"confusion": viz.Confusion{Title: "Three classes", Counts: counts, Labels: names, Bar: true, Width: 300, Height: 260},
		"grid":      viz.PredictionGrid("Predictions", 2, small),
		"finder":    viz.Finder{Rates: rates, Loss: loss, Smooth: smooth, Suggestion: 0.01, Reason: "steepest fall"},
		"bands": viz.Lines{
			XLabel: "Epoch", YLabel: "Loss", WholeX: true, Width: 260, Height: 200,
			Series: []viz.Series{
				{Name: "Adam", Y: []float64{3, 2, 1}, Low: []float64{2.8, 1.7, 0.9}, High: []float64{3.2, 2.3, 1.1}},
				{Name: "SGD", Y: []float64{3, 2.5, 2}},
			},
		},
		"intervals": viz.Intervals{
			Title: "What three ideas change", Labels: []string{"one that helps", "one that hurts", "one of which too little is known"},
			Values: []float64{0.05, -0.03, 0.01}, Low: []float64{0.02, -0.05, -0.02}, High: []float64{0.08, -0.01, 0.04},
		},
		"ratios":      ratios(9),
		"filters":     viz.Filters{Weights: kernels(3, 4), Height: 3, Width: 3, Inputs: 3, Columns: 4},
		"prediction":  viz.Prediction{Image: picture(1, 1), Labels: names, Probabilities: []float64{0.2, 0.7, 0.1}, Actual: 0},
		"calibration": viz.Calibration{Confidence: confidence, Correct: correct, Bins: 5},
		"dashboard": viz.Dashboard{
			Title:   "Base model",
			History: history(20), Confusion: viz.Confusion{Counts: counts, Labels: names}, Mistakes: small[:1],
		},
	}
}

func TestGolden(t *testing.T) {
	for name, description := range goldens() {
		t.Run(name, func(t *testing.T) {
			f, err := description.Figure()
			if err != nil {
				t.Fatal(err)
			}
			compareGolden(t, name, f)
		})
	}
}

// compareGolden compares the figure
// with testdata/name.png.
func compareGolden(t *testing.T, name string, f *viz.Figure) {
	t.Helper()
	got := render(t, f)
	file := filepath.Join("testdata", name+".png")
	if *update {
		if err := os.WriteFile(file, got, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	same, err := cmpimg.EqualApprox("png", got, want, tolerance)
	if err != nil {
		t.Fatal(err)
	}
	if !same {
		failed := filepath.Join(t.ArtifactDir(), name+"-got.png")
		if err := os.WriteFile(failed, got, 0o644); err != nil {
			t.Fatal(err)
		}
		t.Errorf("the image differs from %s; it is in %s (go test -artifacts keeps it). If it is correct, run go test -update", file, failed)
	}
}

// TestGoldenSeesChanges checks the tolerance: a different digit in one cell must not pass.
func TestGoldenSeesChanges(t *testing.T) {
	m := viz.Confusion{Title: "Three classes", Counts: [][]int{{8, 2, 0}, {3, 7, 0}, {0, 1, 9}}, Labels: []string{"cat", "dog", "ship"}, Width: 300, Height: 260}
	before, err := m.Figure()
	if err != nil {
		t.Fatal(err)
	}
	m.Counts[2] = []int{0, 2, 8}
	after, err := m.Figure()
	if err != nil {
		t.Fatal(err)
	}
	same, err := cmpimg.EqualApprox("png", render(t, before), render(t, after), tolerance)
	if err != nil || same {
		t.Errorf("same = %v, error %v; expected a difference", same, err)
	}
}

// render returns the figure's PNG at half its resolution, which keeps the golden
// images small and evens out rasterizer differences at the edges of type.
func render(t *testing.T, f *viz.Figure) []byte {
	t.Helper()
	data, err := f.PNG()
	if err != nil {
		t.Fatal(err)
	}
	var buf bytes.Buffer
	encoder := png.Encoder{CompressionLevel: png.BestCompression}
	if err := encoder.Encode(&buf, halve(decode(t, data))); err != nil {
		t.Fatal(err)
	}
	return buf.Bytes()
}

// halve averages blocks of 2 × 2 pixels.
func halve(img image.Image) image.Image {
	b := img.Bounds()
	out := image.NewRGBA(image.Rect(0, 0, b.Dx()/2, b.Dy()/2))
	for y := range b.Dy() / 2 {
		for x := range b.Dx() / 2 {
			var sum [3]uint32
			for k := range 4 {
				red, green, blue, _ := img.At(b.Min.X+2*x+k%2, b.Min.Y+2*y+k/2).RGBA()
				sum[0], sum[1], sum[2] = sum[0]+red, sum[1]+green, sum[2]+blue
			}
			out.SetRGBA(x, y, color.RGBA{uint8(sum[0] / 4 >> 8), uint8(sum[1] / 4 >> 8), uint8(sum[2] / 4 >> 8), 255})
		}
	}
	return out
}

func decode(t *testing.T, data []byte) image.Image {
	t.Helper()
	img, err := png.Decode(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	return img
}
