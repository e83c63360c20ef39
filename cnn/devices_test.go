package cnn

import (
	"errors"
	"math"
	"slices"
	"strings"
	"testing"
)

// deviceSpec trains with batches of 20 and one of 10.
func deviceSpec(t *testing.T, devices int) Spec {
	spec := tinySpec(t)
	spec.Config.Devices = devices
	return spec
}

// Promise(compute/devices): Devices that share a batch give the losses and weights of one device
// within 1e-5.
func TestDevicesShareABatch(t *testing.T) {
	t.Setenv(divideEnv, "1")
	t.Run("plain", func(t *testing.T) { sharesABatch(t, func(*Spec) {}) })
	t.Run("with options", func(t *testing.T) {
		sharesABatch(t, func(s *Spec) { // those that have inputs of their own, or sums over gradients
			s.Network = s.Network.WithL2(0.01)
			s.Config.Schedule = OneCycle{Max: 0.01, HighMomentum: 0.9, LowMomentum: 0.8}
			s.Config.Preprocess.Crop, s.Config.Preprocess.Cutout = 1, 3
			s.Config.EMA, s.Config.Clip = &EMA{Decay: 0.5}, &Clipping{GlobalNorm: 0.5}
		})
	})
}

func sharesABatch(t *testing.T, change func(*Spec)) {
	spec := func(devices int) Spec {
		s := deviceSpec(t, devices)
		change(&s)
		return s
	}
	one := trainTiny(t, t.TempDir(), spec(1))
	if has := one.engine.backend.NumDevices(); has < 2 {
		t.Skipf("%s has %d device", backendLabel(), has)
	}
	two := trainTiny(t, t.TempDir(), spec(2))
	if len(one.History.Steps) != 15 || len(two.History.Steps) != 15 {
		t.Fatalf("%d and %d steps, want 15", len(one.History.Steps), len(two.History.Steps))
	}
	for i, a := range one.History.Steps {
		b := two.History.Steps[i]
		if math.Abs(a.Loss-b.Loss) > 1e-5*a.Loss || a.Accuracy != b.Accuracy {
			t.Errorf("step %d: loss %v and accuracy %v on one device, %v and %v on two", a.Step, a.Loss, a.Accuracy, b.Loss, b.Accuracy)
		}
	}
	for i, a := range one.weights {
		for k, x := range a.Values {
			if y := two.weights[i].Values[k]; math.Abs(float64(x-y)) > 1e-5 {
				t.Fatalf("%s[%d]: %v on one device, %v on two", a.Name, k, x, y)
			}
		}
	}
}

// Promise(compute/cpu-devices): Several devices of one CPU are no slower than one, because one computes whole batches: the weights are the
// same bits.
func TestDevicesOfOneCPU(t *testing.T) {
	one := trainTiny(t, t.TempDir(), deviceSpec(t, 1))
	if has := one.engine.backend.NumDevices(); has < 2 || !onCPU() {
		t.Skipf("%s has %d device", backendLabel(), has)
	}
	two := trainTiny(t, t.TempDir(), deviceSpec(t, 2))
	if len(two.engine.state) != len(one.engine.state) {
		t.Errorf("%d arrays on the devices, want those of one device: %d", len(two.engine.state), len(one.engine.state))
	}
	for i, a := range one.weights {
		if !slices.Equal(a.Values, two.weights[i].Values) {
			t.Errorf("%s differs", a.Name)
		}
	}
}

func TestDevicesThatCannotShareABatch(t *testing.T) {
	for devices, want := range map[int]string{
		4:  "cannot share a batch of 10 images evenly", // the last of an epoch
		3:  "cannot share a batch of 20 images evenly",
		-1: "from 1 to 20 devices",
		21: "from 1 to 20 devices",
	} {
		_, err := OpenRun(t.TempDir(), deviceSpec(t, devices))
		if !errors.Is(err, ErrConfig) || !strings.Contains(err.Error(), want) {
			t.Errorf("%d devices: %v", devices, err)
		}
	}
	spec := deviceSpec(t, 10) // they divide both, and no machine that tests have shows as many
	err := openTiny(t, t.TempDir(), spec).Train(t.Context(), nil)
	if !errors.Is(err, ErrConfig) || !strings.Contains(err.Error(), "10 devices cannot share a batch") {
		t.Errorf("10 devices: %v", err)
	}
}
