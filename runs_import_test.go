package main

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/cnnbook/cnnbook/cnn"
	"github.com/cnnbook/cnnbook/cnn/exchange"
	"github.com/cnnbook/cnnbook/kernelext"
)

// What is exported for others can be imported again, to the same weights.
//
// Promise(agreement/exchange)
func TestExportAndImport(t *testing.T) {
	root, out := t.TempDir(), t.TempDir()
	t.Setenv(kernelext.EnvRuns, root)
	net := cnn.Architecture{Input: cnn.Shape{32, 32, 3}, Layers: []cnn.Layer{
		cnn.GlobalAveragePooling2D{Name: "mean"}, cnn.Dense{Name: "dense", Units: 10}, cnn.Activation{Name: "softmax", Function: "softmax"},
	}}
	weights, err := net.Initialize(1)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := cnn.ImportRun(root, "first", net, weights, "a test"); err != nil {
		t.Fatal(err)
	}
	for _, f := range exchange.Formats() {
		path := filepath.Join(out, f.Name)
		if _, _, err := call(t, "runs", "export", "first", "-format", f.Name, "-out", path); err != nil {
			t.Errorf("%s: %v", f.Name, err)
		}
		if _, _, err := call(t, "runs", "export", "first", "-format", f.Name, "-out", path); err == nil {
			t.Errorf("%s: a file was written over", f.Name)
		}
	}
	json := filepath.Join(out, "keras3-json")
	for name, args := range map[string][]string{
		"keras": nil, "h5": nil, "h5-weights": {"-network", json}, "keras3-weights": {"-network", filepath.Join(out, "keras2-json")},
	} {
		args := append([]string{"runs", "import", "-name", "from-" + name}, args...)
		if _, _, err := call(t, append(args, filepath.Join(out, name))...); err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		r, err := cnn.FindRun(root, "from-"+name)
		if err != nil || !reflect.DeepEqual(r.Weights(), weights) || !r.Finished() {
			t.Errorf("%s: imported something else, %v", name, err)
		}
	}
	if list, _, err := call(t, "runs", "list"); err != nil || !strings.Contains(list, "imported: keras") {
		t.Errorf("list: %v\n%s", err, list)
	}
	if help, _, err := call(t, "runs", "-help"); err != nil || !strings.Contains(help, "onnxruntime") {
		t.Errorf("help: %v\n%s", err, help)
	}
	bad := filepath.Join(out, "bad.h5")
	if err := os.WriteFile(bad, []byte("no such thing"), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, _, err := call(t, "runs", "import", bad); err == nil || !strings.Contains(err.Error(), "bad.h5: bad format") {
		t.Errorf("a file that is no HDF5: %v", err)
	}
}

// An ONNX file of PyTorch becomes a run, also with its weights in a file beside it.
//
// Promise(agreement/exchange)
func TestImportsPyTorchsFiles(t *testing.T) {
	t.Setenv(kernelext.EnvRuns, t.TempDir())
	folder := filepath.Join("cnn", "exchange", "testdata", "onnx")
	for _, name := range []string{"small_13", "small_external", "view_new"} {
		path := filepath.Join(folder, name+".onnx")
		if _, _, err := call(t, "runs", "import", path); err == nil || !strings.Contains(err.Error(), "--preprocess") {
			t.Errorf("%s: %v", name, err)
		}
		out, _, err := call(t, "runs", "import", "-preprocess", "divide-255", path)
		if err != nil || !strings.HasPrefix(out, name) || !strings.Contains(out, "for images of 32×32×3") {
			t.Errorf("%s: %v\n%s", name, err, out)
		}
	}
	if _, _, err := call(t, "runs", "import", filepath.Join(folder, "nowhere.onnx")); !errors.Is(err, fs.ErrNotExist) || strings.Count(err.Error(), "nowhere.onnx") != 1 {
		t.Errorf("no file: %v", err)
	}
}

// What a file does not say about its images is asked for, what it says is told, and
// both are shown.
func TestImportTellsThePreprocessing(t *testing.T) {
	root := t.TempDir()
	t.Setenv(kernelext.EnvRuns, root)
	wild := filepath.Join("cnn", "exchange", "testdata", "wild")
	_, _, err := call(t, "runs", "import", filepath.Join(wild, "div255.keras"))
	if err == nil || !strings.Contains(err.Error(), "-preprocess") || !strings.Contains(err.Error(), "divide-255") || strings.Contains(err.Error(), "\n") {
		t.Errorf("a file that does not say it: %v", err)
	}
	for name, c := range map[string]struct{ args, want []string }{
		"div255.keras":    {[]string{"-preprocess", "divide-255"}, []string{"preprocessing: pixels divided by 255"}},
		"rescaling.keras": {nil, []string{"preprocessing: pixels divided by 255", "note: Rescaling"}},
		"logits.keras":    {[]string{"-preprocess", "none"}, []string{"preprocessing: pixels as they are", "a softmax was added"}},
		"l2.keras":        {[]string{"-preprocess", "standardise"}, []string{"preprocessing: each image standardised by itself", "kernel_constraint MaxNorm"}},
	} {
		out, _, err := call(t, append(append([]string{"runs", "import"}, c.args...), filepath.Join(wild, name))...)
		if err != nil {
			t.Fatal(name, err)
		}
		base, _, _ := strings.Cut(name, ".")
		shown, _, err := call(t, "runs", "show", base)
		if err != nil {
			t.Fatal(name, err)
		}
		for _, want := range c.want {
			if !strings.Contains(out, want) || !strings.Contains(shown, want) {
				t.Errorf("%s: no %q in\n%s\n%s", name, want, out, shown)
			}
		}
	}
	cut := filepath.Join(root, "my network (1).keras")
	data, err := os.ReadFile(filepath.Join(wild, "rescaling.keras"))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(cut, data[:len(data)-50], 0o644); err != nil {
		t.Fatal(err)
	}
	if _, _, err := call(t, "runs", "import", cut); err == nil || !strings.Contains(err.Error(), "cut short") || strings.Contains(err.Error(), "-network") {
		t.Errorf("a file that is cut short: %v", err)
	}
	if err := os.WriteFile(cut, data, 0o644); err != nil {
		t.Fatal(err)
	}
	if out, _, err := call(t, "runs", "import", cut); err != nil || !strings.HasPrefix(out, "my-network--1--") {
		t.Errorf("a name that no run may have: %v, %s", err, out)
	}
}

// An import says that a file does not name its classes, and takes names for them. A run of our own keeps them.
//
// Promise(files/classes) as a command
func TestImportNamesClasses(t *testing.T) {
	root := t.TempDir()
	t.Setenv(kernelext.EnvRuns, root)
	path := filepath.Join("cnn", "exchange", "testdata", "onnx", "small_13.onnx")
	theirs := []string{"runs", "import", "--preprocess", "divide-255", path}
	out, _, err := call(t, theirs...)
	if err != nil || !strings.Contains(out, "note: the file does not name its classes") {
		t.Errorf("%v\n%s", err, out)
	}
	r, err := cnn.FindRun(root, "small_13")
	if err != nil {
		t.Fatal(err)
	}
	unnamed, err := r.Classes()
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for i := range unnamed {
		names = append(names, "kind "+string(rune('a'+i)))
	}
	out, _, err = call(t, append(theirs, "--name", "named", "--classes", strings.Join(names, ","))...)
	if err != nil || strings.Contains(out, "does not name") {
		t.Errorf("%v\n%s", err, out)
	}
	if _, _, err := call(t, append(theirs, "--classes", "cat,dog,cat")...); err == nil || !strings.Contains(err.Error(), `--classes: bad format: classes 0 and 2 are both "cat"`) {
		t.Errorf("a name twice: %v", err)
	}
	if _, _, err := call(t, append(theirs, "--classes", "cat")...); err == nil || !strings.Contains(err.Error(), "number of class names: 1, ") {
		t.Errorf("too few: %v", err)
	}
	model := filepath.Join(t.TempDir(), "named.onnx")
	if _, _, err := call(t, "runs", "export", "named", "--format", "onnx", "--out", model); err != nil {
		t.Fatal(err)
	}
	if out, _, err := call(t, "runs", "import", "--name", "again", model); err != nil || strings.Contains(out, "note: ") {
		t.Errorf("%v\n%s", err, out)
	}
	if r, err = cnn.FindRun(root, "again"); err != nil {
		t.Fatal(err)
	}
	if again, err := r.Classes(); err != nil || !reflect.DeepEqual(again, names) {
		t.Errorf("%q, %v; want %q", again, err, names)
	}
}
