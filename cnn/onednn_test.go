package cnn

import (
	"errors"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/gomlx/compute"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
)

// withAndWithoutOneDNN gives the backend with oneDNN's convolutions and with XLA's own, or
// skips the test where there is no oneDNN.
func withAndWithoutOneDNN(t testing.TB) (calls, own compute.Backend) {
	t.Helper()
	backend, err := openBackend()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(backend.Finalize)
	library, _, ok := oneDNNFiles()
	if !ok {
		t.Skipf("%s names no library", oneDNNEnv)
	}
	if _, ok := backend.(accelerated); !ok {
		t.Fatalf("%s=%s, but the backend is %T", oneDNNEnv, library, backend)
	}
	return backend, withoutOneDNN(backend)
}

// What oneDNN computes is what XLA computes, for each form of a convolution, with
// the gradients.
//
// Promise(compute/onednn): Convolutions and matrix multiplications by oneDNN, and pooling by our own loops,
// with bias and ReLU, and their gradients, agree with XLA's within 1e-5. A kernel's gradient has the same
// bits each time; computed over blocks, it agrees with the whole batch's within 1e-4.
func TestOneDNNConvolutionMatchesXLA(t *testing.T) {
	calls, own := withAndWithoutOneDNN(t)
	for name, form := range map[string]func(x, kernel *Node) *Node{
		"same":          func(x, k *Node) *Node { return Convolve(x, k).PadSame().Done() },
		"valid":         func(x, k *Node) *Node { return Convolve(x, k).NoPadding().Done() },
		"stride":        func(x, k *Node) *Node { return Convolve(x, k).Strides(2).NoPadding().Done() },
		"uneven":        func(x, k *Node) *Node { return Convolve(x, k).PaddingPerDim([][2]int{{1, 0}, {0, 2}}).Done() },
		"large kernel":  func(x, k *Node) *Node { return Convolve(SliceAxis(x, 1, AxisRange(0, 3)), k).NoPadding().Done() },
		"channel first": func(x, k *Node) *Node { return channelsFirst(x, k) },
	} {
		t.Run(name, func(t *testing.T) {
			results := func(backend compute.Backend) [][]float32 {
				return computed(t, backend, func(x, kernel *Node) []*Node {
					y := form(x, kernel)
					return append(Gradient(ReduceAllSum(Square(y)), x, kernel), y)
				}, waves(3, 8, 9, 5), waves(3, 3, 5, 4))
			}
			checkConvolution(t, results(own), results(calls))
		})
	}
}

func channelsFirst(x, kernel *Node) *Node {
	axes := ConvolveAxesConfig{
		InputBatch: 0, InputChannels: 1, InputSpatial: []int{2, 3},
		KernelInputChannels: 2, KernelOutputChannels: 3, KernelSpatial: []int{0, 1},
		OutputBatch: 0, OutputChannels: 1, OutputSpatial: []int{2, 3},
	}
	return Convolve(TransposeAllAxes(x, 0, 3, 1, 2), kernel).AxesConfig(axes).NoPadding().Done()
}

// A kernel's gradient by oneDNN is XLA's, and the same to the bit each time.
//
// Promise(compute/onednn)
func TestOneDNNKernelGradient(t *testing.T) {
	calls, own := withAndWithoutOneDNN(t)
	for _, n := range []int{1, 3, 70} {
		for _, padding := range []string{"same", "valid"} {
			for _, side := range []int{1, 2, 3, 5} {
				t.Run(fmt.Sprintf("%d images %s %d", n, padding, side), func(t *testing.T) {
					gradient := func(backend compute.Backend) []float32 {
						return computed(t, backend, func(x, kernel *Node) []*Node {
							dy := MulScalar(convolution(x, kernel, padding), 2)
							return []*Node{blockGradient(x, dy, side, padding)}
						}, waves(n, 7, 6, 8), waves(side, side, 8, 5))[0]
					}
					first, again := gradient(calls), gradient(calls)
					if diff := relativeDifference(gradient(own), first); diff > 1e-5 {
						t.Errorf("differs from XLA's by %g of the largest value", diff)
					}
					if !slices.Equal(first, again) {
						t.Error("a second run gives other bits")
					}
				})
			}
		}
	}
}

