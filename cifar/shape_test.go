package cifar

import (
	"bytes"
	"errors"
	"image/color"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// squares returns n images of a shape, in so many classes, whose bytes count up.
func squares(n int, s Shape, classes int) *Dataset {
	d := &Dataset{Name: "squares train", Height: s.Height, Width: s.Width, Channels: s.Channels, Origin: identity(n)}
	for c := range classes {
		d.Names = append(d.Names, strings.Repeat("c", 1+c%9)+string(rune('a'+c/26))+string(rune('a'+c%26)))
	}
	for i := range n {
		d.Labels = append(d.Labels, uint8(i%classes))
		for b := range s.Bytes() {
			d.Images = append(d.Images, byte(i*7+b))
		}
	}
	return d
}

// Promise(files/shapes): A dataset of any size, of grey or colour images in up to 256 classes, is saved and opened with its
// size and its names.
func TestSaveAnyShape(t *testing.T) {
	for _, test := range []struct {
		shape   Shape
		classes int
	}{{Shape{48, 48, 3}, 3}, {Shape{28, 28, 1}, 10}, {Shape{5, 7, 3}, 256}, {Shape{32, 32, 3}, 100}, {Shape{1, 1, 1}, 1}} {
		train, valid := squares(23, test.shape, test.classes), squares(4, test.shape, test.classes)
		valid.Name = "squares test"
		dir := t.TempDir()
		if err := Save(dir, train, valid); err != nil {
			t.Fatal(err)
		}
		got, gotTest, err := Open(dir)
		if err != nil {
			t.Fatal(err)
		}
		for _, pair := range [][2]*Dataset{{got, train}, {gotTest, valid}} {
			if err := pair[0].Check(); err != nil {
				t.Error(err)
			}
			if pair[0].Shape() != test.shape || pair[0].Name != pair[1].Name || pair[0].Fingerprint() != pair[1].Fingerprint() {
				t.Errorf("saved %q of %s, opened %q of %s", pair[1].Name, test.shape, pair[0].Name, pair[0].Shape())
			}
		}
	}
}

// What CIFAR-10's layout can hold is written in it, without a further file.
func TestSaveOfficialShapeAsBefore(t *testing.T) {
	train, test := fruit(t)
	dir := t.TempDir()
	if err := Save(dir, train, test); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(dir, folderName, infoFile)); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("%s: %v", infoFile, err)
	}
	same := *train
	same.Height, same.Width, same.Channels = 32, 32, 3
	if same.Fingerprint() != train.Fingerprint() {
		t.Error("stating CIFAR-10's size changes the fingerprint")
	}
	other := *squares(1, Shape{16, 4, 3}, 2)
	before := other.Fingerprint()
	other.Height, other.Width = 4, 16
	if other.Fingerprint() == before {
		t.Error("16×4 and 4×16 images have one fingerprint")
	}
}

// Promise(files/shapes)
func TestOpenRefusesWrongShape(t *testing.T) {
	train, test := squares(10, Shape{8, 8, 3}, 3), squares(2, Shape{8, 8, 3}, 3)
	for _, c := range []struct {
		name   string
		change func(dir string) error
		is     error
		want   string
	}{
		{"other size", write(infoFile, `{"format":1,"height":9,"width":8,"channels":3}`), ErrFormat,
			"data_batch_1.bin: 386 bytes do not divide into records of 217, a label and an image of 9×8 as dataset.json says"},
		{"without it", remove(infoFile), ErrFormat, "data_batch_1.bin: record 0 (byte 0): 386 bytes left of 3073"},
		{"no names", remove(metaFile), ErrNotFound, "dataset.json is there and batches.meta.txt is not"},
		{"label", write(metaFile, "a\nb\n"), ErrFormat, "data_batch_2.bin: record 0 (byte 0): label 2, want 0 to 1"},
		{"channels", write(infoFile, `{"format":1,"height":8,"width":8,"channels":2}`), ErrFormat, "images with 2 channels; want 1 (grey) or 3"},
		{"sides", write(infoFile, `{"format":1,"height":0,"width":8,"channels":3}`), ErrFormat, "images of 0×8; want sides of 1 to 2048 pixels"},
		{"newer", write(infoFile, `{"format":2,"height":8,"width":8,"channels":3}`), ErrFormat, "format 2; this program reads format 1"},
		{"unknown", write(infoFile, `{"format":1,"depth":8}`), ErrFormat, `unknown field "depth"`},
		{"not JSON", write(infoFile, "height: 8\n"), ErrFormat, "dataset.json: byte "},
		{"two", write(infoFile, `{"format":1,"height":8,"width":8,"channels":3} {}`), ErrFormat, "more than one value"},
		{"long", write(infoFile, strings.Repeat(" ", infoMaximum+1)), ErrFormat, "more than 4096 bytes"},
	} {
		dir := t.TempDir()
		if err := Save(dir, train, test); err != nil {
			t.Fatal(err)
		}
		if err := c.change(filepath.Join(dir, folderName)); err != nil {
			t.Fatal(err)
		}
		_, _, err := Open(dir)
		if !errors.Is(err, c.is) || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: error %v, want %q", c.name, err, c.want)
		}
	}
	test.Height, test.Width = 4, 16
	if err := Save(t.TempDir(), train, test); !errors.Is(err, ErrArgument) || !strings.Contains(err.Error(), "their images are 8×8 and 4×16") {
		t.Errorf("two sizes: %v", err)
	}
}

