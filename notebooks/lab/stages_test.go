package lab

import (
	"math"
	"testing"

	"github.com/cnnbook/cnnbook/cifar"
	"github.com/cnnbook/cnnbook/cnn"
)

func TestBackwardRampHasTheSameRatesAndSteps(t *testing.T) {
	b, err := ParseBudget("smoke")
	if err != nil {
		t.Fatal(err)
	}
	up, down := b.LinearRamp(1200, 1), b.BackwardRamp(1200, 1)
	n := b.Ramp * b.StepsPerEpoch(1200)
	if up.Epochs != down.Epochs || up.Batch != down.Batch || up.Seed != down.Seed {
		t.Errorf("%+v and %+v differ in more than the schedule", up, down)
	}
	rates := cnn.Rates(down.Schedule, n)
	if rates[0] != 0.1 || math.Abs(rates[n-1]-0.001) > 1e-12 {
		t.Errorf("from %g to %g, expected 0.1 to 0.001", rates[0], rates[n-1])
	}
}

func TestLeakExperimentIsSmallUnlessFull(t *testing.T) {
	images, _ := cifar.Drawn(1, 40, 10)
	for name, want := range map[string]int{"smoke": 10, "cpu": 10, "full": 40} {
		b, err := ParseBudget(name)
		if err != nil {
			t.Fatal(err)
		}
		if got := b.LeakImages(images).Len(); got != want {
			t.Errorf("%s: %d images, expected %d", name, got, want)
		}
		spec := cnn.Spec{Name: "leak", Network: tiny(), Config: b.LeakTraining(1), Train: images, Valid: images}
		if _, err := cnn.OpenRun(t.TempDir(), spec); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}
