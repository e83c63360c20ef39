package cnn

import (
	"encoding/json"
	"errors"
	"math"
	"reflect"
	"strings"
	"testing"

	"github.com/cnnbook/cnnbook/cifar"
	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
)

// The whitening matrix is U·(λ + ε)^(−1/2)·Uᵀ with the covariance's eigenvectors and eigenvalues, which another method finds.
func TestZCAIsTheEigenvectors(t *testing.T) {
	backend := testBackend(t)
	const n, size = 200, 24
	images := oracleNoise(5, n*size, 1)
	for i := range images { // correlated, with eigenvalues that differ by far
		if i%size > 0 {
			images[i] = 0.9*images[i-1] + 0.1*images[i]
		}
		images[i] += 0.5
	}
	for _, epsilon := range []float64{0.1, 1e-5} {
		mean, kernel, err := zca(backend, images, size, epsilon)
		if err != nil {
			t.Fatal(err)
		}
		exact := make([]float64, size)
		for i, v := range images {
			exact[i%size] += float64(v) / n
		}
		covariance := make([][]float64, size)
		for i := range covariance {
			covariance[i] = make([]float64, size)
			for j := range covariance[i] {
				for k := range n {
					covariance[i][j] += (float64(images[k*size+i]) - exact[i]) * (float64(images[k*size+j]) - exact[j]) / n
				}
			}
		}
		values, vectors := eigen(covariance)
		want := make([]float32, size*size)
		for i := range want {
			sum := 0.0
			for k, v := range values {
				sum += vectors[k][i/size] * vectors[k][i%size] / math.Sqrt(v+epsilon)
			}
			want[i] = float32(sum)
		}
		near(t, "kernel", kernel, want, 1e-5)
		for i, v := range mean {
			if math.Abs(float64(v)-exact[i]) > 1e-6 {
				t.Errorf("mean %d is %g, want %g", i, v, exact[i])
			}
		}
		// What it is for: whitened images have a covariance near 1, without an epsilon.
		if epsilon == 1e-5 {
			white(t, images, mean, kernel, size)
		}
	}
}

// white checks that images are uncorrelated once they are whitened, with a variance of 1.
func white(t *testing.T, images, mean, kernel []float32, size int) {
	layer, shape := ZCAWhitening{Name: "zca"}, Shape{size, 1, 1}
	n := len(images) / size
	out, err := graph.CallOnce(testBackend(t), func(x, mean, kernel *graph.Node) *graph.Node {
		return layer.build(x, []*graph.Node{mean, kernel})
	}, tensors.FromFlatDataAndDimensions(images, n, shape[0], 1, 1), mean, tensors.FromFlatDataAndDimensions(kernel, size, size))
	if err != nil {
		t.Fatal(err)
	}
	y := values(t, out)
	for i := range size {
		for j := range i + 1 {
			sum, want := 0.0, 0.0
			for k := range n {
				sum += float64(y[k*size+i]) * float64(y[k*size+j]) / float64(n)
			}
			if i == j {
				want = 1
			}
			if math.Abs(sum-want) > 0.02 {
				t.Errorf("covariance %d, %d is %g, want %g", i, j, sum, want)
			}
		}
	}
}

// zcaSpec is a training on whitened images of 6×5.
func zcaSpec(t *testing.T) Spec {
	t.Helper()
	small := func(salt, n int) *cifar.Dataset {
		d := &cifar.Dataset{Name: "small", Names: []string{"a", "b", "c"}, Height: 6, Width: 5, Channels: 3, Drawn: true, Images: oraclePixels(salt, n, 3, 6, 5)}
		for i := range n {
			d.Labels = append(d.Labels, uint8(i%3))
		}
		return d
	}
	spec := tinySpec(t)
	spec.Train, spec.Valid = small(1, 90), small(2, 30)
	spec.Network = Architecture{Input: Shape{6, 5, 3}, Layers: []Layer{
		ZCAWhitening{Name: "zca"}, Conv2D{Name: "conv", Filters: 3, Kernel: 3}, Flatten{Name: "flatten"}, Dense{Name: "dense", Units: 3}, Activation{Name: "softmax", Function: "softmax"},
	}}
	return spec
}

// Promise(runs/resume) with whitened images
func TestZCAResumesExactly(t *testing.T) {
	spec := zcaSpec(t)
	whole := resumesExactly(t, spec)
	start := openTiny(t, t.TempDir(), spec)
	if !reflect.DeepEqual(whole.weights[:2], start.weights[:2]) {
		t.Error("mean or matrix has changed in the training")
	}
	if len(start.slots) != 4 {
		t.Errorf("%d slots, want those of a convolution and a dense layer", len(start.slots))
	}
	data, err := json.Marshal(spec.Network)
	if err != nil {
		t.Fatal(err)
	}
	var back Architecture
	if err := json.Unmarshal(data, &back); err != nil || !reflect.DeepEqual(back, spec.Network) {
		t.Errorf("%s, %v", data, err)
	}
	forward, training, err := spec.Network.Operations()
	conv, dense := int64(2*4*3*9*3*3), int64(2*36*3)
	if whiten := int64(2 * 90 * 90); err != nil || forward != whiten+conv+dense || training != whiten+2*conv+3*dense {
		t.Errorf("%d and %d operations, %v", forward, training, err)
	}
	for want, l := range map[string][]Layer{
		"only the first layer can be a ZCAWhitening": {Rescaling{Name: "r", Scale: 1}, ZCAWhitening{Name: "zca"}},
		"epsilon must be at least 0":                 {ZCAWhitening{Name: "zca", Epsilon: -1}},
		"images must be at least 0":                  {ZCAWhitening{Name: "zca", Images: -1}},
	} {
		changed := spec
		changed.Network.Layers = append(l, spec.Network.Layers[1:]...)
		if _, err := OpenRun(t.TempDir(), changed); !errors.Is(err, ErrArchitecture) || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want an error with %q", err, want)
		}
	}
	if _, err := (ZCAWhitening{Name: "zca"}).Output(Shape{64, 64, 3}); err == nil || !strings.Contains(err.Error(), "at most 8192") {
		t.Error(err)
	}
}
