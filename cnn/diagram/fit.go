package diagram

import (
	"fmt"
	"html"
	"regexp"
	"strconv"
	"strings"

	"codeberg.org/go-fonts/liberation/liberationsansbold"
	"codeberg.org/go-fonts/liberation/liberationsansregular"
	"golang.org/x/image/font"
	"golang.org/x/image/font/sfnt"
	"golang.org/x/image/math/fixed"
)

// textElement matches a text as Graphviz writes it: the attributes, the size among them, and the content.
var textElement = regexp.MustCompile(`<text ([^>]*font-size="([0-9.]+)"[^>]*)>([^<]*)</text>`)

// fitText gives each text the width that it has in Liberation Sans, whose glyphs are as wide as those of
// Helvetica, for which Graphviz sized the boxes. A browser without either of them squeezes its
// own font to that width (SVG 1.1, 10.5, textLength) instead of writing over the boxes.
func fitText(svg []byte) ([]byte, error) {
	regular, err := sfnt.Parse(liberationsansregular.TTF)
	if err != nil {
		return nil, fmt.Errorf("the diagram's font: %w", err)
	}
	bold, err := sfnt.Parse(liberationsansbold.TTF)
	if err != nil {
		return nil, fmt.Errorf("the diagram's bold font: %w", err)
	}
	return textElement.ReplaceAllFunc(svg, func(element []byte) []byte {
		m := textElement.FindSubmatch(element)
		attributes, content := string(m[1]), string(m[3])
		size, err := strconv.ParseFloat(string(m[2]), 64)
		shown := strings.TrimSpace(html.UnescapeString(content)) // what a browser keeps
		if err != nil || shown == "" {
			return element
		}
		f := regular
		if strings.Contains(attributes, `font-weight="bold"`) {
			f = bold
		}
		return fmt.Appendf(nil, `<text %s textLength="%.2f" lengthAdjust="spacingAndGlyphs">%s</text>`,
			attributes, size*width(f, shown), content)
	}), nil
}

// width is the width of a text in units of the font's size. A character that the font lacks counts as its
// empty box does.
func width(f *sfnt.Font, s string) float64 {
	const em = 1 << 10
	var buffer sfnt.Buffer
	total := fixed.Int26_6(0)
	for _, r := range s {
		glyph, err := f.GlyphIndex(&buffer, r)
		if err != nil {
			continue
		}
		if advance, err := f.GlyphAdvance(&buffer, glyph, fixed.I(em), font.HintingNone); err == nil {
			total += advance
		}
	}
	return float64(total) / 64 / em
}
