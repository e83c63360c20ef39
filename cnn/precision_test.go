package cnn

import (
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"

	"github.com/cnnbook/cnnbook/cifar"
)

// needBFloat16 skips a test that trains in bfloat16 on a machine where that is refused.
func needBFloat16(t *testing.T) {
	t.Helper()
	backend, err := openBackend()
	if err != nil {
		t.Fatal(err)
	}
	defer backend.Finalize()
	if err := BFloat16.worthwhile(backend); err != nil {
		t.Skip(err)
	}
}

// Promise(compute/bfloat16): Losses in bfloat16 stay within 1 % of float32's.
func TestBFloat16TrainsAlmostAsFloat32(t *testing.T) {
	needBFloat16(t)
	spec := tinySpec(t)
	whole := trainTiny(t, t.TempDir(), spec)
	spec.Config.Precision = BFloat16
	half := trainTiny(t, t.TempDir(), spec)
	compareLosses(t, whole, half)
	// A run that is loaded read-only evaluates in the precision of its training.
	loaded, err := LoadRun(half.Dir)
	if err != nil {
		t.Fatal(err)
	}
	defer loaded.Close()
	want, err := half.Evaluate(t.Context(), spec.Valid, nil)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := loaded.Evaluate(t.Context(), spec.Valid, nil); err != nil || got.Loss != want.Loss {
		t.Errorf("loaded: %v, %v; want loss %v", got, err, want.Loss)
	}
}

func TestUnknownPrecision(t *testing.T) {
	spec := tinySpec(t)
	spec.Config.Precision = "half"
	if _, err := OpenRun(t.TempDir(), spec); !errors.Is(err, ErrConfig) || !strings.Contains(err.Error(), `precision "half"`) {
		t.Errorf("got %v", err)
	}
}

// compareLosses checks that the losses of a run in bfloat16 are almost those of one in float32.
func compareLosses(t *testing.T, whole, half *Run) {
	t.Helper()
	largest, sum := 0.0, 0.0
	for i, a := range whole.History.Steps {
		b := half.History.Steps[i]
		diff := math.Abs(a.Loss-b.Loss) / a.Loss
		if diff > 0.01 {
			t.Errorf("step %d: loss %v in float32, %v in bfloat16", a.Step, a.Loss, b.Loss)
		}
		largest, sum = max(largest, diff), sum+diff
	}
	steps := whole.History.Steps
	t.Logf("%d steps, loss %.4f to %.4f: bfloat16 differs by up to %.5f of it, by %.5f on average",
		len(steps), steps[0].Loss, steps[len(steps)-1].Loss, largest, sum/float64(len(steps)))
	if largest == 0 {
		t.Error("bfloat16 changes nothing")
	}
}

// curveSteps is the number of steps of TestBFloat16Curve, at the write-up's batch of 500; without it, the test does a few
// small ones.
const curveSteps = "CNNBOOK_TEST_CURVE"

// The write-up's network has almost the same losses in bfloat16. For as many steps as one likes:
//
//	CNNBOOK_TEST_CURVE=200 go test ./cnn -run TestBFloat16Curve -v -timeout 30m
//
// Promise(compute/bfloat16)
func TestBFloat16Curve(t *testing.T) {
	needBFloat16(t)
	steps, batch := 12, 40
	if text := os.Getenv(curveSteps); text != "" {
		var err error
		if steps, err = strconv.Atoi(text); err != nil || steps < 1 || steps > 100 && steps%100 != 0 {
			t.Fatalf("%s=%s: expected a number from 1 to 100, or of hundreds", curveSteps, text)
		}
		batch = 500
	}
	perEpoch := min(steps, 100)
	train, _ := cifar.Drawn(4, batch*perEpoch, 1)
	spec := Spec{
		Name: "curve", Network: WriteUp(), Train: train, Valid: train.Head(1),
		Config: Config{Schedule: Constant(0.01), Batch: batch, Epochs: steps / perEpoch, Preprocess: Preprocess{Flip: true}},
	}
	whole := trainTiny(t, t.TempDir(), spec)
	whole.Close() // its memory
	spec.Config.Precision = BFloat16
	compareLosses(t, whole, trainTiny(t, t.TempDir(), spec))
}

