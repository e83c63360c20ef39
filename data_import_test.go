package main

import (
	"encoding/json"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/cnnbook/cnnbook/cifar"
	"github.com/cnnbook/cnnbook/cnn"
)

// photos writes n pictures of each of three classes, of 60 by 50 pixels.
func photos(t *testing.T, dir string, n int) (one string) {
	t.Helper()
	for class, c := range map[string]color.RGBA{"apple": {200, 20, 20, 255}, "banana": {220, 210, 40, 255}, "plum": {90, 20, 120, 255}} {
		for i := range n {
			img := image.NewRGBA(image.Rect(0, 0, 60, 50))
			for y := range 50 {
				for x := range 60 {
					shade := uint8((x*i + y*3) % 30)
					img.SetRGBA(x, y, color.RGBA{c.R + shade, c.G + shade, c.B + shade, 255})
				}
			}
			one = filepath.Join(dir, class, fmt.Sprint(i)+".png")
			if err := os.MkdirAll(filepath.Dir(one), 0o755); err != nil {
				t.Fatal(err)
			}
			f, err := os.Create(one)
			if err != nil {
				t.Fatal(err)
			}
			if err := png.Encode(f, img); err != nil {
				t.Fatal(err)
			}
			f.Close()
		}
	}
	return filepath.Join(dir, "banana", "0.png")
}

// Promise(files/import) from the command that imports to the one that asks
func TestImportTrainPredict(t *testing.T) {
	t.Setenv("GOMLX_BACKEND", "go")
	root := t.TempDir()
	t.Setenv("CNNBOOK_RUNS", root)
	from, dir := filepath.Join(t.TempDir(), "fruit"), filepath.Join(t.TempDir(), "fruit48")
	one := photos(t, from, 10)
	out, errs, err := call(t, "data", "import", "--size", "48x48", from, dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"24 training and 6 test images of 48×48", "3 classes, with training+test images: apple 8+2, banana 8+2, plum 8+2",
		"read as a folder of pictures by class", "note: 30 of 30 pictures: cut out in the middle", "use it with --data " + dir} {
		if !strings.Contains(out, want) {
			t.Errorf("no %q in\n%s", want, out)
		}
	}
	if errs != "" {
		t.Errorf("progress of a short work: %q", errs)
	}
	if _, _, err := call(t, "data", "import", from, dir); err == nil || !strings.Contains(err.Error(), "is there already") {
		t.Errorf("a dataset was overwritten: %v", err)
	}
	if out, _, err := call(t, "data", "check", dir); err != nil || !strings.Contains(out, "fruit train: 24 images of 48×48") || !strings.Contains(out, "banana") {
		t.Errorf("%v: %s", err, out)
	}

	train, test, err := cifar.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	run, err := cnn.OpenRun(root, cnn.Spec{Name: "fruit", Train: train, Valid: test, Network: cnn.Architecture{
		Name: "small", Input: cnn.Shape{48, 48, 3},
		Layers: []cnn.Layer{cnn.MaxPooling2D{Name: "pool", Size: 24}, cnn.Flatten{Name: "flatten"}, cnn.Dense{Name: "dense", Units: 3}, cnn.Activation{Name: "softmax", Function: "softmax"}},
	}, Config: cnn.Config{Optimizer: cnn.Adam{}, Schedule: cnn.Constant(0.05), Epochs: 20, Batch: 8}})
	if err != nil {
		t.Fatal(err)
	}
	if err := run.Train(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	run.Close()
	out, _, err = call(t, "predict", "fruit", one)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"run fruit: fruit train", "preprocessing: each image standardised by itself", one + "  banana  0.", "50×60 pixels: 50×50 cut out in the middle, reduced to 48×48"} {
		if !strings.Contains(out, want) {
			t.Errorf("no %q in\n%s", want, out)
		}
	}
	out, _, err = call(t, "predict", "--json", "fruit", one, one)
	if err != nil {
		t.Fatal(err)
	}
	var page struct {
		Data, Preprocessing string
		Notes               []string
		Pictures            []struct {
			File, Class   string
			Probabilities []struct {
				Class       string
				Probability float64
			}
			Read []string
		}
	}
	if err := json.Unmarshal([]byte(out), &page); err != nil {
		t.Fatalf("%v in\n%s", err, out)
	}
	if len(page.Pictures) != 2 || page.Pictures[1].Class != "banana" || len(page.Pictures[0].Probabilities) != 3 || page.Pictures[0].Probabilities[2].Class != "plum" || len(page.Notes) != 0 {
		t.Errorf("%+v", page)
	}
}

