package cnn

import (
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

// fastCase is what PyTorch gave in testdata/pytorch/make.py.
type fastCase struct {
	Salt, Images, Batch, Steps int
	Widths                     []int
	Mean, Deviation            []float64
	Whitening                  []float32
	Losses                     []float32
	Weights                    map[string][]oracleSample
	Logits, Views              []float32
}

func readFastCase(t *testing.T) (c fastCase, images *cifar.Dataset) {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("..", "testdata", "pytorch", "fast.json"))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(data, &c); err != nil {
		t.Fatal(err)
	}
	images, _ = cifar.Drawn(1, c.Images, 10)
	images.Images = nil
	pixels := oraclePixels(c.Salt, c.Images, 32, 32, 3)
	for n := range c.Images {
		for channel := range 3 {
			for place := range 32 * 32 {
				images.Images = append(images.Images, pixels[(n*32*32+place)*3+channel])
			}
		}
		images.Labels[n] = uint8(oracleMix(c.Salt+50, n) % 10)
	}
	return c, images
}

// start returns the weights from which PyTorch started.
func (c fastCase) start(t *testing.T, net Architecture) Weights {
	t.Helper()
	specs, err := net.WeightSpecs()
	if err != nil {
		t.Fatal(err)
	}
	w, err := net.Initialize(1)
	if err != nil {
		t.Fatal(err)
	}
	w[0].Values = slices.Clone(c.Whitening)
	for i, s := range specs[2:] {
		i += 2
		if len(s.Shape) == 1 {
			continue
		}
		w[i].Values = oracleNoise(c.Salt+100+i, s.Size(), 1/math.Sqrt(float64(s.FanIn)))
		if s.Init == "dirac" {
			copyInputs(w[i])
		}
	}
	return w
}

// The whole recipe against PyTorch, at small widths: the standardisation, the whitening kernel, the losses and weights of 20
// steps in five epochs with flips and crops, and the logits with and without views.
//
// Promise(agreement/pytorch): The fast recipe agrees with PyTorch's computation of it: the whitening kernel, the losses
// and weights of 20 steps, and the logits with and without test-time augmentation, to 1e-4.
func TestFastMatchesPyTorch(t *testing.T) {
	c, images := readFastCase(t)
	net := FastOfWidths(c.Widths[0], c.Widths[1], c.Widths[2])
	config := FastTraining(images, FastEpochs)
	if want := Standardizing(c.Mean, c.Deviation); !closeTo(config.Preprocess.Pixels.Scale, want.Scale) || !closeTo(config.Preprocess.Pixels.Offset, want.Offset) {
		t.Errorf("standardised by %v, PyTorch by %v", config.Preprocess.Pixels, want)
	}
	config.Optimizer = TorchSGD{Momentum: 0.85, Nesterov: true, WeightDecay: 0.0153 * float64(c.Batch) / 11.5, NormRate: 64}
	config.Batch, config.Steps, config.Epochs = c.Batch, 0, c.Steps*c.Batch/c.Images
	config = config.over(c.Images)
	if err := config.validate(); err != nil {
		t.Fatal(err)
	}

	w := c.start(t, net)
	whitened := w.Clone()
	if err := net.Whiten(whitened, images, config.Preprocess); err != nil {
		t.Fatal(err)
	}
	near(t, "whitening kernel", signed(whitened[0].Values), signed(w[0].Values), 1e-4)

	slots, err := net.freshSlots(config, w)
	if err != nil {
		t.Fatal(err)
	}
	e, err := newEngine(nil, net, config, w, slots)
	if err != nil {
		t.Fatal(err)
	}
	defer e.close()
	data, err := e.send(images, 1)
	if err != nil {
		t.Fatal(err)
	}
	state := slices.Concat(w, slots)
	// Without oneDNN's pooling each of several equal largest values gets the gradient, not the first alone as in PyTorch: see
	// maxPool. A GELU's zeros, which the identity copies, make such ties.
	loose := 100.0
	// Processors round differently, and training lets differences grow: in 5 steps to 1.1e-5 on an AMD processor, in 20 to 4.3e-5.
	tolerances := map[int]float64{1: 2e-6, 5: 5e-5, 20: 1e-4}
	if _, ok := e.backend.(accelerated); ok {
		loose = 1
	}
	for step := range c.Steps {
		r := newStepRequest(config, c.Images, step, config.Schedule.Rate(step), nil)
		for i := range c.Batch {
			r.indices = append(r.indices, int32((step*c.Batch+i)%c.Images))
		}
		r.flips, r.shifts = make([]bool, c.Batch), make([]int32, 2*c.Batch)
		for i := range r.flips {
			r.flips[i] = oracleMix(c.Salt+1000+step, i)&1 == 1
		}
		for i := range r.shifts {
			r.shifts[i] = int32(oracleMix(c.Salt+2000+step, i)%5) - 2
		}
		loss, _, err := e.step(data, r)
		if err != nil {
			t.Fatal(err)
		}
		near(t, fmt.Sprintf("loss of step %d", step+1), []float32{float32(loss)}, c.Losses[step:step+1], 1e-4*loose)
		want, ok := c.Weights[fmt.Sprint(step+1)]
		if !ok {
			continue
		}
		if state, err = e.arrays(state); err != nil {
			t.Fatal(err)
		}
		for i, s := range want {
			if state[i].Name != s.Name {
				t.Fatalf("array %d is %s, PyTorch's is %s", i, state[i].Name, s.Name)
			}
			nearAbsolutely(t, fmt.Sprintf("%s after step %d", s.Name, step+1), state[i].Values, s, tolerances[step+1]*loose, 1e-4*loose)
		}
	}
	for views, want := range map[int][]float32{0: c.Logits, 6: c.Views} {
		other, release := e.presenting(nil, map[int][]View{6: MirrorAndShiftViews()}[views])
		got, _, err := other.evaluate(data, []int32{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19}, nil)
		release()
		if err != nil {
			t.Fatal(err)
		}
		near(t, fmt.Sprintf("logits with %d views", views), centred(logs(got)), centred(want), 1e-4*loose)
	}
}

