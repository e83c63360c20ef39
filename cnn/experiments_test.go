package cnn

import (
	"testing"

	"github.com/cnnbook/cnnbook/cifar"
)

func TestForStages(t *testing.T) {
	for name, wantSteps := range map[string]int{"smoke": 24, "cpu": 80, "full": 80} {
		b, err := BudgetOf(name)
		if err != nil {
			t.Fatal(err)
		}
		s := b.ForStages()
		if got := s.StepsPerEpoch(s.Train * 4 / 5); got != wantSteps {
			t.Errorf("%s: %d steps an epoch, expected %d", name, got, wantSteps)
		}
		if s.Train > b.Train || s.Drawn > b.Drawn {
			t.Errorf("%s: %+v from %+v, expected at most as many images", name, s, b)
		}
		if name == "full" && s != b {
			t.Errorf("full: %+v, expected it unchanged", s)
		}
	}
}

func TestLeakExperimentIsSmallUnlessFull(t *testing.T) {
	images, _ := cifar.Drawn(1, 40, 10)
	for name, want := range map[string]int{"smoke": 10, "cpu": 10, "full": 40} {
		b, err := BudgetOf(name)
		if err != nil {
			t.Fatal(err)
		}
		if got := b.LeakImages(images).Len(); got != want {
			t.Errorf("%s: %d images, expected %d", name, got, want)
		}
		if err := b.LeakTraining(1).withDefaults().validate(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}
