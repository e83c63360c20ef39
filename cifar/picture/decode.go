package picture

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	"image/draw"
	_ "image/gif" // registers the format
	_ "image/jpeg"
	_ "image/png"
	"io"
	"os"
	"slices"

	_ "golang.org/x/image/bmp"
)

// The largest files and pictures that Decode accepts.
const (
	MaxBytes  = 256 << 20
	MaxPixels = 128 << 20
)

// ErrFormat is wrapped by errors about a file's content.
var ErrFormat = errors.New("not a picture that can be read")

// formats are those that are read. Other packages of a program may register more.
var formats = []string{"jpeg", "png", "gif", "webp", "bmp"}

// Picture is a decoded picture.
type Picture struct {
	Image  image.Image
	Format string   // "jpeg", "png", "gif", "webp" or "bmp"
	Notes  []string // what was done to it, such as "turned by 90° as its EXIF data says"
}

// DecodeFile decodes a file. Its errors name the file.
func DecodeFile(path string) (Picture, error) {
	info, err := os.Stat(path)
	if err != nil {
		return Picture{}, err
	}
	if !info.Mode().IsRegular() {
		return Picture{}, fmt.Errorf("%s is not a file (%s): %w", path, info.Mode(), ErrFormat)
	}
	f, err := os.Open(path)
	if err != nil {
		return Picture{}, err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, MaxBytes+1))
	if err != nil {
		return Picture{}, fmt.Errorf("reading %s: %w", path, err)
	}
	p, err := Decode(data)
	if err != nil {
		return Picture{}, fmt.Errorf("%s: %w", path, err)
	}
	return p, nil
}

// Decode decodes a file's content, whose format it recognises by its first bytes. Of an
// animation it gives the first frame.
func Decode(data []byte) (p Picture, err error) {
	if len(data) > MaxBytes {
		return p, fmt.Errorf("more than %d bytes: %w", MaxBytes, ErrFormat)
	}
	defer func() { // the decoders are not ours, and the file is anybody's
		if r := recover(); r != nil {
			p, err = Picture{}, fmt.Errorf("the decoder failed (%v): %w", r, ErrFormat)
		}
	}()
	config, format, err := image.DecodeConfig(bytes.NewReader(data))
	if format != "" && !slices.Contains(formats, format) {
		err = image.ErrFormat
	}
	if err != nil {
		return p, unreadable(data, err)
	}
	if w, h := config.Width, config.Height; w < 1 || h < 1 || w > MaxPixels/h {
		return p, fmt.Errorf("%d×%d pixels; want 1 to %d in all: %w", w, h, MaxPixels, ErrFormat)
	}
	p.Format = format
	frames := 1
	if format == "webp" {
		p.Image, frames, err = decodeWebP(data, config)
	} else {
		p.Image, _, err = image.Decode(bytes.NewReader(data))
	}
	if err != nil {
		return Picture{}, unreadable(data, err)
	}
	if format == "gif" {
		p.Image = onCanvas(p.Image, config)
		frames = gifFrames(data)
	}
	if frames > 1 {
		p.Notes = append(p.Notes, fmt.Sprintf("the first of %d frames", frames))
	}
	if o := orientation(data, format); o > 1 {
		p.Image = orient(p.Image, o)
		p.Notes = append(p.Notes, orientations[o]+" as its EXIF data says")
	}
	return p, nil
}

func unreadable(data []byte, err error) error {
	if len(data) == 0 {
		return fmt.Errorf("the file is empty: %w", ErrFormat)
	}
	if errors.Is(err, image.ErrFormat) {
		return fmt.Errorf("neither PNG, JPEG, GIF, WebP nor BMP: it begins with %q: %w", data[:min(8, len(data))], ErrFormat)
	}
	if errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) {
		return fmt.Errorf("the file is cut short (%d bytes): %w", len(data), ErrFormat)
	}
	return fmt.Errorf("%w: %w", err, ErrFormat)
}

// onCanvas puts an animation's first frame, which may cover a part only, on its whole area.
func onCanvas(frame image.Image, config image.Config) image.Image {
	all := image.Rect(0, 0, config.Width, config.Height)
	if frame.Bounds() == all {
		return frame
	}
	canvas := image.NewRGBA(all)
	draw.Draw(canvas, frame.Bounds(), frame, frame.Bounds().Min, draw.Src)
	return canvas
}

// gifFrames counts the frames of a GIF that has already been decoded, without decoding
// them; what cannot be followed ends the count.
func gifFrames(data []byte) (frames int) {
	at := 13
	byteAt := func(i int) int {
		if i < 0 || i >= len(data) {
			return -1
		}
		return int(data[i])
	}
	table := func(flags int) int { // bytes of a colour table
		if flags < 0 || flags&0x80 == 0 {
			return 0
		}
		return 3 << (flags&7 + 1)
	}
	at += table(byteAt(10))
	blocks := func() { // a chain of blocks, each after its length, ended by an empty one
		for n := byteAt(at); ; n = byteAt(at) {
			at += 1 + max(n, 0)
			if n <= 0 {
				return
			}
		}
	}
	for {
		switch byteAt(at) {
		case '!':
			at += 2
			blocks()
		case ',':
			frames++
			at += 10 + table(byteAt(at+9)) + 1
			blocks()
		default:
			return frames
		}
	}
}
