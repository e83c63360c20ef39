package cnn

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/cnnbook/cnnbook/cifar"
	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
)

// watchedSpecs are trainings whose steps differ in what a watched one could disturb: the optimizers, layers with arrays that move by
// themselves, crops, a Lookahead.
func watchedSpecs(t *testing.T) map[string]Spec {
	specs := map[string]Spec{}
	for _, o := range []Optimizer{SGD{}, SGD{Momentum: 0.9, Nesterov: true}, RMSprop{}} {
		spec := tinySpec(t)
		spec.Config.Optimizer = o
		specs[fmt.Sprintf("%s%+v", o.Kind(), o)] = spec
	}
	jumps := tinySpec(t)
	jumps.Config.Optimizer, jumps.Config.Lookahead = TorchSGD{Momentum: 0.85, Nesterov: true, WeightDecay: 0.01}, &Lookahead{Every: 2}
	specs["lookahead"] = jumps
	deep := tinySpec(t)
	deep.Network = Architecture{Name: "deep", Input: Shape{32, 32, 3}, Layers: []Layer{
		MaxPooling2D{"shrink", 2}, Conv2D{Name: "conv1", Filters: 8, Kernel: 3, Padding: "same"}, Activation{"relu1", "relu"},
		Conv2D{Name: "conv2", Filters: 8, Kernel: 3, Padding: "same", Stride: 2, NoBias: true}, BatchNormalization{Name: "norm"}, Activation{"relu2", "relu"},
		MaxPooling2D{"pool", 2}, Conv2D{Name: "conv3", Filters: 8, Kernel: 3}, LeakyReLU{Name: "leaky"},
		Dropout{"dropout", 0.25}, Flatten{"flatten"}, Dense{Name: "hidden", Units: 20}, Activation{"relu3", "relu"},
		Dense{Name: "dense", Units: 10}, Activation{"softmax", "softmax"},
	}}
	deep.Config.Epochs, deep.Config.Optimizer = 2, Adam{}
	specs["deep"] = deep
	return specs
}

// Promise(runs/telemetry): With telemetry or without, a training has the same identity, weights, optimizer state and history, bit for
// bit, on pure Go, on XLA and on XLA with oneDNN, also when it is stopped and resumed. It stays readable for programs that know
// no telemetry.
func TestTelemetryChangesNoBits(t *testing.T) {
	for name, env := range map[string][2]string{"as set up": {}, "XLA alone": {oneDNNEnv, "0"}, "pure Go": {"GOMLX_BACKEND", "go"}} {
		t.Run(name, func(t *testing.T) {
			if env[0] != "" {
				t.Setenv(env[0], env[1])
			}
			cache := NewCache() // compiles what both have only once
			defer cache.Close()
			specs := watchedSpecs(t)
			if env[0] == "" { // elsewhere it takes long
				specs["fast"] = smallFast(t)
			}
			for name, spec := range specs {
				t.Run(name, func(t *testing.T) {
					ctx := WithCache(t.Context(), cache)
					plain := openTiny(t, t.TempDir(), spec)
					spec.Config.Telemetry = true
					watched := openTiny(t, t.TempDir(), spec)
					for _, r := range []*Run{plain, watched} {
						if err := r.Train(ctx, nil); err != nil {
							t.Fatal(err)
						}
						r.Close()
					}
					if filepath.Base(watched.Dir) != filepath.Base(plain.Dir) {
						t.Errorf("another folder: %s and %s", watched.Dir, plain.Dir)
					}
					sameFiles(t, watched, plain)
					sameManifests(t, watched, plain)
					steps := stepsOf(t, watched)
					if len(steps) < 3 || steps[0] != 1 || len(stepsOf(t, plain)) > 0 {
						t.Errorf("watched steps %v", steps)
					}
				})
			}
		})
	}
}

// sameManifests compares all of two runs' manifests but times. They are read strictly: a field more, and programs from before that
// field would refuse the run.
func sameManifests(t *testing.T, a, b *Run) {
	t.Helper()
	var read [2]map[string]any
	for i, r := range []*Run{a, b} {
		data, err := os.ReadFile(filepath.Join(r.Dir, manifestName))
		if err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(data, &read[i]); err != nil {
			t.Fatal(err)
		}
		delete(read[i], "updated")
		for _, state := range []string{"state", "previous"} {
			delete(read[i][state].(map[string]any), "seconds")
		}
	}
	if !reflect.DeepEqual(read[0], read[1]) {
		t.Errorf("the manifests differ:\n%v\n%v", read[0], read[1])
	}
}

