package cnn

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
)

// The tests in this file check the package against figures that real Keras
// 2.1.6 gave; see testdata/keras/README.md for how they were made.

// oracle reads one of Keras's files.
func oracle(t *testing.T, name string, into any) {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("..", "testdata", "keras", name))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(data, into); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
}

// oracleMix, oracleNoise, oraclePixels and oracleWeights are the functions of
// the same names in testdata/keras/formulas.py.
func oracleMix(salt, i int) uint32 {
	h := uint32(i)*0x9E3779B1 + uint32(salt)*0x85EBCA77
	h ^= h >> 16
	h *= 0x7FEB352D
	h ^= h >> 15
	h *= 0x846CA68B
	return h ^ h>>16
}

func oracleNoise(salt, count int, scale float64) []float32 {
	out := make([]float32, count)
	for i := range out {
		out[i] = float32((2*float64(oracleMix(salt, i))/4294967296 - 1) * scale)
	}
	return out
}

func oraclePixels(salt, count, height, width, channels int) []uint8 {
	out := make([]uint8, 0, count*height*width*channels)
	for n := range count {
		for y := range height {
			for x := range width {
				for c := range channels {
					grain := int(oracleMix(salt, len(out)) >> 26)
					out = append(out, uint8(3*(n+1)*x+2*(n+2)*y+40*c+grain))
				}
			}
		}
	}
	return out
}

func oracleWeights(t *testing.T, net Architecture, salt int) Weights {
	t.Helper()
	specs, err := net.WeightSpecs()
	if err != nil {
		t.Fatal(err)
	}
	var w Weights
	for i, s := range specs {
		scale := 0.05
		if len(s.Shape) > 1 {
			scale = math.Sqrt(6 / float64(s.FanIn+s.FanOut))
		}
		a := Array{Name: s.Name, Shape: s.Shape, Values: oracleNoise(salt+i, s.Size(), scale)}
		if s.Init == "ones" { // gammas and moving variances lie around 1
			for j := range a.Values {
				a.Values[j]++
			}
		}
		w = append(w, a)
	}
	return w
}

func testBackend(t *testing.T) compute.Backend {
	t.Helper()
	b, err := openBackend()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(b.Finalize)
	return b
}

// near fails unless each value is within tolerance of what is wanted, relative
// to the larger of the value and the array's root mean square.
func near(t *testing.T, what string, got []float32, want []float32, tolerance float64) {
	t.Helper()
	if len(got) != len(want) {
		t.Errorf("%s: got %d values, want %d", what, len(got), len(want))
		return
	}
	rms := 0.0
	for _, w := range want {
		rms += float64(w) * float64(w) / float64(len(want))
	}
	rms = math.Sqrt(rms)
	worst, at := 0.0, 0
	for i, w := range want {
		d := math.Abs(float64(got[i])-float64(w)) / max(math.Abs(float64(w)), rms, 1e-12)
		if !(d <= worst) {
			worst, at = d, i
		}
	}
	if !(worst <= tolerance) {
		t.Errorf("%s: value %d is %g, Keras has %g: off by %.2g, more than %g", what, at, got[at], want[at], worst, tolerance)
	}
}

type oracleSample struct {
	Name, Layer string
	Shape       []int
	L2          float64
	Positions   []int
	Values      []float32
}

// nearSample compares an array with its sampled positions and its norm.
func nearSample(t *testing.T, what string, got []float32, want oracleSample, tolerance float64) {
	t.Helper()
	if n := Shape(want.Shape).Size(); n != len(got) {
		t.Errorf("%s: got %d values, want %v", what, len(got), want.Shape)
		return
	}
	if want.Positions == nil {
		near(t, what, got, want.Values, tolerance)
		return
	}
	norm := 0.0
	for _, v := range got {
		norm += float64(v) * float64(v)
	}
	if norm = math.Sqrt(norm); math.Abs(norm-want.L2) > tolerance*want.L2 {
		t.Errorf("%s: norm %g, Keras has %g", what, norm, want.L2)
	}
	sampled := make([]float32, len(want.Positions))
	for i, p := range want.Positions {
		sampled[i] = got[p]
	}
	near(t, what, sampled, want.Values, tolerance)
}

