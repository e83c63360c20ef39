package lab

import (
	"slices"
	"strings"
	"testing"

	"github.com/cnnbook/cnnbook/cnn"
	"github.com/cnnbook/cnnbook/viz"
)

// seeded are four runs of which run i ends at an accuracy of base + i/10.
func seeded(base float64) (runs []*cnn.Run) {
	for i, o := range ComparedOptimizers() {
		r := ramped()
		r.Name = strings.ToLower(o.Kind()) + "-after-cyclic"
		r.History.Epochs[0].ValidAccuracy = base + float64(i)/10
		runs = append(runs, r)
	}
	return runs
}

func TestSideBySideAndInTurn(t *testing.T) {
	runs := seeded(0.1)[:2]
	side, turn := SideBySide("t", 2, runs...), InTurn("t", 2, runs...)
	for name, want := range map[*viz.Figure][]string{
		side: {"rmsprop: 0.21 at 2, 0.37 at 10", "adagrad: 0.21 at 2, 0.37 at 10"},
		turn: {"rmsprop: 0.21 at 2, 0.37 at 10", "adagrad: 0.21 at 12, 0.37 at 20"},
	} {
		for _, w := range want {
			if !strings.Contains(name.AltText(), w) {
				t.Errorf("%q lacks %q", name.AltText(), w)
			}
		}
		if !strings.Contains(name.CaptionText(), "rmsprop-after-cyclic") {
			t.Errorf("caption %q", name.CaptionText())
		}
	}
}

func TestBandsAndFinals(t *testing.T) {
	f := Bands("Fair", 3, seeded(0.1), seeded(0.2))
	if !strings.Contains(f.AltText(), "Adadelta: 0.22 at 3, 0.36 at 10") {
		t.Errorf("alternative text %q", f.AltText())
	}
	loss, accuracy := Finals(2, seeded(0.1), seeded(0.2))
	if loss.Mean != 1.5 || accuracy.N != 2 || accuracy.Low < 0.299 || accuracy.High > 0.401 {
		t.Errorf("loss %+v, accuracy %+v, want 1.5, and 0.3 to 0.4", loss, accuracy)
	}
}

func TestMeasured(t *testing.T) {
	if got := Measured(cnn.NewSpread([]float64{0.25}), 100); got != "0.2500 (0.175 to 0.343)" || got != WithInterval(0.25, 100) {
		t.Errorf("of one run: %q", got)
	}
	if got := Measured(cnn.NewSpread([]float64{0.25, 0.35}), 100); got != "0.3000 ± 0.0707" {
		t.Errorf("of two: %q", got)
	}
}

func TestRanks(t *testing.T) {
	if got, want := Ranks([]float64{0.2, 0.5, 0.5, 0.1}), []int{3, 1, 1, 4}; !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
}