// stepsOf lists a run's watched steps.
func stepsOf(t *testing.T, r *Run) (steps []int) {
	t.Helper()
	seen, err := r.Telemetry()
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range seen {
		steps = append(steps, s.Step)
	}
	return steps
}

// Promise(runs/telemetry) half precision, whose feature maps are bfloat16
func TestTelemetryInHalfPrecision(t *testing.T) {
	if err := BFloat16.worthwhile(testBackend(t)); err != nil {
		t.Skip(err)
	}
	spec := watchedSpecs(t)["deep"]
	spec.Config.Precision = BFloat16
	plain := trainTiny(t, t.TempDir(), spec)
	spec.Config.Telemetry = true
	sameFiles(t, trainTiny(t, t.TempDir(), spec), plain)
}

// Devices that share a batch record what one device does.
//
// Promise(runs/telemetry) on devices that share a batch
func TestTelemetryOfTwoDevices(t *testing.T) {
	t.Setenv(divideEnv, "1")
	spec := deviceSpec(t, 2)
	plain := trainTiny(t, t.TempDir(), spec)
	if has := plain.engine.backend.NumDevices(); has < 2 {
		t.Skipf("%s has %d device", backendLabel(), has)
	}
	spec.Config.Telemetry = true
	two := trainTiny(t, t.TempDir(), spec)
	sameFiles(t, two, plain)
	spec.Config.Devices = 1
	want, err := trainTiny(t, t.TempDir(), spec).Telemetry()
	if err != nil {
		t.Fatal(err)
	}
	got, err := two.Telemetry()
	if err != nil || len(got) != len(want) {
		t.Fatalf("%d steps, want %d: %v", len(got), len(want), err)
	}
	for i, s := range want {
		if !reflect.DeepEqual(got[i].ReLUs, s.ReLUs) {
			t.Errorf("step %d: ReLUs %+v, one device has %+v", s.Step, got[i].ReLUs, s.ReLUs)
		}
		for k, l := range s.Layers {
			other := got[i].Layers[k]
			if !closeTo([]float64{other.Weights, other.Gradient, other.Update}, []float64{l.Weights, l.Gradient, l.Update}) {
				t.Errorf("step %d: %+v, one device has %+v", s.Step, other, l)
			}
		}
	}
}

// A training that is stopped and resumed records what one without a stop records, and telemetry can begin or end with any part of it.
//
// Promise(runs/telemetry)
func TestTelemetryResumes(t *testing.T) {
	spec := tinySpec(t)
	spec.Config.Telemetry = true
	whole := trainTiny(t, t.TempDir(), spec)
	want, err := whole.Telemetry()
	if err != nil || !slices.Equal(stepsOf(t, whole), []int{1, 5, 10, 15}) {
		t.Fatalf("%v: steps %v", err, stepsOf(t, whole))
	}
	stop := func(root string, spec Spec, stop int) {
		r := openTiny(t, root, spec)
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		err := r.Train(ctx, func(p Progress) {
			if (p.Epoch-1)*p.Steps+p.Step == stop {
				cancel()
			}
		})
		if !errors.Is(err, context.Canceled) {
			t.Fatalf("stopped after step %d: %v", stop, err)
		}
		r.Close()
	}
	for _, step := range []int{1, 4, 5, 12} {
		root := t.TempDir()
		stop(root, spec, step)
		// What a process that was killed later left behind is cut off.
		edit(t, openTiny(t, root, spec).Dir, telemetryName, func(b []byte) []byte {
			later, err := os.ReadFile(filepath.Join(whole.Dir, telemetryName))
			if err != nil {
				t.Fatal(err)
			}
			return append(b, later[len(b):len(later)-10]...)
		})
		resumed := trainTiny(t, root, spec)
		sameFiles(t, resumed, whole)
		if got, err := resumed.Telemetry(); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("stopped after step %d: %v: steps %v", step, err, stepsOf(t, resumed))
		}
	}
	for first, want := range map[bool][]int{true: {1, 5}, false: {10, 15}} {
		root, half := t.TempDir(), spec
		half.Config.Telemetry = first
		stop(root, half, 7)
		half.Config.Telemetry = !first
		resumed := trainTiny(t, root, half)
		sameFiles(t, resumed, whole)
		if got := stepsOf(t, resumed); !slices.Equal(got, want) {
			t.Errorf("telemetry in the first part: %v: steps %v, want %v", first, got, want)
		}
	}
}