// nearAbsolutely compares an array's norm relatively and its sampled values, most of which are small, to an absolute tolerance.
func nearAbsolutely(t *testing.T, what string, got []float32, want oracleSample, tolerance, ofNorm float64) {
	t.Helper()
	norm := 0.0
	for _, v := range got {
		norm += float64(v) * float64(v)
	}
	if norm = math.Sqrt(norm); math.Abs(norm-want.L2) > ofNorm*want.L2 {
		t.Errorf("%s: norm %g, PyTorch has %g", what, norm, want.L2)
	}
	for i, p := range want.Positions {
		if d := math.Abs(float64(got[p]) - float64(want.Values[i])); !(d <= tolerance) {
			t.Errorf("%s: value %d is %g, PyTorch has %g", what, p, got[p], want.Values[i])
		}
	}
}

func closeTo(a, b []float64) bool {
	return slices.EqualFunc(a, b, func(x, y float64) bool { return math.Abs(x-y) <= 1e-6*math.Abs(y) })
}

// signed turns the eigenvectors of a whitening kernel so that the sum of each is above 0: their signs are arbitrary.
func signed(kernel []float32) []float32 {
	const filters = 24
	out := slices.Clone(kernel)
	for f := range filters {
		sum := float32(0)
		for i := f; i < len(out); i += filters {
			sum += out[i]
		}
		for i := f; i < len(out) && sum < 0; i += filters {
			out[i] = -out[i]
		}
	}
	return out
}

func logs(probabilities []float32) []float32 {
	out := make([]float32, len(probabilities))
	for i, p := range probabilities {
		out[i] = float32(math.Log(float64(p)))
	}
	return out
}

// centred subtracts the mean of each ten logits, which the probabilities do not depend on.
func centred(logits []float32) []float32 {
	out := slices.Clone(logits)
	for row := range slices.Chunk(out, 10) {
		mean := float32(0)
		for _, v := range row {
			mean += v / 10
		}
		for i := range row {
			row[i] -= mean
		}
	}
	return out
}

