package viz

import (
	"image"
	"math"

	xdraw "golang.org/x/image/draw"
	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/vg"
)

// safeCanvas cleans all text that is drawn on it, by any caller: gonum's SVG
// canvas escapes markup but passes on control characters, which are not valid XML.
type safeCanvas struct {
	vg.Canvas
}

func (c safeCanvas) FillString(face font.Face, at vg.Point, s string) {
	c.Canvas.FillString(face, at, clean(s))
}

// pixelCanvas is a safeCanvas for a raster with a number of dots per point. It enlarges images
// without smoothing and aligns them to whole pixels; gonum's canvas would blur them.
type pixelCanvas struct {
	safeCanvas
	dots float64
}

// maxImageDots limits each side of one enlarged image, in pixels.
const maxImageDots = 8192

func (c pixelCanvas) DrawImage(rect vg.Rectangle, img image.Image) {
	snap := func(v vg.Length) int { return int(math.Round(float64(v) * c.dots)) }
	x0, y0 := snap(rect.Min.X), snap(rect.Min.Y)
	w, h := snap(rect.Max.X)-x0, snap(rect.Max.Y)-y0
	b := img.Bounds()
	if w < b.Dx() || h < b.Dy() || w > maxImageDots || h > maxImageDots {
		c.safeCanvas.DrawImage(rect, img)
		return
	}
	big := image.NewRGBA(image.Rect(0, 0, w, h))
	xdraw.NearestNeighbor.Scale(big, big.Bounds(), img, b, xdraw.Src, nil)
	at := func(v int) vg.Length { return vg.Length(float64(v) / c.dots) }
	c.safeCanvas.DrawImage(vg.Rectangle{
		Min: vg.Point{X: at(x0), Y: at(y0)},
		Max: vg.Point{X: at(x0 + w), Y: at(y0 + h)},
	}, big)
}