// A longer run, and an exported one, have the telemetry of the steps that they take over.
func TestTelemetryGoesAlong(t *testing.T) {
	spec, root := tinySpec(t), t.TempDir()
	spec.Config.Telemetry = true
	trainTiny(t, root, spec)
	spec.Config.Epochs = 4
	longer := openTiny(t, root, spec)
	if longer.GoesOnFrom() == "" {
		t.Fatal("it starts from the beginning")
	}
	if got := stepsOf(t, longer); !slices.Equal(got, []int{1, 5, 10, 15}) {
		t.Errorf("taken over: steps %v", got)
	}
	if err := longer.Train(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	if got := stepsOf(t, longer); !slices.Equal(got, []int{1, 5, 10, 15, 20}) {
		t.Errorf("steps %v", got)
	}
	out := filepath.Join(t.TempDir(), "out")
	if err := longer.Export("run", out); err != nil {
		t.Fatal(err)
	}
	exported, err := LoadRun(out)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := stepsOf(t, exported), stepsOf(t, longer); !slices.Equal(got, want) {
		t.Errorf("exported: steps %v", got)
	}
}

// A damaged file is an error that names the line, and what to do; the run itself stays readable.
func TestSpoiltTelemetryIsNoticed(t *testing.T) {
	spec := tinySpec(t)
	spec.Config.Telemetry = true
	r := trainTiny(t, t.TempDir(), spec)
	whole, err := os.ReadFile(filepath.Join(r.Dir, telemetryName))
	if err != nil {
		t.Fatal(err)
	}
	lines := bytes.SplitAfter(whole, []byte("\n"))
	for name, c := range map[string]struct {
		data []byte
		want string
	}{
		"a digit":  {bytes.Replace(whole, []byte(`"step":10`), []byte(`"step":11`), 1), "line 3: its checksum is"},
		"no JSON":  {slices.Concat(lines[0], []byte("x\n")), "line 2: invalid character"},
		"repeated": {slices.Concat(lines[0], lines[0]), "line 2: step 1 comes after step 1"},
		"order":    {slices.Concat(lines[1], lines[0]), "line 2: step 1 comes after step 5"},
	} {
		edit(t, r.Dir, telemetryName, func([]byte) []byte { return c.data })
		_, err := r.Telemetry()
		if !errors.Is(err, ErrFormat) || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), telemetryName) || !strings.Contains(err.Error(), "move the file away") {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
		if _, err := LoadRun(r.Dir); err != nil {
			t.Errorf("%s: the run: %v", name, err)
		}
	}
}

// Norms, and ReLUs that are dead, are those of Keras.
//
// Promise(agreement/keras-3) norms of weights, gradients and updates by layer, and dead ReLUs
func TestTelemetryMatchesKeras(t *testing.T) {
	type figures struct {
		Weights, Gradients, Updates map[string]float64
		Dead                        map[string][2]int
	}
	var file struct {
		Architecture Architecture
		Salt         int
		Labels       []uint8
		Cases        []struct {
			Name  string
			Rate  float64
			Steps map[int]figures
		}
	}
	oracle(t, "telemetry.json", &file)
	net, n := file.Architecture, len(file.Labels)
	in := net.Input
	data := &cifar.Dataset{Height: in[0], Width: in[1], Channels: in[2], Labels: file.Labels, Images: planes(oraclePixels(file.Salt, n, in[0], in[1], in[2]), n, in[2])}
	for _, c := range file.Cases {
		t.Run(c.Name, func(t *testing.T) {
			config := Config{Optimizer: kerasOptimizer(t, c.Name, []byte("{}")), Batch: n}.withDefaults()
			weights := oracleWeights(t, net, file.Salt+100)
			e, err := newEngine(nil, net, config, weights, newSlots(config.Optimizer, weights))
			if err != nil {
				t.Fatal(err)
			}
			defer e.close()
			sent, err := e.send(data, 1)
			if err != nil {
				t.Fatal(err)
			}
			defer sent.free()
			for step := range 10 {
				request := newStepRequest(config, n, step, c.Rate, []int32{0, 1, 2, 3, 4})
				want, ok := c.Steps[step+1]
				if !ok {
					if _, _, err := e.step(sent, request); err != nil {
						t.Fatal(err)
					}
					continue
				}
				_, _, seen, err := e.watch(sent, request, true)
				if err != nil {
					t.Fatal(err)
				}
				if len(seen.Layers) != len(want.Weights) || len(seen.ReLUs) != len(want.Dead) {
					t.Fatalf("%d layers, %d ReLUs", len(seen.Layers), len(seen.ReLUs))
				}
				for _, l := range seen.Layers {
					for _, f := range []struct {
						what      string
						got, want float64
					}{
						{"weights", l.Weights, want.Weights[l.Layer]}, {"gradient", l.Gradient, want.Gradients[l.Layer]}, {"update", l.Update, want.Updates[l.Layer]},
					} {
						if !(math.Abs(f.got-f.want) <= 1e-5*f.want) {
							t.Errorf("step %d, %s, %s: %.9g, Keras has %.9g", step+1, l.Layer, f.what, f.got, f.want)
						}
					}
				}
				for _, r := range seen.ReLUs {
					if got := [2]int{r.Dead, r.DeadChannels}; got != want.Dead[r.Layer] {
						t.Errorf("step %d, %s: %v dead, Keras has %v", step+1, r.Layer, got, want.Dead[r.Layer])
					}
				}
			}
		})
	}
}

