package cnn

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
)

// Promise(agreement/frozen): With layers frozen, 20 steps of SGD, Adam and AdamW agree with Keras 3.12's trainable=False to 1e-4, and
// frozen weights and moving statistics keep their bits.
func TestFrozenLayersMatchKeras(t *testing.T) {
	var file struct {
		Networks []struct {
			networkCase
			Trainable    int
			NonTrainable int `json:"non_trainable"`
		}
	}
	oracle(t, "frozen.json", &file)
	backend := testBackend(t)
	for _, c := range file.Networks {
		t.Run(c.Architecture.Name, func(t *testing.T) {
			start := oracleWeights(t, c.Architecture, c.Salt+100)
			for name, want := range c.Training {
				for i, w := range start {
					if c.Architecture.IsFrozen(c.Architecture.layerOf(w.Name)) && !reflect.DeepEqual(w.Values, want.Weights["20"][i]) {
						t.Fatalf("Keras changed %s", w.Name)
					}
				}
				trainLikeKeras(t, backend, c.networkCase, kerasOptimizer(t, name, []byte("{}")), want.Rate, want.Losses, want.Weights)
			}
			counts := fmt.Sprintf("Trainable params: %d\nNon-trainable params: %d\n", c.Trainable, c.NonTrainable)
			if s := c.Architecture.Summary(); !strings.Contains(s, counts) {
				t.Errorf("no %q in\n%s", counts, s)
			}
		})
	}
}

// frozenSpec is tinySpec with a batch normalisation, and the layers below the last one frozen.
func frozenSpec(t *testing.T) Spec {
	spec := tinySpec(t)
	spec.Network.Layers = slices.Insert(spec.Network.Layers, 1, Layer(BatchNormalization{Name: "norm"}))
	spec.Network = spec.Network.FreezeBelow(spec.Network.Layers[spec.Network.lastDense()].LayerName())
	spec.Config.Optimizer = Adam{}
	return spec
}

// Frozen arrays keep their bits and have no slots, and a run with them resumes exactly.
//
// Promise(runs/resume) with frozen layers
func TestFrozenRunsResume(t *testing.T) {
	spec := frozenSpec(t)
	start, err := spec.Network.Initialize(spec.Config.Seed)
	if err != nil {
		t.Fatal(err)
	}
	whole := trainTiny(t, t.TempDir(), spec)
	last := spec.Network.Layers[spec.Network.lastDense()].LayerName()
	for i, w := range whole.Weights() {
		if same := reflect.DeepEqual(w, start[i]); same == strings.HasPrefix(w.Name, last+"/") {
			t.Errorf("%s unchanged: %t", w.Name, same)
		}
	}
	for _, s := range whole.slots {
		if !strings.HasPrefix(s.Name, last+"/") {
			t.Errorf("a frozen layer has the slot %s", s.Name)
		}
	}
	if len(whole.slots) != 4 {
		t.Errorf("%d slots, want those of kernel and bias of the last layer", len(whole.slots))
	}
	root := t.TempDir()
	r := openTiny(t, root, spec)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	err = r.Train(ctx, func(p Progress) {
		if p.Epoch == 2 && p.Step == 2 {
			cancel()
		}
	})
	if !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	r.Close()
	sameFiles(t, trainTiny(t, root, spec), whole)
}

// A training step with frozen convolutions holds fewer convolutions and multiplications, by the count of the graph and by that of
// Operations.
//
// Promise(compute/frozen): Frozen layers cost a training step no gradients: its graph holds none of their operations.
func TestFrozenLayersCostNoGradient(t *testing.T) {
	net := WriteUp()
	frozen := net.FreezeBelow("Flatten")
	if want := []string{"First-Convolution", "Second-Convolution", "Third-Convolution", "Fourth-Convolution"}; !reflect.DeepEqual(frozen.Frozen, want) {
		t.Fatalf("frozen %q", frozen.Frozen)
	}
	forward, training, err := frozen.Operations()
	if err != nil {
		t.Fatal(err)
	}
	_, whole, err := net.Operations()
	if err != nil {
		t.Fatal(err)
	}
	dense := int64(2*4096*512 + 2*512*10)
	if want := forward + 2*dense - 2*4096*512; training != want {
		t.Errorf("%d operations, want %d: all forward, and gradients of the dense layers but for the first one's input", training, want)
	}
	if training*5 > whole*2 {
		t.Errorf("%d operations of %d are left", training, whole)
	}
	all, few := stepConvolutions(t, net), stepConvolutions(t, frozen)
	t.Logf("convolutions in a step: %d, frozen %d", all, few)
	if few != 4 || all < 4+4+3 {
		t.Errorf("%d convolutions in a step and %d with frozen ones, want 11 at least, and 4", all, few)
	}
}

