package picture

import (
	"bytes"
	"encoding/json"
	"errors"
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/image/tiff" // a registered format that is refused

	"github.com/cnnbook/cnnbook/cifar"
	"github.com/cnnbook/cnnbook/internal/fit"
)

// Promise(files/pictures): Pictures in PNG, JPEG, GIF, WebP and BMP, turned by EXIF data, transparent, grey, with a palette or
// with 16 bits, are read as Pillow reads them, and reduced as OpenCV averages areas.
func TestDecodeAsPillow(t *testing.T) {
	for file, want := range map[string]struct {
		tolerance int // Go rounds JPEG otherwise; all else is equal
		notes     string
	}{
		"turned1.jpg": {4, ""}, "turned2.jpg": {4, "mirrored left to right"}, "turned3.jpg": {4, "turned by 180°"}, "turned4.jpg": {4, "mirrored top to bottom"},
		"turned5.jpg": {4, "mirrored and turned by 270° clockwise"}, "turned6.jpg": {4, "turned by 90° clockwise"},
		"turned7.jpg": {4, "mirrored and turned by 90° clockwise"}, "turned8.jpg": {4, "turned by 270° clockwise"},
		"turned.png": {0, "turned by 90° clockwise"}, "turned.webp": {0, "turned by 90° clockwise"}, "lossy.webp": {0, ""},
		"black.webp": {0, ""}, "white.webp": {0, ""}, "orange.webp": {0, ""}, "red.webp": {0, ""}, "glass.webp": {0, ""}, "lossless.webp": {0, ""},
		"frames.webp": {0, "the first of 3 frames"}, "glasses.webp": {0, "the first of 2 frames"}, "part.webp": {0, ""},
		"colour.png": {0, ""}, "colour.bmp": {0, ""}, "progressive.jpg": {4, ""}, "grey.jpg": {4, ""}, "grey.png": {0, ""}, "cmyk.jpg": {4, ""},
		"palette.png": {0, ""}, "alpha.png": {0, ""}, "deep.png": {0, ""}, "still.gif": {0, ""}, "moving.gif": {0, "the first of 3 frames"},
	} {
		p, err := DecodeFile(filepath.Join("testdata", file))
		if err != nil {
			t.Error(err)
			continue
		}
		name := strings.TrimSuffix(file, filepath.Ext(file))
		data, err := os.ReadFile(filepath.Join("testdata", "want", name+".png"))
		if err != nil {
			t.Fatal(err)
		}
		right, err := png.Decode(bytes.NewReader(data))
		if err != nil {
			t.Fatal(err)
		}
		if p.Image.Bounds().Size() != right.Bounds().Size() {
			t.Errorf("%s: %v, want %v", file, p.Image.Bounds(), right.Bounds())
			continue
		}
		if worst := distance(p.Image, right); worst > want.tolerance {
			t.Errorf("%s: a value differs by %d from Pillow's", file, worst)
		}
		if got := strings.Join(p.Notes, "; "); !strings.HasPrefix(got, want.notes) || (want.notes == "") != (got == "") {
			t.Errorf("%s: notes %q, want %q", file, got, want.notes)
		}
	}
}

// Lossy WebP stores black as 16 and white as 235.
func TestWebPColours(t *testing.T) {
	for file, want := range map[string]color.NRGBA{
		"black": {0, 0, 0, 255}, "white": {255, 255, 255, 255}, "orange": {200, 100, 50, 255}, "red": {255, 0, 0, 255},
	} {
		p, err := DecodeFile(filepath.Join("testdata", file+".webp"))
		if err != nil {
			t.Error(err)
			continue
		}
		flat := image.NewNRGBA(p.Image.Bounds())
		draw.Draw(flat, flat.Rect, image.NewUniform(want), image.Point{}, draw.Src)
		if worst := distance(p.Image, flat); worst > 2 {
			t.Errorf("%s: a value differs by %d from %v", file, worst, want)
		}
	}
}

// distance is the largest difference of two values, of 0 to 255.
func distance(a, b image.Image) (worst int) {
	for y := range a.Bounds().Dy() {
		for x := range a.Bounds().Dx() {
			p := color.NRGBAModel.Convert(a.At(a.Bounds().Min.X+x, a.Bounds().Min.Y+y)).(color.NRGBA)
			q := color.NRGBAModel.Convert(b.At(b.Bounds().Min.X+x, b.Bounds().Min.Y+y)).(color.NRGBA)
			for _, d := range []int{int(p.R) - int(q.R), int(p.G) - int(q.G), int(p.B) - int(q.B), int(p.A) - int(q.A)} {
				worst = max(worst, d, -d)
			}
		}
	}
	return worst
}

