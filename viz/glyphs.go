package viz

import (
	"fmt"
	"image"
	"image/color"
	"slices"
	"strings"
	"unicode"

	"golang.org/x/image/font/sfnt"
	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// maxGlyphs is how many characters without a glyph a caption lists.
const maxGlyphs = 20

// glyphNote names the characters of the figure's text that its font cannot draw, or is empty. A PNG
// shows a box, or nothing, in their place; an SVG shows them where the reader's system has another font
// with them.
func (f *Figure) glyphNote() string {
	seen, err := f.readText()
	if err != nil { // PNG and SVG report it
		return ""
	}
	if len(seen.missing) == 0 {
		return ""
	}
	var list strings.Builder
	for _, r := range seen.missing[:min(len(seen.missing), maxGlyphs)] {
		fmt.Fprintf(&list, " %c", r)
	}
	if more := len(seen.missing) - maxGlyphs; more > 0 {
		fmt.Fprintf(&list, " and %d more", more)
	}
	return fmt.Sprintf("Characters without a glyph in %s:%s", strings.Join(seen.fonts, ", "), &list)
}

// readText draws the figure on a canvas that only looks at the text.
func (f *Figure) readText() (seen *glyphCanvas, err error) {
	if err := f.check(); err != nil {
		return nil, err
	}
	defer recoverDrawing(f.Title, &err)
	w, h := f.size()
	seen = &glyphCanvas{}
	f.Draw(draw.NewCanvas(safeCanvas{seen}, w, h))
	return seen, nil
}

// glyphCanvas draws nothing and collects the characters without a glyph.
type glyphCanvas struct {
	missing []rune
	fonts   []string // that lack them
}

// FillString implements vg.Canvas.
func (c *glyphCanvas) FillString(face font.Face, _ vg.Point, s string) {
	var buffer sfnt.Buffer
	for _, r := range s {
		// Characters without a shape of their own, and clean's replacement, leave no gap to explain.
		if r == unicode.ReplacementChar || !unicode.IsGraphic(r) || unicode.Is(unicode.Variation_Selector, r) {
			continue
		}
		if glyph, err := face.Face.GlyphIndex(&buffer, r); err == nil && glyph != 0 {
			continue
		}
		if !slices.Contains(c.missing, r) {
			c.missing = append(c.missing, r)
		}
		if name := family(face.Font); !slices.Contains(c.fonts, name) {
			c.fonts = append(c.fonts, name)
		}
	}
}

// family is a font's name without its weight: "Liberation Sans".
func family(f font.Font) string {
	return strings.TrimSpace(string(f.Typeface) + " " + string(f.Variant))
}

// The other methods of vg.Canvas do nothing.

func (*glyphCanvas) SetLineWidth(vg.Length)              {}
func (*glyphCanvas) SetLineDash([]vg.Length, vg.Length)  {}
func (*glyphCanvas) SetColor(color.Color)                {}
func (*glyphCanvas) Rotate(float64)                      {}
func (*glyphCanvas) Translate(vg.Point)                  {}
func (*glyphCanvas) Scale(float64, float64)              {}
func (*glyphCanvas) Push()                               {}
func (*glyphCanvas) Pop()                                {}
func (*glyphCanvas) Stroke(vg.Path)                      {}
func (*glyphCanvas) Fill(vg.Path)                        {}
func (*glyphCanvas) DrawImage(vg.Rectangle, image.Image) {}