func write(name, text string) func(string) error {
	return func(dir string) error { return os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644) }
}

func remove(name string) func(string) error {
	return func(dir string) error { return os.Remove(filepath.Join(dir, name)) }
}

// A file of another size cannot call itself CIFAR-10.
func TestNamesInDatasetJSON(t *testing.T) {
	for given, want := range map[string]string{
		"CIFAR-10 train": "", "CIFAR-100 train, fine classes": "CIFAR-100 train, fine classes", "fruit train": "fruit train", "a\x1b[31m": "",
	} {
		i, err := readInfo(bytes.NewReader(info{Format: 1, Height: 1, Width: 1, Channels: 1, Train: given}.text()))
		if err != nil || i.Train != want {
			t.Errorf("name %q is read as %q (error %v)", given, i.Train, err)
		}
	}
}

// Promise(files/hostile)
func FuzzDatasetJSON(f *testing.F) {
	f.Add(infoOf(squares(1, Shape{48, 48, 3}, 1), squares(1, Shape{48, 48, 3}, 1)).text())
	f.Add([]byte(`{"format":1,"height":-1}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		i, err := readInfo(bytes.NewReader(data))
		if err != nil {
			if !errors.Is(err, ErrFormat) {
				t.Errorf("%v, want ErrFormat", err)
			}
			return
		}
		if err := i.shape().Check(); err != nil {
			t.Error(err)
		}
	})
}

func TestGreyImage(t *testing.T) {
	d := squares(2, Shape{3, 5, 1}, 2)
	if got, want := d.Image(1).RGBAAt(4, 2), (color.RGBA{21, 21, 21, 255}); got != want {
		t.Errorf("pixel %v, want %v", got, want)
	}
	if got := d.Image(1).Bounds(); got.Dx() != 5 || got.Dy() != 3 {
		t.Errorf("image of %v", got)
	}
	s := d.Stats()
	if text := s.String(); !strings.Contains(text, "2 images of 3×5 grey") || strings.Contains(text, "red") || !strings.Contains(text, "grey      10.50") {
		t.Errorf("statistics:\n%s", text)
	}
	sub, err := d.Subset([]int{1})
	if err != nil || sub.Shape() != d.Shape() || !slices.Equal(sub.Pixels(0), d.Pixels(1)) {
		t.Errorf("a subset of %s, error %v", sub.Shape(), err)
	}
}

func TestParseShape(t *testing.T) {
	for text, want := range map[string]Shape{"48x48": {48, 48, 3}, "28X20x1": {28, 20, 1}, "7×9": {7, 9, 3}} {
		if got, err := ParseShape(text); err != nil || got != want {
			t.Errorf("%q is %v, error %v", text, got, err)
		}
	}
	for _, text := range []string{"", "48", "48x", "x48", "48x48x4", "0x5", "5000x5", "a x b", "1x2x3x4", "-1x5", "48 x 48"} {
		if got, err := ParseShape(text); !errors.Is(err, ErrArgument) {
			t.Errorf("%q is %v, error %v", text, got, err)
		}
	}
}
