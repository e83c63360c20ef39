package cnn

import (
	"cmp"
	"encoding/json"
	"math"
	"reflect"
	"slices"
	"testing"
)

// scikit holds the scores of scikit-learn and statsmodels for a set of predictions.
type scikit struct {
	Labels, Predictions   []int
	Scores                [][]float64 // probabilities before dividing by their sum
	Confusion             [][]int
	Accuracy              float64
	Precision, Recall, F1 []float64
	Support               []int
	LogLoss               float64 `json:"log_loss"`
	Losses                []float64
	Calibration           struct {
		Error float64
		Bins  []struct {
			Count                int
			Accuracy, Confidence float64
		}
	}
	Wilson []struct {
		Right, Count int
		Low, High    float64
	}
}

func scikitResult(t *testing.T) (scikit, *Result) {
	t.Helper()
	var s scikit
	oracle(t, "confusion.json", &s)
	r := &Result{Actual: s.Labels, Predicted: s.Predictions, Losses: s.Losses, Accuracy: s.Accuracy, Loss: s.LogLoss}
	for c := range 10 {
		r.Names = append(r.Names, string(rune('a'+c)))
	}
	for _, row := range s.Scores {
		sum := 0.0
		for _, v := range row {
			sum += v
		}
		p := make([]float64, len(row))
		for c, v := range row {
			p[c] = v / sum
		}
		r.Probabilities = append(r.Probabilities, p)
	}
	return s, r
}

func close9(a, b float64) bool { return math.Abs(a-b) < 1e-9 }

// Promise(agreement/scores): Confusion matrix, precision, recall, F1 and calibration agree with
// scikit-learn.
func TestScoresMatchScikitLearn(t *testing.T) {
	want, r := scikitResult(t)
	if got := r.Confusion(); !reflect.DeepEqual(got, want.Confusion) {
		t.Errorf("confusion\n%v\nwant\n%v", got, want.Confusion)
	}
	for c, s := range r.ClassScores() {
		if s.Images != want.Support[c] || !close9(s.Precision, want.Precision[c]) || !close9(s.Recall, want.Recall[c]) || !close9(s.F1, want.F1[c]) {
			t.Errorf("class %d: got %+v, want %d %g %g %g", c, s, want.Support[c], want.Precision[c], want.Recall[c], want.F1[c])
		}
	}
	bins, ece := r.Calibration(10)
	if !close9(ece, want.Calibration.Error) {
		t.Errorf("calibration error %g, want %g", ece, want.Calibration.Error)
	}
	for i, b := range want.Calibration.Bins {
		if bins[i].Images != b.Count || !close9(bins[i].Accuracy, b.Accuracy) || !close9(bins[i].Confidence, b.Confidence) {
			t.Errorf("bin %d: got %+v, want %+v", i, bins[i], b)
		}
	}
	for _, w := range want.Wilson {
		if low, high := Wilson(w.Right, w.Count); !close9(low, w.Low) || !close9(high, w.High) {
			t.Errorf("interval of %d of %d: got %g to %g, want %g to %g", w.Right, w.Count, low, high, w.Low, w.High)
		}
	}
}

func TestMistakes(t *testing.T) {
	_, r := scikitResult(t)
	wrong := r.Misclassified()
	if got := 1 - float64(len(wrong))/float64(len(r.Actual)); !close9(got, r.Accuracy) {
		t.Errorf("%d mistakes make an accuracy of %g, want %g", len(wrong), got, r.Accuracy)
	}
	top := r.TopLosses(5)
	for i := range top[1:] {
		if r.Losses[top[i]] < r.Losses[top[i+1]] {
			t.Errorf("losses out of order: %v", top)
		}
	}
	if r.Losses[top[0]] != slices.Max(r.Losses) {
		t.Error("the first is not the largest")
	}
	worst := r.WorstMistakes(7)
	if len(worst) != 7 || !slices.IsSortedFunc(worst, func(a, b int) int { return cmp.Compare(r.Losses[b], r.Losses[a]) }) {
		t.Errorf("worst mistakes %v", worst)
	}
	for _, i := range worst {
		if r.Predicted[i] == r.Actual[i] {
			t.Errorf("image %d is no mistake", i)
		}
	}
	if n := len(r.TopLosses(1000)); n != len(r.Actual) {
		t.Errorf("asked for too many: got %d", n)
	}
	total, last := 0, math.MaxInt
	for _, p := range r.MostConfused(1000) {
		if p.Count > last || p.Actual == p.Predicted {
			t.Errorf("%+v is out of place", p)
		}
		total, last = total+p.Count, p.Count
	}
	if total != len(wrong) {
		t.Errorf("the pairs count %d mistakes, want %d", total, len(wrong))
	}
}

func TestSchedulesMatchTheirSources(t *testing.T) {
	var file struct {
		Schedules []struct {
			Name      string
			ClassName string `json:"class_name"`
			Config    json.RawMessage
			Rates     []float64
		}
	}
	oracle(t, "schedules.json", &file)
	for _, c := range file.Schedules {
		var s Schedule
		var err error
		switch c.ClassName {
		case "Cyclic":
			var v Cyclic
			err = json.Unmarshal(c.Config, &v)
			s = v
		case "OneCycle":
			var v OneCycle
			err = json.Unmarshal(c.Config, &v)
			s = v
		case "CosineWarmup":
			var v CosineWarmup
			err = json.Unmarshal(c.Config, &v)
			s = v
		case "Exponential":
			var v Exponential
			err = json.Unmarshal(c.Config, &v)
			s = v
		}
		if err != nil || s == nil {
			t.Fatalf("%s: %s %v", c.Name, c.ClassName, err)
		}
		for i, got := range Rates(s, len(c.Rates)) {
			if math.Abs(got-c.Rates[i]) > 1e-9*math.Abs(c.Rates[i]) {
				t.Errorf("%s, step %d: got %g, want %g", c.Name, i, got, c.Rates[i])
			}
		}
	}
}
