package importer

import (
	"context"
	"errors"
	"image"
	"image/color"
	"image/png"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/cnnbook/cnnbook/cifar"
)

// value is that of the images in testdata, from image first on.
func value(i, c, y, x int) byte { return byte(7*i + 31*c + 5*y + 3*x) }

// checkPart compares a part with the formulas of testdata/make.py.
func checkPart(t *testing.T, d *cifar.Dataset, n, classes int, s cifar.Shape) {
	t.Helper()
	if d.Len() != n || d.Shape() != s || len(d.Names) != classes {
		t.Fatalf("%d images of %s in %d classes, want %d of %s in %d", d.Len(), d.Shape(), len(d.Names), n, s, classes)
	}
	for i := range n {
		if want := (3*i + 1) % classes; int(d.Labels[i]) != want {
			t.Errorf("image %d has label %d, want %d", i, d.Labels[i], want)
		}
		pixels := d.Pixels(i)
		for c := range s.Channels {
			for y := range s.Height {
				for x := range s.Width {
					if got := pixels[c*s.Plane()+y*s.Width+x]; got != value(i, c, y, x) {
						t.Fatalf("image %d, channel %d, row %d, column %d is %d, want %d", i, c, y, x, got, value(i, c, y, x))
					}
				}
			}
		}
	}
}

// Promise(files/import): Datasets as others publish them are read as NumPy, SciPy and Python's pickle wrote them: CIFAR-10 and
// CIFAR-100 for Python without executing the pickle, CIFAR-100 in binary, MNIST's IDX files, SVHN's MATLAB files, Keras's .npz.
func TestReadAsWritten(t *testing.T) {
	square, grey := cifar.Shape{Height: 32, Width: 32, Channels: 3}, cifar.Shape{Height: 28, Width: 28, Channels: 1}
	for _, c := range []struct {
		path, classes string
		train, test   int
		names         int
		shape         cifar.Shape
		format, name  string // of the result, and of class 1
		note          string
	}{
		{"cifar-10-batches-py", "", 10, 2, 10, square, "CIFAR-10's pickled batches", "automobile", ""},
		{"cifar-100-python", "", 3, 2, 100, square, "CIFAR-100 with its 100 fine classes, for Python", "fine_1", ""},
		{"cifar-100-python", "coarse", 3, 2, 20, square, "CIFAR-100 with its 20 coarse classes, for Python", "coarse_1", ""},
		{"cifar-100-binary", "fine", 3, 2, 100, square, "CIFAR-100 with its 100 fine classes", "fine_1", ""},
		{"cifar-100-binary", "coarse", 3, 2, 20, square, "CIFAR-100 with its 20 coarse classes", "coarse_1", ""},
		{"idx", "", 6, 3, 10, grey, "IDX files", "1", "IDX files name no classes"},
		{"idx", "fashion", 6, 3, 10, grey, "IDX files", "Trouser", ""},
		{"keras.npz", "", 6, 3, 8, grey, "NumPy arrays x_train, y_train, x_test, y_test", "1", "names no classes"},
		{"svhn", "", 5, 3, 10, square, "SVHN's MATLAB files", "1", "label 10 stands for the digit 0"},
	} {
		r, err := Read(t.Context(), filepath.Join("testdata", c.path), Options{Classes: c.classes})
		if err != nil {
			t.Errorf("%s: %v", c.path, err)
			continue
		}
		classes := c.names
		if c.path == "keras.npz" { // six labels 1, 4, 7, 0, 3, 6: the eight classes up to 7 are all that is known
			r.Train.Names, r.Test.Names, classes = append(r.Train.Names, "8", "9"), append(r.Test.Names, "8", "9"), 10
		}
		checkPart(t, r.Train, c.train, classes, c.shape)
		checkPart(t, r.Test, c.test, classes, c.shape)
		if !strings.HasPrefix(r.Format, c.format) || r.Train.Names[1] != c.name {
			t.Errorf("%s: recognised as %q, class 1 is %q", c.path, r.Format, r.Train.Names[1])
		}
		if notes := strings.Join(r.Notes, "; "); !strings.Contains(notes, c.note) || (c.note == "") != (notes == "") {
			t.Errorf("%s: notes %q", c.path, notes)
		}
	}
}

