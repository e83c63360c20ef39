package lab

import (
	"math"
	"testing"

	"github.com/cnnbook/cnnbook/cnn"
)

func TestToss(t *testing.T) {
	r, valid := trainedRun(t)
	two := Toss(r, valid, 2)
	first, second := EvaluateFlipped(r, valid, 0), EvaluateFlipped(r, valid, 1)
	differ := 0
	for i := range first.Predicted {
		if first.Predicted[i] != second.Predicted[i] {
			differ++
		}
	}
	if two.Undecided != differ || two.Loss.Low != min(first.Loss, second.Loss) || two.Accuracy.High != max(first.Accuracy, second.Accuracy) {
		t.Errorf("%+v; the two evaluations: %d differ, %s and %s", two, differ, first, second)
	}
	if one := Toss(r, valid, 1); one.Undecided != 0 || one.Loss.Deviation != 0 {
		t.Errorf("one evaluation differs from itself: %+v", one)
	}
}

// Of eight images the last four are mistakes: the row shows images 0 to 3, none of which is a mistake, with captions of
// images 0 to 3.
func TestCaptionOdds(t *testing.T) {
	r := &cnn.Result{Actual: []int{0, 1, 0, 1, 0, 0, 0, 0}, Predicted: []int{0, 1, 0, 1, 1, 1, 1, 1}}
	mistake, right := CaptionOdds(r)
	if mistake != 0 || math.Abs(right-0.5) > 1e-12 {
		t.Errorf("a mistake with probability %g, a right caption with %g; want 0 and 0.5", mistake, right)
	}
	r.Predicted[0] = 1 // five mistakes: the row shows images 0 to 4, two of which are mistakes
	mistake, right = CaptionOdds(r)
	if math.Abs(mistake-0.4) > 1e-12 || math.Abs(right-(4.0*4+1)/25) > 1e-12 {
		t.Errorf("a mistake with probability %g, a right caption with %g; want 0.4 and 0.68", mistake, right)
	}
	if mistake, right := CaptionOdds(&cnn.Result{}); mistake != 0 || right != 0 {
		t.Errorf("without mistakes: %g and %g", mistake, right)
	}
}

func TestTheWriteUpsOwnNumbers(t *testing.T) {
	if b := WriteUpBudget(); b.Base != 300 || b.ShortRamp != 2 {
		t.Errorf("%+v", b)
	}
	if got := Interval(8693, 10_000); got != "0.8626 to 0.8758" {
		t.Errorf("the interval of its validation accuracy is %q", got)
	}
}
