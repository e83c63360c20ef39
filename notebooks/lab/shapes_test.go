package lab

import (
	"bytes"
	"image"
	"os"
	"path/filepath"
	"reflect"
	"testing"

	"github.com/cnnbook/cnnbook/cifar"
)

// The same seed draws the same files; another one draws others; and an import makes a dataset of them.
func TestDrawShapes(t *testing.T) {
	l := &Lab{}
	l.Seed = 1
	folder, again, other := DrawShapes(20, 1), DrawShapes(20, 1), DrawShapes(20, 2)
	files, err := filepath.Glob(filepath.Join(folder, "*", "*"))
	if err != nil || len(files) != 60 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	sizes, formats := map[image.Point]int{}, map[string]int{}
	for _, file := range files {
		data := ReadFile(file)
		config, format, err := image.DecodeConfig(bytes.NewReader(data))
		if err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		sizes[image.Pt(config.Width, config.Height)]++
		formats[format]++
		name, err := filepath.Rel(folder, file)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(data, ReadFile(filepath.Join(again, name))) || bytes.Equal(data, ReadFile(filepath.Join(other, name))) {
			t.Errorf("%s is not determined by the seed", name)
		}
	}
	if len(sizes) != 4 || formats["png"] != 42 || formats["jpeg"] != 18 {
		t.Errorf("sizes %v, formats %v", sizes, formats)
	}
	own := l.Import(folder, "48x48") // prints notes
	if !reflect.DeepEqual(own.Test.Names, ShapeClasses()) || own.Images.Len() != 48 || own.Test.Len() != 12 || own.Train.Len()+own.Valid.Len() != 48 {
		t.Errorf("%v, %d and %d images", own.Test.Names, own.Images.Len(), own.Test.Len())
	}
	if want := (cifar.Shape{Height: 48, Width: 48, Channels: 3}); own.Train.Shape() != want || l.Train != nil {
		t.Errorf("%v, %q", own.Train.Shape(), own.Train.Name)
	}
	for _, dir := range []string{folder, again, other} {
		if err := os.RemoveAll(filepath.Dir(dir)); err != nil {
			t.Error(err)
		}
	}
	if panics(func() { l.Import(folder, "48x48") }) == nil || panics(func() { l.Import(".", "48") }) == nil {
		t.Error("no error for a folder that is gone, or for a size that is none")
	}
}