// A file without a test part is split, and images of another shape keep it.
func TestReadSplits(t *testing.T) {
	for path, shape := range map[string]cifar.Shape{"colour.npz": {Height: 9, Width: 11, Channels: 3}, "small.mat": {Height: 5, Width: 7, Channels: 3}} {
		r, err := Read(t.Context(), filepath.Join("testdata", path), Options{TestShare: 0.4, Seed: 3})
		if err != nil {
			t.Errorf("%s: %v", path, err)
			continue
		}
		if r.Train.Shape() != shape || r.Train.Len()+r.Test.Len() < 4 || r.Test.Len() == 0 {
			t.Errorf("%s: %d and %d images of %s", path, r.Train.Len(), r.Test.Len(), r.Train.Shape())
		}
		if notes := strings.Join(r.Notes, "; "); !strings.Contains(notes, "there is no test part") || !strings.Contains(notes, "seed 3") {
			t.Errorf("%s: notes %q", path, notes)
		}
		for i := range r.Train.Len() {
			if p := r.Train.Pixels(i); p[shape.Plane()]-p[0] != 31 || p[1]-p[0] != 3 {
				t.Errorf("%s: image %d is out of order", path, i)
			}
		}
	}
}

func TestReadResizes(t *testing.T) {
	r, err := Read(t.Context(), "testdata/idx", Options{Shape: cifar.Shape{Height: 14, Width: 14, Channels: 3}, Names: strings.Fields("a b c d e f g h i j")})
	if err != nil {
		t.Fatal(err)
	}
	p := r.Train.Pixels(0)
	want := byte((int(value(0, 0, 0, 0)) + int(value(0, 0, 0, 1)) + int(value(0, 0, 1, 0)) + int(value(0, 0, 1, 1)) + 2) / 4)
	if r.Train.Shape().String() != "14×14" || p[0] != want || p[14*14] != want || r.Train.Names[9] != "j" {
		t.Errorf("%s, first value %d, want %d; classes %q", r.Train.Shape(), p[0], want, r.Train.Names)
	}
	if notes := strings.Join(r.Notes, "; "); !strings.Contains(notes, "28×28 pixels: reduced to 14×14") {
		t.Errorf("notes %q", notes)
	}
}

// Promise(files/hostile)
func TestReadRefuses(t *testing.T) {
	dir := t.TempDir()
	file := func(name string, data []byte) string {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, data, 0o644); err != nil {
			t.Fatal(err)
		}
		return path
	}
	if err := os.Mkdir(filepath.Join(dir, "empty"), 0o755); err != nil {
		t.Fatal(err)
	}
	file("loose/a.png", []byte("x"))
	file("onlytest/test/cat/a.png", []byte("x"))
	file("new/train/cat/a.png", []byte("x"))
	file("new/test/dog/a.png", []byte("x"))
	file("half/train-images-idx3-ubyte", []byte{0, 0, 8, 3})
	file("twice/train-images-idx3-ubyte", []byte{0, 0, 8, 3})
	file("twice/train-images-idx3-ubyte.gz", []byte{0, 0, 8, 1})
	for path, want := range map[string]string{
		filepath.Join(dir, "twice"):               "hold different content; keep one of them",
		filepath.Join(dir, "nowhere"):             "nothing is at",
		filepath.Join(dir, "empty"):               "holds no folders; want one for each class",
		filepath.Join(dir, "loose"):               "holds no folders; want one for each class",
		filepath.Join(dir, "onlytest"):            "has the folder test and none named train",
		filepath.Join(dir, "new"):                 `has the class "dog", which`,
		filepath.Join(dir, "half"):                "holds no file of train images or none of train labels",
		file("a.zip", []byte("PK\x03\x04....")):   "the archive is damaged",
		file("a.tar.gz", []byte("\x1f\x8b.....")): "the archive is damaged",
		file("a.txt", []byte("apples")):           `is in no known format: it begins with "apples"`,
		file("empty.bin", nil):                    "is empty",
		file("b.npz", []byte("PK\x03\x04....")):   "the archive is damaged",
		"testdata/floats.npz":                     "x_train holds values of type float64, from ",
		"testdata/names.npz":                      "holds the arrays images, labels; want x_train and y_train",
		"testdata/evil2.pickle":                   "is one pickled file; give the folder",
	} {
		_, err := Read(t.Context(), path, Options{})
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: error %v, want %q", path, err, want)
		}
		if !errors.Is(err, ErrFormat) && !errors.Is(err, ErrNotFound) {
			t.Errorf("%s: %v wraps neither ErrFormat nor ErrNotFound", path, err)
		}
	}
	if _, err := Read(t.Context(), "testdata/keras.npz", Options{Classes: "fine"}); !errors.Is(err, ErrArgument) || !strings.Contains(err.Error(), "has one set of classes") {
		t.Errorf("a choice that does not apply: %v", err)
	}
	for want, o := range map[string]Options{
		"a test share of 1.5":    {TestShare: 1.5},
		"images with 2 channels": {Shape: cifar.Shape{Height: 3, Width: 3, Channels: 2}},
		`classes "coarse"`:       {Classes: "coarse"},
		"2 class names for 10 ":  {Names: []string{"a", "b"}},
	} {
		if _, err := Read(t.Context(), "testdata/idx", o); !errors.Is(err, ErrArgument) || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q", err, want)
		}
	}
}

