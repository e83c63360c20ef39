package viz_test

import (
	"errors"
	"image"
	"math"
	"strings"
	"testing"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"

	"github.com/cnnbook/cnnbook/viz"
)

// plotMaker is the Plot method of the descriptions that have one.
type plotMaker interface {
	Plot() (*plot.Plot, error)
}

func TestBadInput(t *testing.T) {
	nan, inf := math.NaN(), math.Inf(1)
	ab := []string{"a", "b"}
	series := func(s ...viz.Series) viz.Lines { return viz.Lines{Series: s} }
	img := picture(0, 0)
	tests := []struct {
		name string
		in   figurer
		want string // part of the error
	}{
		{"no series", viz.Lines{}, "no series, expected at least one"},
		{"empty series", series(viz.Series{Name: "train"}), `series "train" is empty`},
		{"NaN", series(viz.Series{Y: []float64{1, nan}}), "series 0: element 1 is NaN"},
		{"infinity", series(viz.Series{Y: []float64{inf}}), "element 0 is +Inf"},
		{"out of all bounds", series(viz.Series{Y: []float64{1, -1e300}}), "element 1 is -1e+300, expected a magnitude of at most 1e+100"},
		{"X too short", series(viz.Series{X: []float64{1}, Y: []float64{1, 2}}), "X has 1 elements, expected 2, as many as Y"},
		{"half a band", series(viz.Series{Y: []float64{1}, Low: []float64{1}}), "expected both Low and High or neither"},
		{"band too long", series(viz.Series{Y: []float64{1}, Low: []float64{1, 2}, High: []float64{1}}), "low end of the band has 2 elements"},
		{"NaN in X", series(viz.Series{X: []float64{nan}, Y: []float64{1}}), "X: element 0 is NaN"},
		{"zero on a log axis", viz.Lines{LogX: true, Series: []viz.Series{{X: []float64{0, 1}, Y: []float64{1, 2}}}}, "element 0 is 0, expected more than 0 on a logarithmic axis"},
		{"mark off a log axis", viz.Lines{LogX: true, Series: []viz.Series{{Y: []float64{1}}}, Mark: &viz.Mark{X: -1, Text: "here"}}, `the mark "here" is at -1`},
		{"NaN axis", viz.Lines{YMax: nan, Series: []viz.Series{{Y: []float64{1}}}}, "upper end of the vertical axis is NaN"},

		{"zero on a vertical log axis", viz.Lines{LogY: true, Series: []viz.Series{{Name: "a", Y: []float64{1, 0}}}}, `series "a": element 1 is 0, expected more than 0 on a logarithmic axis`},
		{"shade upside down", viz.Lines{Band: &viz.Band{Low: 2, High: 1}, Series: []viz.Series{{Y: []float64{1}}}}, "the band is from 2 to 1, which is no range on the axis"},
		{"shade off a log axis", viz.Lines{LogY: true, Band: &viz.Band{High: 1}, Series: []viz.Series{{Y: []float64{1}}}}, "the band is from 0 to 1"},

		{"no ratios", viz.Ratios{}, "ratios: no series, expected at least one of gradient, update or dead"},
		{"ratios around less than nothing", viz.Ratios{Around: -1}, "the band is around -1"},
		{"negative ratio", viz.Ratios{Update: []viz.Series{{Name: "a", Y: []float64{1, -1}}}}, `series "a": element 1 is -1, expected more than 0`},
		{"nothing but zeros", viz.Ratios{Gradient: []viz.Series{{Name: "a", Y: []float64{0, 0}}}}, "Gradient to weights: all values are 0"},
		{"dead ReLUs in percent", viz.Ratios{Dead: []viz.Series{{Name: "a", Y: []float64{52}}}}, `series "a": element 0 is 52, expected a value from 0 to 1`},

		{"no history", viz.History{}, "training curves: no values"},
		{"negative first epoch", viz.History{Loss: []float64{1}, FirstEpoch: -3}, "first epoch is -3"},
		{"accuracy in percent", viz.History{Accuracy: []float64{0.5, 52}}, "accuracy: element 1 is 52, expected a value from 0 to 1 (0.52, not 52 %)"},

		{"no labels", viz.Confusion{}, "no labels"},
		{"rows and labels", viz.Confusion{Labels: ab, Counts: [][]int{{1, 2}}}, "has 1 elements, expected 2"},
		{"ragged", viz.Confusion{Labels: ab, Counts: [][]int{{1, 2}, {3}}}, "row 1 has 1 elements, expected 2"},
		{"negative count", viz.Confusion{Labels: ab, Counts: [][]int{{1, 2}, {3, -4}}}, "row 1, column 1 is -4"},

		{"no intervals", viz.Intervals{}, "intervals: no values"},
		{"interval without an end", viz.Intervals{Labels: ab, Values: []float64{1, 2}, Low: []float64{0, 1}, High: []float64{2}}, "high ends has 1 elements, expected 2"},
		{"outside its interval", viz.Intervals{Labels: ab[:1], Values: []float64{1}, Low: []float64{2}, High: []float64{3}}, `"a" is 1, outside its interval from 2 to 3`},
		{"NaN in an interval", viz.Intervals{Labels: ab[:1], Values: []float64{1}, Low: []float64{nan}, High: []float64{3}}, "element 0 is NaN"},

		{"empty grid", viz.Grid{}, "no images"},
		{"grid of empty rows", viz.Grid{Rows: [][]viz.Tile{{}, {}}}, "no images"},
		{"grid of empty places", viz.Grid{Rows: [][]viz.Tile{{{}, {}}}}, "no images"},
		{"too few column titles", viz.Grid{Columns: ab, Rows: [][]viz.Tile{{{Image: img}, {Image: img}, {Image: img}}}}, "2 column titles, expected 3"},
		{"image without pixels", viz.Grid{Rows: [][]viz.Tile{{{Image: image.NewGray(image.Rectangle{})}}}}, "image in row 0, column 0 has no pixels"},
		{"negative side", viz.Grid{Side: -1, Rows: [][]viz.Tile{{{Image: img}}}}, "side is -1 points"},
		{"no predictions", viz.PredictionGrid("", 10, nil), "no images"},
		{"prediction without image", viz.MistakeRow("", []viz.Labelled{{Actual: "cat"}}), "no images"},

		{"dashboard without history", viz.Dashboard{Confusion: confusion()}, "the history has 0 losses and 0 accuracies"},
		{"dashboard without matrix", viz.Dashboard{History: history(3)}, "no labels"},
		{"dashboard with a bad image", viz.Dashboard{History: history(3), Confusion: confusion(), Mistakes: []viz.Labelled{{}}}, "no images"},

		{"no rates", viz.Schedule{}, "is empty"},
		{"response lengths", viz.Response{Rates: []float64{1, 2}, Values: []float64{1}}, "values has 1 elements, expected 2"},
		{"response window", viz.Response{Rates: []float64{1, 2}, Values: []float64{1, 2}, Window: 3}, "window is 3, expected 1 to 2"},
		{"response negative window", viz.Response{Rates: []float64{1}, Values: []float64{1}, Window: -1}, "window is -1"},
		{"finder without rates", viz.Finder{}, "rates is empty"},
		{"finder rate zero", viz.Finder{Rates: []float64{0, 1}, Loss: []float64{1, 1}}, "expected more than 0"},
		{"finder loss length", viz.Finder{Rates: []float64{1, 2}, Loss: []float64{1}}, "X has 2 elements, expected 1"},
		{"finder suggestion", viz.Finder{Rates: []float64{1}, Loss: []float64{1}, Suggestion: -1}, "suggestion is -1"},
		{"empty comparison", viz.Comparison{}, "no series"},
		{"comparison window", viz.Comparison{Window: -1, Loss: []viz.Series{{Y: []float64{1}}}}, "window is -1"},
		{"comparison too short", viz.Comparison{Window: 5, Loss: []viz.Series{{Name: "Adam", Y: []float64{1}}}}, `series "Adam": viz: moving average: window is 5`},
		{"comparison smooths a band", viz.Comparison{Window: 2, Loss: []viz.Series{{Y: []float64{1, 2}, Low: []float64{1, 1}, High: []float64{2, 2}}}}, "set Window to 0"},

		{"filters shape", viz.Filters{Weights: []float64{1}}, "shape is 0 × 0 × 0"},
		{"filters length", viz.Filters{Weights: make([]float64, 10), Height: 3, Width: 3, Inputs: 1}, "has 10 elements, expected a multiple of 3 × 3 × 1 = 9"},
		{"filters overflow", viz.Filters{Weights: []float64{1}, Height: 1 << 30, Width: 1 << 30, Inputs: 16}, "expected each side from 1 to"},
		{"activations length", viz.Activations{Values: make([]float64, 8), Height: 2, Width: 2, Channels: 1}, "has 8 elements, expected 4"},

		{"bars lengths", viz.ClassBars{Labels: ab, Values: []float64{1}}, "labels has 2 elements, expected 1"},
		{"bars range", viz.ClassBars{Labels: ab, Values: []float64{1, 1.5}}, "element 1 is 1.5, expected a value from 0 to 1"},
		{"bars half interval", viz.ClassBars{Labels: []string{"a"}, Values: []float64{1}, High: []float64{1}}, "expected both Low and High or neither"},
		{"prediction lengths", viz.Prediction{Labels: ab, Probabilities: []float64{1}}, "labels has 2 elements"},
		{"prediction class", viz.Prediction{Labels: ab, Probabilities: []float64{1, 0}, Actual: 2}, "actual class is 2, expected less than 2"},

		{"calibration empty", viz.Calibration{}, "confidence is empty"},
		{"calibration lengths", viz.Calibration{Confidence: []float64{1}}, "correct has 0 elements, expected 1"},
		{"calibration bins", viz.Calibration{Confidence: []float64{1}, Correct: []bool{true}, Bins: -2}, "-2 bins"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			f, err := test.in.Figure()
			checkInputError(t, err, test.want)
			if f != nil {
				t.Error("a figure came with the error")
			}
			if p, ok := test.in.(plotMaker); ok {
				_, err := p.Plot()
				checkInputError(t, err, test.want)
			}
		})
	}
}