// networkCase is a network with all that Keras computed for it.
type networkCase struct {
	Architecture Architecture
	Salt         int
	Labels       []int32
	Outputs      []oracleSample
	Loss         float32
	Losses       []float32
	Gradients    []oracleSample
	Training     map[string]struct {
		Rate    float64
		Losses  []float32
		Weights map[string][][]float32
	}
}

func networkCases(t *testing.T) []networkCase {
	var small struct{ Networks []networkCase }
	oracle(t, "layers.json", &small)
	var writeUp networkCase
	oracle(t, "writeup_net.json", &writeUp)
	return append(small.Networks, writeUp)
}

// Promise(agreement/keras-2.1): Layers, losses, gradients, standardisation and the model summary agree
// with Keras 2.1.6: inputs and outputs to 1e-5, gradients to 5e-5, and weights after 1, 5 and 20 steps
// of each optimizer to 1e-4 in whole networks and to 5e-6 for an optimizer alone (AdamW: Keras 2.15
// and 3.12).
// Promise(agreement/keras-2.1) with figures that Keras itself computed, see testdata/keras
func TestNetworksMatchKeras(t *testing.T) {
	backend := testBackend(t)
	for _, c := range networkCases(t) {
		t.Run(c.Architecture.Name, func(t *testing.T) {
			net := c.Architecture
			w := oracleWeights(t, net, c.Salt+100)
			in := net.Input
			pixels := oraclePixels(c.Salt, len(c.Labels), in[0], in[1], in[2])
			var images []float32
			for i := range c.Labels {
				images = append(images, Standardize(pixels[i*in.Size():(i+1)*in.Size()])...)
			}
			inputs := tensorsOf(w)
			inputs = append(inputs, tensors.FromFlatDataAndDimensions(images, len(c.Labels), in[0], in[1], in[2]), c.Labels)
			out, err := graph.CallOnceN(backend, func(n []*graph.Node) []*graph.Node {
				weights, x, y := n[:len(w)], n[len(w)], n[len(w)+1]
				outputs, _ := forward(net, Float32, weights, x, nil)
				losses := crossEntropy(logits(outputs), y)
				loss := graph.ReduceAllMean(losses)
				return append(append(outputs, loss, losses), graph.Gradient(loss, weights...)...)
			}, inputs...)
			if err != nil {
				t.Fatal(err)
			}
			layers := len(net.Layers)
			for i, want := range c.Outputs {
				nearSample(t, want.Layer, values(t, out[i]), want, 1e-5)
			}
			near(t, "loss", values(t, out[layers]), []float32{c.Loss}, 1e-6)
			near(t, "losses", values(t, out[layers+1]), c.Losses, 1e-5)
			for i, want := range c.Gradients {
				nearSample(t, "gradient of "+want.Name, values(t, out[layers+2+i]), want, 5e-5)
			}
		})
	}
}

// Promise(agreement/keras-2.1)
func TestTrainingMatchesKeras(t *testing.T) {
	backend := testBackend(t)
	trained := map[string]bool{}
	for _, c := range networkCases(t) {
		for name, want := range c.Training {
			trained[name] = true
			t.Run(c.Architecture.Name+" "+name, func(t *testing.T) {
				trainLikeKeras(t, backend, c, kerasOptimizer(t, name, []byte("{}")), want.Rate, want.Losses, want.Weights)
			})
		}
	}
	if len(trained) != 5 { // all but AdamW, which that Keras does not have
		t.Errorf("trained with %v", trained)
	}
}

