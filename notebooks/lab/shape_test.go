package lab

import (
	"fmt"
	"image/color"
	"path/filepath"
	"strings"
	"testing"

	"github.com/cnnbook/cnnbook/cifar"
	"github.com/cnnbook/cnnbook/kernelext"
)

// shapes48 is a dataset of three classes of 48×48: a red, a green or a blue square on grey.
func shapes48(part string, n int) *cifar.Dataset {
	d := &cifar.Dataset{Name: "squares " + part, Names: []string{"red square", "green square", "blue square"}, Height: 48, Width: 48, Channels: 3}
	plane := d.Shape().Plane()
	for i := range n {
		pixels := make([]byte, d.Shape().Bytes())
		for b := range pixels {
			pixels[b] = byte(100 + (b*31+i*17)%50)
		}
		for y := 10; y < 30; y++ {
			for x := 5 + i%10; x < 25+i%10; x++ {
				pixels[i%3*plane+y*48+x] = 250
			}
		}
		d.Images = append(d.Images, pixels...)
		d.Labels = append(d.Labels, uint8(i%3))
		d.Origin = append(d.Origin, i)
	}
	return d
}

// Promise(files/own-images): The notebooks' lab runs on a dataset of one's own, of three classes of 48×48, as on CIFAR-10.
func TestLabTakesThreeClassesOf48(t *testing.T) {
	dir := t.TempDir()
	if err := cifar.Save(dir, shapes48("train", 20), shapes48("test", 9)); err != nil {
		t.Fatal(err)
	}
	t.Setenv(kernelext.EnvData, dir)
	t.Setenv(kernelext.EnvSeed, "")
	t.Setenv(kernelext.EnvBudget, "smoke")
	t.Setenv(kernelext.EnvRuns, t.TempDir())
	l := Open()
	if got := l.Train.Image(0).RGBAAt(10, 15); l.Train.Len() != 16 || l.Train.Image(0).Bounds().Dx() != 48 || got == (color.RGBA{}) {
		t.Fatalf("%d images, the first of %v", l.Train.Len(), l.Train.Image(0).Bounds())
	}
	if text := fmt.Sprint(l.Train.Stats()); !strings.Contains(text, "green square") || !strings.Contains(text, "16 images of 48×48") {
		t.Errorf("statistics:\n%s", text)
	}
	base := l.Base()
	result, err := base.Evaluate(t.Context(), l.Test, nil)
	if err != nil {
		t.Fatal(err)
	}
	if len(result.Probabilities) != 9 || len(result.Probabilities[0]) != 3 || result.Names[1] != "green square" {
		t.Errorf("%d predictions of %q", len(result.Probabilities), result.Names)
	}
	if !base.Finished() || !strings.HasPrefix(filepath.Base(base.Dir), "base-") {
		t.Errorf("the run %s is not finished", base)
	}
	ramp, err := l.Chain().Ramp(t.Context()) // a further stage continues from it
	if err != nil {
		t.Fatal(err)
	}
	ramp.Close()
	_, images := cifar.Drawn(1, 5, 6)
	images.Names = images.Names[:3]
	clear(images.Labels)
	_, err = base.Evaluate(t.Context(), images, nil)
	if want := "the network takes images of 48×48 with 3 channels, these are of 32×32 with 3 channels"; err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("images of another size: error %v, want %q", err, want)
	}
}

// Ask answers in a cell about a file beside the notebook.
func TestAsk(t *testing.T) {
	run, _ := trainedRun(t)
	table := Ask(run, "../../cifar/picture/testdata/turned6.jpg")
	text := fmt.Sprint(table.Header, table.Rows, table.Caption)
	for _, want := range []string{"turned6.jpg", "turned by 90° clockwise as its EXIF data says; 24×17 pixels: 17×17 cut out in the middle, enlarged to 32×32", "each image standardised by itself"} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in %s", want, text)
		}
	}
	if err := panics(func() { Ask(run, "absent.jpg") }); err == nil || !strings.Contains(fmt.Sprint(err), "absent.jpg") {
		t.Errorf("no file: %v", err)
	}
}

func panics(do func()) (value any) {
	defer func() { value = recover() }()
	do()
	return nil
}
