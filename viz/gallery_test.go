package viz_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/cnnbook/cnnbook/viz"
)

// figurer is the method that all descriptions have.
type figurer interface {
	Figure() (*viz.Figure, error)
}

// gallery returns every kind of figure, with data of realistic size.
func gallery(t *testing.T) map[string]figurer {
	t.Helper()
	labelled := predictions(10)
	var mistakes []viz.Labelled
	for _, p := range labelled {
		if p.Actual != p.Predicted && len(mistakes) < 6 {
			mistakes = append(mistakes, p)
		}
	}
	rates, loss, smooth := rangeTest(200)
	confidence, correct := confidences(10000)
	raw := confusion()
	raw.Raw, raw.Bar = true, true
	ramp := triangular(4000, 4000, 0.001, 0.1)
	accuracy := noisy(1, 4000, 0.1, 0.72, 0.02)
	var bands []viz.Series
	for i, name := range []string{"RMSprop", "Adagrad", "Adadelta", "Adam"} {
		seed := uint64(10 * i)
		end := 0.9 - 0.05*float64(i)
		s, err := viz.MeanBand(name, noisy(seed, 30, 0.5, end, 0.02), noisy(seed+1, 30, 0.48, end, 0.02), noisy(seed+2, 30, 0.52, end-0.02, 0.02))
		if err != nil {
			t.Fatal(err)
		}
		bands = append(bands, s)
	}
	var steps []viz.Series
	for i, name := range []string{"RMSprop", "Adagrad", "Adadelta", "Adam"} {
		steps = append(steps, viz.Series{Name: name, Y: noisy(uint64(i), 2400, 1.2, 0.5+0.07*float64(i), 0.05)})
	}
	h := history(300)
	h.Title = "300 epochs of SGD at rate 0.001"
	return map[string]figurer{
		"samples":       viz.SampleGrid("Ten training images of each class", classes(), pictures(10, 10)),
		"predictions":   viz.PredictionGrid("Predictions on the test set", 10, labelled),
		"mistakes":      viz.MistakeRow("Misclassified images", mistakes),
		"history-300":   h,
		"history-5":     history(5),
		"history-1":     history(1),
		"confusion":     confusion(),
		"confusion-raw": raw,
		"confusion-2":   viz.Confusion{Counts: [][]int{{91, 9}, {0, 0}}, Labels: []string{"an animal of some kind", "vehicle"}, Bar: true},
		"dashboard":     viz.Dashboard{Title: "Base model after 300 epochs", History: history(300), Confusion: confusion(), Mistakes: mistakes},
		"intervals":     viz.Intervals{Title: "Ideas", Labels: []string{"Adam", "no change at all", "a name that is far too long for the margin of this figure"}, Values: []float64{0.2, 0, -0.1}, Low: []float64{0.1, -0.05, -0.3}, High: []float64{0.3, 0.05, 0.1}},
		"intervals-1":   viz.Intervals{Title: "One seed, or two", Labels: []string{"Adam", "crops"}, Values: []float64{0.2, -0.1}, Low: []float64{0.2, -0.2}, High: []float64{0.2, 0.1}},
		"intervals-0":   viz.Intervals{Labels: []string{"nothing"}, Values: []float64{0}, Low: []float64{0}, High: []float64{0}},
		"schedule":      viz.Schedule{Rates: triangular(24000, 160, 0.001, 0.01)},
		"schedule-1":    viz.Schedule{Title: "Triangular, 4 epochs a step", Rates: triangular(2400, 320, 0.0005, 0.008)},
		"response":      viz.Response{Rates: ramp, Values: accuracy},
		"finder":        viz.Finder{Rates: rates, Loss: loss, Smooth: smooth, Suggestion: 0.0087, Reason: "steepest fall"},
		"comparison":    viz.Comparison{Title: "Four optimizers from the same start, three seeds each", Accuracy: bands, Loss: bands},
		"comparison-20": viz.Comparison{Loss: steps, Accuracy: steps, XLabel: "Iteration", Window: 20},
		"filters":       viz.Filters{Title: "Filters of the first convolution", Weights: kernels(3, 32), Height: 3, Width: 3, Inputs: 3},
		"activations":   viz.Activations{Title: "Activations of the first convolution", Values: maps(32), Height: 16, Width: 16, Channels: 32},
		"ratios":        ratios(240),
		"calibration":   viz.Calibration{Confidence: confidence, Correct: correct},
		"class-bars": viz.ClassBars{
			Labels: classes(), Values: []float64{.81, .89, .65, .52, .70, .63, .85, .80, .87, .84},
			Low:  []float64{.78, .87, .62, .49, .67, .60, .83, .77, .85, .82},
			High: []float64{.83, .91, .68, .55, .73, .66, .87, .82, .89, .86},
		},
		"prediction": viz.Prediction{
			Image: picture(3, 1), Labels: classes(), Actual: 3,
			Probabilities: []float64{.01, .0, .06, .31, .03, .52, .04, .02, .0, .01},
		},
	}
}

// TestGallery draws every kind of figure as PNG and SVG. If VIZ_GALLERY names a
// folder, the files are kept there for inspection.
func TestGallery(t *testing.T) {
	dir := os.Getenv("VIZ_GALLERY")
	for name, description := range gallery(t) {
		t.Run(name, func(t *testing.T) {
			f, err := description.Figure()
			if err != nil {
				t.Fatal(err)
			}
			if f.Alt == "" {
				t.Error("no alternative text")
			}
			svg, err := f.SVG()
			if err != nil {
				t.Fatal(err)
			}
			if dir == "" {
				return
			}
			png, err := f.PNG()
			if err != nil {
				t.Fatal(err)
			}
			for ext, data := range map[string][]byte{".png": png, ".svg": svg, ".txt": []byte(f.Alt + "\n")} {
				if err := os.WriteFile(filepath.Join(dir, name+ext), data, 0o644); err != nil {
					t.Fatal(err)
				}
			}
		})
	}
}