func trainLikeKeras(t *testing.T, backend compute.Backend, c networkCase, o Optimizer, rate float64, losses []float32, weights map[string][][]float32) {
	net := c.Architecture
	in := net.Input
	w := oracleWeights(t, net, c.Salt+100)
	images := tensors.FromFlatDataAndDimensions(oraclePixels(c.Salt, len(c.Labels), in[0], in[1], in[2]), len(c.Labels), in[0], in[1], in[2])
	labels := tensors.FromFlatDataAndDimensions(c.Labels, len(c.Labels))
	indices := make([]int32, len(c.Labels))
	for i := range indices {
		indices[i] = int32(i)
	}
	exec, err := graph.NewExec(backend, func(n []*graph.Node) []*graph.Node { return trainStep(net, Config{Optimizer: o}, false, n) })
	if err != nil {
		t.Fatal(err)
	}
	trained, err := net.trained(w)
	if err != nil {
		t.Fatal(err)
	}
	state := append(tensorsOf(w), tensorsOf(newSlots(o, trained))...)
	for step := 1; step <= len(losses); step++ {
		out, err := exec.Call(append(state[:len(state):len(state)], images, labels, indices, make([]bool, len(indices)),
			dropoutState(1, step), float32(rate), float32(o.stepRate(rate, step)))...)
		if err != nil {
			t.Fatal(err)
		}
		near(t, fmt.Sprintf("loss of step %d", step), values(t, out[len(state)]), losses[step-1:step], 1e-5)
		for i := range state {
			state[i] = out[i]
		}
		for i, want := range weights[fmt.Sprint(step)] {
			near(t, fmt.Sprintf("%s after step %d", w[i].Name, step), values(t, out[i]), want, 1e-4)
		}
	}
}

// Promise(agreement/keras-2.1)
func TestOptimizersMatchKeras(t *testing.T) {
	var file struct {
		Start     []float32
		Gradients [][]float32
		Cases     []struct {
			Name      string
			ClassName string `json:"class_name"`
			Config    json.RawMessage
			Rates     []float64
			Weights   map[string][]float32
		}
	}
	oracle(t, "optimizers.json", &file)
	backend := testBackend(t)
	for _, c := range file.Cases {
		t.Run(c.Name, func(t *testing.T) {
			o := kerasOptimizer(t, c.ClassName, c.Config)
			exec, err := graph.NewExec(backend, func(n []*graph.Node) []*graph.Node {
				last := len(n) - 3
				w, slots := update(o, []WeightSpec{{}}, n[:1], n[last:last+1], n[1:last], n[last+1], n[last+2], nil)
				return append(w, slots...)
			})
			if err != nil {
				t.Fatal(err)
			}
			w := Weights{{Name: "w", Shape: []int{len(file.Start)}, Values: file.Start}}
			state := append(tensorsOf(w), tensorsOf(newSlots(o, w))...)
			for i, g := range file.Gradients {
				out, err := exec.Call(append(state, g, float32(c.Rates[i]), float32(o.stepRate(c.Rates[i], i+1)))...)
				if err != nil {
					t.Fatal(err)
				}
				state = state[:0]
				for _, tensor := range out {
					state = append(state, tensor)
				}
				if want, ok := c.Weights[fmt.Sprint(i+1)]; ok {
					near(t, fmt.Sprintf("weights after step %d", i+1), values(t, out[0]), want, 5e-6)
				}
			}
		})
	}
}

// kerasOptimizer turns Keras's class name and arguments into ours. Keras's
// decay is in the rates that the file lists.
func kerasOptimizer(t *testing.T, class string, config []byte) Optimizer {
	t.Helper()
	var err error
	decode := func(o any) { err = json.Unmarshal(config, o) }
	var o Optimizer
	switch class {
	case "SGD":
		var v SGD
		decode(&v)
		o = v
	case "RMSprop":
		var v RMSprop
		decode(&v)
		o = v
	case "Adagrad":
		var v Adagrad
		decode(&v)
		o = v
	case "Adadelta":
		var v Adadelta
		decode(&v)
		o = v
	case "Adam":
		var v Adam
		decode(&v)
		o = v
	case "AdamW":
		var v AdamW
		decode(&v)
		o = v
	default:
		t.Fatalf("no optimizer %q", class)
	}
	if err != nil {
		t.Fatal(err)
	}
	return o
}

