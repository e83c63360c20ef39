package cnn

import (
	"errors"
	"testing"
)

func TestProductSpeed(t *testing.T) {
	if speed, err := ProductSpeed(t.Context(), 1); err != nil || speed <= 0 {
		t.Errorf("%g a second, error %v", speed, err)
	}
	if _, err := ProductSpeed(t.Context(), 0); !errors.Is(err, ErrConfig) {
		t.Errorf("no products: error %v, want %v", err, ErrConfig)
	}
}