// write saves a picture of one colour.
func write(t *testing.T, path string, width, height int, c color.Color) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	img := image.NewNRGBA(image.Rect(0, 0, width, height))
	for y := range height {
		for x := range width {
			img.Set(x, y, c)
		}
	}
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := png.Encode(f, img); err != nil {
		t.Fatal(err)
	}
}

// fruit makes a folder of n pictures in each of three classes, whose colours tell them apart.
func fruit(t *testing.T, dir string, n int) {
	for class, c := range map[string]color.NRGBA{"apple": {200, 0, 0, 255}, "banana": {220, 210, 0, 255}, "さくらんぼ": {120, 0, 40, 255}} {
		for i := range n {
			write(t, filepath.Join(dir, class, "more", string(rune('a'+i))+".png"), 60+i, 50, c)
		}
	}
}

// Promise(files/import)
func TestReadFolder(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "fruit")
	fruit(t, dir, 5)
	write(t, filepath.Join(dir, "apple", "clear.png"), 50, 50, color.NRGBA{0, 0, 0, 0})
	if err := os.WriteFile(filepath.Join(dir, "apple", ".DS_Store"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	calls := 0
	o := Options{Shape: cifar.Shape{Height: 48, Width: 48, Channels: 3}, Seed: 1, Progress: func(done, total int) {
		if calls++; done != calls || total != 16 {
			t.Errorf("progress %d of %d at call %d", done, total, calls)
		}
	}}
	r, err := Read(t.Context(), dir, o)
	if err != nil {
		t.Fatal(err)
	}
	if want := []string{"apple", "banana", "さくらんぼ"}; !slices.Equal(r.Train.Names, want) || r.Train.Name != "fruit train" || r.Test.Name != "fruit test" {
		t.Errorf("classes %q, %q and %q", r.Train.Names, r.Train.Name, r.Test.Name)
	}
	if r.Train.Len()+r.Test.Len() != 16 || r.Test.Len() != 4 {
		t.Errorf("%d and %d images", r.Train.Len(), r.Test.Len())
	}
	for i := range r.Train.Len() {
		got := r.Train.Image(i).RGBAAt(20, 20)
		white := got == color.RGBA{255, 255, 255, 255} && r.Train.Class(i) == "apple"
		if want := map[string]color.RGBA{"apple": {200, 0, 0, 255}, "banana": {220, 210, 0, 255}, "さくらんぼ": {120, 0, 40, 255}}[r.Train.Class(i)]; got != want && !white {
			t.Errorf("a %s is %v", r.Train.Class(i), got)
		}
	}
	if sorted := slices.IsSorted(r.Train.Labels); sorted {
		t.Error("the images are in the order of their classes")
	}
	notes := strings.Join(r.Notes, "\n")
	for _, want := range []string{"hidden files are left out: 1", "15 of 16 pictures: cut out in the middle", "16 of 16 pictures: reduced to 48×48",
		"1 of 16 pictures: transparent pixels on white; the first is " + filepath.Join(dir, "apple", "clear.png"), "there is no test part: 4 of 16"} {
		if !strings.Contains(notes, want) {
			t.Errorf("notes lack %q:\n%s", want, notes)
		}
	}
	o.Progress = nil
	again, err := Read(t.Context(), dir, o)
	if err != nil || again.Train.Fingerprint() != r.Train.Fingerprint() {
		t.Errorf("read again, the dataset differs (error %v)", err)
	}
	if o.Seed = 2; err == nil {
		if again, err = Read(t.Context(), dir, o); err != nil || again.Train.Fingerprint() == r.Train.Fingerprint() {
			t.Errorf("another seed gives the same split (error %v)", err)
		}
	}
}

// Promise(files/import)
func TestReadFolderWithParts(t *testing.T) {
	root := t.TempDir()
	dir := filepath.Join(root, "photos-main")
	fruit(t, filepath.Join(dir, "Train"), 3)
	fruit(t, filepath.Join(dir, "val"), 2)
	if err := os.RemoveAll(filepath.Join(dir, "val", "banana")); err != nil {
		t.Fatal(err)
	}
	fruit(t, filepath.Join(dir, "extra"), 1)
	r, err := Read(t.Context(), root, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if r.Train.Len() != 9 || r.Test.Len() != 4 || len(r.Test.Names) != 3 || r.Train.Shape().String() != "32×32" {
		t.Errorf("%d and %d images of %s, classes %q", r.Train.Len(), r.Test.Len(), r.Train.Shape(), r.Test.Names)
	}
	notes := strings.Join(r.Notes, "\n")
	for _, want := range []string{"the classes are in the folder photos-main", "val is taken as the test part", `class "banana" has no test images`, "the folder extra is left out"} {
		if !strings.Contains(notes, want) {
			t.Errorf("notes lack %q:\n%s", want, notes)
		}
	}
	fruit(t, filepath.Join(dir, "test"), 1)
	if r, err = Read(t.Context(), root, Options{}); err != nil || r.Test.Len() != 3 || !strings.Contains(strings.Join(r.Notes, "\n"), "val is left out: a training holds back") {
		t.Errorf("with test: %v, error %v", r, err)
	}
}

// Files that cannot be read are listed, and refused unless that was allowed.
//
// Promise(files/import)
func TestReadFolderUnreadable(t *testing.T) {
	dir := t.TempDir()
	fruit(t, dir, 4)
	broken := filepath.Join(dir, "banana", "notes.txt")
	if err := os.WriteFile(broken, []byte("buy more"), 0o644); err != nil {
		t.Fatal(err)
	}
	_, err := Read(t.Context(), dir, Options{})
	if want := "1 of 13 files cannot be read; remove them, or leave them out with --skip-unreadable: " + broken + ": neither PNG, JPEG"; !errors.Is(err, ErrFormat) || !strings.Contains(err.Error(), want) {
		t.Errorf("error %v, want %q", err, want)
	}
	r, err := Read(t.Context(), dir, Options{SkipUnreadable: true})
	if err != nil {
		t.Fatal(err)
	}
	if r.Train.Len()+r.Test.Len() != 12 || !strings.Contains(strings.Join(r.Notes, "\n"), "1 of 13 files cannot be read and are left out: "+broken) {
		t.Errorf("%d images, notes %q", r.Train.Len()+r.Test.Len(), r.Notes)
	}
	stopped, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Read(stopped, dir, Options{SkipUnreadable: true}); !errors.Is(err, context.Canceled) {
		t.Errorf("a reading that is stopped: %v", err)
	}
}

// The pickled batches are the binary version's images: saved and opened, they are CIFAR-10.
func TestPythonBatchesAreCIFAR10(t *testing.T) {
	r, err := Read(t.Context(), "testdata/cifar-10-batches-py", Options{})
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := cifar.Save(dir, r.Train, r.Test); err != nil {
		t.Fatal(err)
	}
	train, _, err := cifar.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	if train.Name != "CIFAR-10 train (10 of 50000 images)" || train.Names[1] != "car" {
		t.Errorf("opened as %q, class 1 is %q", train.Name, train.Names[1])
	}
	own, err := Read(t.Context(), dir, Options{Shape: cifar.Shape{Height: 8, Width: 8, Channels: 1}})
	if err != nil || own.Train.Shape().String() != "8×8 grey" || own.Train.Len() != 10 {
		t.Errorf("the layout itself, made smaller: %v, error %v", own, err)
	}
}
