package cnn

import (
	"fmt"
	"testing"

	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
)

// Losses, and batch normalisation without gamma or beta, Rescaling, GELU, SiLU and ELU between them, against Keras 3.
//
// Promise(agreement/keras-3) for label smoothing, summed losses, class weights, Rescaling, and batch normalisation without gamma or beta
func TestLossesMatchKeras(t *testing.T) {
	var c struct {
		Architecture Architecture
		Salt         int
		Labels       []int32
		Outputs      []oracleSample
		Cases        []struct {
			Loss      Loss
			Value     float32
			Gradients []oracleSample
			Training  struct {
				Rate    float64
				Losses  []float32
				Weights map[string][][]float32
			}
		}
	}
	oracle(t, "losses.json", &c)
	backend := testBackend(t)
	net, in, n := c.Architecture, c.Architecture.Input, len(c.Labels)
	w := oracleWeights(t, net, c.Salt+100)
	trained, err := net.trained(w)
	if err != nil {
		t.Fatal(err)
	}
	specs, err := net.WeightSpecs()
	if err != nil {
		t.Fatal(err)
	}
	pixels := oraclePixels(c.Salt, n, in[0], in[1], in[2])
	images, labels := tensors.FromFlatDataAndDimensions(pixels, n, in[0], in[1], in[2]), tensors.FromFlatDataAndDimensions(c.Labels, n)
	indices := []int32{0, 1, 2, 3, 4}
	for i, k := range c.Cases {
		t.Run(fmt.Sprintf("%+v", k.Loss), func(t *testing.T) {
			factor := float32(1) // from the mean that is reported to Keras's figure
			if k.Loss.Sum {
				factor = float32(n)
			}
			out, err := graph.CallOnceN(backend, func(nodes []*graph.Node) []*graph.Node {
				weights, images, y, rng := nodes[:len(w)], nodes[len(w)], nodes[len(w)+1], nodes[len(w)+2]
				x := networkInput(images, Preprocess{}, nil)
				outputs, _ := forward(net, Float32, weights, x, rng)
				mean, objective := k.Loss.build(logits(outputs), y)
				var wanted []*graph.Node
				for i, s := range specs {
					if !s.Moving {
						wanted = append(wanted, weights[i])
					}
				}
				evaluated, _ := forward(net, Float32, weights, x, nil)
				return append(append(evaluated, mean, objective), graph.Gradient(objective, wanted...)...)
			}, append(tensorsOf(w), images, labels, dropoutState(1, 1))...)
			if err != nil {
				t.Fatal(err)
			}
			for j, want := range c.Outputs {
				nearSample(t, want.Layer, values(t, out[j]), want, 1e-5)
			}
			at := len(c.Outputs)
			near(t, "reported loss", values(t, out[at]), []float32{k.Value / factor}, 1e-5)
			near(t, "objective", values(t, out[at+1]), []float32{k.Value}, 1e-5)
			for j, want := range k.Gradients {
				nearSample(t, "gradient of "+want.Name, values(t, out[at+2+j]), want, 2e-5)
			}
			exec, err := graph.NewExec(backend, func(n []*graph.Node) []*graph.Node {
				return trainStep(net, Config{Optimizer: SGD{}, Loss: k.Loss}, false, n)
			})
			if err != nil {
				t.Fatal(err)
			}
			state := append(tensorsOf(w), tensorsOf(newSlots(SGD{}, trained))...)
			for step := 1; step <= len(k.Training.Losses); step++ {
				out, err := exec.Call(append(state[:len(state):len(state)], images, labels, indices, make([]bool, n), dropoutState(1, step), float32(k.Training.Rate), float32(k.Training.Rate))...)
				if err != nil {
					t.Fatal(err)
				}
				near(t, fmt.Sprintf("case %d: loss of step %d", i, step), values(t, out[len(state)]), []float32{k.Training.Losses[step-1] / factor}, 1e-4)
				for j := range state {
					state[j] = out[j]
				}
				for j, want := range k.Training.Weights[fmt.Sprint(step)] {
					near(t, fmt.Sprintf("%s after step %d", w[j].Name, step), values(t, out[j]), want, 1e-4)
				}
			}
		})
	}
}
