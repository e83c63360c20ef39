package smallpng

import (
	"bytes"
	"image"
	"image/color"
	"image/png"
	"testing"
)

// picture has a colour for each pixel, and white and black corners.
func picture(t *testing.T, side int) []byte {
	t.Helper()
	img := image.NewRGBA(image.Rect(0, 0, side, side))
	for y := range side {
		for x := range side {
			img.SetRGBA(x, y, color.RGBA{uint8(x * 255 / side), uint8(y * 255 / side), uint8((x*x*7 + y*y*13 + x*y*31) % 256), 255})
		}
	}
	for y := range 2 {
		for x := range 2 {
			img.SetRGBA(x, y, color.RGBA{255, 255, 255, 255})
			img.SetRGBA(side-1-x, side-1-y, color.RGBA{0, 0, 0, 255})
		}
	}
	var b bytes.Buffer
	if err := png.Encode(&b, img); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestPalette(t *testing.T) {
	data := picture(t, 64)
	small, err := Palette(data)
	if err != nil {
		t.Fatal(err)
	}
	img, err := png.Decode(bytes.NewReader(small))
	if err != nil {
		t.Fatal(err)
	}
	indexed, ok := img.(*image.Paletted)
	if !ok || img.Bounds().Dx() != 32 || len(indexed.Palette) > 256 || len(indexed.Palette) < 30 || len(small) >= len(data)/2 {
		t.Errorf("%T of %v, %d bytes of %d", img, img.Bounds(), len(small), len(data))
	}
	for corner, want := range map[image.Point]uint32{{0, 0}: 0xffff, {31, 31}: 0} {
		if r, g, b, _ := img.At(corner.X, corner.Y).RGBA(); r != want || g != want || b != want {
			t.Errorf("%v is %x %x %x, want %x", corner, r, g, b, want)
		}
	}
	if _, err := Palette([]byte("no image")); err == nil {
		t.Error("what is no image was reduced")
	}
}

func TestReduce(t *testing.T) {
	data := picture(t, 32)
	for _, half := range []bool{false, true} {
		small, err := Reduce(data, 4, half)
		if err != nil {
			t.Fatal(err)
		}
		img, err := png.Decode(bytes.NewReader(small))
		if side := map[bool]int{false: 32, true: 16}[half]; err != nil || img.Bounds().Dx() != side || len(small) >= len(data) {
			t.Errorf("half %v: %v, %v, %d bytes of %d", half, img.Bounds(), err, len(small), len(data))
		}
	}
}
