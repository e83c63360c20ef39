package viz

import (
	"image/color"
	"math"
	"strings"
	"unicode"

	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// capHeight is the height of Liberation Sans's capitals in units of its size.
const capHeight = 0.729

// lettering is a font and colour for text that this package positions itself.
// gonum's own text style aligns the line box, which is visibly off-centre in small cells.
type lettering struct {
	font  font.Font
	color color.Color
}

func (l lettering) width(s string) vg.Length { return textWidth(l.font, s) }

// draw writes s on the baseline y. align is the position of x in s: 0 is the left end,
// 0.5 the middle, 1 the right end.
func (l lettering) draw(c draw.Canvas, x, y vg.Length, align float64, s string) {
	if s == "" {
		return
	}
	c.SetColor(l.color)
	fillText(c, l.font, vg.Point{X: x - vg.Length(align)*l.width(s), Y: y}, s)
}

// drawMiddle writes s so that its capitals and digits are centred on the height y.
func (l lettering) drawMiddle(c draw.Canvas, x, y vg.Length, align float64, s string) {
	l.draw(c, x, y-capHeight/2*l.font.Size, align, s)
}

// drawSlanted writes s upwards at 45 degrees, with the middle of its right end at (x, y).
func (l lettering) drawSlanted(c draw.Canvas, x, y vg.Length, s string) {
	c.Push()
	c.Translate(vg.Point{X: x, Y: y})
	c.Rotate(math.Pi / 4)
	l.drawMiddle(c, 0, 0, 1, s)
	c.Pop()
}

// fit returns s, shortened with an ellipsis if it is wider than width.
func (l lettering) fit(s string, width vg.Length) string {
	s = clean(s)
	if l.width(s) <= width {
		return s
	}
	runes := []rune(s)
	for n := len(runes) - 1; n > 0; n-- {
		short := strings.TrimRight(string(runes[:n]), " ") + "…"
		if l.width(short) <= width {
			return short
		}
	}
	return "…"
}

// fitAll applies fit to each label of an axis.
func (l lettering) fitAll(labels []string, width vg.Length) []string {
	out := make([]string, len(labels))
	for i, s := range labels {
		out[i] = l.fit(s, width)
	}
	return out
}

// widest returns the width of the widest label.
func (l lettering) widest(labels []string) vg.Length {
	var w vg.Length
	for _, s := range labels {
		w = max(w, l.width(s))
	}
	return w
}

// clean makes a label safe to draw and to embed in XML: white space becomes a
// space; characters that control a terminal or the text direction, and invalid ones, become U+FFFD.
func clean(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r):
			return ' '
		case r == unicode.ReplacementChar, unicode.Is(unicode.Cc, r), unicode.Is(unicode.Bidi_Control, r),
			unicode.Is(unicode.Noncharacter_Code_Point, r):
			return unicode.ReplacementChar
		case r == '\u2028', r == '\u2029':
			return ' '
		}
		return r
	}, s)
}
