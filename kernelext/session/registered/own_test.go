package registered

import (
	"path/filepath"
	"testing"

	"github.com/cnnbook/cnnbook/cifar"
	"github.com/cnnbook/cnnbook/cifar/picture"
	"github.com/cnnbook/cnnbook/internal/testplugin"
	"github.com/cnnbook/cnnbook/kernelext"
)

// TestNotebooksOnOwnImages: no cell of a notebook fails on a dataset of three classes of 48×48. It runs notebook 03.
//
// Promise(files/own-images) the cells of notebooks
func TestNotebooksOnOwnImages(t *testing.T) {
	if testing.Short() {
		t.Skip("trains the notebooks' networks")
	}
	if err := testplugin.Apply(); err != nil {
		t.Fatal(err)
	}
	train, test := cifar.Drawn(1, 1000, 400)
	dir := t.TempDir()
	if err := cifar.Save(dir, threeClasses(t, train, "train"), threeClasses(t, test, "test")); err != nil {
		t.Fatal(err)
	}
	cells := codeCells(t, filepath.Join(notebooks, "03-the-network-and-base-training.ipynb"))
	t.Chdir(t.TempDir())
	setNotebookParams(t)
	t.Setenv(kernelext.EnvData, dir)
	if out := sessionOutput(t, cells); len(out) < 200 {
		t.Errorf("only %d bytes of output: %s", len(out), out)
	}
}

// threeClasses makes the images of the first three classes 48×48, under other names.
func threeClasses(t *testing.T, d *cifar.Dataset, part string) *cifar.Dataset {
	t.Helper()
	shape := cifar.Shape{Height: 48, Width: 48, Channels: 3}
	out := &cifar.Dataset{Name: "own " + part, Names: []string{"aeroplane", "motor car", "鳥"}, Height: 48, Width: 48, Channels: 3}
	for i, label := range d.Labels {
		if label >= 3 {
			continue
		}
		pixels, _, err := picture.Fit(d.Image(i), shape)
		if err != nil {
			t.Fatal(err)
		}
		out.Images, out.Labels, out.Origin = append(out.Images, pixels...), append(out.Labels, label), append(out.Origin, out.Len())
	}
	return out
}
