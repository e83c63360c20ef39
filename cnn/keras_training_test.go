package cnn

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/gomlx/gomlx/core/tensors"
)

// trainingCase is a network with 20 steps of trainings with options, as Keras 3 computed them.
type trainingCase struct {
	Architecture Architecture
	Salt         int
	Labels       []int32
	Biases       []struct {
		Layer  string
		Values []float32
	}
	Cases []struct {
		Config    kerasOptions
		Optimizer string
		Rate      float64
		Training  struct {
			Losses  []float32
			Weights map[string][][]float32
		}
	}
	Gaussian   struct{ Width, Std float64 }
	Orthogonal []struct {
		Shape  []int
		Gain   float64
		Salt   int
		Values []float32
	}
}

// kerasOptions are the options of a training in testdata/keras/make_training.py.
type kerasOptions struct{}

func (o kerasOptions) config() Config { return Config{} }

// 20 steps with what changes a training step beside the optimizer, against Keras 3.
//
// Promise(agreement/keras-3) for penalties on kernels by layer
func TestTrainingOptionsMatchKeras(t *testing.T) {
	var file trainingCase
	oracle(t, "training.json", &file)
	net, n := file.Architecture, len(file.Labels)
	specs, err := net.WeightSpecs()
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range file.Cases {
		t.Run(fmt.Sprintf("%s %+v", c.Optimizer, c.Config), func(t *testing.T) {
			config := c.Config.config()
			config.Optimizer, config.Batch = kerasOptimizer(t, c.Optimizer, []byte("{}")), n
			w := oracleWeights(t, net, file.Salt+100)
			slots, err := net.freshSlots(config, w)
			if err != nil {
				t.Fatal(err)
			}
			e, err := newEngine(nil, net, config, w, slots)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(e.close)
			in := net.Input
			data := &deviceData{
				n:      n,
				images: []*tensors.Tensor{tensors.FromFlatDataAndDimensions(oraclePixels(file.Salt, n, in[0], in[1], in[2]), n, in[0], in[1], in[2])},
				labels: []*tensors.Tensor{tensors.FromFlatDataAndDimensions(file.Labels, n)},
			}
			for step, want := range c.Training.Losses {
				before, err := e.arrays(w)
				if err != nil {
					t.Fatal(err)
				}
				loss, _, err := e.step(data, newStepRequest(config, n, step, c.Rate, []int32{0, 1, 2, 3, 4}))
				if err != nil {
					t.Fatal(err)
				}
				loss += penaltyOf(specs, before) // Keras reports it with the loss
				near(t, fmt.Sprintf("loss of step %d", step+1), []float32{float32(loss)}, []float32{want}, 1e-4)
				after, err := e.arrays(w)
				if err != nil {
					t.Fatal(err)
				}
				for i, want := range c.Training.Weights[fmt.Sprint(step+1)] {
					tolerance := 1e-4
					if step == 0 { // of one step: the gradient
						tolerance = 1e-5
					}
					near(t, fmt.Sprintf("%s after step %d", w[i].Name, step+1), after[i].Values, want, tolerance)
				}
			}
		})
	}
}

// penaltyOf is λ·Σw² over the arrays that have a penalty.
func penaltyOf(specs []WeightSpec, w Weights) (sum float64) {
	for i, s := range specs {
		for _, v := range w[i].Values {
			sum += s.L2 * float64(v) * float64(v)
		}
	}
	return sum
}

// Promise(agreement/keras-3) for orthogonal and Gaussian kernels, and the starts of biases
func TestStartsMatchKeras(t *testing.T) {
	var file trainingCase
	oracle(t, "training.json", &file)
	w, err := file.Architecture.Initialize(1)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range file.Biases {
		i := slices.IndexFunc(w, func(a Array) bool { return a.Name == want.Layer+"/bias" })
		if !slices.Equal(w[i].Values, want.Values) {
			t.Errorf("%s: %v, Keras has %v", w[i].Name, w[i].Values, want.Values)
		}
	}
	for _, want := range file.Orthogonal {
		columns := want.Shape[len(want.Shape)-1]
		a := Array{Shape: want.Shape, Values: oracleNoise(want.Salt, Shape(want.Shape).Size(), 1)}
		if rows := len(a.Values) / columns; rows < columns { // Keras draws the transposed matrix then
			drawn := slices.Clone(a.Values)
			for i := range drawn {
				a.Values[i] = drawn[i%columns*rows+i/columns]
			}
		}
		orthogonalize(a, want.Gain)
		near(t, fmt.Sprintf("orthogonal %v", want.Shape), a.Values, want.Values, 1e-5)
	}
	const n = 200_000
	a := Array{Shape: []int{n}, Values: make([]float32, n)}
	WeightSpec{Init: Gaussian(file.Gaussian.Width)}.draw(rand.New(rand.NewPCG(1, 2)), a)
	var sum, squares float64
	for _, v := range a.Values {
		sum, squares = sum+float64(v), squares+float64(v)*float64(v)
	}
	if std := math.Sqrt(squares / n); math.Abs(std/file.Gaussian.Std-1) > 0.01 || math.Abs(sum/n) > 0.01*std {
		t.Errorf("mean %g, deviation %g: Keras's draw has %g", sum/n, std, file.Gaussian.Std)
	}
}