// If the library that CNNBOOK_ONEDNN names does not load, that is an error: there is no
// silent fallback.
//
// Promise(compute/onednn-refused): A oneDNN library that does not load is reported in one line, and
// set-up continues without it. With an unknown version of oneDNN or of the plugin, XLA computes
// everything.
func TestOneDNNThatDoesNotLoad(t *testing.T) {
	withAndWithoutOneDNN(t)
	file := filepath.Join(t.TempDir(), "libdnnl.so.3")
	if err := os.WriteFile(file, []byte("not a library"), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, library := range []string{file, filepath.Join(t.TempDir(), "missing.so")} {
		t.Setenv(oneDNNEnv, library)
		_, err := openBackend()
		if !errors.Is(err, ErrBackend) || !strings.Contains(err.Error(), library) || !strings.Contains(err.Error(), oneDNNEnv) {
			t.Errorf("%s: error %v, want one of class ErrBackend that names it and the variable", library, err)
		}
	}
}

// With a version of oneDNN that is not known to work, XLA computes everything, and standard
// error says so in one line, once.
//
// Promise(compute/onednn-refused)
func TestUnknownOneDNNLeavesAllToXLA(t *testing.T) {
	withAndWithoutOneDNN(t)
	library := fakeOneDNN(t, 4, 0)
	t.Setenv(oneDNNEnv, library)
	said := standardError(t, func() {
		for range 2 {
			backend, err := openBackend()
			if err != nil {
				t.Fatal(err)
			}
			defer backend.Finalize()
			if _, ok := backend.(accelerated); ok {
				t.Error("the backend calls oneDNN 4.0")
			}
			got := computed(t, backend, func(x, y *Node) []*Node { return []*Node{Dot(x, y).Product()} }, waves(2, 3), waves(3, 2))
			if len(got[0]) != 4 {
				t.Errorf("a matrix multiplication gives %d values, want 4", len(got[0]))
			}
		}
	})
	if strings.Count(said, "\n") != 1 || !strings.Contains(said, library+" is oneDNN 4.0.0") || !strings.Contains(said, oneDNNEnv) {
		t.Errorf("standard error %q, want one line that names the library, its version and the variable", said)
	}
}

// fakeOneDNN compiles a library that says it is oneDNN of that version, and has nothing else.
func fakeOneDNN(t *testing.T, major, minor int) string {
	t.Helper()
	dir := t.TempDir()
	source, library := filepath.Join(dir, "fake.c"), filepath.Join(dir, "libdnnl.so.3")
	code := fmt.Sprintf("static const int version[3] = {%d, %d, 0};\nconst void* dnnl_version(void) { return version; }\n", major, minor)
	if err := os.WriteFile(source, []byte(code), 0o644); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command("cc", "-shared", "-fPIC", "-o", library, source).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return library
}

// standardError returns what act writes to standard error.
func standardError(t *testing.T, act func()) string {
	t.Helper()
	file, err := os.Create(filepath.Join(t.TempDir(), "stderr"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	own := os.Stderr
	os.Stderr = file
	defer func() { os.Stderr = own }()
	act()
	said, err := os.ReadFile(file.Name())
	if err != nil {
		t.Fatal(err)
	}
	return string(said)
}

// With a bias and a ReLU as parts of its call, a convolution has the values and
// gradients that it has without.
//
// Promise(compute/onednn)
func TestFusedConvolutionIsTheConvolution(t *testing.T) {
	calls, own := withAndWithoutOneDNN(t)
	for name, after := range map[string]func(y, bias *Node) *Node{
		"bias":             func(y, bias *Node) *Node { return biased(y, bias) },
		"ReLU":             func(y, _ *Node) *Node { return relu(y) },
		"bias, ReLU":       func(y, bias *Node) *Node { return relu(biased(y, bias)) },
		"bias, ReLU twice": func(y, bias *Node) *Node { return relu(relu(biased(biased(y, bias), bias))) },
		"ReLU, bias":       func(y, bias *Node) *Node { return biased(relu(y), bias) },
		"another use":      func(y, bias *Node) *Node { return Mul(y, relu(biased(y, bias))) },
		"a feature map":    func(y, _ *Node) *Node { return relu(Add(y, Sin(y))) },
		"one":              func(y, _ *Node) *Node { return Max(y, ScalarOne(y.Graph(), y.DType())) },
	} {
		t.Run(name, func(t *testing.T) {
			results := func(backend compute.Backend) [][]float32 {
				return computed(t, backend, func(x, kernel *Node) []*Node {
					bias := Reshape(Slice(kernel, AxisRange(0, 1), AxisRange(0, 1), AxisRange(0, 1)), 4)
					y := after(Convolve(x, kernel).PadSame().Done(), bias)
					return append(Gradient(ReduceAllSum(Square(y)), x, kernel), y)
				}, waves(3, 8, 9, 5), waves(3, 3, 5, 4))
			}
			checkConvolution(t, results(own), results(calls))
		})
	}
}

// Max pooling, alone, after a ReLU and before one, has XLA's values and gradients, also where
// rows fill no window, and so has the bias whose gradient comes with them.
//
// Promise(compute/onednn)
func TestPoolingByCallsMatchesXLA(t *testing.T) {
	calls, own := withAndWithoutOneDNN(t)
	for name, form := range map[string]func(x, bias *Node) *Node{
		"pool 2":     func(x, bias *Node) *Node { return maxPool(biased(x, bias), 2) },
		"pool 3":     func(x, bias *Node) *Node { return maxPool(biased(x, bias), 3) },
		"ReLU":       func(x, bias *Node) *Node { return relu(biased(x, bias)) },
		"ReLU, pool": func(x, bias *Node) *Node { return maxPool(relu(biased(x, bias)), 2) },
		"pool, ReLU": func(x, bias *Node) *Node { return relu(maxPool(biased(x, bias), 2)) },
		"two uses":   func(x, bias *Node) *Node { y := relu(biased(x, bias)); return Add(maxPool(y, 2), ReduceAllSum(y)) },
		"above a one": func(x, bias *Node) *Node {
			y := biased(x, bias)
			return Where(GreaterThan(y, OnesLike(y)), y, ZerosLike(y))
		},
	} {
		for _, n := range []int{1, 3, 70} {
			t.Run(fmt.Sprintf("%s, %d images", name, n), func(t *testing.T) {
				results := func(backend compute.Backend) [][]float32 {
					return computed(t, backend, func(x, bias *Node) []*Node {
						y := form(x, bias)
						return append(Gradient(ReduceAllSum(Square(y)), x, bias), y)
					}, waves(n, 7, 9, 16), waves(16))
				}
				checkConvolution(t, results(own), results(calls))
			})
		}
	}
}

// The first of a window's largest values gets its gradient, as in TensorFlow, and a NaN
// counts as the largest.
//
// Promise(compute/onednn)
func TestPoolingByCallsWithTiesAndNaN(t *testing.T) {
	calls, _ := withAndWithoutOneDNN(t)
	const channels = 8
	nan := float32(math.NaN())
	x, want := make([]float32, 4*channels), make([]float32, 4*channels)
	for k := range channels {
		x[k], x[channels+k], x[2*channels+k], x[3*channels+k] = 1, 2, 2, 0
		want[channels+k] = 1
	}
	x[3*channels] = nan
	want[channels] = 0
	got := computed(t, calls, func(x, _ *Node) []*Node {
		y := maxPool(x, 2)
		return append(Gradient(ReduceAllSum(y), x), y)
	}, tensors.FromFlatDataAndDimensions(x, 1, 2, 2, channels), waves(1))
	if y := got[1]; y[0] == y[0] || y[1] != 2 {
		t.Errorf("largest %v, want NaN, then 2", y)
	}
	if got[0][3*channels] = 0; !slices.Equal(got[0], want) {
		t.Errorf("gradient %v, want %v", got[0], want)
	}
}

// Each way in which two matrices can be multiplied gives the same by oneDNN as
// by XLA.
//
// Promise(compute/onednn)
func TestOneDNNMatrixMultiplicationMatchesXLA(t *testing.T) {
	calls, own := withAndWithoutOneDNN(t)
	for _, axes := range [][2]int{{0, 0}, {0, 1}, {1, 0}, {1, 1}} {
		t.Run(fmt.Sprint(axes), func(t *testing.T) {
			a, b := []int{7, 7}, []int{7, 7}
			a[1-axes[0]], b[1-axes[1]] = 5, 9
			results := func(backend compute.Backend) []float32 {
				return computed(t, backend, func(x, y *Node) []*Node {
					return []*Node{DotGeneral(x, axes[:1], nil, y, axes[1:], nil)}
				}, waves(a...), waves(b...))[0]
			}
			if diff := relativeDifference(results(own), results(calls)); diff > 1e-5 {
				t.Errorf("differs by %g of the largest value", diff)
			}
		})
	}
}

// BenchmarkConvolution times the forms of the write-up's convolutions and of
// their kernels' gradients on batches of 500, for the table in
// graph_convolution.go.
func BenchmarkConvolution(b *testing.B) {
	calls, own := withAndWithoutOneDNN(b)
	const n = 500
	for _, layer := range []struct{ side, in, out int }{{32, 3, 32}, {32, 32, 32}, {16, 32, 64}, {16, 64, 64}} {
		x, kernel := waves(n, layer.side, layer.side, layer.in), waves(3, 3, layer.in, layer.out)
		dy := waves(n, layer.side, layer.side, layer.out)
		flops := 2 * float64(dy.Shape().Size()) * float64(9*layer.in)
		forward := func(x, kernel *Node) []*Node { return corner(convolution(x, kernel, "same")) }
		gradient := func(form func(x, dy *Node, side int, padding string) *Node) func(x, dy *Node) []*Node {
			return func(x, dy *Node) []*Node { return []*Node{form(x, dy, 3, "same")} }
		}
		for _, form := range []struct {
			name    string
			backend compute.Backend
			graph   func(x, other *Node) []*Node
			other   *tensors.Tensor
		}{
			{"forward/XLA", own, forward, kernel},
			{"forward/oneDNN", calls, forward, kernel},
			{"gradient/whole", own, gradient(blockGradient), dy},
			{"gradient/blocks", own, gradient(blocksGradient), dy},
			{"gradient/oneDNN", calls, gradient(blockGradient), dy},
		} {
			b.Run(fmt.Sprintf("side=%d/%dto%d/%s", layer.side, layer.in, layer.out, form.name), func(b *testing.B) {
				x, other := cloned(b, x), cloned(b, form.other)
				compiled, err := NewExec(form.backend, form.graph)
				if err != nil {
					b.Fatal(err)
				}
				call := func() {
					if _, err := compiled.Call(x, other); err != nil {
						b.Fatal(err)
					}
				}
				call() // compiles, and sends what it computes with
				for b.Loop() {
					call()
				}
				b.ReportMetric(flops/1e9*float64(b.N)/b.Elapsed().Seconds(), "GFLOPS")
			})
		}
	}
}

// corner is a part of y, so that little is copied back.
func corner(y *Node) []*Node {
	return []*Node{Slice(y, AxisRange(0, 1), AxisRange(0, 1))}
}
