package lab

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/cnnbook/cnnbook/cifar"
	"github.com/cnnbook/cnnbook/cnn"
	"github.com/cnnbook/cnnbook/viz"
)

func TestWalkContinuesWhereTheLastClassEnded(t *testing.T) {
	d := &cifar.Dataset{Names: []string{"a", "b"}, Labels: []uint8{0, 1, 0, 1, 1, 0}}
	picked, looked := Walk(d, 2)
	if !slices.Equal(picked, []int{0, 2, 3, 4}) || looked != 5 {
		t.Errorf("picked %v after %d images, expected 0, 2, 3 and 4 after 5", picked, looked)
	}
	if picked, looked = Walk(d, 3); !slices.Equal(picked, []int{0, 2, 5, 1, 3, 4}) || looked != 11 {
		t.Errorf("begun again: picked %v after %d images", picked, looked)
	}
	if picked, _ = Walk(d, 4); len(picked) != 6 {
		t.Errorf("a class with too few images: picked %v", picked)
	}
}

func TestCheckCaptions(t *testing.T) {
	r := &cnn.Result{Actual: []int{0, 1}, Predicted: []int{0, 0}}
	mistakes, own := CheckCaptions(r, 10, func(*rand.Rand) []Captioned {
		return []Captioned{{Image: 0, Class: 0}, {Image: 1, Class: 0}, {Image: 1, Class: 1}, {Image: 0, Class: 0}}
	})
	if mistakes != 0.5 || own != 0.75 {
		t.Errorf("%g show a mistake, %g their own class, expected 0.5 and 0.75", mistakes, own)
	}
	if mistakes, own = CheckCaptions(r, 10, func(*rand.Rand) []Captioned { return nil }); mistakes != 0 || own != 0 {
		t.Errorf("rows without images: %g and %g", mistakes, own)
	}
}

func TestTwoWaysCountsChanges(t *testing.T) {
	a := &cnn.Result{Names: []string{"a", "b"}, Actual: []int{0, 1}, Predicted: []int{0, 1}, Accuracy: 1, Losses: []float64{0, 0}}
	b := &cnn.Result{Names: a.Names, Actual: a.Actual, Predicted: []int{1, 1}, Accuracy: 0.5, Loss: 2, Losses: []float64{4, 0}}
	table := TwoWays("one", a, "other", b)
	if table.Caption != "1 of 2 predictions differ (50.00 %)" || table.Rows[1][0] != "other" || table.Rows[1][2] != "0.5000" || table.Rows[1][4] != "2.0000" {
		t.Errorf("%q, %v", table.Caption, table.Rows)
	}
	for _, row := range table.Rows {
		if len(row) != len(table.Header) {
			t.Errorf("%d cells under %d headings", len(row), len(table.Header))
		}
	}
	if err := ended(func() { Some(a, 2) }); err == nil {
		t.Error("an image that is not there does not end the cell")
	}
}

// Every figure of a result is drawn and says in its caption or alternative text what it shows.
func TestFiguresOfAResult(t *testing.T) {
	run, valid := trainedRun(t)
	r := Evaluate(run, valid)
	six := func(rng *rand.Rand) []Captioned { return []Captioned{{Image: rng.IntN(valid.Len()), Class: 1}} }
	wrong := r.Misclassified()
	for name, c := range map[string]struct {
		figure *viz.Figure
		want   string
	}{
		"matrix":        {Matrix("All", r), "accuracy"},
		"captioned":     {CaptionedRow("As written", r, valid, six), "predicted: " + valid.Names[1]},
		"mistakes":      {Mistakes("First", r, valid, wrong[:8]...), "misclassified"},
		"recalls":       {Recalls(r), "ecall"},
		"losses":        {Figure(viz.Grid{Rows: [][]viz.Tile{LossTiles(r, valid, r.TopLosses(3)...)}}), "loss "},
		"probabilities": {Probabilities(r, valid, 0), "loss "},
		"calibration":   {Calibration(r), "confident"},
	} {
		if _, err := c.figure.PNG(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if text := c.figure.Caption + c.figure.Alt; !strings.Contains(text, c.want) {
			t.Errorf("%s: %q, expected %q in it", name, text, c.want)
		}
	}
	if table := ClassScores(r); len(table.Rows) != 10 || table.Rows[3][0] != "cat" || table.Caption != r.String() {
		t.Errorf("%q, %v", table.Caption, table.Rows)
	}
}
