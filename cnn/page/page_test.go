package page_test

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/cnnbook/cnnbook/cifar"
	"github.com/cnnbook/cnnbook/cnn"
	"github.com/cnnbook/cnnbook/cnn/page"
	"github.com/cnnbook/cnnbook/cnn/page/internal/compile"
	"github.com/cnnbook/cnnbook/internal/pagenet"
	"github.com/cnnbook/cnnbook/internal/testplugin"
)

func TestMain(m *testing.M) {
	if err := testplugin.Apply(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(m.Run())
}

// light is a network that learns in seconds, with the kinds of layers that the write-up's has.
func light() cnn.Architecture {
	a := cnn.Architecture{Name: "light", Input: cnn.Shape{32, 32, 3}}
	for i, filters := range []int{16, 32, 64} {
		a.Layers = append(a.Layers,
			cnn.Conv2D{Name: fmt.Sprint("conv", i), Filters: filters, Kernel: 3, Padding: "same"},
			cnn.Activation{Name: fmt.Sprint("relu", i), Function: "relu"},
			cnn.MaxPooling2D{Name: fmt.Sprint("pool", i), Size: 2})
	}
	a.Layers = append(a.Layers, cnn.Flatten{Name: "flatten"}, cnn.Dropout{Name: "dropout", Rate: 0.25},
		cnn.Dense{Name: "output", Units: 10}, cnn.Activation{Name: "softmax", Function: "softmax"})
	return a
}

func trained(t *testing.T, network cnn.Architecture, config func(*cifar.Dataset) cnn.Config) (*cnn.Run, *cifar.Dataset) {
	t.Helper()
	train, test := cifar.Drawn(1, 1000, 100)
	r, err := cnn.OpenRun(t.TempDir(), cnn.Spec{Name: "small", Network: network, Train: train, Valid: test.Head(20), Config: config(train)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(r.Close)
	if err := r.Train(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	return r, test
}

func made(t *testing.T, r *cnn.Run, test *cifar.Dataset, bits int) *page.Page {
	t.Helper()
	p, err := page.Make(t.Context(), r, test, page.Options{Bits: bits})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// Two trained networks of different kinds, asked in the page's evaluator and by cnn about 100 test images each.
//
// Promise(pages/network): A page with a network gives the trained network's probabilities on 100 test images: within 0.001 with weights
// of 16 bits and within 0.05 with 8, measured and stated in each page. The parts that an answer hangs on are those of a plain recomputation.
func TestAnswersAgree(t *testing.T) {
	for _, test := range []struct {
		network cnn.Architecture
		config  func(*cifar.Dataset) cnn.Config
		right   int // at least: agreement of a network that has learnt nothing says little
	}{
		{light(), func(*cifar.Dataset) cnn.Config {
			return cnn.Config{Optimizer: cnn.Adam{}, Schedule: cnn.OneCycle{Max: 0.005}, Batch: 50, Epochs: 8}
		}, 40},
		{cnn.FastOfWidths(8, 16, 16), func(d *cifar.Dataset) cnn.Config { return cnn.FastTraining(d, 3) }, 15},
	} {
		t.Run(test.network.Name, func(t *testing.T) {
			r, images := trained(t, test.network, test.config)
			for bits, limit := range map[int]float64{16: 0.001, 8: 0.05} {
				p := made(t, r, images, bits)
				t.Logf("%d bits: %d bytes, page %d; largest difference %.2g, the same class for %d, right %d", bits, len(p.Network), len(p.HTML), p.Largest, p.Same, p.Right)
				if p.Images != 100 || p.Largest > limit || p.Largest == 0 || bits == 16 && p.Same < 99 {
					t.Errorf("%d bits: %d images, largest difference %g, the same class for %d", bits, p.Images, p.Largest, p.Same)
				}
				if p.Right < test.right {
					t.Errorf("right for %d of %d", p.Right, p.Images)
				}
				if len(p.Network) > page.SmallBytes || len(p.HTML) > 2_000_000 {
					t.Errorf("%d bits: the network takes %d bytes, the page %d", bits, len(p.Network), len(p.HTML))
				}
			}
			checkOcclusion(t, r, images, made(t, r, images, 16))
		})
	}
}

// checkOcclusion hides each part of the first image that the page shows with loops of its own, asks cnn about all of them, and
// compares with what the page shows.
func checkOcclusion(t *testing.T, r *cnn.Run, test *cifar.Dataset, p *page.Page) {
	t.Helper()
	const side, step, rows = 8, 4, 9 // of images of 32×32
	var mean [3]int
	for i, v := range p.First.Pixels {
		mean[i%3] += int(v)
	}
	hidden := test.Head(1 + rows*rows)
	hidden.Images = nil
	for part := -1; part < rows*rows; part++ {
		for c := range 3 {
			for y := range 32 {
				for x := range 32 {
					v := p.First.Pixels[(y*32+x)*3+c]
					top, left := (part/rows-1)*step, (part%rows-1)*step
					if part >= 0 && y >= top && y < top+side && x >= left && x < left+side {
						v = byte(math.Round(float64(mean[c]) / 1024))
					}
					hidden.Images = append(hidden.Images, v)
				}
			}
		}
	}
	result, err := r.Evaluate(t.Context(), hidden, nil)
	if err != nil {
		t.Fatal(err)
	}
	class := pagenet.Best(p.First.Probabilities)
	if class != result.Predicted[0] {
		t.Fatalf("the answer is %d, want %d", class, result.Predicted[0])
	}
	var fall, covers [32 * 32]float64
	most := 0.0
	for part := range rows * rows {
		drop := result.Probabilities[0][class] - result.Probabilities[part+1][class]
		most = max(most, drop)
		for y := range 32 {
			for x := range 32 {
				if at := y/step - part/rows; (at == 0 || at == -1) && (x/step-part%rows == 0 || x/step-part%rows == -1) {
					fall[y*32+x] += drop
					covers[y*32+x]++
				}
			}
		}
	}
	if math.Abs(most-p.First.Drop) > 0.002 {
		t.Errorf("the largest fall is %g, want %g", p.First.Drop, most)
	}
	largest := 0.01
	for i := range fall {
		fall[i] /= covers[i]
		largest = max(largest, fall[i])
	}
	for i, f := range fall {
		for c := range 3 {
			want := float64(p.First.Pixels[3*i+c]) * (0.125 + 0.875*max(0, f)/largest)
			if got := float64(p.First.Lit[3*i+c]); math.Abs(got-want) > 3 {
				t.Fatalf("pixel %d shines with %g, want %g", i, got, want)
			}
		}
	}
}

// filled has weights unlike those of a beginning: biases, and moving statistics.
func filled(t *testing.T, a cnn.Architecture) cnn.Weights {
	t.Helper()
	weights, err := a.Initialize(3)
	if err != nil {
		t.Fatal(err)
	}
	rng := rand.New(rand.NewPCG(1, 2))
	for _, w := range weights {
		for i := range w.Values {
			w.Values[i] = w.Values[i]*3 + float32(rng.Float64()-0.5)/4
			if strings.HasSuffix(w.Name, "variance") {
				w.Values[i] = float32(0.3 + rng.Float64())
			}
		}
	}
	return weights
}

// Each layer and activation is computed as cnn does, with weights that are not trained.
func TestEveryLayer(t *testing.T) {
	_, test := cifar.Drawn(2, 10, 30)
	a := cnn.Architecture{Name: "all", Input: cnn.Shape{32, 32, 3}, Layers: []cnn.Layer{
		cnn.Conv2D{Name: "conv", Filters: 6, Kernel: 4, Padding: "same", Stride: 3},
		cnn.BatchNormalization{Name: "norm"},
		cnn.ZeroPadding2D{Name: "zeros", Top: 1, Left: 2, Right: 1},
		cnn.DepthwiseConv2D{Name: "depthwise", Kernel: 2, Padding: "same", Multiplier: 2},
		cnn.BatchNormalization{Name: "norm2", NoScale: true, Epsilon: 1e-5},
		cnn.SeparableConv2D{Name: "separable", Filters: 7, Kernel: 3},
		cnn.BatchNormalization{Name: "norm3", NoCenter: true},
		cnn.LeakyReLU{Name: "leaky"},
		cnn.AveragePooling2D{Name: "average", Size: 3, Stride: 1, Padding: "same"},
		cnn.WindowMaxPooling2D{Name: "window", Size: 2, Stride: 1, Padding: "same"},
		cnn.MaxPooling2D{Name: "max", Size: 2},
	}}
	for _, function := range cnn.Activations() {
		if function == "softmax" {
			continue
		}
		a.Layers = append(a.Layers,
			cnn.Conv2D{Name: function + "-conv", Filters: 9, Kernel: 1},
			cnn.BatchNormalization{Name: function + "-norm"},
			cnn.Activation{Name: function, Function: function})
	}
	a.Layers = append(a.Layers,
		cnn.Conv2D{Name: "valid", Filters: 8, Kernel: 2, NoBias: true},
		cnn.GlobalAveragePooling2D{Name: "mean"},
		cnn.Dropout{Name: "dropout", Rate: 0.5},
		cnn.Rescaling{Name: "scale", Scale: 2, Offset: -1},
		cnn.Dense{Name: "dense", Units: 10},
		cnn.Activation{Name: "softmax", Function: "softmax"})
	for _, preprocess := range []cnn.Preprocess{{}, {Raw: true}, {Pixels: cnn.Standardizing([]float64{0.5, 0.4, 0.3}, []float64{0.2, 0.3, 0.25})}} {
		r, err := cnn.Import(t.TempDir(), "all", cnn.Foreign{Network: a, Weights: filled(t, a), Source: "test", Preprocess: preprocess})
		if err != nil {
			t.Fatal(err)
		}
		p := made(t, r, test, 16)
		r.Close()
		t.Logf("%s: largest difference %.2g", preprocess, p.Largest)
		if p.Largest > 0.01 || p.Largest == 0 || p.Same < p.Images-1 {
			t.Errorf("%s: largest difference %g, the same class for %d of %d", preprocess, p.Largest, p.Same, p.Images)
		}
		if !bytes.Contains(p.HTML, []byte("Its file names no classes")) {
			t.Errorf("%s: the page does not say that the classes have no names", preprocess)
		}
	}
}

// unknown is a layer that no page knows.
type unknown struct{ cnn.Flatten }

func (unknown) Kind() string { return "Unknown" }

func TestEncodeRefuses(t *testing.T) {
	of := func(layers ...cnn.Layer) cnn.Architecture {
		return cnn.Architecture{Input: cnn.Shape{4, 4, 3}, Layers: append(layers, cnn.Dense{Name: "dense", Units: 2}, cnn.Activation{Name: "softmax", Function: "softmax"})}
	}
	flat := cnn.Flatten{Name: "flat"}
	five := of(flat)
	five.Input = cnn.Shape{4, 4, 5}
	for want, a := range map[string]cnn.Architecture{
		`layer 1, "odd": a page cannot compute a Unknown`:                  of(unknown{cnn.Flatten{Name: "odd"}}),
		`a page shows pictures with 1 or 3 channels, the network takes 5`:  five,
		`layer 1, "wide": a page computes windows and strides up to 1,024`: of(cnn.Conv2D{Name: "wide", Filters: 1, Kernel: 1, Stride: 2000}, flat),
		`the network ends in shape (None, 2), the data has 3 classes`:      of(flat),
		`weights of 4 bits: choose 8 or 16`:                                of(flat),
	} {
		weights, err := a.Initialize(1)
		if err != nil {
			t.Fatal(err)
		}
		classes, bits := []string{"a", "b"}, 8
		if strings.Contains(want, "3 classes") {
			classes = append(classes, "c")
		}
		if strings.Contains(want, "4 bits") {
			bits = 4
		}
		if _, err := page.Encode(a, weights, cnn.Preprocess{}, classes, bits); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %s", err, want)
		}
	}
	a := of(flat)
	weights, err := a.Initialize(1)
	if err != nil {
		t.Fatal(err)
	}
	weights[0].Values[0] = float32(math.NaN())
	if _, err := page.Encode(a, weights, cnn.Preprocess{}, []string{"a", "b"}, 8); !errors.Is(err, cnn.ErrFormat) {
		t.Errorf("a NaN among the weights: %v", err)
	}
}

// The evaluator that is embedded is the one that its sources give: with the same Go version byte by byte, with another one by the
// hash of the sources.
func TestEvaluatorIsCurrent(t *testing.T) {
	const again = "go generate ./cnn/page writes it again"
	want, err := os.ReadFile(filepath.Join("evaluator", compile.Version))
	if err != nil {
		t.Fatal(err)
	}
	now, err := compile.Current()
	if err != nil {
		t.Fatal(err)
	}
	wantGo, wantSources, _ := strings.Cut(string(want), "\n")
	nowGo, nowSources, _ := strings.Cut(now, "\n")
	if wantSources != nowSources {
		t.Fatalf("the sources of the evaluator have changed: %s", again)
	}
	files, err := compile.Files() // it compiles in any case
	if err != nil {
		t.Fatal(err)
	}
	if wantGo != nowGo {
		t.Logf("compiled by %s, this is %s: not compared byte by byte", wantGo, nowGo)
		return
	}
	for name, data := range files {
		if found, err := os.ReadFile(filepath.Join("evaluator", name)); err != nil || !bytes.Equal(found, data) {
			t.Errorf("%s is another one now (%v): %s", name, err, again)
		}
	}
}

// The network's file of the write-up's own network, whose weights take more than a small page's, has 8 bits by default.
func TestLargeNetworksHaveFewerBits(t *testing.T) {
	a := cnn.WriteUp()
	weights, err := a.Initialize(1)
	if err != nil {
		t.Fatal(err)
	}
	r, err := cnn.Import(t.TempDir(), "large", cnn.Foreign{Network: a, Weights: weights, Source: "test"})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	_, test := cifar.Drawn(1, 10, 3)
	p, err := page.Make(t.Context(), r, test, page.Options{})
	if err != nil {
		t.Fatal(err)
	}
	n, err := pagenet.Parse(p.Network)
	if err != nil || p.Bits != 8 || len(p.Network) > 2_200_000 {
		t.Errorf("%d bits, %d bytes, %v", p.Bits, len(p.Network), err)
	}
	if n.Products < 20e6 || n.Products > 40e6 {
		t.Errorf("%d multiplications", n.Products)
	}
	if p.Images != 3 {
		t.Errorf("%d images", p.Images)
	}
	if _, err := page.Make(t.Context(), r, nil, page.Options{}); !errors.Is(err, cnn.ErrConfig) {
		t.Errorf("without images: %v", err)
	}
}