// planes turns images [n, height, width, channels] into those of a dataset, one channel after the other.
func planes(pixels []uint8, n, channels int) []uint8 {
	size := len(pixels) / n
	out := make([]uint8, 0, len(pixels))
	for i := range n {
		for c := range channels {
			for p := c; p < size; p += channels {
				out = append(out, pixels[i*size+p])
			}
		}
	}
	return out
}

// Two images of 1×2 positions and four channels, counted by hand: channel 0 is above 0 everywhere; channel 1 only at the first
// position of the first image; channel 2 nowhere; channel 3 at each position in another image. Dead units: the second of channel 1 and both
// of channel 2.
func TestDeadUnitsByHand(t *testing.T) {
	x := []float32{
		1, 3, 0, 0 /**/, 2, 0, 0, 1e-30, // the first image
		1, 0, 0, 4 /**/, 5, 0, 0, 0, // the second
	}
	for name, c := range map[string]struct {
		shape []int
		want  []int32
	}{
		"feature maps": {[]int{2, 1, 2, 4}, []int32{3, 1}},
		"dense":        {[]int{2, 8}, []int32{3, 3}}, // each unit is a channel
	} {
		for _, p := range []Precision{Float32, BFloat16} {
			count := func(x *graph.Node) *graph.Node { return deadUnits(as(x, p.dtype())) }
			out, err := graph.CallOnce(testBackend(t), count, tensors.FromFlatDataAndDimensions(x, c.shape...))
			if err != nil {
				t.Fatal(err)
			}
			if got, err := tensors.CopyFlatData[int32](out); err != nil || !slices.Equal(got, c.want) {
				t.Errorf("%s %s: %v dead, %v; want %v", name, p, got, err, c.want)
			}
		}
	}
}

// Histograms count every weight, at the ends of epochs only, and the figures of a run are those of its weights.
func TestTelemetryOfARun(t *testing.T) {
	spec := tinySpec(t)
	spec.Config.Telemetry = true
	start := openTiny(t, t.TempDir(), spec)
	first := norm(start.weights[:2])
	r := trainTiny(t, t.TempDir(), spec)
	seen, err := r.Telemetry()
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(seen.Layers(), []string{"conv", "dense"}) || !slices.Equal(seen.ReLUs(), []string{"relu"}) {
		t.Errorf("layers %q, ReLUs %q", seen.Layers(), seen.ReLUs())
	}
	if got := seen[0].Layers[0].Weights; got != first {
		t.Errorf("the first weights have norm %g, want %g", got, first)
	}
	parameters := map[string]int{"conv": 3*3*3*4 + 4, "dense": 4*4*4*10 + 10}
	for _, s := range seen {
		if want := s.Step%5 == 0; s.EpochEnd != want {
			t.Errorf("step %d: epoch's end %v", s.Step, s.EpochEnd)
		}
		for _, l := range s.Layers {
			for what, h := range map[string]*Histogram{"weights": l.WeightHistogram, "gradient": l.GradientHistogram} {
				if (h != nil) != s.EpochEnd {
					t.Fatalf("step %d, %s: %s: histogram %v", s.Step, l.Layer, what, h)
				}
				if h == nil {
					continue
				}
				sum := 0
				for _, n := range h.Counts {
					sum += n
				}
				if sum != parameters[l.Layer] || h.Low >= h.High || h.Counts[0] == 0 || h.Counts[len(h.Counts)-1] == 0 {
					t.Errorf("step %d, %s, %s: %d values from %g to %g, want %d", s.Step, l.Layer, what, sum, h.Low, h.High, parameters[l.Layer])
				}
			}
		}
		if u := s.ReLUs[0]; u.Units != 8*8*4 || u.Channels != 4 {
			t.Errorf("step %d: %+v", s.Step, u)
		}
	}
	steps, ratios := seen.UpdateRatios("dense")
	if want := seen[2].Layers[1].Update / seen[2].Layers[1].Weights; len(steps) != 4 || steps[2] != 10 || ratios[2] != want {
		t.Errorf("steps %v, update ratios %v, want %g as the third", steps, ratios, want)
	}
	steps, ratios = seen.GradientRatios("conv")
	if want := seen[1].Layers[0].Gradient / seen[1].Layers[0].Weights; len(steps) != 4 || ratios[1] != want {
		t.Errorf("steps %v, gradient ratios %v, want %g as the second", steps, ratios, want)
	}
	steps, shares := seen.DeadShares("relu")
	if want := float64(seen[3].ReLUs[0].Dead) / 256; len(steps) != 4 || shares[3] != want {
		t.Errorf("steps %v, dead %v, want %g as the last", steps, shares, want)
	}
	if steps, _ := seen.UpdateRatios("nothing"); steps != nil {
		t.Errorf("an unknown layer has %v", steps)
	}
}

