package kernelext

import (
	"encoding/base64"
	"fmt"
	"math"
	"strings"

	"github.com/cnnbook/cnnbook/internal/number"
	"github.com/cnnbook/cnnbook/kernelext/internal/text"
)

// Size of a small plot in CSS pixels.
const (
	panelWidth  = 270
	panelHeight = 96
	panelEdge   = 5 // room for line ends and dots
)

func panelsHTML(panels []panel) string {
	var b strings.Builder
	valid := false
	for _, p := range panels {
		if p = p.finite(); len(p.train) > 1 {
			b.WriteString(p.html())
			valid = valid || len(p.valid) > 0
		}
	}
	if b.Len() == 0 {
		return ""
	}
	return `<div style="display:flex;flex-wrap:wrap;gap:0.6em 1.5em;margin-top:0.6em">` + b.String() + `</div>` + keyHTML(valid)
}

// keyHTML is the legend for the two kinds of lines, when there are two.
func keyHTML(valid bool) string {
	if !valid {
		return ""
	}
	return fmt.Sprintf(`<div style="font-size:0.85em"><span style="color:%s">━━</span> training, smoothed &#160; <span style="color:%s">╍╍</span> validation</div>`,
		colorTrain, colorValid)
}

// html is a plot with its name and range above it. The lines are an image, which
// every page shows; inline SVG would be dropped from notebooks that are not trusted.
// All text is outside of it, in the colours of the page.
func (p panel) html() string {
	low, high := p.span()
	source := base64.StdEncoding.EncodeToString([]byte(p.svg(low, high)))
	return fmt.Sprintf(`<div style="flex:0 1 %dpx;font-size:0.85em"><div style="display:flex;justify-content:space-between;gap:1em"><strong>%s</strong>`+
		`<span style="white-space:nowrap">%s to %s</span></div>`+
		`<img class="dark-light" alt="%s" width="%d" height="%d" style="max-width:100%%;background:none" src="data:image/svg+xml;base64,%s"/></div>`,
		panelWidth, text.EscapeLine(p.name), number.Short(low), number.Short(high), text.EscapeLine(p.alt()), panelWidth, panelHeight, source)
}

// alt describes the curves in words.
func (p panel) alt() string {
	first, last := p.train[0], p.train[len(p.train)-1]
	s := fmt.Sprintf("Curve of the %s: from %s to %s", text.CleanLine(p.name), number.Short(first.y), number.Short(last.y))
	if len(p.valid) > 0 {
		s += fmt.Sprintf("; on the validation data finally %s", number.Short(p.valid[len(p.valid)-1].y))
	}
	return s + "."
}

// finite leaves out what cannot be drawn.
func (p panel) finite() panel {
	keep := func(points []point) (out []point) {
		for _, at := range points {
			if !math.IsNaN(at.y) && !math.IsInf(at.y, 0) {
				out = append(out, at)
			}
		}
		return out
	}
	return panel{p.name, keep(p.train), keep(p.valid)}
}

// span is the range of the values.
func (p panel) span() (low, high float64) {
	low, high = math.Inf(1), math.Inf(-1)
	for _, points := range [][]point{p.train, p.valid} {
		for _, at := range points {
			low, high = min(low, at.y), max(high, at.y)
		}
	}
	return low, high
}

func (p panel) svg(low, high float64) string {
	left, right := p.train[0].x, p.train[len(p.train)-1].x
	if n := len(p.valid); n > 0 {
		left, right = min(left, p.valid[0].x), max(right, p.valid[n-1].x)
	}
	place := func(at point) (x, y float64) {
		return panelEdge + (panelWidth-2*panelEdge)*share(at.x, left, right),
			panelEdge + (panelHeight-2*panelEdge)*(1-share(at.y, low, high))
	}
	var b strings.Builder
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" viewBox="0 0 %d %d">`, panelWidth, panelHeight, panelWidth, panelHeight)
	fmt.Fprintf(&b, `<path d="M1 1V%dH%d" fill="none" stroke="#808080"/>`, panelHeight-1, panelWidth-1)
	line := func(points []point, color, dashes string) {
		fmt.Fprintf(&b, `<polyline fill="none" stroke="%s" stroke-width="1.8" stroke-linejoin="round"%s points="`, color, dashes)
		for _, at := range points {
			x, y := place(at)
			fmt.Fprintf(&b, "%.1f,%.1f ", x, y)
		}
		b.WriteString(`"/>`)
	}
	line(p.train, colorTrain, "")
	if len(p.valid) > 0 {
		line(p.valid, colorValid, ` stroke-dasharray="5 3"`)
		if len(p.valid) <= 12 { // a line of one point does not show
			for _, at := range p.valid {
				x, y := place(at)
				fmt.Fprintf(&b, `<circle cx="%.1f" cy="%.1f" r="2.6" fill="%s"/>`, x, y, colorValid)
			}
		}
	}
	b.WriteString(`</svg>`)
	return b.String()
}

// share is the position of v between low and high, from 0 to 1; the middle when they are equal.
func share(v, low, high float64) float64 {
	if !(high > low) {
		return 0.5
	}
	return (v - low) / (high - low)
}
