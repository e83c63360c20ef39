package pagenet

import "github.com/cnnbook/cnnbook/internal/fit"

// Fit makes a picture the size of the network's images, as package cifar/picture does: it cuts out the middle and averages it
// over areas. rgba is red, green, blue and opacity of each pixel, row by row; it is overwritten. The colours are not
// multiplied by the opacity. Width and height are at least 1.
func (n *Network) Fit(rgba []byte, width, height int) []byte {
	left, top, w, h := fit.Centre(width, height, n.Width, n.Height)
	part := rgba[:0]
	for y := range h {
		line := rgba[4*((top+y)*width+left):][:4*w]
		part = append(part, line...) // never beyond what has been read
	}
	for i := 0; i < len(part); i += 4 {
		for c := range 3 {
			part[i+c] = byte(uint32(part[i+c]) * uint32(part[i+3]) / 0xff)
		}
	}
	fit.OnWhite(part)
	colours := fit.Resize(fit.Pixels{Pix: part, Width: w, Height: h}, n.Height, n.Width)
	if n.Channels == 3 {
		return colours
	}
	grey := make([]byte, 0, len(colours)/3)
	for i := 0; i < len(colours); i += 3 {
		grey = append(grey, fit.Luma(colours[i], colours[i+1], colours[i+2]))
	}
	return grey
}
