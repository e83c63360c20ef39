package viz

import (
	"image/color"
	"math"

	xfont "golang.org/x/image/font"
	"gonum.org/v1/plot"
	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// Sizes in points. One point is one CSS pixel on a page, so these are a
// little larger than they would be on paper.
const (
	titleSize  = vg.Length(14)
	labelSize  = vg.Length(12)
	tickSize   = vg.Length(11)
	smallest   = vg.Length(7) // below this, text in a cell is left out
	lineWidth  = vg.Length(1.8)
	margin     = vg.Length(10)
	gutter     = vg.Length(18) // between panels
	plotWidth  = vg.Length(520)
	plotHeight = vg.Length(340)
)

// Palette returns the colours of series, in order of use: the eight of
// Okabe and Ito, "Color Universal Design" (2002, revised 2008,
// https://jfly.uni-koeln.de/color/), without the yellow, which is too pale for
// lines on white. See also B. Wong, "Points of view: Color blindness", Nature
// Methods 8, 441 (2011).
func Palette() []color.Color {
	return []color.Color{
		rgb(0x0072B2), // blue
		rgb(0xD55E00), // vermillion
		rgb(0x009E73), // bluish green
		rgb(0xCC79A7), // reddish purple
		rgb(0xE69F00), // orange
		rgb(0x56B4E9), // sky blue
		rgb(0x000000), // black
	}
}

// SeriesStyle returns the line style of series i, counted from 0: a colour of
// the palette and a dash pattern, so that series differ in print without colour too.
func SeriesStyle(i int) draw.LineStyle {
	colors := Palette()
	patterns := [][]vg.Length{nil, {7, 2.5}, {2, 2}, {9, 3, 2, 3}, {12, 4}, {4, 2, 1, 2, 1, 2}}
	i = max(i, 0)
	return draw.LineStyle{
		Color:  colors[i%len(colors)],
		Width:  lineWidth,
		Dashes: patterns[i%len(patterns)],
	}
}

// NewPlot returns an empty gonum plot in the package's style: sans-serif type,
// dark grey axes and readable ticks. The caller adds grid lines.
func NewPlot(title, xLabel, yLabel string) *plot.Plot {
	p := plot.New()
	p.TextHandler = textHandler()
	p.Title.Text = title
	p.Title.Padding = 8
	p.Title.TextStyle.Font = sans(titleSize, true)
	p.Title.TextStyle.Handler = p.TextHandler
	p.Title.TextStyle.Color = ink()
	p.X.Label.Text = xLabel
	p.Y.Label.Text = yLabel
	p.Legend.TextStyle.Font = sans(tickSize, false)
	for _, axis := range []*plot.Axis{&p.X, &p.Y} {
		axis.Label.TextStyle.Font = sans(labelSize, false)
		axis.Label.TextStyle.Handler = p.TextHandler
		axis.Label.TextStyle.Color = ink()
		axis.Label.Padding = 4
		axis.Tick.Label.Font = sans(tickSize, false)
		axis.Tick.Label.Handler = p.TextHandler
		axis.Tick.Label.Color = ink()
		axis.Tick.Length = 4
		axis.Tick.LineStyle = draw.LineStyle{Color: faintInk(), Width: 0.8}
		axis.LineStyle = draw.LineStyle{Color: faintInk(), Width: 0.8}
		axis.Padding = 0
		axis.Tick.Marker = linearTicks{count: 6}
	}
	p.Y.Tick.Label.YAlign = tickMiddle
	return p
}

// tickMiddle centres the digits of a vertical axis on their ticks: gonum centres
// the line box with its descent, 0.1 of a line too high.
const tickMiddle = draw.YAlignment(-0.6)

func textHandler() text.Handler { return raisedText{text.Plain{Fonts: font.DefaultCache}} }

// sans is the Liberation Sans included in gonum/plot; its widths equal Arial's.
func sans(size vg.Length, bold bool) font.Font {
	f := font.Font{Typeface: "Liberation", Variant: "Sans", Size: size}
	if bold {
		f.Weight = xfont.WeightBold
	}
	return f
}

func rgb(hex uint32) color.Color {
	return color.NRGBA{R: uint8(hex >> 16), G: uint8(hex >> 8), B: uint8(hex), A: 255}
}

func ink() color.Color      { return rgb(0x222222) } // text
func faintInk() color.Color { return rgb(0x666666) } // axes; 5.7:1 on white
func gridInk() color.Color  { return rgb(0xE4E4E4) } // grid lines
func paper() color.Color    { return rgb(0xFFFFFF) }
func rightInk() color.Color { return rgb(0x0072B2) } // Okabe and Ito's blue: correct predictions
func wrongInk() color.Color { return rgb(0xB84F00) } // their vermillion, darkened to 5:1 on white for small type
func restInk() color.Color  { return rgb(0x9AA5AE) } // other bars
func shadeInk() color.Color { return rgb(0xBFDDF0) } // bars behind a line
func barInk() color.Color   { return rgb(0x56B4E9) } // Okabe and Ito's sky blue: bars on which a whisker shows

// transparent returns c at the given opacity.
func transparent(c color.Color, opacity float64) color.Color {
	n := color.NRGBAModel.Convert(c).(color.NRGBA)
	n.A = uint8(math.Round(255 * opacity))
	return n
}

// ramp maps 0 … 1 to white … blue … deep blue with decreasing lightness, so that it also
// works as a grey scale.
func ramp(v float64) color.Color {
	stops := []color.NRGBA{{255, 255, 255, 255}, {0xA6, 0xCE, 0xE6, 255}, {0x00, 0x72, 0xB2, 255}, {0x00, 0x35, 0x5C, 255}}
	v = min(max(v, 0), 1) * float64(len(stops)-1)
	i := min(int(v), len(stops)-2)
	t := v - float64(i)
	mix := func(a, b uint8) uint8 { return uint8(math.Round(float64(a)*(1-t) + float64(b)*t)) }
	a, b := stops[i], stops[i+1]
	return color.NRGBA{mix(a.R, b.R), mix(a.G, b.G), mix(a.B, b.B), 255}
}

// readableOn returns black or white, whichever has the higher contrast on the
// background by WCAG 2.2's ratio (L1 + 0.05)/(L2 + 0.05), which is at least 4.58:1.
func readableOn(background color.Color) color.Color {
	l := luminance(background)
	if 1.05/(l+0.05) > (l+0.05)/0.05 {
		return paper()
	}
	return rgb(0x000000)
}

// luminance returns WCAG 2.2's relative luminance of an opaque sRGB colour, 0 … 1.
func luminance(c color.Color) float64 {
	n := color.NRGBAModel.Convert(c).(color.NRGBA)
	linear := func(b uint8) float64 {
		v := float64(b) / 255
		if v <= 0.04045 {
			return v / 12.92
		}
		return math.Pow((v+0.055)/1.055, 2.4)
	}
	return 0.2126*linear(n.R) + 0.7152*linear(n.G) + 0.0722*linear(n.B)
}
