package viz

import (
	"strings"

	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
)

// Liberation Sans lacks some of the raised digits and the raised minus of 10⁻⁹, and gonum would draw nothing in their place.
// They are drawn as small digits above the line.

// raisedRunes are the raised characters, and the characters of which they are drawn, in the same order.
const raisedRunes, loweredRunes = "⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "−0123456789"

const (
	raisedSize   = 0.68 // of raised characters, in units of the font's size
	raisedHeight = 0.38 // of their baseline above the line's
)

// piece is a part of a text in one font.
type piece struct {
	face font.Face
	text string
	up   vg.Length // of its baseline
}

// pieces cuts a text where raised characters begin and end. Most texts are one piece.
func pieces(f font.Font, s string) []piece {
	normal := font.DefaultCache.Lookup(f, f.Size)
	small := font.DefaultCache.Lookup(f, raisedSize*f.Size)
	var out []piece
	for s != "" {
		isRaised := func(r rune) bool { return strings.ContainsRune(raisedRunes, r) }
		if n := strings.IndexFunc(s, isRaised); n != 0 {
			if n < 0 {
				n = len(s)
			}
			out, s = append(out, piece{normal, s[:n], 0}), s[n:]
			continue
		}
		rest := strings.TrimLeft(s, raisedRunes)
		out, s = append(out, piece{small, lowered(s[:len(s)-len(rest)]), raisedHeight * f.Size}), rest
	}
	return out
}

// lowered replaces raised characters by ordinary ones.
func lowered(s string) string {
	from, to := []rune(raisedRunes), []rune(loweredRunes)
	return strings.Map(func(r rune) rune {
		for i := range from {
			if from[i] == r {
				return to[i]
			}
		}
		return r
	}, s)
}

// textWidth is the width of a text with raised characters.
func textWidth(f font.Font, s string) (w vg.Length) {
	for _, p := range pieces(f, s) {
		w += p.face.Width(p.text)
	}
	return w
}

// fillText draws a text with raised characters in the canvas's colour, from pt to the right.
func fillText(c vg.Canvas, f font.Font, pt vg.Point, s string) {
	for _, p := range pieces(f, s) {
		c.FillString(p.face, vg.Point{X: pt.X, Y: pt.Y + p.up}, p.text)
		pt.X += p.face.Width(p.text)
	}
}

// raisedText is gonum's handler of plain text, with raised characters.
type raisedText struct{ text.Plain }

// Box implements text.Handler.
func (h raisedText) Box(txt string, f font.Font) (width, height, depth vg.Length) {
	_, height, depth = h.Plain.Box(txt, f)
	return textWidth(f, txt), height, depth
}

// Draw implements text.Handler.
func (h raisedText) Draw(c vg.Canvas, txt string, style text.Style, pt vg.Point) {
	h.Plain.Draw(raisedCanvas{c, style}, txt, style, pt)
}

// raisedCanvas draws the lines that text.Plain has placed by the width that they would have without raised characters.
type raisedCanvas struct {
	vg.Canvas
	style text.Style
}

// FillString implements vg.Canvas.
func (c raisedCanvas) FillString(face font.Face, pt vg.Point, s string) {
	pt.X += vg.Length(c.style.XAlign) * (textWidth(c.style.Font, s) - face.Width(s))
	fillText(c.Canvas, c.style.Font, pt, s)
}
