package cnn

import (
	"errors"
	"image"
	"image/draw"
	"slices"
	"strings"
	"testing"

	"github.com/cnnbook/cnnbook/cifar"
)

// larger repeats each pixel of a picture, and adds stripes left and right that are to be cut off.
func larger(img image.Image, times, stripe int) image.Image {
	b := img.Bounds()
	out := image.NewRGBA(image.Rect(0, 0, b.Dx()*times+2*stripe, b.Dy()*times))
	draw.Draw(out, out.Bounds(), image.Black, image.Point{}, draw.Src)
	for y := range b.Dy() * times {
		for x := range b.Dx() * times {
			out.Set(stripe+x, y, img.At(b.Min.X+x/times, b.Min.Y+y/times))
		}
	}
	return out
}

// Promise(files/predict): A picture of any size is answered as the same picture in the test set, with the run's own preprocessing
// and class names.
func TestPredictAsEvaluate(t *testing.T) {
	train, valid := cifar.Drawn(1, 60, 20)
	for name, p := range map[string]Preprocess{"standardised": {}, "divided": {Raw: true}, "as they are": {Pixels: &Pixels{Scale: []float64{1. / 127}, Offset: []float64{-1, -0.9, -1.1}}}} {
		run, err := OpenRun(t.TempDir(), Spec{
			Name: "asked", Network: tiny(), Train: train, Valid: valid,
			Config: Config{Optimizer: SGD{Momentum: 0.9}, Batch: 20, Epochs: 2, Seed: 7, Preprocess: p},
		})
		if err != nil {
			t.Fatal(err)
		}
		if err := run.Train(t.Context(), nil); err != nil {
			t.Fatal(err)
		}
		run.Close()
		loaded, err := LoadRun(run.Dir) // as a command opens it
		if err != nil {
			t.Fatal(err)
		}
		defer loaded.Close()
		want, err := loaded.Evaluate(t.Context(), valid, nil)
		if err != nil {
			t.Fatal(err)
		}
		answers, err := loaded.Predict(t.Context(), valid.Image(3), larger(valid.Image(5), 4, 30))
		if err != nil {
			t.Fatal(err)
		}
		for k, i := range []int{3, 5} {
			a := answers[k]
			for c, p := range a.Probabilities {
				if d := p - want.Probabilities[i][c]; d > 1e-5 || d < -1e-5 {
					t.Errorf("%s, image %d: probability %g of %s, evaluated %g", name, i, p, valid.Names[c], want.Probabilities[i][c])
				}
			}
			if a.Class != want.Predicted[i] || a.Name != valid.Names[a.Class] {
				t.Errorf("%s, image %d: class %d, %q, evaluated %d", name, i, a.Class, a.Name, want.Predicted[i])
			}
		}
		if answers[0].How != "32×32 pixels: as it is" || answers[1].How != "128×188 pixels: 128×128 cut out in the middle, reduced to 32×32" {
			t.Errorf("%q, %q", answers[0].How, answers[1].How)
		}
		if name != "standardised" {
			continue
		}
		if _, err := loaded.Predict(t.Context()); !errors.Is(err, ErrConfig) {
			t.Errorf("no picture: %v", err)
		}
		if _, err := loaded.Predict(t.Context(), image.NewRGBA(image.Rectangle{})); err == nil || !strings.Contains(err.Error(), "picture 0: the picture has no pixels") {
			t.Errorf("a picture without pixels: %v", err)
		}
	}
}

// A network that was imported knows no names of classes: they are numbered.
func TestPredictWithoutNames(t *testing.T) {
	net := tiny()
	weights, err := net.Initialize(1)
	if err != nil {
		t.Fatal(err)
	}
	run, err := ImportRun(t.TempDir(), "theirs", net, weights, "model.keras")
	if err != nil {
		t.Fatal(err)
	}
	defer run.Close()
	_, valid := cifar.Drawn(1, 5, 2)
	answers, err := run.Predict(t.Context(), valid.Image(0))
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(answers[0].Name, "class ") || len(answers[0].Probabilities) != 10 || run.NamesClasses() {
		t.Errorf("answer %+v", answers[0])
	}
}

// A network is not asked about classes that it was not trained on: its answers would be shown under wrong names.
//
// Promise(files/predict)
func TestEvaluateRefusesOtherClasses(t *testing.T) {
	train, valid := cifar.Drawn(1, 20, 10)
	run, err := OpenRun(t.TempDir(), Spec{Name: "asked", Network: tiny(), Train: train, Valid: valid, Config: Config{Epochs: 1, Batch: 10}})
	if err != nil {
		t.Fatal(err)
	}
	defer run.Close()
	other := *valid
	other.Names = slices.Clone(valid.Names)
	other.Names[3] = "tiger"
	_, err = run.Evaluate(t.Context(), &other, nil)
	if want := `the run's class 3 is "cat", that of drawn stand-in test (seed 1) is "tiger"`; !errors.Is(err, ErrMismatch) || !strings.Contains(err.Error(), want) {
		t.Errorf("error %v, want %q", err, want)
	}
}

// Grey images are trained on as colour ones are, with the preprocessing of one channel.
//
// Promise(files/own-images)
func TestTrainOnGreyImages(t *testing.T) {
	d := &cifar.Dataset{Name: "stripes", Names: []string{"dark left", "dark right"}, Height: 6, Width: 8, Channels: 1}
	for i := range 24 {
		for b := range 48 {
			d.Images = append(d.Images, byte(40+150*((b%8/4+i)%2)+b%7+i))
		}
		d.Labels, d.Origin = append(d.Labels, byte(i%2)), append(d.Origin, i)
	}
	net := Architecture{Name: "grey", Input: Shape{6, 8, 1}, Layers: []Layer{
		Conv2D{Name: "conv", Filters: 2, Kernel: 3, Padding: "same"}, Flatten{Name: "flatten"},
		Dense{Name: "dense", Units: 2}, Activation{Name: "softmax", Function: "softmax"},
	}}
	run, err := OpenRun(t.TempDir(), Spec{Name: "grey", Network: net, Train: d, Valid: d, Config: Config{
		Optimizer: Adam{}, Schedule: Constant(0.05), Batch: 8, Epochs: 10, Preprocess: Preprocess{Pixels: &Pixels{Scale: []float64{1. / 127}, Offset: []float64{-1}}},
	}})
	if err != nil {
		t.Fatal(err)
	}
	defer run.Close()
	if err := run.Train(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	result, err := run.Evaluate(t.Context(), d, nil)
	if err != nil || result.Accuracy < 0.9 {
		t.Fatalf("%v, error %v", result, err)
	}
	answers, err := run.Predict(t.Context(), d.Image(0), larger(d.Image(1), 3, 0))
	if err != nil || answers[0].Name != "dark left" || answers[1].Name != "dark right" {
		t.Errorf("%+v, error %v", answers, err)
	}
	if in := run.Preprocess().Inputs(d); len(in) != 24*48 || in[0] != float32(d.Images[0])*float32(1./127)-1 {
		t.Errorf("%d values, the first %g", len(in), in[0])
	}
	colour := *d
	colour.Channels = 3
	colour.Images = append(append(append([]byte{}, d.Images...), d.Images...), d.Images...)
	if _, err := run.Evaluate(t.Context(), &colour, nil); err == nil || !strings.Contains(err.Error(), "the network takes images of 6×8 with 1 channel, these are of 6×8 with 3 channels") {
		t.Errorf("colour images: %v", err)
	}
}