// Promise(agreement/keras-2.1)
func TestStandardizeMatchesKeras(t *testing.T) {
	var file struct {
		Positions []int
		Images    []struct {
			Image  string
			Values []float32
		}
	}
	oracle(t, "standardize.json", &file)
	const size = 32 * 32 * 3
	fill := func(f func(i int) uint8) []uint8 {
		out := make([]uint8, size)
		for i := range out {
			out[i] = f(i)
		}
		return out
	}
	images := [][]uint8{
		oraclePixels(1, 1, 32, 32, 3),
		fill(func(int) uint8 { return 128 }),
		fill(func(i int) uint8 { return uint8(7 + i/(size-1)) }),
		fill(func(i int) uint8 { return uint8(255 * (oracleMix(2, i) & 1)) }),
	}
	backend := testBackend(t)
	for n, want := range file.Images {
		out, err := graph.CallOnce(backend, func(x *graph.Node) *graph.Node { return standardize(graph.ConvertDType(x, dtypes.Float32)) },
			tensors.FromFlatDataAndDimensions(images[n], 1, 32, 32, 3))
		if err != nil {
			t.Fatal(err)
		}
		for where, got := range map[string][]float32{"in Go": Standardize(images[n]), "in the graph": values(t, out)} {
			sampled := make([]float32, len(file.Positions))
			for i, p := range file.Positions {
				sampled[i] = got[p]
			}
			near(t, want.Image+" "+where, sampled, want.Values, 1e-5)
		}
	}
}

// Promise(agreement/keras-2.1)
func TestSummariesMatchKeras(t *testing.T) {
	var file struct {
		Summaries []struct {
			File         string
			Architecture Architecture
		}
	}
	oracle(t, "summaries.json", &file)
	for _, c := range file.Summaries {
		want, err := os.ReadFile(filepath.Join("..", "testdata", "keras", c.File))
		if err != nil {
			t.Fatal(err)
		}
		if got := c.Architecture.Summary(); got != string(want) {
			t.Errorf("%s: got\n%s\nwant\n%s", c.File, got, want)
		}
	}
}

// Promise(agreement/keras-2.1)
func TestInitializeIsGlorotUniform(t *testing.T) {
	var file struct {
		Kernels []struct {
			Name  string
			Limit float64
			Std   float64
		}
	}
	oracle(t, "glorot.json", &file)
	weights, err := WriteUp().Initialize(3)
	if err != nil {
		t.Fatal(err)
	}
	byName := map[string][]float32{}
	for _, w := range weights {
		byName[w.Name] = w.Values
	}
	for _, k := range file.Kernels {
		v := byName[k.Name]
		n := float64(len(v))
		var sum, squares, largest float64
		for _, x := range v {
			sum += float64(x)
			squares += float64(x) * float64(x)
			largest = max(largest, math.Abs(float64(x)))
		}
		// Four standard errors: a correct draw fails about once in 16,000.
		mean, std := sum/n, math.Sqrt(squares/n)
		if largest > k.Limit*(1+1e-6) || largest < k.Limit*(1-20/n) {
			t.Errorf("%s: largest value %g, limit %g", k.Name, largest, k.Limit)
		}
		if math.Abs(mean) > 4*k.Std/math.Sqrt(n) {
			t.Errorf("%s: mean %g", k.Name, mean)
		}
		if math.Abs(std-k.Std) > 4*k.Std*math.Sqrt(0.8/4/n) {
			t.Errorf("%s: standard deviation %g, want %g", k.Name, std, k.Std)
		}
	}
	for _, w := range weights {
		if len(w.Shape) == 1 && slices.ContainsFunc(w.Values, func(v float32) bool { return v != 0 }) {
			t.Errorf("%s does not start at zero", w.Name)
		}
	}
}

func tensorsOf(arrays []Array) []any {
	out := make([]any, len(arrays))
	for i, a := range arrays {
		out[i] = tensors.FromFlatDataAndDimensions(a.Values, a.Shape...)
	}
	return out
}

func values(t *testing.T, x *tensors.Tensor) []float32 {
	t.Helper()
	v, err := tensors.CopyFlatData[float32](x)
	if err != nil {
		t.Fatal(err)
	}
	return v
}