// A training in bfloat16 that is stopped and resumed ends with the same bits.
//
// Promise(runs/resume) a training in bfloat16
func TestBFloat16ResumeIsExact(t *testing.T) {
	needBFloat16(t)
	train, valid := cifar.Drawn(2, 48, 8)
	spec := Spec{
		Name: "half", Train: train, Valid: valid, Network: WriteUp(),
		Config: Config{Optimizer: Adam{}, Batch: 16, Epochs: 2, Preprocess: Preprocess{Flip: true}, Precision: BFloat16},
	}
	whole, root := trainTiny(t, t.TempDir(), spec), t.TempDir()
	r := openTiny(t, root, spec)
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	err := r.Train(ctx, func(p Progress) {
		if p.Epoch == 2 && p.Step == 1 {
			stop()
		}
	})
	if !errors.Is(err, context.Canceled) {
		t.Fatalf("stopped: %v", err)
	}
	r.Close()
	sameFiles(t, trainTiny(t, root, spec), whole)
}

// In bfloat16, oneDNN and our loops compute what XLA computes in float32 with the same rounded values, up to one rounding
// of feature maps; matrix products and the gradients of kernels and biases are not rounded at all.
//
// Promise(compute/bfloat16-calls): In bfloat16, oneDNN's convolutions and matrix multiplications and our own loops differ from XLA's in
// float32 by one rounding, and gradients of kernels and biases by none.
func TestBFloat16CallsMatchXLA(t *testing.T) {
	needBFloat16(t)
	calls, own := withAndWithoutOneDNN(t)
	const rounding, none = 1.0 / 256, 1e-5
	for _, c := range []struct {
		name  string
		graph func(x, kernel *Node) []*Node // in the type of x: feature maps, then what is not rounded
		x, k  *tensors.Tensor
		exact int // number of outputs that are not rounded, at the end
	}{
		{"convolution", func(x, k *Node) []*Node {
			wide := float32s(k)
			y := convolve(x, as(wide, x.DType()), "same")
			dy := weighted(y)
			return []*Node{y, Gradient(dy, x)[0], Gradient(dy, wide)[0]}
		}, waves(5, 9, 8, 16), waves(3, 3, 16, 32), 1},
		{"three channels", func(x, k *Node) []*Node {
			wide := float32s(k)
			return []*Node{Gradient(weighted(convolve(x, as(wide, x.DType()), "same")), wide)[0]}
		}, waves(3, 32, 32, 3), waves(3, 3, 3, 32), 1},
		{"bias, ReLU", func(x, k *Node) []*Node {
			bias := float32s(Reshape(Slice(k, AxisRange(0, 1), AxisRange(0, 1), AxisRange(0, 1)), -1))
			y := relu(biased(convolve(x, k, "valid"), as(bias, x.DType())))
			return []*Node{y, Gradient(weighted(y), bias)[0]}
		}, waves(5, 9, 8, 16), waves(3, 3, 16, 24), 1},
		{"max pooling", func(x, k *Node) []*Node {
			bias := float32s(Reshape(Slice(k, AxisRange(0, 1)), -1))
			y := maxPool(biased(x, as(bias, x.DType())), 2)
			return []*Node{y}
		}, waves(70, 7, 9, 16), waves(3, 16), 0},
		{"pooling's gradient", func(x, k *Node) []*Node {
			return []*Node{Gradient(weighted(maxPool(relu(x), 2)), x)[0]}
		}, apart(70, 7, 9, 16), waves(1), 0},
		{"dense", func(x, k *Node) []*Node {
			wide := float32s(k)
			y := float32s(product(x, as(wide, x.DType())))
			dy := weighted(y)
			return []*Node{Gradient(dy, x)[0], y, Gradient(dy, wide)[0]}
		}, waves(40, 70), waves(70, 30), 2},
	} {
		t.Run(c.name, func(t *testing.T) {
			results := func(backend compute.Backend, precision dtypes.DType) [][]float32 {
				return computed(t, backend, func(x, k *Node) []*Node {
					outputs := c.graph(as(as(x, dtypes.BFloat16), precision), as(as(k, dtypes.BFloat16), precision))
					for i, y := range outputs {
						outputs[i] = float32s(y)
					}
					return outputs
				}, rounded(c.x), rounded(c.k))
			}
			want, got := results(own, dtypes.Float32), results(calls, dtypes.BFloat16)
			for i := range want {
				limit := rounding
				if i >= len(want)-c.exact {
					limit = none
				}
				if diff := relativeDifference(want[i], got[i]); diff > limit {
					t.Errorf("output %d differs by %g of the largest value, at most %g is expected", i, diff, limit)
				}
			}
		})
	}
}

