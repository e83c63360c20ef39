package cifar

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"image"
	"io"
	"slices"
	"strings"
)

// Shape of CIFAR-10's images, records and files. Other datasets may have another:
// see [Dataset.Shape].
const (
	Width, Height, Channels = 32, 32, 3

	PlaneBytes  = Width * Height        // one colour of one image
	PixelBytes  = PlaneBytes * Channels // one image
	RecordBytes = 1 + PixelBytes        // label and image

	Classes      = 10
	MaxClasses   = 256   // of a dataset of one's own: a label is one byte
	TrainRecords = 50000 // official training set
	TestRecords  = 10000 // official test set
	FileRecords  = 10000 // most records of one file
)

// classNames are the write-up's. A function, so that nobody can change them.
func classNames() []string {
	return []string{"plane", "car", "bird", "cat", "deer", "dog", "frog", "horse", "boat", "truck"}
}

// Dataset is a set of labelled images of one size in memory. Treat it as
// read-only: subsets and splits are copies, but Pixels returns a view.
type Dataset struct {
	// Name says what it is, such as "CIFAR-10 train" or "drawn stand-in test (seed 1)".
	Name string
	// Drawn marks procedurally drawn images, not photographs. Show it wherever
	// the images, or figures measured on them, are shown.
	Drawn bool
	// Names holds the class names by label, at most [MaxClasses].
	Names []string
	// Height, Width and Channels give the size of the images: Channels is 3, or 1 for grey
	// images. If all are 0, it is CIFAR-10's: 32, 32 and 3. Read them with Shape.
	Height, Width, Channels int
	// Images holds Len()·Shape().Bytes() bytes in official order: per image all
	// red, all green and all blue bytes, each row by row.
	Images []byte
	// Labels holds a label below len(Names) for each image.
	Labels []uint8
	// Origin is each image's index in the dataset as it was loaded or drawn.
	// Splits and subsets keep it, and [CountLeak] counts by it.
	Origin []int
}

// Len returns the number of images.
func (d *Dataset) Len() int { return len(d.Labels) }

// Pixels returns image i, channel-first: Shape().Bytes() bytes that are part of
// d.Images. It panics, as a slice does, when i is out of range.
func (d *Dataset) Pixels(i int) []byte {
	n := d.Shape().Bytes()
	return d.Images[i*n : (i+1)*n : (i+1)*n]
}

// Image returns a copy of image i as an opaque image.RGBA.
func (d *Dataset) Image(i int) *image.RGBA {
	s := d.Shape()
	img := image.NewRGBA(image.Rect(0, 0, s.Width, s.Height))
	pixels, plane := d.Pixels(i), s.Plane()
	green, blue := 0, 0 // of a grey image: the same plane as red
	if s.Channels == 3 {
		green, blue = plane, 2*plane
	}
	for p := range plane {
		img.Pix[4*p] = pixels[p]
		img.Pix[4*p+1] = pixels[green+p]
		img.Pix[4*p+2] = pixels[blue+p]
		img.Pix[4*p+3] = 0xff
	}
	return img
}

// Class returns the class name of image i.
func (d *Dataset) Class(i int) string { return d.className(int(d.Labels[i])) }

func (d *Dataset) className(label int) string {
	if label < len(d.Names) {
		return d.Names[label]
	}
	return fmt.Sprintf("class %d", label)
}

// Check reports whether the fields are consistent: a possible size, as many labels and
// origins as images, and a name for every label. It is for datasets that you put together
// yourself; those of loaders and splits always pass.
func (d *Dataset) Check() error {
	n, size := d.Len(), d.Shape()
	if err := size.Check(); err != nil {
		return fmt.Errorf("dataset %q: %w", d.Name, err)
	}
	if len(d.Images) != n*size.Bytes() {
		return fmt.Errorf("%w: dataset %q has %d labels and %d bytes of images; want %d bytes",
			ErrArgument, d.Name, n, len(d.Images), n*size.Bytes())
	}
	if len(d.Origin) != n {
		return fmt.Errorf("%w: dataset %q has %d labels and %d origins", ErrArgument, d.Name, n, len(d.Origin))
	}
	for i, label := range d.Labels {
		if int(label) >= len(d.Names) {
			return fmt.Errorf("%w: dataset %q: image %d has label %d; there are %d class names",
				ErrArgument, d.Name, i, label, len(d.Names))
		}
	}
	return nil
}

