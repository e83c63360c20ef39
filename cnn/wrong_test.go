package cnn

import (
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"
)

// Tests of the errors for numbers that diverge, and for files of another network.

// TestDivergenceNamesTheLayer spoils one thing at a time and checks that the
// layer where it began is named, with step, rate and what to try, and that the
// run is what it was at its last save.
//
// Promise(runs/divergence): A NaN or an infinity in loss, weights or optimizer state stops the
// training. The error names the step, the learning rate and the layer where it began; the last good
// save is kept.
func TestDivergenceNamesTheLayer(t *testing.T) {
	big := float32(3e38)
	for name, test := range map[string]struct {
		rate  float64
		spoil func(weights, slots Weights)
		want  []string
	}{
		"rate too high": {1e30, nil, []string{"the loss of step 2 is not finite (rate 1e+30)", `it began in layer "dense", whose output was not finite in step 2`, "a rate of 1e+29 or lower"}},
		// Larger than any float32, so that the very weights are not finite.
		"rate beyond float32": {1e40, nil, []string{"is not finite", `it began in layer "conv", where conv/kernel was not finite after step 1`}},
		// The weights are large, but finite; the sum in the dense layer is not.
		"output overflows": {1e-3, func(w, _ Weights) { fill(w[2], big) }, []string{"the loss of step 1 is not finite (rate 0.001)", `it began in layer "dense", whose output was not finite in step 1`, "the save of step 0 is kept"}},
		// The loss stays finite: only the state tells.
		"momentum overflows": {1e-3, func(_, s Weights) { fill(s[2], -big); s[2].Values[0] = float32(math.Inf(1)) }, []string{`it began in layer "dense", where dense/kernel was not finite after step 1`}},
	} {
		t.Run(name, func(t *testing.T) {
			spec := tinySpec(t)
			spec.Config.Schedule = Constant(test.rate)
			r := openTiny(t, t.TempDir(), spec)
			if test.spoil != nil {
				test.spoil(r.weights, r.slots)
			}
			err := r.Train(t.Context(), nil)
			if !errors.Is(err, ErrDiverged) {
				t.Fatalf("got %v, want ErrDiverged", err)
			}
			for _, want := range test.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("%q is not in %q", want, err)
				}
			}
			if strings.Contains(err.Error(), "\n") {
				t.Errorf("the error has several lines: %q", err)
			}
			if r.weights.firstNonFinite() != "" || len(r.History.Steps) != 0 {
				t.Error("the run is not what it was at its last save")
			}
			if result, err := r.Evaluate(t.Context(), spec.Valid, nil); err != nil || math.IsNaN(result.Loss) {
				t.Errorf("evaluating the last save: %v", err)
			}
		})
	}
}

func fill(a Array, v float32) {
	for i := range a.Values {
		a.Values[i] = v
	}
}

// A weight can go wrong without the loss showing it: the save is where it is seen.
//
// Promise(runs/divergence)
func TestWeightsThatAreNotFiniteAreNotSaved(t *testing.T) {
	spec := tinySpec(t)
	r := openTiny(t, t.TempDir(), spec)
	r.slots[3].Values[9] = float32(math.NaN()) // of a bias, met at the end of the first step
	r.saveEvery = 1
	err := r.Train(t.Context(), nil)
	if !errors.Is(err, ErrDiverged) || !strings.Contains(err.Error(), `it began in layer "dense", where dense/bias was not finite after step 1`) {
		t.Errorf("got %v, want the layer and the step", err)
	}
	if kept, err := LoadRun(r.Dir); err != nil || kept.manifest.State.Step != 0 {
		t.Errorf("the save before is not the current one: %v", err)
	}
}

// rewrite puts other weights and slots into a run's folder, with sound checksums.
func rewrite(t *testing.T, r *Run, weights, slots []Array) {
	t.Helper()
	m, err := readManifest(r.Dir)
	if err != nil {
		t.Fatal(err)
	}
	m.Previous = nil
	if m.State.Weights, err = writeArrays(r.Dir, "weights-000000.safetensors", weights); err != nil {
		t.Fatal(err)
	}
	if m.State.Optimizer, err = writeArrays(r.Dir, "optimizer-000000.safetensors", slots); err != nil {
		t.Fatal(err)
	}
	if err := writeManifest(r.Dir, m); err != nil {
		t.Fatal(err)
	}
}

