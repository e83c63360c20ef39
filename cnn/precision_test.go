package cnn

import (
	"errors"
	"math"
	"strings"
	"testing"
)

// Promise(compute/bfloat16): Losses in bfloat16 stay within 1 % of float32's.
func TestBFloat16TrainsAlmostAsFloat32(t *testing.T) {
	spec := tinySpec(t)
	whole := trainTiny(t, t.TempDir(), spec)
	spec.Config.Precision = BFloat16
	half := trainTiny(t, t.TempDir(), spec)
	differ := false
	for i, a := range whole.History.Steps {
		b := half.History.Steps[i]
		if math.Abs(a.Loss-b.Loss) > 0.01*a.Loss {
			t.Errorf("step %d: loss %v in float32, %v in bfloat16", a.Step, a.Loss, b.Loss)
		}
		differ = differ || a.Loss != b.Loss
	}
	if !differ {
		t.Error("bfloat16 changes nothing")
	}
	// A run that is loaded read-only evaluates in the precision of its training.
	loaded, err := LoadRun(half.Dir)
	if err != nil {
		t.Fatal(err)
	}
	defer loaded.Close()
	want, err := half.Evaluate(t.Context(), spec.Valid, nil)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := loaded.Evaluate(t.Context(), spec.Valid, nil); err != nil || got.Loss != want.Loss {
		t.Errorf("loaded: %v, %v; want loss %v", got, err, want.Loss)
	}
}

func TestUnknownPrecision(t *testing.T) {
	spec := tinySpec(t)
	spec.Config.Precision = "half"
	if _, err := OpenRun(t.TempDir(), spec); !errors.Is(err, ErrConfig) || !strings.Contains(err.Error(), `precision "half"`) {
		t.Errorf("got %v", err)
	}
}