// Promise(files/pictures)
func TestResizeAsOpenCV(t *testing.T) {
	data, err := os.ReadFile("testdata/fit.json")
	if err != nil {
		t.Fatal(err)
	}
	var fits []struct {
		Height, Width int
		ToHeight      int `json:"to_height"`
		ToWidth       int `json:"to_width"`
		Pixels        []int
	}
	if err := json.Unmarshal(data, &fits); err != nil {
		t.Fatal(err)
	}
	for _, f := range fits {
		img := image.NewRGBA(image.Rect(0, 0, f.Width, f.Height))
		for y := range f.Height {
			for x := range f.Width {
				img.Set(x, y, color.RGBA{byte(x * 255 / f.Width), byte(y * 255 / f.Height), byte((x + 2*y) * 255 / (f.Width + 2*f.Height)), 255})
			}
		}
		differ := 0
		for i, v := range fit.Resize(fit.Pixels{Pix: img.Pix, Width: f.Width, Height: f.Height}, f.ToHeight, f.ToWidth) {
			if d := int(v) - f.Pixels[i]; d < -1 || d > 1 { // OpenCV rounds halves to even, in float32
				t.Fatalf("%d×%d to %d×%d: value %d is %d, OpenCV's %d", f.Height, f.Width, f.ToHeight, f.ToWidth, i, v, f.Pixels[i])
			} else if d != 0 {
				differ++
			}
		}
		if differ > len(f.Pixels)/10 {
			t.Errorf("%d×%d to %d×%d: %d of %d values differ by 1", f.Height, f.Width, f.ToHeight, f.ToWidth, differ, len(f.Pixels))
		}
	}
}

func TestFitSays(t *testing.T) {
	red := func(h, w int) *image.NRGBA {
		img := image.NewNRGBA(image.Rect(3, 4, 3+w, 4+h)) // not at the origin
		for i := 0; i < len(img.Pix); i += 4 {
			copy(img.Pix[i:], []byte{200, 0, 0, 255})
		}
		return img
	}
	half := red(10, 10)
	for i := 3; i < len(half.Pix); i += 4 {
		half.Pix[i] = 0
	}
	for _, c := range []struct {
		img   image.Image
		shape cifar.Shape
		how   string
		first byte
	}{
		{red(48, 48), cifar.Shape{Height: 48, Width: 48, Channels: 3}, "48×48 pixels: as it is", 200},
		{red(480, 640), cifar.Shape{Height: 48, Width: 48, Channels: 3}, "480×640 pixels: 480×480 cut out in the middle, reduced to 48×48", 200},
		{red(640, 480), cifar.Shape{Height: 24, Width: 48, Channels: 3}, "640×480 pixels: 240×480 cut out in the middle, reduced to 24×48", 200},
		{red(10, 10), cifar.Shape{Height: 32, Width: 32, Channels: 3}, "10×10 pixels: enlarged to 32×32", 200},
		{red(28, 28), cifar.Shape{Height: 28, Width: 28, Channels: 1}, "28×28 pixels: colours to grey", 60},
		{half, cifar.Shape{Height: 10, Width: 10, Channels: 3}, "10×10 pixels: transparent pixels on white", 255},
		{red(1, 1000), cifar.Shape{Height: 2, Width: 2, Channels: 3}, "1×1000 pixels: 1×1 cut out in the middle, enlarged to 2×2", 200},
	} {
		pixels, how, err := Fit(c.img, c.shape)
		if err != nil || how != c.how || pixels[0] != c.first || len(pixels) != c.shape.Bytes() {
			t.Errorf("%q, first value %d, error %v; want %q, %d", how, pixels[0], err, c.how, c.first)
		}
	}
	if _, _, err := Fit(image.NewRGBA(image.Rectangle{}), cifar.Shape{Height: 2, Width: 2, Channels: 3}); !errors.Is(err, ErrFormat) {
		t.Errorf("a picture without pixels: %v", err)
	}
	if _, _, err := Fit(image.White, cifar.Shape{Height: 2, Width: 2, Channels: 3}); !errors.Is(err, ErrFormat) {
		t.Errorf("a picture without end: %v", err)
	}
	if _, _, err := Fit(red(2, 2), cifar.Shape{}); !errors.Is(err, cifar.ErrArgument) {
		t.Errorf("no size: %v", err)
	}
}

