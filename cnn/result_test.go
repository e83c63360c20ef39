package cnn

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"testing"
)

func fourAnswers() *Result {
	return &Result{
		Names:         []string{"cat", "dog"},
		Actual:        []int{0, 1, 1, 0},
		Predicted:     []int{0, 0, 1, 1},
		Probabilities: [][]float64{{.9, .1}, {.8, .2}, {.3, .7}, {.4, .6}},
		Losses:        []float64{1, 2, 3, 4},
	}
}

func ExampleResult_Subset() {
	dogs, err := fourAnswers().Subset([]int{2, 1})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(dogs)
	// Output: accuracy 0.5000 (95 % interval 0.0945 to 0.9055), loss 2.5000, 2 images
}

func TestSubsetKeepsOrderAndRepeats(t *testing.T) {
	s, err := fourAnswers().Subset([]int{3, 0, 3})
	if err != nil {
		t.Fatal(err)
	}
	if s.Losses[0] != 4 || s.Losses[1] != 1 || s.Probabilities[2][1] != .6 || s.Actual[1] != 0 {
		t.Errorf("the subset does not follow its indices: %+v", s)
	}
	if math.Abs(s.Accuracy-1.0/3) > 1e-12 || math.Abs(s.Loss-3) > 1e-12 {
		t.Errorf("accuracy %v and loss %v, expected 1/3 and 3", s.Accuracy, s.Loss)
	}
}

func TestSubsetRefusesBadIndices(t *testing.T) {
	for _, indices := range [][]int{nil, {-1}, {0, 4}} {
		if _, err := fourAnswers().Subset(indices); !errors.Is(err, ErrConfig) {
			t.Errorf("Subset(%v) gives %v, expected an ErrConfig", indices, err)
		}
	}
}

func TestChangedCorrectAndConfidence(t *testing.T) {
	r, other := fourAnswers(), fourAnswers()
	if got := r.Changed(other); got != nil {
		t.Errorf("Changed against itself gives %v", got)
	}
	other.Predicted = []int{1, 0, 1, 0}
	if got := r.Changed(other); !slices.Equal(got, []int{0, 3}) {
		t.Errorf("Changed gives %v, expected 0 and 3", got)
	}
	if got := r.Correct(); !slices.Equal(got, []bool{true, false, true, false}) {
		t.Errorf("Correct gives %v", got)
	}
	if got := r.Confidence(); !slices.Equal(got, []float64{.9, .8, .7, .6}) {
		t.Errorf("Confidence gives %v", got)
	}
}
