package exchange

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

	"github.com/cnnbook/cnnbook/cifar"
	"github.com/cnnbook/cnnbook/cnn"
)

// predictionTolerance is the greatest difference allowed between a probability and
// another framework's: float32 sums differ in their order.
const predictionTolerance = 1e-5

// checked lists the lines that an interpreter with everything but PyTorch prints.
var checked = []string{
	"model.h5", "weights.h5", "three.weights.h5", "model.keras", "model.npz", "model.onnx", "model.onnx, one by one",
	"model.onnx, opset", "model.safetensors, arrays", "steps.csv", "epochs.csv",
}

// Keras, onnxruntime, PyTorch, NumPy and pandas load the exported files and predict
// the same; Keras's files are loaded here and predict the same. The test names the
// packages that the Python interpreter lacks.
//
// Promise(agreement/exchange): Files exported for Keras 2.1 to 3, PyTorch, ONNX and NumPy load there
// and predict the same within 1e-5 on 100 images; so do Keras's files when they are imported.
// pandas reads the history. An error names what cannot be read.
// Promise(agreement/exchange) installs Keras and runs it; testdata/keras lists the versions
func TestAgainstTheOthers(t *testing.T) {
	interpreters := pythons(t)
	_, images := cifar.Drawn(3, 10, 100)
	torch := false
	for _, m := range []Model{started(every(t)), pooled(t), filled(t, cnn.WriteUp())} {
		m.Classes = tenClasses() // which the others must ignore
		t.Run(m.Network.Name, func(t *testing.T) {
			want := predict(t, m, images)
			for _, p := range interpreters {
				dir := t.TempDir()
				writeAll(t, dir, m)
				writeNPY(t, filepath.Join(dir, "images.npy"), cnn.Array{Shape: []int{100, 32, 32, 3}, Values: cnn.Inputs(images)})
				writeNPY(t, filepath.Join(dir, "expected.npy"), cnn.Array{Shape: []int{100, 10}, Values: want})
				seen := check(t, p, dir)
				torch = torch || slices.Contains(seen, "model.safetensors")
				if _, err := os.Stat(filepath.Join(dir, "made.npy")); err == nil {
					readMade(t, dir, images)
				}
			}
		})
	}
	t.Run("PyTorch", func(t *testing.T) {
		if !torch {
			t.Skip("no Python here has PyTorch: install torch and safetensors, and name that Python in CNNBOOK_KERAS_PYTHON")
		}
	})
}

// check lets an interpreter load the files in a folder, and returns the names of
// the loaded files.
func check(t *testing.T, p python, dir string) (seen []string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), p.path, filepath.Join("testdata", "check.py"), dir)
	cmd.Env = append(os.Environ(), "PYTHONDONTWRITEBYTECODE=1")
	out, err := cmd.Output()
	if err != nil {
		var exit *exec.ExitError
		if errors.As(err, &exit) {
			out = append(out, exit.Stderr...)
		}
		t.Fatalf("%s: %v\n%s", p.path, err, out)
	}
	t.Logf("%s:\n%s", p.path, out)
	for line := range strings.Lines(string(out)) {
		at := strings.LastIndex(line, " ")
		if strings.HasPrefix(line, "#") || at < 0 {
			continue
		}
		name, difference := line[:at], math.NaN()
		if _, err := fmt.Sscan(line[at:], &difference); err != nil {
			continue // some library talks
		}
		seen = append(seen, name)
		if !(difference <= predictionTolerance) {
			t.Errorf("%s is %g from ours", name, difference)
		}
	}
	for _, name := range checked {
		if p.own && !slices.Contains(seen, name) {
			t.Errorf("%s was not checked", name)
		}
	}
	return seen
}