// The recipe's constants, as the paper and the program state them.
func TestFastIsTheRecipe(t *testing.T) {
	net := Fast()
	if n, err := net.Parameters(); err != nil || n < 1_970_000 || n > 1_980_000 {
		t.Errorf("%d parameters, %v; the paper has 1.97 million", n, err)
	}
	if err := net.Classifier(10); err != nil {
		t.Error(err)
	}
	images, _ := cifar.Drawn(1, 8192, 10)
	c := FastTraining(images, FastEpochs)
	if c.Batch != 1024 || c.Epochs != 10 || c.Steps != 80 { // ⌈8·9.9⌉
		t.Errorf("batch %d, %d epochs, %d steps", c.Batch, c.Epochs, c.Steps)
	}
	c = c.over(50_000)
	c.Steps = 0
	if per := c.stepsPerEpoch(50_000); per != 48 || int(math.Ceil(float64(per)*FastEpochs)) != 476 {
		t.Errorf("%d steps an epoch", per)
	}
	o := c.Optimizer.(TorchSGD)
	if peak := c.Schedule.(Triangle).Max; math.Abs(peak*7850.666666666667-11.5) > 1e-9 || math.Abs(o.WeightDecay*peak*7850.666666666667-0.0153*1024) > 1e-9 {
		t.Errorf("rate %g, decay %g", peak, o.WeightDecay)
	}
}

// The forms differ in their widths, epochs and rates; 94 is the recipe itself.
func TestFastForms(t *testing.T) {
	images, _ := cifar.Drawn(1, 8192, 10)
	for name, parameters := range map[string]int{"93": 570_296, "94": 1_973_944, "95": 4_608_312} {
		f, err := ParseFastForm(name)
		if err != nil {
			t.Fatal(err)
		}
		if n, err := f.Network().Parameters(); err != nil || n != parameters {
			t.Errorf("%s: %d parameters, %v", name, n, err)
		}
		c := f.Training(images, f.Epochs)
		if peak := c.Schedule.(Triangle).Max; math.Abs(peak*7850.666666666667-f.Rate) > 1e-9 {
			t.Errorf("%s: rate %g", name, peak)
		}
		if name == "94" && (!reflect.DeepEqual(f.Network(), Fast()) || !reflect.DeepEqual(c, FastTraining(images, FastEpochs))) {
			t.Errorf("94 is not the recipe")
		}
	}
	if _, err := ParseFastForm("96"); !errors.Is(err, ErrConfig) || !strings.Contains(err.Error(), "93, 94, 95") {
		t.Errorf("another form: %v", err)
	}
}

// smallFast is a recipe of two and a half short epochs.
func smallFast(t *testing.T) Spec {
	t.Helper()
	train, valid := cifar.Drawn(1, 96, 30)
	spec := Spec{Name: "fast", Network: FastOfWidths(4, 6, 6), Config: FastTraining(train, 3.5), Train: train, Valid: valid}
	spec.Config.Seed = 3
	return spec
}

// A training of the recipe that is stopped, in any of its kinds of step, ends as one that was not.
//
// Promise(runs/resume) with crops, alternating flips, frozen bias and Lookahead
func TestFastResumesExactly(t *testing.T) {
	spec := smallFast(t)
	whole := trainTiny(t, t.TempDir(), spec)
	per := spec.Config.stepsPerEpoch(96)
	if n := len(whole.History.Steps); n != int(math.Ceil(3.5*float64(per))) || !whole.Finished() || len(whole.History.Epochs) != 4 {
		t.Fatalf("%d steps, %d epochs", n, len(whole.History.Epochs))
	}
	for _, stop := range []int{1, 5, per, 3*per + 1} {
		root := t.TempDir()
		r := openTiny(t, root, spec)
		ctx, cancel := context.WithCancel(t.Context())
		err := r.Train(ctx, func(p Progress) {
			if len(r.History.Steps) == stop {
				cancel()
			}
		})
		cancel()
		if !errors.Is(err, context.Canceled) {
			t.Fatal(err)
		}
		r.Close()
		resumed := trainTiny(t, root, spec)
		sameFiles(t, whole, resumed)
		var last Progress
		if err := resumed.Train(t.Context(), func(p Progress) { last = p }); err != nil || last.Steps != (per+1)/2 || last.Epoch != 4 {
			t.Errorf("replayed %+v, %v", last, err)
		}
	}
	slots, err := spec.Network.freshSlots(whole.config(), whole.weights)
	if err != nil || len(slots) != len(whole.slots) {
		t.Errorf("%d arrays beside the weights, %v", len(whole.slots), err)
	}
	// The whitening kernel is not trained, and the weights are Lookahead's copy at the end.
	start := openTiny(t, t.TempDir(), spec)
	if !reflect.DeepEqual(start.weights[0], whole.weights[0]) {
		t.Error("the whitening kernel has changed")
	}
	for i, w := range whole.weights {
		slow := whole.slots[len(whole.slots)-len(whole.weights)+i]
		if slow.Name != w.Name+"/slow" || !slices.Equal(slow.Values, w.Values) {
			t.Errorf("%s is not the copy %s", w.Name, slow.Name)
		}
	}
}

