package cnn

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/gomlx/compute"
	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
)

// The layers that the write-up does not use, against Keras 3: outputs as in
// evaluation; loss, gradients and 20 steps as in training, moving statistics
// among the weights.
//
// Promise(agreement/keras-3): Batch normalisation, leaky ReLU, strided convolution, even kernel sizes
// and global average pooling agree with Keras 3.12: outputs to 1e-5, gradients and 20 steps of SGD,
// Adam and AdamW to 1e-4. Initialisers have Keras's bounds and spread.
func TestMoreLayersMatchKeras(t *testing.T) {
	var file struct{ Networks []networkCase }
	oracle(t, "layers_more.json", &file)
	backend := testBackend(t)
	for _, c := range file.Networks {
		t.Run(c.Architecture.Name, func(t *testing.T) {
			checkMoreLayers(t, backend, c)
			for name, want := range c.Training {
				trainLikeKeras(t, backend, c, kerasOptimizer(t, name, []byte("{}")), want.Rate, want.Losses, want.Weights)
			}
		})
	}
}

func checkMoreLayers(t *testing.T, backend compute.Backend, c networkCase) {
	net, in := c.Architecture, c.Architecture.Input
	specs, err := net.WeightSpecs()
	if err != nil {
		t.Fatal(err)
	}
	w := oracleWeights(t, net, c.Salt+100)
	pixels := oraclePixels(c.Salt, len(c.Labels), in[0], in[1], in[2])
	var images []float32
	for i := range c.Labels {
		images = append(images, Standardize(pixels[i*in.Size():(i+1)*in.Size()])...)
	}
	inputs := append(tensorsOf(w), tensors.FromFlatDataAndDimensions(images, len(c.Labels), in[0], in[1], in[2]), c.Labels, dropoutState(1, 1))
	out, err := graph.CallOnceN(backend, func(n []*graph.Node) []*graph.Node {
		weights, x, y, rng := n[:len(w)], n[len(w)], n[len(w)+1], n[len(w)+2]
		training, _ := forward(net, Float32, weights, x, rng)
		loss := graph.ReduceAllMean(crossEntropy(logits(training), y))
		var trained []*graph.Node
		for i, s := range specs {
			if !s.Moving {
				trained = append(trained, weights[i])
			}
		}
		evaluation, _ := forward(net, Float32, weights, x, nil)
		return append(append(evaluation, loss), graph.Gradient(loss, trained...)...)
	}, inputs...)
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range c.Outputs {
		nearSample(t, want.Layer, values(t, out[i]), want, 1e-5)
	}
	near(t, "loss", values(t, out[len(c.Outputs)]), []float32{c.Loss}, 1e-5)
	for i, want := range c.Gradients {
		nearSample(t, "gradient of "+want.Name, values(t, out[len(c.Outputs)+1+i]), want, 1e-4)
	}
}

// Every initialiser's bound and spread are those of a draw of Keras's own, as
// far as chance allows.
//
// Promise(agreement/keras-3)
func TestInitializersMatchKeras(t *testing.T) {
	var file struct {
		Cases []struct {
			Name         string
			Largest, Std float64
		}
	}
	oracle(t, "initializers.json", &file)
	for _, c := range file.Cases {
		spec := WeightSpec{Init: c.Name, FanIn: 9 * 32, FanOut: 9 * 4096}
		draw := spec.initializer(rand.New(rand.NewPCG(1, 2)))
		const n = 200_000
		var sum, squares, largest float64
		for range n {
			v := float64(draw())
			sum, squares, largest = sum+v, squares+v*v, max(largest, math.Abs(v))
		}
		if math.Abs(largest/c.Largest-1) > 1e-3 {
			t.Errorf("%s: largest value %g, Keras has %g", c.Name, largest, c.Largest)
		}
		if std := math.Sqrt(squares / n); math.Abs(std/c.Std-1) > 4*math.Sqrt(1.0/n) {
			t.Errorf("%s: standard deviation %g, Keras has %g", c.Name, std, c.Std)
		}
		if mean := sum / n; math.Abs(mean) > 4*c.Std/math.Sqrt(n) {
			t.Errorf("%s: mean %g", c.Name, mean)
		}
	}
}

// curves is what Keras 2.1.6 gave in testdata/keras/make.py, make_curves.
type curves struct {
	Architecture  Architecture
	Salt          int
	Images, Batch int
	Curves        map[string]struct {
		Rate   float64
		Losses []float64
	}
	Dropped Architecture
	Rate    float64
	Seeds   []float64
}

// trainer starts at Keras's own start whenever it is called, and trains over its
// batches in its order.
func (c curves) trainer(t *testing.T, net Architecture, o Optimizer, p Preprocess, rate float64, steps int) func(seed uint64) []float64 {
	t.Helper()
	in := net.Input
	w := oracleWeights(t, net, c.Salt+100)
	images := []*tensors.Tensor{tensors.FromFlatDataAndDimensions(oraclePixels(c.Salt, c.Images, in[0], in[1], in[2]), c.Images, in[0], in[1], in[2])}
	labels := make([]int32, c.Images)
	for i := range labels {
		labels[i] = int32(oracleMix(c.Salt+50, i) % 10)
	}
	slots := newSlots(o, w)
	e, err := newEngine(nil, net, Config{Optimizer: o, Preprocess: p}, w, slots)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(e.close)
	data := &deviceData{images: images, labels: []*tensors.Tensor{tensors.FromFlatDataAndDimensions(labels, c.Images)}, n: c.Images}
	return func(seed uint64) []float64 {
		if err := e.setState(slices.Concat(w, slots)); err != nil {
			t.Fatal(err)
		}
		config := e.config
		config.Seed = seed
		out := make([]float64, steps)
		for step := range out {
			indices := make([]int32, c.Batch)
			for i := range indices {
				indices[i] = int32((step*c.Batch + i) % c.Images)
			}
			var err error
			if out[step], _, err = e.step(data, newStepRequest(config, c.Images, step, rate, indices)); err != nil {
				t.Fatal(err)
			}
		}
		return out
	}
}

