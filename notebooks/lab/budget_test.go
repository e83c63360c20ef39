package lab

import (
	"errors"
	"testing"

	"github.com/cnnbook/cnnbook/cnn"
	"github.com/cnnbook/cnnbook/kernelext"
)

func TestEveryBudgetsNameIsParsed(t *testing.T) {
	for _, name := range kernelext.Budgets() {
		if b, err := ParseBudget(name); err != nil || b.Name != name || b.Train == 0 || b.Seeds == 0 {
			t.Errorf("%s: %+v, %v", name, b, err)
		}
	}
	if _, err := ParseBudget("tiny"); !errors.Is(err, cnn.ErrConfig) {
		t.Errorf("an unknown name: %v, expected ErrConfig", err)
	}
}

func TestForStages(t *testing.T) {
	for name, wantSteps := range map[string]int{"smoke": 24, "minutes": 80, "cpu": 80, "hours": 80, "full": 80} {
		b, err := ParseBudget(name)
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
		if (name == "hours" || name == "full") && s != b {
			t.Errorf("%s: %+v, expected it unchanged", name, s)
		}
	}
}
