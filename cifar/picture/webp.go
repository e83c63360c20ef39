package picture

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"image"
	"io"

	"golang.org/x/image/webp"
)

// decodeWebP decodes a WebP file, of an animation the first of its frames, and counts the
// frames. The canvas is what the file's first chunk states.
//
// golang.org/x/image/webp decodes the chunks, but reads no animations and no lossless
// pictures whose header states transparency, and gives colours of limited range as if they
// were of full range: so it gets the first picture alone, and its colours are converted here.
func decodeWebP(data []byte, canvas image.Config) (img image.Image, frames int, err error) {
	all := image.Rect(0, 0, canvas.Width, canvas.Height)
	at := all // where the picture lies
	var alpha, pixels []byte
	for c := range riffChunks(data[min(12, len(data)):]) {
		switch {
		case c.name() == "ANMF":
			if frames++; frames > 1 || pixels != nil {
				continue
			}
			if at, err = frameRectangle(c.body()); err != nil {
				return nil, 0, err
			}
			for part := range riffChunks(c.body()[16:]) {
				alpha, pixels = webpParts(part, alpha, pixels)
			}
		case frames == 0:
			alpha, pixels = webpParts(c, alpha, pixels)
		}
	}
	if pixels == nil {
		return nil, 0, io.ErrUnexpectedEOF
	}
	if !at.In(all) {
		return nil, 0, fmt.Errorf("webp: the first frame covers %v, outside of the picture's %v", at, all)
	}
	size, err := webp.DecodeConfig(webpFile(pixels))
	if err != nil {
		return nil, 0, err
	}
	if size.Width != at.Dx() || size.Height != at.Dy() {
		return nil, 0, fmt.Errorf("webp: %d×%d pixels where the header states %d×%d", size.Height, size.Width, at.Dy(), at.Dx())
	}
	parts := [][]byte{pixels}
	if alpha != nil && string(pixels[:4]) == "VP8 " { // lossless pixels hold their own transparency
		parts = [][]byte{alphaHeader(size), alpha, pixels}
	}
	if img, err = webp.Decode(webpFile(parts...)); err != nil {
		return nil, 0, err
	}
	return onCanvas(webpColours(img, at.Min), canvas), frames, nil
}

// webpParts keeps a file's or a frame's first pixels, and the transparency before them.
func webpParts(c riffChunk, alpha, pixels []byte) (newAlpha, newPixels []byte) {
	switch {
	case pixels != nil:
	case c.name() == "ALPH":
		alpha = c
	case c.name() == "VP8 " || c.name() == "VP8L":
		pixels = c
	}
	return alpha, pixels
}

// frameRectangle reads where a frame lies from the first 16 bytes of its chunk.
func frameRectangle(frame []byte) (image.Rectangle, error) {
	if len(frame) < 16 {
		return image.Rectangle{}, errors.New("webp: the first frame has no header")
	}
	u24 := func(i int) int { return int(frame[i]) | int(frame[i+1])<<8 | int(frame[i+2])<<16 }
	x, y := 2*u24(0), 2*u24(3)
	return image.Rect(x, y, x+u24(6)+1, y+u24(9)+1), nil
}

// alphaHeader is the chunk that announces transparency.
func alphaHeader(size image.Config) []byte {
	const alphaBit = 1 << 4
	w, h := size.Width-1, size.Height-1
	return []byte{'V', 'P', '8', 'X', 10, 0, 0, 0, alphaBit, 0, 0, 0,
		byte(w), byte(w >> 8), byte(w >> 16), byte(h), byte(h >> 8), byte(h >> 16)}
}

// webpFile is a WebP file of the given chunks.
func webpFile(chunks ...[]byte) io.Reader {
	length := len("WEBP")
	var parts []io.Reader
	for _, c := range chunks {
		padding := make([]byte, len(c)%2)
		length += len(c) + len(padding)
		parts = append(parts, bytes.NewReader(c), bytes.NewReader(padding))
	}
	header := binary.LittleEndian.AppendUint32([]byte("RIFF"), uint32(length))
	return io.MultiReader(append([]io.Reader{bytes.NewReader(append(header, "WEBP"...))}, parts...)...)
}

// riffChunk is a chunk with its header of 8 bytes, without padding.
type riffChunk []byte

func (c riffChunk) name() string { return string(c[:4]) }
func (c riffChunk) body() []byte { return c[8:] }

// riffChunks goes through chunks; one that is cut short ends them.
func riffChunks(data []byte) func(yield func(riffChunk) bool) {
	return func(yield func(riffChunk) bool) {
		for len(data) >= 8 {
			length := int(binary.LittleEndian.Uint32(data[4:]))
			if length > len(data)-8 || !yield(riffChunk(data[:8+length])) {
				return
			}
			data = data[min(8+length+length&1, len(data)):]
		}
	}
}

// webpColours converts lossy pixels as libwebp does, bit by bit: Y'CbCr by ITU-R 601 in
// limited range, where black is 16 and white 235, with colours interpolated between their
// samples. The result's first pixel lies at origin.
func webpColours(img image.Image, origin image.Point) image.Image {
	var from image.YCbCr
	opacity := func(x, y int) byte { return 255 }
	switch img := img.(type) {
	case *image.YCbCr:
		from = *img
	case *image.NYCbCrA:
		from = img.YCbCr
		opacity = func(x, y int) byte { return img.A[img.AOffset(x, y)] }
	case *image.NRGBA: // lossless
		img.Rect = img.Rect.Add(origin)
		return img
	default:
		return img
	}
	w, h := from.Rect.Dx(), from.Rect.Dy()
	to := image.NewNRGBA(image.Rect(0, 0, w, h).Add(origin))
	for y := range h {
		near, far := y/2*from.CStride, neighbour(y, h)*from.CStride
		for x := range w {
			a, b := x/2, neighbour(x, w)
			between := func(c []byte) int32 { // weights 9, 3, 3 and 1 of 16, in libwebp's order of rounding
				n, side, above, corner := int32(c[near+a]), int32(c[near+b]), int32(c[far+a]), int32(c[far+b])
				return ((n+3*side+3*above+corner+8)>>3 + n) >> 1
			}
			cb, cr := between(from.Cb), between(from.Cr)
			luma := int32(from.Y[y*from.YStride+x]) * 19077 >> 8
			pixel := to.Pix[y*to.Stride+4*x:][:4]
			pixel[0] = clamp(luma + cr*26149>>8 - 14234)
			pixel[1] = clamp(luma - cb*6419>>8 - cr*13320>>8 + 8708)
			pixel[2] = clamp(luma + cb*33050>>8 - 17685)
			pixel[3] = opacity(x, y)
		}
	}
	return to
}

// neighbour is the second nearest colour sample of pixel i of n, which lies inside.
func neighbour(i, n int) int {
	if i%2 == 0 {
		return max(i/2-1, 0)
	}
	return min(i/2+1, (n-1)/2)
}

// clamp rounds 64ths down to a byte.
func clamp(v int32) byte {
	return byte(max(0, min(v>>6, 255)))
}