// The centre is cut out of the middle: left and right edges of a wide picture are not used.
func TestFitCutsTheMiddle(t *testing.T) {
	img := image.NewGray(image.Rect(0, 0, 12, 4))
	for x := 4; x < 8; x++ {
		for y := range 4 {
			img.SetGray(x, y, color.Gray{uint8(10 * x)})
		}
	}
	pixels, _, err := Fit(img, cifar.Shape{Height: 2, Width: 2, Channels: 1})
	if want := []byte{45, 65, 45, 65}; err != nil || !bytes.Equal(pixels, want) {
		t.Errorf("pixels %v, want %v (error %v)", pixels, want, err)
	}
}

// Promise(files/hostile)
func TestDecodeRefuses(t *testing.T) {
	whole, err := os.ReadFile("testdata/colour.png")
	if err != nil {
		t.Fatal(err)
	}
	jpeg, err := os.ReadFile("testdata/turned6.jpg")
	if err != nil {
		t.Fatal(err)
	}
	huge := bytes.Clone(whole)
	copy(huge[16:], []byte{0x7f, 0xff, 0xff, 0xff, 0x7f, 0xff, 0xff, 0xff}) // width and height
	var other bytes.Buffer
	if err := tiff.Encode(&other, image.NewGray(image.Rect(0, 0, 2, 2)), nil); err != nil {
		t.Fatal(err)
	}
	part, err := os.ReadFile("testdata/part.webp")
	if err != nil {
		t.Fatal(err)
	}
	frame := bytes.Index(part, []byte("ANMF")) + 8
	changed := func(at int, value byte) []byte {
		data := bytes.Clone(part)
		data[at] = value
		return data
	}
	for name, c := range map[string]struct {
		data []byte
		want string
	}{
		"TIFF":           {other.Bytes(), `neither PNG, JPEG, GIF, WebP nor BMP: it begins with "II*`},
		"TIFF cut short": {other.Bytes()[:8], `neither PNG, JPEG, GIF, WebP nor BMP: it begins with "II*`},
		"WebP outside":   {changed(frame, 9), "webp: the first frame covers (18,6)-(42,23), outside of the picture's (0,0)-(40,30)"},
		"WebP size":      {changed(frame+6, 7), "webp: 17×24 pixels where the header states 17×8"},
		"WebP frame":     {changed(frame-4, 9), "webp: the first frame has no header"},
		"WebP cut short": {part[:len(part)-9], "the file is cut short"},
		"empty":          {nil, "the file is empty"},
		"text":           {[]byte("<svg>...</svg>"), `neither PNG, JPEG, GIF, WebP nor BMP: it begins with "<svg>..."`},
		"half":           {jpeg[:len(jpeg)/2], "the file is cut short"},
		"huge":           {huge, ""},
	} {
		if _, err := Decode(c.data); !errors.Is(err, ErrFormat) || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: error %v, want %q", name, err, c.want)
		}
	}
	if _, err := DecodeFile(t.TempDir()); !errors.Is(err, ErrFormat) {
		t.Errorf("a folder: %v", err)
	}
	if _, err := DecodeFile("testdata/absent.png"); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("no file: %v", err)
	}
}

// Promise(files/hostile)
func FuzzDecode(f *testing.F) {
	files, err := filepath.Glob("testdata/*.*")
	if err != nil {
		f.Fatal(err)
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		if len(data) < 2000 {
			f.Add(data)
		}
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		if c, _, err := image.DecodeConfig(bytes.NewReader(data)); err == nil && c.Width*c.Height > 1<<20 {
			return // allowed, and slow
		}
		p, err := Decode(data)
		if err != nil {
			if !errors.Is(err, ErrFormat) {
				t.Errorf("%v, want ErrFormat", err)
			}
			return
		}
		if _, _, err := Fit(p.Image, cifar.Shape{Height: 3, Width: 4, Channels: 3}); err != nil {
			t.Error(err)
		}
	})
}

// Promise(files/hostile)
func FuzzOrientation(f *testing.F) {
	f.Add([]byte("II*\x00\x08\x00\x00\x00\x01\x00\x12\x01\x03\x00\x01\x00\x00\x00\x06\x00\x00\x00"), "jpeg")
	f.Fuzz(func(t *testing.T, data []byte, format string) {
		for _, o := range []int{tiffOrientation(data), orientation(data, format)} {
			if o < 1 || o > 8 {
				t.Errorf("orientation %d", o)
			}
		}
	})
}