// stepConvolutions counts the convolutions that a training step's outputs depend on.
func stepConvolutions(t *testing.T, net Architecture) int {
	t.Helper()
	t.Setenv(oneDNNEnv, "0") // there, one node is a convolution with all around it
	backend := testBackend(t)
	w, err := net.Initialize(1)
	if err != nil {
		t.Fatal(err)
	}
	count := 0
	exec, err := graph.NewExec(backend, func(n []*graph.Node) []*graph.Node {
		out := trainStep(net, Config{Optimizer: SGD{}}, false, n)
		seen := map[*graph.Node]bool{}
		var visit func(n *graph.Node)
		visit = func(n *graph.Node) {
			if seen[n] {
				return
			}
			seen[n] = true
			if strings.Contains(n.Type().String(), "Conv") && !strings.Contains(n.Type().String(), "Convert") {
				count++
			}
			for _, in := range n.Inputs() {
				visit(in)
			}
		}
		for _, n := range out {
			visit(n)
		}
		return out
	})
	if err != nil {
		t.Fatal(err)
	}
	in := net.Input
	inputs := append(tensorsOf(w), tensors.FromFlatDataAndDimensions(make([]uint8, 2*in.Size()), 2, in[0], in[1], in[2]))
	inputs = append(inputs, []int32{0, 1}, []int32{0, 1}, []bool{false, false}, dropoutState(1, 1), float32(0), float32(0))
	if _, err := exec.Call(inputs...); err != nil {
		t.Fatal(err)
	}
	return count
}

// Frozen layers are part of the network's JSON, in its own order; a network without any has the JSON that it had.
func TestFrozenJSON(t *testing.T) {
	net := tiny()
	plain, err := json.Marshal(net)
	if err != nil || strings.Contains(string(plain), "frozen") {
		t.Errorf("%s, %v", plain, err)
	}
	data, err := json.Marshal(net.Freeze("dense", "conv"))
	if err != nil {
		t.Fatal(err)
	}
	var back Architecture
	if err := json.Unmarshal(data, &back); err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(back.Frozen, []string{"conv", "dense"}) || len(net.Frozen) != 0 {
		t.Errorf("%q, and the network itself %q", back.Frozen, net.Frozen)
	}
	if err := json.Unmarshal([]byte(strings.Replace(string(data), `"frozen":["conv"`, `"frozen":["other"`, 1)), &back); !errors.Is(err, ErrArchitecture) {
		t.Errorf("a frozen layer that does not exist: %v", err)
	}
}

func TestBadFrozenLayersAreRefused(t *testing.T) {
	net := tiny()
	last := net.Layers[net.lastDense()].LayerName()
	for name, c := range map[string]struct {
		net  Architecture
		want string
	}{
		"unknown":       {net.Freeze("Conv"), `frozen layer "Conv": no layer has that name`},
		"unknown below": {net.FreezeBelow("Conv"), `frozen layer "Conv": no layer has that name`},
		"twice":         {net.Freeze(last, last), fmt.Sprintf("frozen layer %q is listed twice", last)},
		"all":           {net.FreezeBelow(last).Freeze(last), "every layer with weights is frozen: leave one of them out"},
	} {
		spec := tinySpec(t)
		spec.Network = c.net
		if _, err := OpenRun(t.TempDir(), spec); !errors.Is(err, ErrArchitecture) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
	}
}