// apart is an array of that shape without equal values in a window: each of those gets the gradient from XLA.
func apart(shape ...int) *tensors.Tensor {
	values := make([]float32, Shape(shape).Size())
	for i := range values {
		values[i] = float32(i*37%251 - 125)
	}
	return tensors.FromFlatDataAndDimensions(values, shape...)
}

// rounded returns x with values that bfloat16 has exactly.
func rounded(x *tensors.Tensor) *tensors.Tensor {
	values := tensors.MustCopyFlatData[float32](x)
	for i, v := range values {
		values[i] = math.Float32frombits(math.Float32bits(v) &^ 0xffff)
	}
	return tensors.FromFlatDataAndDimensions(values, x.Shape().Dimensions...)
}

// weighted returns a loss of y whose gradient with respect to y has values that bfloat16 has exactly.
func weighted(y *Node) *Node {
	position := Iota(y.Graph(), shapes.Make(dtypes.Float32, y.Shape().Size()), 0)
	weights := Sub(Mod(position, Scalar(y.Graph(), dtypes.Float32, 7)), Scalar(y.Graph(), dtypes.Float32, 3))
	return ReduceAllSum(Mul(float32s(y), Reshape(weights, y.Shape().Dimensions...)))
}

// Where bfloat16 would be slower than float32, a training is refused in one line that says what the processor
// has; an evaluation is not.
//
// Promise(compute/bfloat16-refused): Where bfloat16 would be slower than float32 (no oneDNN, or a processor without AMX), a training is refused in one line with the reason. An evaluation is not.
func TestBFloat16IsRefused(t *testing.T) {
	spec := tinySpec(t)
	spec.Config.Precision = BFloat16
	refused := func(t *testing.T, spec Spec) {
		t.Helper()
		r := openTiny(t, t.TempDir(), spec)
		err := r.Train(t.Context(), nil)
		if !errors.Is(err, ErrBackend) || strings.Contains(err.Error(), "\n") || !strings.Contains(err.Error(), "bfloat16 would be slower than float32 here") {
			t.Fatalf("error %v, want one line of class ErrBackend", err)
		}
		if _, err := r.SearchRate(t.Context(), RateSearch{}, nil); !errors.Is(err, ErrBackend) {
			t.Errorf("a search for the rate: error %v", err)
		}
		if _, err := r.Evaluate(t.Context(), spec.Valid, nil); err != nil {
			t.Errorf("an evaluation: %v", err)
		}
	}
	const limit = "ONEDNN_MAX_CPU_ISA" // oneDNN reads it once
	if os.Getenv(limit) != "" {
		refused(t, spec)
		return
	}
	t.Run("no oneDNN", func(t *testing.T) {
		t.Setenv(oneDNNEnv, "0")
		refused(t, spec)
	})
	t.Run("no instructions", func(t *testing.T) {
		if _, _, ok := oneDNNFiles(); !ok {
			t.Skip("no oneDNN")
		}
		child := exec.Command(os.Args[0], "-test.run=^"+strings.Split(t.Name(), "/")[0]+"$", "-test.v")
		child.Env = append(os.Environ(), limit+"=AVX512_CORE_BF16")
		if out, err := child.CombinedOutput(); err != nil || !strings.Contains(string(out), fmt.Sprintf("--- PASS: %s", strings.Split(t.Name(), "/")[0])) {
			t.Errorf("%v: %s", err, out)
		}
	})
}
