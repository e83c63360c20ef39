package lab

import (
	"math"
	"strings"
	"testing"

	"github.com/cnnbook/cnnbook/cifar"
	"github.com/cnnbook/cnnbook/cnn"
)

// ramped is a run whose rate rises from 0.1 to 1 while its accuracy rises from 0.2 to 0.38.
func ramped() *cnn.Run {
	r := &cnn.Run{Name: "ramp"}
	for i := range 10 {
		r.History.Steps = append(r.History.Steps, cnn.Step{
			Step: i + 1, Epoch: 1, Rate: 0.1 * float64(i+1), Images: 10, Loss: 2 - 0.1*float64(i), Accuracy: 0.2 + 0.02*float64(i),
		})
	}
	r.History.Epochs = []cnn.Epoch{{Epoch: 1, ValidLoss: 1.5, ValidAccuracy: 0.4}}
	return r
}

func TestRatesOfASchedule(t *testing.T) {
	f := Rates("One-cycle", cnn.OneCycle{Max: 0.5}, 20) // which spans the 20 steps
	if alt := f.AltText(); !strings.Contains(alt, "highest 0.5") || !strings.Contains(alt, "at 20,") {
		t.Errorf("alternative text %q", alt)
	}
	one, three := Grid("g", 2, f), Grid("g", 2, f, f, f)
	if three.Height <= one.Height || three.Width != 2*one.Width {
		t.Errorf("three panels in two columns are %v × %v, one is %v × %v", three.Width, three.Height, one.Width, one.Height)
	}
}

func TestWindow(t *testing.T) {
	for most, want := range map[int]int{50: 3, 3: 3, 2: 2} {
		if got := Window(ramped(), most); got != want {
			t.Errorf("at most %d of 10 steps: %d, want %d", most, got, want)
		}
	}
	if got := Window(&cnn.Run{}, 50); got != 1 {
		t.Errorf("without steps: %d, want 1", got)
	}
}

func TestResponse(t *testing.T) {
	s := ByRate("up", ramped(), 2)
	if len(s.Y) != 9 || s.X[0] != 0.2 || math.Abs(s.Y[0]-0.21) > 1e-12 {
		t.Errorf("%d points from (%g, %g), want 9 from (0.2, 0.21)", len(s.Y), s.X[0], s.Y[0])
	}
	if f := Response("Search", ramped(), 2); !strings.Contains(f.AltText(), "Accuracy (mean of 2 steps)") || !strings.Contains(f.CaptionText(), "ramp") {
		t.Errorf("alternative text %q, caption %q", f.AltText(), f.CaptionText())
	}
}

func TestAround(t *testing.T) {
	s := Around(0.55, ramped()) // between the fifth step and the sixth
	if math.Abs(s.Low-0.24) > 1e-12 || math.Abs(s.High-0.34) > 1e-12 || math.Abs(s.Rise()-0.1) > 1e-12 {
		t.Errorf("%+v, want 0.24 and 0.34", s)
	}
	if got := RateRange(ramped()); got != "0.1 to 1" {
		t.Errorf("rates %q", got)
	}
	if got := RateRange(&cnn.Run{History: cnn.History{Steps: []cnn.Step{{Rate: 8e-9}, {Rate: 8e-9}}}}); got != "8 × 10⁻⁹" {
		t.Errorf("one rate is %q", got)
	}
}

func TestEpochsOf(t *testing.T) {
	one, two := ramped(), ramped()
	two.History.Epochs = make([]cnn.Epoch, 2)
	for _, c := range []struct{ got, want string }{
		{EpochsOf(one), "epoch 1"}, {EpochsOf(one, two), "epoch 3"}, {EpochsOf(two, one), "epochs 2 to 3"}, {EpochsOf(two, one, two), "epochs 4 to 5"},
	} {
		if c.got != c.want {
			t.Errorf("%q, want %q", c.got, c.want)
		}
	}
}

func TestSuggestion(t *testing.T) {
	train, valid := cifar.Drawn(1, 90, 30)
	r, err := cnn.OpenRun(t.TempDir(), cnn.Spec{Name: "tiny", Network: tiny(), Train: train, Valid: valid, Config: cnn.Config{Batch: 20, Seed: 7}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(r.Close)
	few := SearchRate(r, cnn.RateSearch{From: 1e-6, To: 1e-5, Steps: 12}) // rates that change nothing
	if s := string(Suggestion(few)); !strings.HasPrefix(s, "**No suggestion**: ") || !strings.HasSuffix(s, ".") {
		t.Errorf("of rates that are too low: %q", s)
	}
	if f := Search("Search", few, "twelve steps"); strings.Contains(f.AltText(), "Marked") || f.CaptionText() != "twelve steps" {
		t.Errorf("no rate is suggested, but the figure says %q, caption %q", f.AltText(), f.CaptionText())
	}
	clear := &cnn.RateCurve{Rates: []float64{1e-3, 1e-2, 0.1}, Losses: []float64{2, 1, 3}, Smoothed: []float64{2, 1, 2}, Suggestion: 1e-3, Reason: "it falls"}
	if s := string(Suggestion(clear)); s != "Suggested rate: **0.001**, because it falls." {
		t.Errorf("%q", s)
	}
	if f := Search("Search", clear); !strings.Contains(f.AltText(), "suggested: 0.001") {
		t.Errorf("the figure lacks the rate: %q", f.AltText())
	}
	clear.Suggestion = 1e-7
	if s := string(Suggestion(clear)); !strings.HasPrefix(s, "Suggested rate: **0.001**, because it is a tenth of 0.01") {
		t.Errorf("%q", s)
	}
}
