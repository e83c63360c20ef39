package viz_test

import (
	"bytes"
	"encoding/binary"
	"image"
	"image/color"
	"sync"
	"testing"

	"github.com/cnnbook/cnnbook/viz"
)

// TestCrispPixels: each pixel of a 32 × 32 image becomes a block of 4 × 4 equal
// pixels, on whole pixels, in its own colour.
func TestCrispPixels(t *testing.T) {
	src := image.NewNRGBA(image.Rect(0, 0, 32, 32))
	for i := range 32 * 32 {
		src.SetNRGBA(i%32, i/32, color.NRGBA{uint8(i), uint8(i * 7), uint8(i * 31), 255})
	}
	f, err := viz.Grid{Title: "Odd", Columns: []string{"a rather long title"}, Rows: [][]viz.Tile{{{Image: src}}}}.Figure()
	if err != nil {
		t.Fatal(err)
	}
	data, err := f.PNG()
	if err != nil {
		t.Fatal(err)
	}
	img := decode(t, data)
	origin, ok := find(img, src)
	if !ok {
		t.Fatal("the first pixel of the source image was not found in the PNG")
	}
	for y := range 128 {
		for x := range 128 {
			got := color.NRGBAModel.Convert(img.At(origin.X+x, origin.Y+y))
			if want := src.NRGBAAt(x/4, y/4); got != want {
				t.Fatalf("pixel (%d, %d) of the enlarged image is %v, expected %v", x, y, got, want)
			}
		}
	}
}

// find searches the lower part of the figure, which has no title, for the first pixels of
// the enlarged first row.
func find(img image.Image, src *image.NRGBA) (image.Point, bool) {
	b := img.Bounds()
	for y := b.Min.Y; y < b.Max.Y-128; y++ {
		for x := b.Min.X; x < b.Max.X-128; x++ {
			match := true
			for k := 0; k < 32 && match; k++ {
				match = color.NRGBAModel.Convert(img.At(x+4*k, y)) == src.NRGBAAt(k, 0)
			}
			if match {
				return image.Pt(x, y), true
			}
		}
	}
	return image.Point{}, false
}

func TestPNGSize(t *testing.T) {
	f, err := viz.Schedule{Rates: []float64{1, 2}}.Figure()
	if err != nil {
		t.Fatal(err)
	}
	f.Width, f.Height = 200.4, 100
	data, err := f.PNG()
	if err != nil {
		t.Fatal(err)
	}
	if got, want := decode(t, data).Bounds().Size(), image.Pt(402, 200); got != want {
		t.Errorf("size %v, expected %v: two pixels for a point", got, want)
	}
	at := bytes.Index(data, []byte("pHYs"))
	if at < 0 {
		t.Fatal("no pHYs chunk")
	}
	if got := binary.BigEndian.Uint32(data[at+4:]); got != 5669 {
		t.Errorf("%d pixels a metre, expected 5669 (144 dots per inch)", got)
	}
	if got := decode(t, data).At(0, 0); !sameColor(got, color.White) {
		t.Errorf("corner is %v, expected a solid white background", got)
	}
}

func sameColor(a, b color.Color) bool {
	return color.RGBAModel.Convert(a) == color.RGBAModel.Convert(b)
}

// TestDrawAgain: drawing does not change a figure, and figures may be drawn concurrently.
func TestDrawAgain(t *testing.T) {
	f, err := viz.Dashboard{History: history(9), Confusion: confusion(), Mistakes: predictions(1)[:6]}.Figure()
	if err != nil {
		t.Fatal(err)
	}
	var results [3][]byte
	var group sync.WaitGroup
	for i := range results {
		group.Go(func() {
			data, err := f.SVG()
			if err != nil {
				t.Error(err)
			}
			results[i] = data
		})
	}
	group.Wait()
	again, err := f.SVG()
	if err != nil {
		t.Fatal(err)
	}
	for i, data := range results {
		if !bytes.Equal(data, again) {
			t.Errorf("drawing %d differs from a later one", i)
		}
	}
}