// A dataset of one class is written with a warning, which its check repeats, and a training refuses it.
func TestOneClass(t *testing.T) {
	t.Setenv("GOMLX_BACKEND", "go")
	t.Setenv("CNNBOOK_RUNS", t.TempDir())
	from, dir := filepath.Join(t.TempDir(), "fruit"), filepath.Join(t.TempDir(), "fruit32")
	photos(t, from, 10)
	for _, name := range []string{"banana", "plum"} {
		if err := os.RemoveAll(filepath.Join(from, name)); err != nil {
			t.Fatal(err)
		}
	}
	if out, _, err := call(t, "data", "import", from, dir); err != nil || !strings.Contains(out, "warning: there is only one class, apple") {
		t.Errorf("%v:\n%s", err, out)
	}
	if out, _, err := call(t, "data", "check", dir); err != nil || !strings.Contains(out, "warning: there is only one class") {
		t.Errorf("%v:\n%s", err, out)
	}
	_, _, err := call(t, "train", "--data", dir, "--budget", "smoke")
	if err == nil || !strings.Contains(err.Error(), "has 1 class; a training needs at least 2") || strings.Contains(err.Error(), "\n") {
		t.Errorf("training: %v", err)
	}
}

func TestImportAndPredictMistakes(t *testing.T) {
	dir := t.TempDir()
	savedRun(t, dir, "dense", "drawn, twenty images")
	text := filepath.Join(dir, "a.txt")
	if err := os.WriteFile(text, []byte("apples"), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"data", "import", dir}, "data import: expected a SOURCE and a DIR, got 1 arguments"},
		{[]string{"data", "import", "--size", "48", dir, text + "2"}, `size "48"; want HEIGHTxWIDTH`},
		{[]string{"data", "import", "--test-percent", "0", dir, text + "2"}, "--test-percent must be from 1 to 99, got 0"},
		{[]string{"data", "import", text, text + "2"}, `is in no known format: it begins with "apples"`},
		{[]string{"predict", "small"}, "predict: expected a RUN and at least one FILE, got 1 arguments"},
		{[]string{"predict", "large", text}, "begins with \"large\": go run . runs list shows all"},
		{[]string{"predict", "smal-", text}, "begins with \"smal-\": did you mean small? go run . runs list shows all"},
		{[]string{"predict", "small", text}, "a.txt: neither PNG, JPEG, GIF, WebP nor BMP"},
		{[]string{"predict", "small", text + "2"}, "no such file"},
		{[]string{"predict", "--names", "a,b", "small", text}, "the run names its classes itself: plane, car"},
	} {
		if _, _, err := call(t, c.args...); err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%v: error %v, want %q", c.args, err, c.want)
		}
	}
	out, _, err := call(t, "predict", "small", filepath.Join("cifar", "picture", "testdata", "turned6.jpg"))
	if err != nil || !strings.Contains(out, "turned by 90° clockwise as its EXIF data says; 24×17 pixels: 17×17 cut out in the middle, enlarged to 32×32") {
		t.Errorf("%v:\n%s", err, out)
	}
}

// Images whose pixels all are small, and classes that look the same, are named when they are imported, and by the check.
func TestImportWarnsOfDimImagesAndAlikeClasses(t *testing.T) {
	from, dir := t.TempDir(), filepath.Join(t.TempDir(), "dim")
	for class, name := range []string{"caf\u00e9", "cafe\u0301"} {
		for i := range 5 {
			img := image.NewGray(image.Rect(0, 0, 32, 32))
			for j := range img.Pix {
				img.Pix[j] = uint8((j >> i) & (1 + class)) // 0 to 2
			}
			folder := filepath.Join(from, name)
			if err := os.MkdirAll(folder, 0o755); err != nil {
				t.Fatal(err)
			}
			f, err := os.Create(filepath.Join(folder, fmt.Sprint(i)+".png"))
			if err != nil {
				t.Fatal(err)
			}
			if err := png.Encode(f, img); err != nil {
				t.Fatal(err)
			}
			f.Close()
		}
	}
	imported, _, err := call(t, "data", "import", from, dir)
	if err != nil {
		t.Fatal(err)
	}
	checked, _, err := call(t, "data", "check", dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, out := range []string{imported, checked} {
		for _, want := range []string{"the pixels of all training images are from 0 to 2, where", `the classes "cafe\u0301" and "caf\u00e9" differ`} {
			if !strings.Contains(out, want) {
				t.Errorf("no %q in\n%s", want, out)
			}
		}
	}
}