// Alternating flips show every image both ways in two epochs, and crops and flips are those of the seed.
func TestAlternateFlips(t *testing.T) {
	indices := make([]int32, 1000)
	for i := range indices {
		indices[i] = int32(i)
	}
	even, odd, later := alternateFlips(5, 0, indices), alternateFlips(5, 1, indices), alternateFlips(5, 2, indices)
	flipped := 0
	for i := range even {
		if even[i] == odd[i] || even[i] != later[i] {
			t.Fatalf("image %d: %t, %t, %t", i, even[i], odd[i], later[i])
		}
		if even[i] {
			flipped++
		}
	}
	if flipped < 440 || flipped > 560 {
		t.Errorf("%d of 1,000 are flipped", flipped)
	}
	counts := map[int32]int{}
	for _, s := range cropShifts(5, 7, 5000, 2) {
		counts[s]++
	}
	for s := int32(-2); s <= 2; s++ {
		if counts[s] < 1800 || counts[s] > 2200 {
			t.Errorf("shifts %v, want each near 2,000", counts)
		}
	}
}

// Values of a symmetric matrix by hand, and a property of any.
func TestEigen(t *testing.T) {
	values, vectors := eigen([][]float64{{2, 1}, {1, 2}})
	if math.Abs(values[0]-3) > 1e-12 || math.Abs(values[1]-1) > 1e-12 || math.Abs(vectors[0][0]-math.Sqrt(0.5)) > 1e-12 || math.Abs(vectors[1][0]+vectors[1][1]) > 1e-12 {
		t.Errorf("values %v, vectors %v", values, vectors)
	}
	const n = 27
	a := make([][]float64, n)
	for i := range a {
		a[i] = make([]float64, n)
		for j := range i + 1 {
			a[i][j] = float64(oracleNoise(9, n*n, 1)[i*n+j])
			a[j][i] = a[i][j]
		}
	}
	copied := make([][]float64, n)
	for i := range a {
		copied[i] = slices.Clone(a[i])
	}
	values, vectors = eigen(copied)
	for k, v := range vectors {
		for i := range v {
			sum := 0.0
			for j := range v {
				sum += a[i][j] * v[j]
			}
			if math.Abs(sum-values[k]*v[i]) > 1e-12*n {
				t.Fatalf("vector %d is off by %g", k, sum-values[k]*v[i])
			}
		}
	}
}

// What the graph makes of crops, by hand: an image of 3×3 whose pixels are their positions.
func TestMovedImages(t *testing.T) {
	backend := testBackend(t)
	image := []uint8{0, 1, 2, 3, 4, 5, 6, 7, 8}
	x := tensors.FromFlatDataAndDimensions(slices.Concat(image, image), 2, 3, 3, 1)
	for _, test := range []struct {
		zeros  bool
		shifts []int32
		want   []uint8
	}{
		{false, []int32{0, 0, -1, 1}, slices.Concat(image, []uint8{4, 5, 4, 1, 2, 1, 4, 5, 4})},
		{true, []int32{1, 0, 0, -1}, []uint8{3, 4, 5, 6, 7, 8, 0, 0, 0, 0, 0, 1, 0, 3, 4, 0, 6, 7}},
	} {
		out, err := graph.CallOnce(backend, func(x, shifts *graph.Node) *graph.Node { return movedImages(x, shifts, 1, test.zeros) }, x, shiftsTensor(test.shifts))
		if err != nil {
			t.Fatal(err)
		}
		got, err := tensors.CopyFlatData[uint8](out)
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(got, test.want) {
			t.Errorf("zeros %t, shifts %v: got %v, want %v", test.zeros, test.shifts, got, test.want)
		}
	}
}

