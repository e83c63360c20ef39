package cifar

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// unmarked saves a dataset without its mark, as CIFAR-10 lies on a disk, and opens it.
func unmarked(t *testing.T, train, test *Dataset) (a, b *Dataset) {
	t.Helper()
	dir := t.TempDir()
	if err := Save(dir, train, test); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(filepath.Join(dir, folderName, markFile)); err != nil {
		t.Fatal(err)
	}
	a, b, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	return a, b
}

// Promise(files/drawn): Drawn images without the file that marks them are recognised by their content, and no others are called
// drawn.
func TestDrawnImagesAreRecognised(t *testing.T) {
	for seed, sizes := range map[uint64][2]int{0: {40, 20}, 7: {5, 1}, 12345: {23, 6}, recogniseSeeds - 1: {10, 3}} {
		want, wantTest := Drawn(seed, sizes[0], sizes[1])
		train, test := unmarked(t, want, wantTest)
		for _, pair := range [][2]*Dataset{{train, want}, {test, wantTest}} {
			if got, want := pair[0], pair[1]; !got.Drawn || got.Name != want.Name || got.Fingerprint() != want.Fingerprint() {
				t.Errorf("seed %d: read as %q, drawn %v, want %q", seed, got.Name, got.Drawn, want.Name)
			}
		}
	}
}

// Only equal images count: no other dataset is called drawn, whatever its labels.
//
// Promise(files/drawn)
func TestOtherImagesAreNotCalledDrawn(t *testing.T) {
	for name, change := range map[string]func(d *Dataset){ // of both parts
		"a pixel of another value": func(d *Dataset) { d.Pixels(3)[100] ^= 0x40 },
		"other images, same labels": func(d *Dataset) {
			for i := range d.Images {
				d.Images[i] = byte(i * i >> 3)
			}
		},
		"another label":         func(d *Dataset) { d.Labels[4] = d.Labels[0] },
		"labels of two swapped": func(d *Dataset) { d.Labels[0], d.Labels[1] = d.Labels[1], d.Labels[0] },
		"reversed":              func(d *Dataset) { slices.Reverse(d.Images); slices.Reverse(d.Labels) },
	} {
		train, test := Drawn(7, 30, 10)
		change(train)
		change(test)
		train, test = unmarked(t, train, test)
		if train.Drawn || test.Drawn || train.Name != "CIFAR-10 train (30 of 50000 images)" {
			t.Errorf("%s: called drawn: %q %v, %q %v", name, train.Name, train.Drawn, test.Name, test.Drawn)
		}
	}
	// Rounding differs among machines by one step.
	train, test := Drawn(7, 30, 10)
	if at := slices.Index(train.Images, 100); at >= 0 {
		train.Images[at]++
	}
	if train, _ = unmarked(t, train, test); !train.Drawn {
		t.Error("a value that is rounded up hides that the images are drawn")
	}
}

// Each part is judged on its own.
func TestPartsAreRecognisedAlone(t *testing.T) {
	train, test := Drawn(7, 30, 10)
	for i := range test.Images {
		test.Images[i] = byte(i * i >> 3)
	}
	if train, test = unmarked(t, train, test); !train.Drawn || test.Drawn {
		t.Errorf("drawn: %v and %v, want the training images only", train.Drawn, test.Drawn)
	}
}

// Drawn images in another order, with other labels and among others are found by Examine.
//
// Promise(files/drawn) in any order, by data check
func TestExamineFindsDrawnImages(t *testing.T) {
	all, test := Drawn(3, 400, 40)
	order := make([]int, 200)
	for i := range order {
		order[i] = 399 - 2*i
	}
	train, err := all.Subset(order)
	if err != nil {
		t.Fatal(err)
	}
	clear(train.Labels)
	for i := range test.Images {
		test.Images[i] = byte(i * i >> 3)
	}
	train, test = unmarked(t, train, test)
	q := Examine(train, test)
	if train.Drawn || q.Painted != (Painted{Count: 25, Of: 100, Seed: 3}) || q.Good() ||
		!strings.Contains(q.String(), "drawn by a program, not photographs: 25 of the 100 that were tried (cifar.Drawn, seed 3)") {
		t.Errorf("drawn %v, found %+v: %s", train.Drawn, q.Painted, q)
	}
	for i := range train.Len() { // a value of every image differs
		train.Pixels(i)[9] ^= 0x40
	}
	if q = Examine(train, test); q.Painted != (Painted{}) {
		t.Errorf("of images that Drawn never makes: %+v", q.Painted)
	}
}
