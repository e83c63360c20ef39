package cnn

import (
	"testing"

	"github.com/cnnbook/cnnbook/cifar"
)

func TestForStagesKeepsTheStepsOfAnEpoch(t *testing.T) {
	for _, name := range []string{"smoke", "cpu", "full"} {
		b, err := BudgetOf(name)
		if err != nil {
			t.Fatal(err)
		}
		s := b.ForStages()
		if got, want := s.StepsPerEpoch(s.Train*4/5), b.StepsPerEpoch(b.Train*4/5); got != want {
			t.Errorf("%s: %d steps an epoch, expected %d", name, got, want)
		}
		if name != "cpu" && s != b {
			t.Errorf("%s: %+v, expected it unchanged", name, s)
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
