package viz

import (
	"image/color"
	"math"
	"slices"
	"testing"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
)

func labels(ticks []plot.Tick) []string {
	var out []string
	for _, t := range ticks {
		if t.Label != "" {
			out = append(out, t.Label)
		}
	}
	return out
}

func TestTicks(t *testing.T) {
	whole, linear := linearTicks{count: 5, whole: true}, linearTicks{count: 6}
	tests := []struct {
		name      string
		ticker    plot.Ticker
		low, high float64
		want      []string
	}{
		{"one epoch", whole, 0.5, 1.5, []string{"1"}},
		{"five epochs", whole, 1, 5, []string{"1", "2", "3", "4", "5"}},
		{"twelve epochs", whole, 1, 12, []string{"1", "3", "5", "7", "9", "11"}},
		{"thirty epochs", whole, 1, 30, []string{"1", "5", "10", "15", "20", "25", "30"}},
		{"300 epochs", whole, 1, 300, []string{"1", "50", "100", "150", "200", "250", "300"}},
		{"resumed", whole, 51, 100, []string{"60", "70", "80", "90", "100"}},
		{"24000 steps", whole, 1, 24000, []string{"1", "5000", "10,000", "15,000", "20,000"}},
		{"accuracy", linear, 0.08, 0.59, []string{"0.1", "0.2", "0.3", "0.4", "0.5"}},
		{"around zero", linear, -1, 1, []string{"-1.0", "-0.5", "0.0", "0.5", "1.0"}},
		{"rates", linear, 0.001, 0.01, []string{"0.002", "0.004", "0.006", "0.008", "0.010"}},
		{"empty range", linear, 2, 2, []string{"2.00"}},
		{"three decades", logTicks{}, 1e-3, 1, []string{"0.001", "0.01", "0.1", "1"}},
		{"one decade", logTicks{}, 0.001, 0.02, []string{"0.001", "0.002", "0.005", "0.01", "0.02"}},
		{"not positive", logTicks{}, 0, 1, nil},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if got := labels(test.ticker.Ticks(test.low, test.high)); !slices.Equal(got, test.want) {
				t.Errorf("labels %q, expected %q", got, test.want)
			}
		})
	}
}

// contrast returns WCAG's contrast ratio of two colours, 1 … 21.
func contrast(a, b color.Color) float64 {
	x, y := luminance(a), luminance(b)
	return (max(x, y) + 0.05) / (min(x, y) + 0.05)
}

// TestContrast requires 4.5:1 (WCAG AA) for text and 2.2:1 for lines, which the palest colours used from Okabe and Ito's palette reach.
func TestContrast(t *testing.T) {
	if c := contrast(color.Black, color.White); math.Abs(c-21) > 1e-9 {
		t.Fatalf("black on white is %v:1, expected 21:1", c)
	}
	for name, c := range map[string]color.Color{"text": ink(), "axes": faintInk(), "wrong": wrongInk()} {
		if ratio := contrast(c, paper()); ratio < 4.5 {
			t.Errorf("%s: %.2f:1 on white, expected 4.5:1", name, ratio)
		}
	}
	for i, c := range Palette() {
		if ratio := contrast(c, paper()); ratio < 2.2 {
			t.Errorf("colour %d of the palette: %.2f:1 on white", i, ratio)
		}
	}
	for i := range 101 {
		background := ramp(float64(i) / 100)
		if ratio := contrast(readableOn(background), background); ratio < 4.5 {
			t.Errorf("text on the ramp at %d %%: %.2f:1", i, ratio)
		}
		if i > 0 && luminance(background) >= luminance(ramp(float64(i-1)/100)) {
			t.Errorf("the ramp does not darken at %d %%", i)
		}
	}
}

func TestSeriesStyles(t *testing.T) {
	seen := map[string]bool{}
	for i := range 42 { // 7 colours by 6 patterns
		s := SeriesStyle(i)
		seen[colorKey(s.Color)+string(rune(len(s.Dashes)))+dashKey(s.Dashes)] = true
	}
	if len(seen) != 42 {
		t.Errorf("%d different styles, expected 42", len(seen))
	}
	if got := SeriesStyle(-1); got.Color != SeriesStyle(0).Color {
		t.Error("a negative index is not the first style")
	}
}

func colorKey(c color.Color) string {
	r, g, b, _ := c.RGBA()
	return string([]rune{rune(r >> 8), rune(g >> 8), rune(b >> 8), ';'})
}

func dashKey[L ~float64](dashes []L) string {
	var out []rune
	for _, d := range dashes {
		out = append(out, rune(4*d))
	}
	return string(out)
}

// TestThin: there are fewer points, but the first, the last and a single spike remain.
func TestThin(t *testing.T) {
	xys := make(plotter.XYs, 24001)
	for i := range xys {
		xys[i] = plotter.XY{X: float64(i), Y: math.Sin(float64(i) / 900)}
	}
	xys[12345].Y = 9
	thinned := thin(xys)
	if len(thinned) > thinTo+4 {
		t.Errorf("%d points remain, expected about %d", len(thinned), thinTo)
	}
	if thinned[0] != xys[0] || thinned[len(thinned)-1] != xys[24000] || !slices.Contains(thinned, xys[12345]) {
		t.Error("an end or the spike is lost")
	}
	if !slices.IsSortedFunc(thinned, func(a, b plotter.XY) int { return int(a.X - b.X) }) {
		t.Error("the points are no longer in order")
	}
}

func TestFit(t *testing.T) {
	l := lettering{sans(11, false), ink()}
	for _, test := range []struct {
		in   string
		room float64
		want string
	}{
		{"cat", 100, "cat"},
		{"a rather long name", 60, "a rather l…"},
		{"a rather long name", -5, "…"},
		{"", 10, ""},
		{"tab\tand\x07bell", 100, "tab and\ufffdbell"},
	} {
		if got := l.fit(test.in, vg.Length(test.room)); got != test.want {
			t.Errorf("fit(%q, %v) = %q, expected %q", test.in, test.room, got, test.want)
		}
	}
}

// TestTicksEnough: for any range, a count of 3 gives at least two labels, and never too many.
func TestTicksEnough(t *testing.T) {
	for _, width := range []float64{0.03, 0.1, 0.7, 1.3, 2.4, 9, 47} {
		for low := -3.0; low < 3; low += 0.37 {
			if n := len(linearTicks{count: 3}.Ticks(low, low+width)); n < 2 || n > 6 {
				t.Errorf("%d ticks from %v to %v", n, low, low+width)
			}
		}
	}
}
