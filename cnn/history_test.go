package cnn

import (
	"errors"
	"math"
	"reflect"
	"strings"
	"testing"
)

func TestHistoryRoundTrip(t *testing.T) {
	want := History{
		Steps: []Step{
			{Step: 1, Epoch: 1, Rate: 0.001, Images: 3, Loss: 2, Accuracy: 0},
			{Step: 2, Epoch: 1, Rate: 0.001, Images: 1, Loss: 1, Accuracy: 1},
		},
		Epochs: []Epoch{{Epoch: 1, Loss: 1.75, Accuracy: 0.25, ValidLoss: 1.5, ValidAccuracy: 0.5}},
	}
	var b []byte
	var err error
	for i := range want.Steps {
		if b, err = appendLine(b, historyLine{Step: &want.Steps[i]}); err != nil {
			t.Fatal(err)
		}
	}
	if b, err = appendLine(b, historyLine{Epoch: &want.Epochs[0]}); err != nil {
		t.Fatal(err)
	}
	got, err := parseHistory(b, "h")
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, %v", got, err)
	}
	if loss, accuracy := got.meanOfEpoch(1); loss != 1.75 || accuracy != 0.25 {
		t.Errorf("means weighted by batch: got %g and %g, want 1.75 and 0.25", loss, accuracy)
	}
	if !reflect.DeepEqual(got.StepLosses(), []float64{2, 1}) || !reflect.DeepEqual(got.ValidAccuracy(), []float64{0.5}) {
		t.Error("columns differ from the lines")
	}
}

// Promise(files/hostile)
func TestHistoryRefuses(t *testing.T) {
	step := `{"s":{"step":1,"epoch":1,"rate":1,"images":1,"loss":1,"accuracy":1}}` + "\n"
	for name, test := range map[string]struct{ text, want string }{
		"cut line":     {step + `{"s":{"st`, "line 2 is cut off"},
		"step missing": {step + strings.Replace(step, `"step":1`, `"step":3`, 1), "line 2 holds step 3, expected step 2"},
		"neither":      {"{}\n", "line 1 must hold one step or one epoch"},
		"not JSON":     {"loss\n", "line 1"},
		"unknown":      {`{"x":1}` + "\n", "line 1"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := parseHistory([]byte(test.text), "history.jsonl")
			if !errors.Is(err, ErrFormat) || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want ErrFormat with %q", err, test.want)
			}
		})
	}
}

// Promise(files/hostile)
func FuzzHistory(f *testing.F) {
	f.Add([]byte(`{"s":{"step":1,"epoch":1,"rate":1,"images":1,"loss":1,"accuracy":1}}` + "\n"))
	f.Add([]byte(`{"e":{"epoch":1,"loss":1,"accuracy":1,"valid_loss":1,"valid_accuracy":1}}` + "\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		if _, err := parseHistory(data, "fuzz"); err != nil && !errors.Is(err, ErrFormat) {
			t.Errorf("%v does not wrap ErrFormat", err)
		}
	})
}

func TestMeanAccuracy(t *testing.T) {
	h := History{Steps: []Step{{Rate: 0.1, Accuracy: 0.2}, {Rate: 0.2, Accuracy: 0.4}, {Rate: 0.3, Accuracy: 0.9}}}
	mean, steps := h.MeanAccuracy(func(s Step) bool { return s.Rate < 0.25 })
	if math.Abs(mean-0.3) > 1e-12 || steps != 2 {
		t.Errorf("%g of %d steps, expected 0.3 of 2", mean, steps)
	}
	if mean, steps := h.MeanAccuracy(func(Step) bool { return false }); mean != 0 || steps != 0 {
		t.Errorf("%g of %d steps, expected 0 of none", mean, steps)
	}
}

func TestStepsOfTheLastEpochAndTheirMeans(t *testing.T) {
	h := History{
		Steps: []Step{
			{Step: 1, Epoch: 1, Images: 3, Loss: 9, Accuracy: 0}, {Step: 2, Epoch: 2, Images: 3, Loss: 2, Accuracy: 0.5},
			{Step: 3, Epoch: 2, Images: 1, Loss: 6, Accuracy: 1}, {Step: 4, Epoch: 3, Images: 3, Loss: 8, Accuracy: 0},
		},
		Epochs: []Epoch{{Epoch: 1}, {Epoch: 2}}, // the third was interrupted
	}
	last := h.LastSteps()
	if len(last) != 2 || last[0].Step != 2 || last[1].Step != 3 {
		t.Errorf("the last finished epoch has the steps %+v, expected 2 and 3", last)
	}
	if loss, accuracy := StepMeans(last); loss != 3 || accuracy != 0.625 {
		t.Errorf("mean loss %g and accuracy %g, expected 3 and 0.625", loss, accuracy)
	}
	if loss, accuracy := StepMeans(nil); loss != 0 || accuracy != 0 {
		t.Errorf("the means of no steps are %g and %g, expected 0", loss, accuracy)
	}
	if n := h.Images(); n != 10 {
		t.Errorf("%d images, expected 10", n)
	}
}

func TestLast(t *testing.T) {
	if got := (History{Epochs: []Epoch{{Epoch: 1}, {Epoch: 2, ValidAccuracy: 0.5}}}).Last(); got.Epoch != 2 || got.ValidAccuracy != 0.5 {
		t.Errorf("last epoch %+v, expected the second", got)
	}
	if got := (History{}).Last(); got != (Epoch{}) {
		t.Errorf("last epoch of none: %+v", got)
	}
}
