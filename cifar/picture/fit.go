package picture

import (
	"fmt"
	"image"
	"image/draw"
	"strings"

	"github.com/cnnbook/cnnbook/cifar"
	"github.com/cnnbook/cnnbook/internal/fit"
)

// Fit makes a picture the size of a dataset's images: it cuts out the largest part of the
// right proportions in the middle, and averages it over areas. It returns the pixels
// channel-first, as [cifar.Dataset.Pixels] does, and describes in words what was done:
// "640×480 pixels: 480×480 cut out in the middle, reduced to 48×48".
//
// Transparent pixels are laid on white. Colours become grey by ITU-R 601 weights; a grey
// picture has three equal channels. 16 bits a channel are cut to 8.
func Fit(img image.Image, s cifar.Shape) (pixels []byte, how string, err error) {
	if err := s.Check(); err != nil {
		return nil, "", err
	}
	b := img.Bounds()
	if b.Empty() {
		return nil, "", fmt.Errorf("the picture has no pixels: %w", ErrFormat)
	}
	if b.Dx() > MaxPixels/b.Dy() {
		return nil, "", fmt.Errorf("%d×%d pixels; want at most %d in all: %w", b.Dy(), b.Dx(), MaxPixels, ErrFormat)
	}
	part := centre(b, s)
	flat := image.NewRGBA(image.Rect(0, 0, part.Dx(), part.Dy()))
	draw.Draw(flat, flat.Bounds(), img, part.Min, draw.Src)
	transparent := fit.OnWhite(flat.Pix)

	colours := fit.Resize(fit.Pixels{Pix: flat.Pix, Width: part.Dx(), Height: part.Dy()}, s.Height, s.Width)
	plane := s.Plane()
	pixels = make([]byte, s.Bytes())
	coloured := false
	for i := range plane {
		r, g, b := colours[3*i], colours[3*i+1], colours[3*i+2]
		coloured = coloured || r != g || g != b
		if s.Channels == 1 {
			pixels[i] = fit.Luma(r, g, b)
		} else {
			pixels[i], pixels[plane+i], pixels[2*plane+i] = r, g, b
		}
	}

	var did []string
	if part != b {
		did = append(did, fmt.Sprintf("%d×%d cut out in the middle", part.Dy(), part.Dx()))
	}
	switch {
	case part.Dy() > s.Height || part.Dx() > s.Width:
		did = append(did, fmt.Sprintf("reduced to %d×%d", s.Height, s.Width))
	case part.Dy() != s.Height || part.Dx() != s.Width:
		did = append(did, fmt.Sprintf("enlarged to %d×%d", s.Height, s.Width))
	}
	if transparent {
		did = append(did, "transparent pixels on white")
	}
	if coloured && s.Channels == 1 {
		did = append(did, "colours to grey")
	}
	if did == nil {
		did = []string{"as it is"}
	}
	return pixels, fmt.Sprintf("%d×%d pixels: %s", b.Dy(), b.Dx(), strings.Join(did, ", ")), nil
}

// centre is the largest rectangle in the middle of b with the proportions of s.
func centre(b image.Rectangle, s cifar.Shape) image.Rectangle {
	x, y, w, h := fit.Centre(b.Dx(), b.Dy(), s.Width, s.Height)
	return image.Rect(x, y, x+w, y+h).Add(b.Min)
}
