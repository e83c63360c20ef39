package kernelext

import (
	"bytes"
	"cmp"
	"encoding/base64"
	"encoding/binary"
	"encoding/xml"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"io"
	"math"
	"strings"

	"github.com/cnnbook/cnnbook/kernelext/internal/text"
)

const (
	// pictureSide is the size, in CSS pixels, to which small images are enlarged.
	pictureSide = 256

	pointsPerMetre = 72 / 0.0254
)

// Picture is an image with the text that describes it.
type Picture struct {
	Image   image.Image
	Alt     string // what it shows; empty: its size is stated
	Caption string

	// Scale is the number of screen pixels for each side of an image pixel. At 0 it is the largest
	// factor with which the longer side is at most 256.
	Scale int
}

func (p Picture) bundle() (bundle, error) {
	if p.Image == nil {
		return bundle{}, errors.New("the Picture has no image")
	}
	size := p.Image.Bounds().Size()
	if size.X < 1 || size.Y < 1 {
		return bundle{}, fmt.Errorf("the image is empty: %d by %d pixels", size.X, size.Y)
	}
	const maxSide = 16384
	scale := cmp.Or(max(p.Scale, 0), max(1, pictureSide/max(size.X, size.Y)))
	if max(size.X, size.Y) > maxSide/scale {
		return bundle{}, fmt.Errorf("the image is too large: %d by %d pixels at scale %d, expected at most %d a side", size.X, size.Y, scale, maxSide)
	}
	var buf bytes.Buffer
	if err := png.Encode(&buf, enlarged{p.Image, scale}); err != nil {
		return bundle{}, err
	}
	alt := cmp.Or(text.CleanLine(p.Alt), fmt.Sprintf("Image of %d by %d pixels.", size.X, size.Y))
	return figureHTML("png", buf.Bytes(), size.X*scale, alt, p.Caption), nil
}

// enlarged repeats each pixel scale times in both directions. Browsers smooth
// enlarged images, unless a style forbids it, and not every page keeps such a style.
type enlarged struct {
	image.Image
	scale int
}

func (e enlarged) Bounds() image.Rectangle {
	size := e.Image.Bounds().Size()
	return image.Rect(0, 0, size.X*e.scale, size.Y*e.scale)
}

func (e enlarged) At(x, y int) color.Color {
	origin := e.Image.Bounds().Min
	return e.Image.At(origin.X+x/e.scale, origin.Y+y/e.scale)
}

func figureBundle(f Figure) (bundle, error) {
	data, err := f.PNG()
	if err != nil {
		return bundle{}, err
	}
	width, err := pngWidth(data)
	if err != nil {
		return bundle{}, err
	}
	alt := cmp.Or(text.CleanLine(f.AltText()), text.CleanLine(f.CaptionText()), "Figure without a description.")
	return figureHTML("png", data, width, alt, f.CaptionText()), nil
}

// pngWidth is the width at which a page shows a PNG, in CSS pixels.
func pngWidth(data []byte) (int, error) {
	config, err := png.DecodeConfig(bytes.NewReader(data))
	if err != nil {
		return 0, fmt.Errorf("the figure's PNG cannot be read: %w", err)
	}
	// The pHYs chunk comes before IDAT: PNG, third edition, 11.3.4.3.
	for at := 8; at+12 <= len(data); {
		length := int(binary.BigEndian.Uint32(data[at:]))
		kind := string(data[at+4 : at+8])
		if kind == "IDAT" || length > len(data)-at-12 {
			break
		}
		if body := data[at+8 : at+8+length]; kind == "pHYs" && length == 9 && body[8] == 1 {
			density := float64(binary.BigEndian.Uint32(body)) / pointsPerMetre
			if density >= 0.5 && density <= 10 {
				return max(1, int(math.Round(float64(config.Width)/density))), nil
			}
		}
		at += 12 + length
	}
	return config.Width, nil
}

// SVG is a vector drawing with the text that describes it. The page shows it as
// an image: scripts inside do not run and nothing outside is loaded.
type SVG struct {
	Source  []byte // a whole document with <svg> as root
	Alt     string
	Caption string
}

func (s SVG) bundle() (bundle, error) {
	if err := checkSVG(s.Source); err != nil {
		return bundle{}, err
	}
	alt := cmp.Or(text.CleanLine(s.Alt), text.CleanLine(s.Caption), "Drawing without a description.")
	return figureHTML("svg+xml", s.Source, 0, alt, s.Caption), nil
}

func drawingBundle(d Drawing) (bundle, error) {
	source, err := d.SVG()
	if err != nil {
		return bundle{}, err
	}
	return SVG{Source: source, Alt: d.AltText(), Caption: d.CaptionText()}.bundle()
}

// checkSVG reports errors that would leave an empty frame on the page: browsers
// report nothing about an image that is not XML.
func checkSVG(source []byte) error {
	decoder := xml.NewDecoder(bytes.NewReader(source))
	for root := true; ; {
		token, err := decoder.Token()
		if errors.Is(err, io.EOF) {
			if root {
				return errors.New("the SVG is empty, expected an <svg> element")
			}
			return nil
		}
		if err != nil {
			return fmt.Errorf("the SVG is not well-formed at byte %d: %w", decoder.InputOffset(), err)
		}
		if start, ok := token.(xml.StartElement); ok && root {
			if start.Name.Local != "svg" {
				return fmt.Errorf("the SVG has <%s> as root, expected <svg>", text.Clean(start.Name.Local))
			}
			root = false
		}
	}
}

// figureHTML is a figure with an image inside the page. Its background is white in dark
// themes too: drawings rely on it. width is in CSS pixels; 0 leaves it to the image.
// alt must have been cleaned.
func figureHTML(kind string, data []byte, width int, alt, caption string) bundle {
	var b strings.Builder
	b.WriteString(`<figure class="cnnbook-figure mathjax_ignore" style="margin:0.5em 0 1em">`)
	fmt.Fprintf(&b, `<img alt="%s" src="data:image/%s;base64,`, text.EscapeLine(alt), kind)
	b.WriteString(base64.StdEncoding.EncodeToString(data))
	b.WriteByte('"')
	if width > 0 {
		fmt.Fprintf(&b, ` width="%d"`, width)
	}
	b.WriteString(` style="max-width:100%;height:auto;background:#fff"/>`)
	plain := "[Figure: " + alt + "]"
	if line := text.CleanLine(caption); line != "" {
		b.WriteString(`<figcaption style="margin-top:0.4em">` + text.EscapeLine(line) + `</figcaption>`)
		plain += "\n" + line
	}
	b.WriteString(`</figure>`)
	return bundle{HTML: b.String(), Text: plain}
}