func TestHistogramByHand(t *testing.T) {
	h := histogramOf(Weights{{Values: []float32{-1, 0, 1}}, {Values: []float32{1, 0.99}}})
	want := make([]int, histogramBins)
	want[0], want[20], want[39] = 1, 1, 3 // 0 is between two bins, and 1 at the upper end
	if h.Low != -1 || h.High != 1 || !slices.Equal(h.Counts, want) {
		t.Errorf("%+v", h)
	}
	middles, density := h.Density()
	if len(middles) != 40 || math.Abs(middles[0]+0.975) > 1e-12 || math.Abs(density[39]-3/5./0.05) > 1e-9 || density[1] != 0 {
		t.Errorf("middles %v, density %v", middles, density)
	}
	if middles, _ := (&Histogram{Low: 2, High: 2, Counts: []int{1, 0}}).Density(); middles != nil {
		t.Errorf("equal values have the density %v", middles)
	}
	if h := histogramOf(Weights{{Values: []float32{2, 2}}}); h.Low != 2 || h.High != 2 || h.Counts[0] != 2 {
		t.Errorf("equal values: %+v", h)
	}
}

// The update of the fast recipe's Lookahead steps is the optimizer's, not the jump to the slow weights; weights that are not
// trained any more have neither update nor gradient.
func TestTelemetryBesideLookahead(t *testing.T) {
	spec := smallFast(t)
	spec.Config.Telemetry = true
	spec.Config.Lookahead = &Lookahead{Every: 1, Decay: 0.999999, Steps: spec.Config.Steps} // it takes back nearly all of each step
	r := trainTiny(t, t.TempDir(), spec)
	seen, err := r.Telemetry()
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range seen[0].Layers {
		if l.Update < 1e-4*l.Weights && l.Weights > 0 {
			t.Errorf("%s: update %g of weights %g", l.Layer, l.Update, l.Weights)
		}
	}
	whitening := seen[len(seen)-1].Layers[0]
	if whitening.Layer != "whitening" || whitening.Update != 0 || whitening.Gradient != 0 {
		t.Errorf("in the fourth epoch, the whitening layer's bias is not trained: %+v", whitening)
	}
}

func FuzzTelemetry(f *testing.F) {
	line := func(step string) string {
		return `{"t":` + step + `,"crc32":"` + checksum([]byte(step)) + "\"}\n"
	}
	f.Add([]byte(line(`{"step":1,"epoch":1,"layers":[{"layer":"a","weights":1,"gradient":2,"update":0.1}],"relus":[{"layer":"r","units":3,"dead":1}],"later":1}`)))
	f.Add([]byte(line(`{"step":10,"epoch":1}`) + line(`{"step":5,"epoch":1}`)))
	f.Add([]byte(line(`{"step":10,"epoch":1}`) + `{"t":{"step":11`))
	f.Fuzz(func(t *testing.T, data []byte) {
		seen, size, err := parseTelemetry(data, 100, "telemetry.jsonl")
		if err != nil {
			if !errors.Is(err, ErrFormat) || strings.Contains(err.Error(), "\n") || len(seen) > 0 {
				t.Fatalf("%d steps, error %v", len(seen), err)
			}
			return
		}
		again, all, err := parseTelemetry(data[:size], 100, "telemetry.jsonl")
		if err != nil || all != size || !reflect.DeepEqual(again, seen) {
			t.Fatalf("%d of %d bytes again: %v", all, size, err)
		}
		for _, s := range seen {
			if s.Step > 100 {
				t.Fatalf("step %d", s.Step)
			}
		}
	})
}