// Subset copies the images at the given indices, in that order. An index may be
// repeated.
func (d *Dataset) Subset(indices []int) (*Dataset, error) {
	for k, i := range indices {
		if i < 0 || i >= d.Len() {
			return nil, fmt.Errorf("%w: subset of %q: index %d at position %d; want 0 to %d",
				ErrArgument, d.Name, i, k, d.Len()-1)
		}
	}
	return d.pick(indices, fmt.Sprintf("%s, subset of %d", d.Name, len(indices))), nil
}

// OfClass copies the images of one class, in order. It fails with the names that exist if there is no such class.
func (d *Dataset) OfClass(name string) (*Dataset, error) {
	class := slices.Index(d.Names, name)
	if class < 0 {
		return nil, fmt.Errorf("%w: no class %q in %q: choose one of %s", ErrArgument, name, d.Name, strings.Join(d.Names, ", "))
	}
	var indices []int
	for i, label := range d.Labels {
		if int(label) == class {
			indices = append(indices, i)
		}
	}
	return d.pick(indices, fmt.Sprintf("%s, class %s", d.Name, name)), nil
}

// Head copies the first n images: all of them if there are fewer, none if n is
// negative.
func (d *Dataset) Head(n int) *Dataset {
	n = min(max(n, 0), d.Len())
	name := d.Name
	if n < d.Len() {
		name = fmt.Sprintf("%s, first %d", d.Name, n)
	}
	return d.pick(identity(n), name)
}

// pick copies the images at indices that are known to be in range.
func (d *Dataset) pick(indices []int, name string) *Dataset {
	size := d.Shape().Bytes()
	out := &Dataset{
		Name:     name,
		Drawn:    d.Drawn,
		Names:    append([]string(nil), d.Names...),
		Height:   d.Height,
		Width:    d.Width,
		Channels: d.Channels,
		Images:   make([]byte, len(indices)*size),
		Labels:   make([]uint8, len(indices)),
		Origin:   make([]int, len(indices)),
	}
	for k, i := range indices {
		copy(out.Images[k*size:], d.Pixels(i))
		out.Labels[k] = d.Labels[i]
		out.Origin[k] = d.origin(i)
	}
	return out
}

// origin allows datasets without Origin, which were put together by hand.
func (d *Dataset) origin(i int) int {
	if i < len(d.Origin) {
		return d.Origin[i]
	}
	return i
}

// Fingerprint identifies the content: the hex SHA-256 of, in this order, the
// line "cnnbook dataset 1\n"; for images of another size than CIFAR-10's, a line such as
// "48 48 3\n" with height, width and channels; the number of names; each name as length and
// bytes; the number of images; the labels; the images. Numbers are 64-bit
// little-endian. Name, Drawn and Origin do not count: the same images have the
// same fingerprint, wherever they come from.
func (d *Dataset) Fingerprint() string {
	h := sha256.New()
	number := func(n int) { _ = binary.Write(h, binary.LittleEndian, uint64(n)) } // a hash never fails
	io.WriteString(h, "cnnbook dataset 1\n")
	if s := d.Shape(); s != officialShape() {
		fmt.Fprintf(h, "%d %d %d\n", s.Height, s.Width, s.Channels)
	}
	number(len(d.Names))
	for _, name := range d.Names {
		number(len(name))
		io.WriteString(h, name)
	}
	number(d.Len())
	h.Write(d.Labels)
	h.Write(d.Images)
	return hex.EncodeToString(h.Sum(nil))
}

// identity returns 0, 1, … n-1.
func identity(n int) []int {
	out := make([]int, n)
	for i := range out {
		out[i] = i
	}
	return out
}
