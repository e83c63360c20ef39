package cnn

import (
	"errors"
	"testing"
)

func TestProductSpeed(t *testing.T) {
	for _, p := range []Precision{Float32, BFloat16} {
		if speed, err := ProductSpeed(t.Context(), p, 1); err != nil || speed <= 0 {
			t.Errorf("%q: %g a second, error %v", p, speed, err)
		}
	}
	if _, err := ProductSpeed(t.Context(), Float32, 0); !errors.Is(err, ErrConfig) {
		t.Errorf("no products: error %v, want %v", err, ErrConfig)
	}
}
