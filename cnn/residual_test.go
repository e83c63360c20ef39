package cnn

import (
	"encoding/json"
	"math"
	"reflect"
	"strings"
	"testing"

	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
)

// Promise(agreement/keras-3) for residual blocks, against a functional model
func TestResidualMatchesKeras(t *testing.T) {
	var file struct{ Networks []networkCase }
	oracle(t, "residual.json", &file)
	backend := testBackend(t)
	for _, c := range file.Networks {
		checkMoreLayers(t, backend, c)
		for name, want := range c.Training {
			trainLikeKeras(t, backend, c, kerasOptimizer(t, name, []byte("{}")), want.Rate, want.Losses, want.Weights)
		}
	}
}

// residual is a network of blocks with each kind of shortcut.
func residual() Architecture {
	return Architecture{Input: Shape{32, 32, 3}, Layers: []Layer{
		MaxPooling2D{Name: "small", Size: 4}, Conv2D{Name: "conv", Filters: 4, Kernel: 3, Padding: "same"},
		Residual{Name: "same", Filters: 4}, Residual{Name: "other", Filters: 6, Stride: 2, Init: "he_normal"}, Residual{Name: "plain", Filters: 6, NoNorm: true},
		GlobalAveragePooling2D{Name: "mean"}, Dense{Name: "dense", Units: 10}, Activation{Name: "softmax", Function: "softmax"},
	}}
}

// A block counts, is listed and is described as the layers that it consists of.
func TestResidualIsItsLayers(t *testing.T) {
	net := residual()
	var names []string
	specs, err := net.WeightSpecs()
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range specs {
		if strings.HasPrefix(s.Name, "other/") {
			names = append(names, s.Name[len("other/"):])
		}
	}
	want := "conv1/kernel norm1/gamma norm1/beta norm1/moving_mean norm1/moving_variance conv2/kernel norm2/gamma norm2/beta norm2/moving_mean norm2/moving_variance " +
		"shortcut/kernel shortcut_norm/gamma shortcut_norm/beta shortcut_norm/moving_mean shortcut_norm/moving_variance"
	if got := strings.Join(names, " "); got != want {
		t.Errorf("the arrays are %s", got)
	}
	// Written out without additions, the long branch alone has the same operations; the shortcut has 2·16·4·6.
	block := Architecture{Input: Shape{8, 8, 4}, Layers: []Layer{Residual{Name: "r", Filters: 6, Stride: 2}}}
	long, shortcut := block.Layers[0].(Residual).branches(block.Input)
	alone := Architecture{Input: block.Input, Layers: long}
	forward, training, err := block.Operations()
	if err != nil {
		t.Fatal(err)
	}
	longForward, longTraining, err := alone.Operations()
	if err != nil || len(shortcut) != 2 {
		t.Fatal(shortcut, err)
	}
	side := int64(2 * 16 * 4 * 6)
	if forward != longForward+side || training != longTraining+2*side {
		t.Errorf("%d and %d operations, want %d and %d", forward, training, longForward+side, longTraining+2*side)
	}
	frozen := block.Freeze("r")
	if f, tr, err := frozen.Operations(); err != nil || f != forward || tr != forward {
		t.Errorf("frozen: %d and %d operations, %v", f, tr, err)
	}
	if s := net.Summary(); !strings.Contains(s, "other (Residual)             (None, 4, 4, 6)           636") {
		t.Errorf("%s", s)
	}
	if s := net.Freeze("other").Summary(); !strings.Contains(s, "Non-trainable params: 652") { // 636, and 4 moving statistics of 4 channels
		t.Errorf("%s", s)
	}
	data, err := json.Marshal(net)
	if err != nil {
		t.Fatal(err)
	}
	var back Architecture
	if err := json.Unmarshal(data, &back); err != nil || !reflect.DeepEqual(back, net) {
		t.Errorf("%s, %v", data, err)
	}
	for want, l := range map[string]Residual{
		"at least 1 filter": {}, "unknown initialiser": {Filters: 1, Init: "x"}, "kernel_l2": {Filters: 1, L2: -1}, "strides": {Filters: 1, Stride: -1},
	} {
		l.Name = "block"
		_, err := Architecture{Input: Shape{8, 8, 3}, Layers: []Layer{l}}.Shapes()
		if err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), `layer 1, "block" (Residual)`) {
			t.Errorf("got %v, want an error with %q", err, want)
		}
	}
	if specs, err := net.WithL2(0.5, "same").WithInit("orthogonal", "same").WeightSpecs(); err != nil || specs[2].L2 != 0.5 || specs[2].Init != "orthogonal" {
		t.Errorf("%+v, %v", specs[2], err)
	}
}

// Promise(runs/resume) with residual blocks, one of them frozen
func TestResidualResumesExactly(t *testing.T) {
	spec := tinySpec(t)
	spec.Network = residual().Freeze("same")
	whole := resumesExactly(t, spec)
	start := openTiny(t, t.TempDir(), spec)
	for i, w := range whole.weights {
		if same := reflect.DeepEqual(w, start.weights[i]); same != strings.HasPrefix(w.Name, "same/") {
			t.Errorf("%s has changed: %t", w.Name, !same)
		}
	}
}

// The gradients of a block are the differences of its loss.
func TestResidualGradient(t *testing.T) {
	backend := testBackend(t)
	net := residual()
	w, err := net.Initialize(5)
	if err != nil {
		t.Fatal(err)
	}
	images := oracleNoise(1, 2*32*32*3, 1)
	exec, err := graph.NewExec(backend, func(n []*graph.Node) []*graph.Node {
		weights, x := n[:len(w)], n[len(w)]
		outputs, _ := forward(net, Float32, weights, x, nil)
		loss := graph.ReduceAllMean(crossEntropy(logits(outputs), graph.Const(x.Graph(), []int32{3, 7})))
		return []*graph.Node{loss, graph.Gradient(loss, weights[2])[0]}
	})
	if err != nil {
		t.Fatal(err)
	}
	at := func(w Weights) (float64, []float32) {
		out, err := exec.Call(append(tensorsOf(w), tensors.FromFlatDataAndDimensions(images, 2, 32, 32, 3))...)
		if err != nil {
			t.Fatal(err)
		}
		return float64(values(t, out[0])[0]), values(t, out[1])
	}
	_, gradient := at(w)
	// Along the gradient itself, where the difference is largest.
	var norm float64
	for _, g := range gradient {
		norm += float64(g) * float64(g)
	}
	norm = math.Sqrt(norm)
	moved := func(by float64) float64 {
		m := w.Clone()
		for i, g := range gradient {
			m[2].Values[i] += float32(by * float64(g) / norm)
		}
		loss, _ := at(m)
		return loss
	}
	const h = 1e-2
	if slope := (moved(h) - moved(-h)) / (2 * h); math.Abs(slope/norm-1) > 0.02 {
		t.Errorf("a slope of %g by differences, %g by the gradient", slope, norm)
	}
}