func checkInputError(t *testing.T, err error, want string) {
	t.Helper()
	if err == nil {
		t.Fatal("no error")
	}
	if !errors.Is(err, viz.ErrInput) {
		t.Errorf("%v does not wrap ErrInput", err)
	}
	if !strings.Contains(err.Error(), want) {
		t.Errorf("error %q, expected it to contain %q", err, want)
	}
	if strings.Contains(err.Error(), "\n") {
		t.Errorf("error %q has more than one line", err)
	}
}

// TestExtremes draws unusual but valid data, without panic.
func TestExtremes(t *testing.T) {
	long := strings.Repeat("a very long name ", 40)
	tests := map[string]figurer{
		"one value":      viz.Lines{Series: []viz.Series{{Y: []float64{0}}}},
		"constant":       viz.Lines{Series: []viz.Series{{Y: []float64{3, 3, 3}}}},
		"huge":           viz.Lines{Series: []viz.Series{{Y: []float64{-1e99, 1e99}}}},
		"huge and close": viz.Lines{WholeX: true, Series: []viz.Series{{X: []float64{1e17, 1e17 + 16}, Y: []float64{1e17, 1e17 + 16}}}},
		"huge and equal": viz.Lines{Series: []viz.Series{{X: []float64{1e18}, Y: []float64{1e18}}}},
		"tiny":           viz.Lines{Series: []viz.Series{{Y: []float64{0, 5e-324}}}},
		"one rate":       viz.Finder{Rates: []float64{0.1}, Loss: []float64{1}},
		"tiny figure":    viz.Lines{Width: 1, Height: 1, Series: []viz.Series{{Name: "train", Y: []float64{1, 2}}}},
		"long words":     viz.Lines{Title: long, XLabel: long, YLabel: long, Series: []viz.Series{{Name: long, Y: []float64{1, 2}}}, Mark: &viz.Mark{X: 1, Text: long}},
		"long labels":    viz.Confusion{Title: long, Labels: []string{long, ""}, Counts: [][]int{{0, 0}, {0, 1}}},
		"no examples":    viz.Confusion{Labels: []string{"a"}, Counts: [][]int{{0}}},
		"hundred classes": viz.Confusion{Labels: make([]string, 100), Counts: func() [][]int {
			m := make([][]int, 100)
			for i := range m {
				m[i] = make([]int, 100)
				m[i][i] = math.MaxInt
			}
			return m
		}()},
		"ragged grid":    viz.Grid{Rows: [][]viz.Tile{{{Image: picture(1, 1)}}, {{}, {Image: picture(1, 2), Above: long}}}},
		"wide image":     viz.Grid{Rows: [][]viz.Tile{{{Image: image.NewGray(image.Rect(5, 5, 500, 6))}}}},
		"nine mistakes":  viz.Dashboard{History: history(1), Confusion: confusion(), Mistakes: predictions(1)[:9]},
		"dead filter":    viz.Filters{Weights: make([]float64, 27), Height: 3, Width: 3, Inputs: 3},
		"five inputs":    viz.Filters{Weights: make([]float64, 45), Height: 3, Width: 3, Inputs: 5},
		"sure":           viz.Prediction{Labels: []string{long, "b"}, Probabilities: []float64{1, 0}, Actual: -1},
		"sure and right": viz.Calibration{Confidence: []float64{0, 1}, Correct: []bool{false, true}, Bins: 1},
	}
	for name, in := range tests {
		t.Run(name, func(t *testing.T) {
			f, err := in.Figure()
			if err != nil {
				t.Fatal(err)
			}
			if _, err := f.PNG(); err != nil {
				t.Error(err)
			}
			if _, err := f.SVG(); err != nil {
				t.Error(err)
			}
		})
	}
}

