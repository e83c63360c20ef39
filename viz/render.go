package viz

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"html"
	"image/png"
	"math"
	"strings"

	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgimg"
	"gonum.org/v1/plot/vg/vgsvg"
)

const (
	dotsPerPoint = 2
	dpi          = 72 * dotsPerPoint
	maxSide      = 8000 // greatest side of a figure in points; a larger image would take gigabytes
)

// PNG renders the figure with two pixels for each point on a solid background.
// The file's metadata states 144 dots per inch, so that programs that honour it show the natural size.
func (f *Figure) PNG() (data []byte, err error) {
	if err := f.check(); err != nil {
		return nil, err
	}
	defer recoverDrawing(f.Title, &err)
	w, h := f.size()
	img := vgimg.NewWith(vgimg.UseWH(w, h), vgimg.UseDPI(dpi), vgimg.UseBackgroundColor(paper()))
	canvas := pixelCanvas{safeCanvas{img}, dotsPerPoint}
	f.Draw(draw.NewCanvas(canvas, w, h))

	var buf bytes.Buffer
	if err := png.Encode(&buf, img.Image()); err != nil {
		return nil, fmt.Errorf("viz: PNG of figure %q: %w", f.Title, err)
	}
	return withDensity(buf.Bytes(), dpi), nil
}

// SVG renders the figure as an SVG document with its alternative text, in which
// one CSS pixel is one point. The font is Liberation Sans or, where that is not
// installed, Arial or Helvetica, which have the same widths.
func (f *Figure) SVG() (data []byte, err error) {
	if err := f.check(); err != nil {
		return nil, err
	}
	defer recoverDrawing(f.Title, &err)
	w, h := f.size()
	svg := vgsvg.New(w, h)
	f.Draw(draw.NewCanvas(safeCanvas{svg}, w, h))

	var buf bytes.Buffer
	if _, err := svg.WriteTo(&buf); err != nil {
		return nil, fmt.Errorf("viz: SVG of figure %q: %w", f.Title, err)
	}
	return f.finishSVG(buf.String())
}

// finishSVG replaces the root element by one with a size in pixels and an
// alternative text, and corrects gonum's font and image attributes.
func (f *Figure) finishSVG(doc string) ([]byte, error) {
	start := strings.Index(doc, "<svg ")
	end := strings.Index(doc[max(start, 0):], ">")
	if start < 0 || end < 0 {
		return nil, fmt.Errorf("viz: SVG of figure %q: gonum/plot wrote no root element", f.Title)
	}
	w, h := f.size()
	// A quotation mark in a label is always escaped, so these patterns, each
	// with a literal one, only match attributes that gonum wrote.
	body := strings.NewReplacer(
		`style="font-family:Liberation Sans;`, `style="font-family:'Liberation Sans',Arial,Helvetica,sans-serif;`,
		`style="font-family:Liberation Serif;`, `style="font-family:'Liberation Serif','Times New Roman',Times,serif;`,
		`style="font-family:Liberation Mono;`, `style="font-family:'Liberation Mono','Courier New',Courier,monospace;`,
		`xlink:href="data:image/jpg;base64,`, `style="image-rendering:pixelated" xlink:href="data:image/png;base64,`,
	).Replace(doc[start+end+1:])
	root := fmt.Sprintf(`<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" `+
		`width="%g" height="%g" viewBox="0 0 %g %g" role="img" aria-label="%s">`,
		float64(w), float64(h), float64(w), float64(h), html.EscapeString(clean(f.Alt)))
	return []byte(root + body), nil
}

func (f *Figure) check() error {
	if f == nil || f.draw == nil {
		return inputErrorf("figure", "it is empty; create it with FromPlot or a description's Figure method")
	}
	for _, side := range []struct {
		name string
		v    float64
	}{{"width", float64(f.Width)}, {"height", float64(f.Height)}} {
		if !(side.v >= 1 && side.v <= maxSide) {
			return inputErrorf(fmt.Sprintf("figure %q", f.Title), "%s is %v points, expected 1 to %d", side.name, side.v, maxSide)
		}
	}
	return nil
}

// recoverDrawing turns a panic into an error: gonum/plot panics if a plot was
// adjusted to something it cannot draw, for example a logarithmic axis from 0.
func recoverDrawing(title string, err *error) {
	if r := recover(); r != nil {
		*err = inputErrorf(fmt.Sprintf("figure %q", title), "gonum/plot cannot draw it: %v", r)
	}
}

// withDensity adds a pHYs chunk (PNG specification, 11.3.4.3) after the header,
// which image/png does not write.
func withDensity(data []byte, dotsPerInch float64) []byte {
	const headerEnd = 8 + 4 + 4 + 13 + 4 // signature; length, name, data and checksum of IHDR
	perMetre := uint32(math.Round(dotsPerInch / 0.0254))
	chunk := binary.BigEndian.AppendUint32(nil, 9)
	chunk = append(chunk, "pHYs"...)
	chunk = binary.BigEndian.AppendUint32(chunk, perMetre)
	chunk = binary.BigEndian.AppendUint32(chunk, perMetre)
	chunk = append(chunk, 1) // the unit is the metre
	chunk = binary.BigEndian.AppendUint32(chunk, crc32.ChecksumIEEE(chunk[4:]))
	return bytes.Join([][]byte{data[:headerEnd], chunk, data[headerEnd:]}, nil)
}