// TestFirstMismatchIsNamed: whole files, but not of this network or optimizer.
//
// Promise(runs/mismatch): Weights of another architecture, data type or format version are refused.
// The first layer that differs is named.
func TestFirstMismatchIsNamed(t *testing.T) {
	for name, test := range map[string]struct {
		change func(w, s Weights) (Weights, Weights)
		want   string
	}{
		"shape": {func(w, s Weights) (Weights, Weights) {
			w[2] = Array{w[2].Name, []int{32, 20}, w[2].Values}
			return w, s
		}, `the file holds "dense/kernel" [32 20] where the network has "dense/kernel" [64 10]`},
		"another layer": {func(w, s Weights) (Weights, Weights) { w[0].Name = "convolution/kernel"; return w, s },
			`the file holds "convolution/kernel" [3 3 3 4] where the network has "conv/kernel" [3 3 3 4]`},
		"layer missing": {func(w, s Weights) (Weights, Weights) { return w[:2], s }, `the file ends before "dense/kernel" [64 10] of the network`},
		"layer too many": {func(w, s Weights) (Weights, Weights) { return append(w, Array{"more/bias", []int{1}, []float32{0}}), s },
			`the file holds "more/bias", which the network does not have`},
		"another optimizer": {func(w, s Weights) (Weights, Weights) { return w, newSlots(Adam{}, w) },
			`the file holds "conv/kernel/m" [3 3 3 4] where the optimizer has "conv/kernel/velocity" [3 3 3 4]`},
	} {
		t.Run(name, func(t *testing.T) {
			root, spec := t.TempDir(), tinySpec(t)
			r := openTiny(t, root, spec)
			weights, slots := test.change(r.weights.Clone(), r.slots.Clone())
			rewrite(t, r, weights, slots)
			_, err := OpenRun(root, spec)
			if !errors.Is(err, ErrMismatch) || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want ErrMismatch with %q", err, test.want)
			}
		})
	}
}

// TestDTypeIsNamed saves an array as another type than float32.
//
// Promise(runs/mismatch)
func TestDTypeIsNamed(t *testing.T) {
	r := openTiny(t, t.TempDir(), tinySpec(t))
	m := r.manifest
	edit(t, r.Dir, m.State.Weights.Name, func(b []byte) []byte {
		return []byte(strings.Replace(string(b), `"dense/kernel":{"dtype":"F32"`, `"dense/kernel":{"dtype":"F16"`, 1))
	})
	saved, err := hashFile(r.Dir, m.State.Weights.Name)
	if err != nil {
		t.Fatal(err)
	}
	m.State.Weights, m.Previous = saved, nil
	if err := writeManifest(r.Dir, m); err != nil {
		t.Fatal(err)
	}
	if _, err := LoadRun(r.Dir); !errors.Is(err, ErrFormat) || !strings.Contains(err.Error(), `"dense/kernel" has dtype "F16", expected F32`) {
		t.Errorf("got %v, want ErrFormat with the array and both types", err)
	}
}

// TestOtherVersionsAreRefused covers the formats before and after this one.
//
// Promise(runs/mismatch)
func TestOtherVersionsAreRefused(t *testing.T) {
	for _, version := range []int{formatVersion - 1, formatVersion + 1} {
		r := openTiny(t, t.TempDir(), tinySpec(t))
		replace(t, r.Dir, fmt.Sprintf(`"format": %d`, formatVersion), fmt.Sprintf(`"format": %d`, version))
		want := fmt.Sprintf("format %d, this program reads format %d", version, formatVersion)
		if _, err := LoadRun(r.Dir); !errors.Is(err, ErrFormat) || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want ErrFormat with %q", err, want)
		}
	}
}