// TestRenderErrors covers figures that no description produces.
func TestRenderErrors(t *testing.T) {
	spoiled := viz.NewPlot("Spoiled", "", "")
	line, err := plotter.NewLine(plotter.XYs{{X: 0, Y: 1}, {X: 1, Y: 2}})
	if err != nil {
		t.Fatal(err)
	}
	spoiled.Add(line)
	spoiled.X.Scale = plot.LogScale{} // from 0: gonum panics
	tests := map[string]struct {
		figure *viz.Figure
		want   string
	}{
		"nil":      {nil, "it is empty"},
		"zero":     {&viz.Figure{}, "it is empty"},
		"nil plot": {viz.FromPlot(nil, 100, 100, ""), "it is empty"},
		"no width": {viz.FromPlot(viz.NewPlot("", "", ""), 0, 100, ""), "width is 0 points"},
		"too high": {viz.FromPlot(viz.NewPlot("", "", ""), 10, 1e6, ""), "height is 1e+06 points"},
		"NaN size": {viz.FromPlot(viz.NewPlot("", "", ""), 100, vg.Length(math.NaN()), ""), "height is NaN points"},
		"spoiled":  {viz.FromPlot(spoiled, 100, 100, ""), `figure "Spoiled": gonum/plot cannot draw it`},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := test.figure.PNG()
			checkInputError(t, err, test.want)
			_, err = test.figure.SVG()
			checkInputError(t, err, test.want)
			_, err = viz.Row("", test.figure)
			if name != "spoiled" {
				checkInputError(t, err, test.want)
			}
		})
	}
	if _, err := viz.Stack("title"); err == nil {
		t.Error("an empty stack gave no error")
	}
}