// From the same start, over the same batches, without randomness: the losses of 200
// steps agree with Keras's.
//
// Promise(agreement/curves): From the same start and over the same batches, the loss of 200 steps
// stays within 1e-3 of Keras 2.1.6's. With dropout and flips, the means over 20 seeds agree within
// their error.
func TestCurvesMatchKeras(t *testing.T) {
	var c curves
	oracle(t, "curves.json", &c)
	for name, o := range map[string]Optimizer{"sgd": SGD{}, "adam": Adam{}} {
		want := c.Curves[name]
		got := c.trainer(t, c.Architecture, o, Preprocess{}, want.Rate, len(want.Losses))(1)
		worst := 0.0
		for i := range got {
			worst = max(worst, math.Abs(got[i]-want.Losses[i]))
		}
		t.Logf("%s: from %.3f to %.3f, at most %.2g from Keras", name, got[0], got[len(got)-1], worst)
		if !(worst <= 1e-3) {
			t.Errorf("%s: the losses of %d steps are up to %g from Keras's", name, len(got), worst)
		}
	}
}

// With dropout and flips no two trainings agree, but their means do: over twenty
// seeds each, within four standard errors.
//
// Promise(agreement/curves)
func TestCurvesMatchKerasInTheMean(t *testing.T) {
	var c curves
	oracle(t, "curves.json", &c)
	train := c.trainer(t, c.Dropped, SGD{}, Preprocess{Flip: true}, c.Rate, 60)
	var ours []float64
	for seed := range c.Seeds {
		mean, _ := meanAndError(train(uint64(seed))[40:])
		ours = append(ours, mean)
	}
	mean, se := meanAndError(ours)
	kerasMean, kerasSE := meanAndError(c.Seeds)
	t.Logf("ours %.4f ± %.4f, Keras %.4f ± %.4f", mean, se, kerasMean, kerasSE)
	if math.Abs(mean-kerasMean) > 4*math.Hypot(se, kerasSE) {
		t.Errorf("mean loss %.4f ± %.4f, Keras has %.4f ± %.4f", mean, se, kerasMean, kerasSE)
	}
}

func meanAndError(values []float64) (mean, standardError float64) {
	n := float64(len(values))
	for _, v := range values {
		mean += v / n
	}
	for _, v := range values {
		standardError += (v - mean) * (v - mean) / (n - 1)
	}
	return mean, math.Sqrt(standardError / n)
}

// A run with batch normalisation saves its moving statistics, resumes to the
// same bits, and keeps no optimizer slots for them.
func TestMovingStatisticsAreState(t *testing.T) {
	net := Architecture{Input: Shape{4, 4, 1}, Layers: []Layer{
		BatchNormalization{Name: "bn"}, GlobalAveragePooling2D{Name: "gap"}, Dense{Name: "d", Units: 2}, Activation{Name: "s", Function: "softmax"},
	}}
	w, err := net.Initialize(1)
	if err != nil {
		t.Fatal(err)
	}
	trained, err := net.trained(w)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, s := range newSlots(Adam{}, trained) {
		names = append(names, s.Name)
	}
	if len(names) != 8 || slices.ContainsFunc(names, func(n string) bool { return strings.Contains(n, "moving") }) {
		t.Errorf("slots %v", names)
	}
	for i, want := range []float32{1, 0, 0, 1} {
		if w[i].Values[0] != want {
			t.Errorf("%s starts at %g, want %g", w[i].Name, w[i].Values[0], want)
		}
	}
	if n, err := net.Parameters(); err != nil || n != 4+4 {
		t.Errorf("%d parameters, %v", n, err)
	}
	if s := net.Summary(); !strings.Contains(s, fmt.Sprintf("Trainable params: %d\nNon-trainable params: %d\n", 6, 2)) {
		t.Errorf("summary:\n%s", s)
	}
}

// Moving statistics are saved and resumed with the weights, to the same bits.
func TestResumeWithMovingStatistics(t *testing.T) {
	spec := tinySpec(t)
	spec.Network.Layers = slices.Insert(spec.Network.Layers, 2, Layer(BatchNormalization{Name: "norm"}))
	spec.Config.Optimizer = Adam{}
	whole := trainTiny(t, t.TempDir(), spec)
	root := t.TempDir()
	r := openTiny(t, root, spec)
	ctx, cancel := context.WithCancel(t.Context())
	err := r.Train(ctx, func(p Progress) {
		if p.Epoch == 1 && p.Step == 4 {
			cancel()
		}
	})
	if !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	r.Close()
	resumed := trainTiny(t, root, spec)
	if !reflect.DeepEqual(resumed.Weights(), whole.Weights()) {
		t.Error("a resumed run ends with other weights")
	}
	for _, w := range whole.Weights() {
		start := map[string]float32{"norm/moving_mean": 0, "norm/moving_variance": 1}
		if at, moving := start[w.Name]; moving && slices.Contains(w.Values, at) {
			t.Errorf("%s has not moved", w.Name)
		}
	}
}
