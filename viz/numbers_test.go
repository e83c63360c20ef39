package viz_test

import (
	"image/color"
	"math"
	"strings"
	"testing"

	"github.com/cnnbook/cnnbook/viz"
)

// TestMovingAverage compares with the result of the write-up's function under
// numpy 2.4.6: moving_average(np.sin(np.arange(60)), 50).
func TestMovingAverage(t *testing.T) {
	a := make([]float64, 60)
	for i := range a {
		a[i] = math.Sin(float64(i))
	}
	got, err := viz.MovingAverage(a, 50)
	if err != nil {
		t.Fatal(err)
	}
	want := []float64{
		0.003265041083919391, -0.0019824559901591844, -0.00540729216944962, -0.0038606888651535475,
		0.001235413977285793, 0.0051956829064120314, 0.004379064932502404, -0.0004636451452573165,
		-0.0048800820146765985, -0.004809793985453492, -0.0003174035475058634,
	}
	if len(got) != len(want) {
		t.Fatalf("%d values, expected %d", len(got), len(want))
	}
	for i, v := range got {
		if math.Abs(v-want[i]) > 1e-15 {
			t.Errorf("element %d is %v, expected %v", i, v, want[i])
		}
	}
	for _, n := range []int{-1, 0, 61} {
		if _, err := viz.MovingAverage(a, n); err == nil {
			t.Errorf("window %d gave no error", n)
		}
	}
	if _, err := viz.MovingAverage([]float64{1, math.NaN()}, 1); err == nil {
		t.Error("NaN gave no error; it would spoil every later sum")
	}
}

func TestMeanBandErrors(t *testing.T) {
	if _, err := viz.MeanBand("a"); err == nil {
		t.Error("no runs gave no error")
	}
	_, err := viz.MeanBand("a", []float64{1, 2}, []float64{1})
	checkInputError(t, err, `run 1 of "a" has 1 elements, expected 2`)
	one, err := viz.MeanBand("a", []float64{1, 2})
	if err != nil || one.Low != nil || one.High != nil {
		t.Errorf("one run: band %v … %v, error %v; expected none", one.Low, one.High, err)
	}
}

func TestReliability(t *testing.T) {
	k := viz.Calibration{
		Confidence: []float64{0, 0.5, 0.500001, 0.9, 1},
		Correct:    []bool{false, true, true, false, true},
		Bins:       2,
	}
	bins, err := k.Reliability()
	if err != nil {
		t.Fatal(err)
	}
	// 0 and 0.5 are in the first bin: bins include their upper end, and the first one also its lower end.
	if bins[0].Count != 2 || bins[0].Accuracy != 0.5 || bins[0].Confidence != 0.25 {
		t.Errorf("first bin is %+v", bins[0])
	}
	if bins[1].Count != 3 || math.Abs(bins[1].Accuracy-2.0/3) > 1e-12 || math.Abs(bins[1].Confidence-0.800000333) > 1e-8 {
		t.Errorf("second bin is %+v", bins[1])
	}
	want := 0.4*0.25 + 0.6*(0.800000333-2.0/3)
	if got := viz.CalibrationError(bins); math.Abs(got-want) > 1e-8 {
		t.Errorf("calibration error %v, expected %v", got, want)
	}
	if viz.CalibrationError(nil) != 0 {
		t.Error("no bins gave an error that is not 0")
	}
}

// TestFilterOrder: the element (y, x, input, filter) is at ((y·W+x)·I+input)·F+filter.
func TestFilterOrder(t *testing.T) {
	const height, width, inputs, count = 2, 3, 3, 4
	weights := make([]float64, height*width*inputs*count)
	weights[((1*width+2)*inputs+0)*count+3] = 1 // red at the lower right of filter 3
	images, err := viz.Filters{Weights: weights, Height: height, Width: width, Inputs: inputs}.Images()
	if err != nil {
		t.Fatal(err)
	}
	if len(images) != count {
		t.Fatalf("%d images, expected %d", len(images), count)
	}
	for y := range height {
		for x := range width {
			want := color.NRGBA{0, 0, 0, 255}
			if x == 2 && y == 1 {
				want.R = 255
			}
			if got := images[3].At(x, y); got != want {
				t.Errorf("filter 3 at (%d, %d) is %v, expected %v", x, y, got, want)
			}
		}
	}
	if got, want := images[0].At(0, 0), (color.NRGBA{128, 128, 128, 255}); got != want {
		t.Errorf("a constant filter is %v, expected middle grey", got)
	}
}