// Configurations and networks that would train something else than was meant are refused, and every option is part of a run's identity.
//
// Promise(runs/identity)
func TestFastOptionsAreIdentityAndChecked(t *testing.T) {
	spec := smallFast(t)
	identity := func(s Spec) string {
		s.Config = s.Config.withDefaults().over(s.Train.Len())
		m, err := newManifest(s)
		if err != nil {
			t.Fatal(err)
		}
		return m.Identity
	}
	plain := identity(spec)
	for name, change := range map[string]func(c *Config){
		"smoothing":      func(c *Config) { c.Loss.Smoothing = 0.1 },
		"sum":            func(c *Config) { c.Loss.Sum = false },
		"class weights":  func(c *Config) { c.Loss.ClassWeights = []float64{1, 1, 1, 1, 1, 1, 1, 1, 1, 2} },
		"lookahead":      func(c *Config) { c.Lookahead = nil },
		"its decay":      func(c *Config) { c.Lookahead = &Lookahead{Decay: 0.5} },
		"drop last":      func(c *Config) { c.DropLast, c.Steps = false, 0 },
		"steps":          func(c *Config) { c.Steps-- },
		"crop":           func(c *Config) { c.Preprocess.Crop = 3 },
		"crop zeros":     func(c *Config) { c.Preprocess.CropZeros = true },
		"alternate flip": func(c *Config) { c.Preprocess.AlternateFlip = false },
		"norm rate":      func(c *Config) { c.Optimizer = TorchSGD{Momentum: 0.85, Nesterov: true, NormRate: 2} },
		"peak":           func(c *Config) { c.Schedule = Triangle{Max: 0.001, First: 0.2, Peak: 0.5, Last: 0.07} },
	} {
		changed := spec
		change(&changed.Config)
		if identity(changed) == plain {
			t.Errorf("%s: the identity is the same", name)
		}
	}
	for name, test := range map[string]struct {
		change func(s *Spec)
		want   string
	}{
		"two flips":     {func(s *Spec) { s.Config.Preprocess.Flip = true }, "choose one of the two"},
		"wide crop":     {func(s *Spec) { s.Config.Preprocess.Crop = 32 }, "choose from 0 to 31"},
		"zeros":         {func(s *Spec) { s.Config.Preprocess.Crop, s.Config.Preprocess.CropZeros = 0, true }, "crops nothing"},
		"big batch":     {func(s *Spec) { s.Config.Batch = 97 }, "do not fill a batch of 97"},
		"steps":         {func(s *Spec) { s.Config.Steps = 1 }, "do not end within epoch 4"},
		"smoothing":     {func(s *Spec) { s.Config.Loss.Smoothing = 1 }, "label smoothing"},
		"class weights": {func(s *Spec) { s.Config.Loss.ClassWeights = []float64{1} }, "1 class weights for 10 classes"},
		"decay":         {func(s *Spec) { s.Config.Lookahead = &Lookahead{Decay: 2} }, "lookahead: decay"},
		"no momentum":   {func(s *Spec) { s.Config.Optimizer = TorchSGD{Nesterov: true} }, "nesterov needs a momentum"},
		"second layer": {func(s *Spec) {
			s.Network.Layers = slices.Concat([]Layer{Rescaling{Name: "first", Scale: 2}}, s.Network.Layers)
		}, "only the first layer can be a WhiteningConv2D"},
	} {
		changed := spec
		test.change(&changed)
		_, err := OpenRun(t.TempDir(), changed)
		if !errors.Is(err, ErrConfig) && !errors.Is(err, ErrArchitecture) || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: got %v, want an error with %q", name, err, test.want)
		}
	}
	for _, views := range [][]View{{}, {{Weight: math.NaN()}}, {{Down: 32, Weight: 1}}} {
		if err := checkViews(views, Shape{32, 32, 3}); !errors.Is(err, ErrConfig) {
			t.Errorf("views %v: %v", views, err)
		}
	}
}
