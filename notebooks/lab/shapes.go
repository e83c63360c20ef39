package lab

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"

	"github.com/cnnbook/cnnbook/internal/atomicfile"
)

// ShapeClasses are the classes of [DrawShapes], in the order of their labels after an import.
func ShapeClasses() []string { return []string{"circle", "square", "triangle"} }

// shapeSizes are the widths and heights of the pictures, in turn.
var shapeSizes = [][2]int{{48, 48}, {64, 48}, {60, 80}, {96, 96}}

// DrawShapes draws perClass pictures of each of [ShapeClasses] into a new folder, shapes/CLASS/NUMBER.png or .jpg, as someone's
// photographs might come: in several sizes, two formats, and with any colours. A shape is turned a little and lies near the
// middle, on a ground whose brightness changes from side to side. It returns the folder. The seed determines every byte.
func DrawShapes(perClass int, seed uint64) string {
	dir := filepath.Join(TempDir(), "shapes")
	check(drawShapes(dir, perClass, seed))
	return dir
}

func drawShapes(dir string, perClass int, seed uint64) error {
	for class, name := range ShapeClasses() {
		folder := filepath.Join(dir, name)
		if err := os.MkdirAll(folder, 0o755); err != nil {
			return err
		}
		rng := rand.New(rand.NewPCG(seed, uint64(class)))
		for i := range perClass {
			var file bytes.Buffer
			size := shapeSizes[i%len(shapeSizes)]
			drawn, format := drawShape(rng, name, size[0], size[1]), "png"
			err := error(nil)
			if i%3 == 2 {
				format, err = "jpg", jpeg.Encode(&file, drawn, &jpeg.Options{Quality: 90})
			} else {
				err = png.Encode(&file, drawn)
			}
			if err == nil {
				err = atomicfile.WriteBytes(filepath.Join(folder, fmt.Sprintf("%04d.%s", i, format)), file.Bytes(), 0o644)
			}
			if err != nil {
				return err
			}
		}
	}
	return nil
}

// drawShape draws one picture. Lengths are in units of half the shorter side, from its middle.
func drawShape(rng *rand.Rand, class string, width, height int) *image.RGBA {
	pick := func(low, high float64) float64 { return low + (high-low)*rng.Float64() }
	unit := float64(min(width, height)) / 2
	x0, y0 := pick(-0.2, 0.2), pick(-0.2, 0.2)
	radius, turn := pick(0.4, 0.65), pick(-0.4, 0.4)
	ground := [3]float64{pick(0, 120), pick(0, 120), pick(0, 120)}
	ink := ground
	for c := range ink { // at least so far from the ground that it can be seen
		ink[c] += pick(40, 135)
	}
	slope, noise := pick(-20, 20), pick(2, 12)
	img := image.NewRGBA(image.Rect(0, 0, width, height))
	for py := range height {
		for px := range width {
			x, y := (float64(px)+0.5-float64(width)/2)/unit-x0, (float64(py)+0.5-float64(height)/2)/unit-y0
			inside := min(max(0.5-(distance(class, x*math.Cos(turn)+y*math.Sin(turn), y*math.Cos(turn)-x*math.Sin(turn))-radius)*unit, 0), 1)
			var rgb [3]uint8
			for c := range rgb {
				v := ground[c] + inside*(ink[c]-ground[c]) + slope*x + noise*rng.NormFloat64()
				rgb[c] = uint8(min(max(v, 0), 255))
			}
			img.SetRGBA(px, py, color.RGBA{rgb[0], rgb[1], rgb[2], 255})
		}
	}
	return img
}

// distance measures how far from the middle a point is: it is constant along a shape's edge. The shapes of one radius have
// about equal areas.
func distance(class string, x, y float64) float64 {
	switch class {
	case "square":
		return max(math.Abs(x), math.Abs(y)) * 1.128
	case "triangle":
		return max(-y, (y+math.Sqrt(3)*math.Abs(x))/2) * 1.286
	}
	return math.Hypot(x, y)
}