// TestActivationScale: channels share one scale.
func TestActivationScale(t *testing.T) {
	images, err := viz.Activations{Values: []float64{0, 2, 1, 4}, Height: 1, Width: 2, Channels: 2}.Images()
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []struct{ channel, x, level int }{{0, 0, 0}, {0, 1, 64}, {1, 0, 128}, {1, 1, 255}} {
		if got := images[want.channel].At(want.x, 0); got != (color.Gray{uint8(want.level)}) {
			t.Errorf("channel %d at %d is %v, expected %d", want.channel, want.x, got, want.level)
		}
	}
}

func TestAlternativeText(t *testing.T) {
	tests := map[string]struct {
		in   figurer
		want []string
	}{
		"empty class": {
			viz.Confusion{Labels: []string{"cat", "dog"}, Counts: [][]int{{3, 1}, {0, 0}}},
			[]string{"75.0 % of 4 examples", "worst: cat (0.75)", "cat taken for dog (0.25)"},
		},
		"perfect": {
			viz.Confusion{Labels: []string{"cat"}, Counts: [][]int{{3}}},
			[]string{"100.0 % of 3 examples"},
		},
		"marked grid": {
			viz.PredictionGrid("Test", 2, []viz.Labelled{{Image: picture(0, 0), Actual: "cat", Predicted: "dog"}}),
			[]string{"Marked as wrong: 1", "computer: dog, human: cat"},
		},
		"cut axis": {
			viz.Finder{Rates: []float64{1, 2, 3}, Loss: []float64{2, 1, 50}, Suggestion: 1.5, Reason: "half of the lowest"},
			[]string{"highest 50", "The vertical axis ends at 2.5.", "Marked at 1.5: suggested: 1.5, half of the lowest."},
		},
		"tiny and huge": {
			viz.Response{Rates: []float64{8e-09, 0.5}, Values: []float64{2e12, 1}, Window: 1, Quantity: "Loss"},
			[]string{"2 × 10¹² at 8 × 10⁻⁹, 1 at 0.5, lowest 1, highest 2 × 10¹²"},
		},
		"row": {
			viz.Comparison{Title: "Two", Loss: []viz.Series{{Name: "Adam", Y: []float64{2, 1}}}},
			[]string{"Two. Training loss. Line chart of Loss over Epoch. Adam: 2 at 1, 1 at 2"},
		},
		"resumed": {
			viz.History{Loss: []float64{2, 1}, FirstEpoch: 7},
			[]string{"train: 2 at 7, 1 at 8"},
		},
		"window": {
			viz.Response{Rates: []float64{1, 2, 3}, Values: []float64{1, 3, 5}, Window: 2, Quantity: "Loss"},
			[]string{"Loss (mean of 2 steps)", "2 at 2, 4 at 3"},
		},
		"one training without an interval": {
			viz.Intervals{Labels: []string{"Adam", "crops"}, Values: []float64{0.2, -0.1}, Low: []float64{0.2, -0.2}, High: []float64{0.2, 0.1}},
			[]string{"Adam +0.200 (no interval), crops -0.100 (-0.200 to +0.100)."},
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			f, err := test.in.Figure()
			if err != nil {
				t.Fatal(err)
			}
			for _, want := range test.want {
				if !strings.Contains(f.AltText(), want) {
					t.Errorf("alternative text %q lacks %q", f.AltText(), want)
				}
			}
		})
	}
}

// A ratio of 0 has no place on a logarithmic axis: the alternative text counts it, and the others are drawn.
func TestRatiosTellTheirZeros(t *testing.T) {
	f, err := ratios(9).Figure()
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"Third-Convolution: 1 of 9 values are 0 and are not drawn.", "A band from 0.000316 to 0.00316 is shaded: about 0.001.", "Dead ReLUs."} {
		if !strings.Contains(f.Alt, want) {
			t.Errorf("alternative text %q, want %q in it", f.Alt, want)
		}
	}
}