// writeAll writes a model in every format, and the history of a short training.
func writeAll(t *testing.T, dir string, m Model) {
	t.Helper()
	for name, data := range files(t, m) {
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	train, valid := cifar.Drawn(1, 60, 20)
	run, err := cnn.OpenRun(t.TempDir(), cnn.Spec{
		Name: "short", Train: train, Valid: valid, Config: cnn.Config{Optimizer: cnn.SGD{}, Batch: 20, Epochs: 2},
		Network: cnn.Architecture{Input: cnn.Shape{32, 32, 3}, Layers: []cnn.Layer{
			cnn.GlobalAveragePooling2D{Name: "mean"}, cnn.Dense{Name: "dense", Units: 10}, cnn.Activation{Name: "softmax", Function: "softmax"},
		}},
	})
	if err != nil {
		t.Fatal(err)
	}
	defer run.Close()
	history := filepath.Join(dir, "history")
	if err := errors.Join(run.Train(t.Context(), nil), run.Export("csv", history)); err != nil {
		t.Fatal(err)
	}
	var steps, epochs []float32
	for _, s := range run.History.Steps {
		steps = append(steps, float32(s.Step), float32(s.Epoch), float32(s.Rate), float32(s.Images), float32(s.Loss), float32(s.Accuracy))
	}
	for _, e := range run.History.Epochs {
		epochs = append(epochs, float32(e.Epoch), float32(e.Loss), float32(e.Accuracy), float32(e.ValidLoss), float32(e.ValidAccuracy))
	}
	writeNPY(t, filepath.Join(history, "steps.npy"), cnn.Array{Shape: []int{6, 6}, Values: steps})
	writeNPY(t, filepath.Join(history, "epochs.npy"), cnn.Array{Shape: []int{2, 5}, Values: epochs})
}

// Files from Keras 2.1.6, 2.15 and 3.12, made once by testdata/make.py, are read
// and give Keras's predictions.
//
// Promise(agreement/exchange)
func TestReadsWhatKerasWrote(t *testing.T) {
	for folder, forms := range map[string]int{"keras-2.1.6": 2, "keras-2.15.0": 4, "keras-3.12.0": 3} {
		t.Run(folder, func(t *testing.T) {
			if n := readMade(t, filepath.Join("testdata", folder), makeImages()); n != forms {
				t.Errorf("%d files were read, %d are there", n, forms)
			}
		})
	}
}

// makeImages returns the images of testdata/make.py.
func makeImages() *cifar.Dataset {
	d := &cifar.Dataset{Name: "formula", Names: make([]string, 10), Labels: make([]uint8, 4), Origin: []int{0, 1, 2, 3}}
	for n := range 4 {
		for c := range 3 {
			for y := range 32 {
				for x := range 32 {
					d.Images = append(d.Images, uint8(31*n+5*x+3*y+40*c+(n+1)*x*y))
				}
			}
		}
	}
	return d
}

// readMade reads Keras's files in dir, compares predictions, and returns the number
// of files.
func readMade(t *testing.T, dir string, images *cifar.Dataset) (count int) {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join(dir, "made.npy"))
	if err != nil {
		t.Fatal(err)
	}
	want := npyValues(raw)
	check := func(name string, m Model, err error) {
		count++
		if err != nil {
			t.Errorf("%s: %v", name, err)
			return
		}
		worst := 0.0
		for i, v := range predict(t, m, images) {
			worst = max(worst, math.Abs(float64(v-want[i])))
		}
		t.Logf("read %s: %.2g", name, worst)
		if !(worst <= predictionTolerance) {
			t.Errorf("%s: our predictions are %g from Keras's", name, worst)
		}
	}
	text, err := os.ReadFile(filepath.Join(dir, "made.json"))
	if err != nil {
		t.Fatal(err)
	}
	net, err := ReadKerasJSON(text)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"made.h5", "made.keras"} {
		if data, err := os.ReadFile(filepath.Join(dir, name)); err == nil {
			m, err := ReadKeras(data)
			check(name, m, err)
		}
	}
	for _, name := range []string{"made_weights.h5", "made.weights.h5"} {
		if data, err := os.ReadFile(filepath.Join(dir, name)); err == nil {
			w, err := ReadKerasWeights(data, net)
			check(name, Model{Network: net, Weights: w}, err)
		}
	}
	return count
}

func writeNPY(t *testing.T, path string, a cnn.Array) {
	t.Helper()
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(WriteNPY(f, a), f.Close()); err != nil {
		t.Fatal(err)
	}
}
