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

// Shape of the images, the records and the official dataset.
const (
	Width, Height, Channels = 32, 32, 3

	PlaneBytes  = Width * Height        // one colour of one image
	PixelBytes  = PlaneBytes * Channels // one image
	RecordBytes = 1 + PixelBytes        // label and image

	Classes      = 10
	TrainRecords = 50000 // official training set
	TestRecords  = 10000 // official test set
	FileRecords  = 10000 // most records of one file
)

// classNames are the write-up's. A function, so that nobody can change them.
func classNames() []string {
	return []string{"plane", "car", "bird", "cat", "deer", "dog", "frog", "horse", "boat", "truck"}
}

// Dataset is a set of labelled 32×32 colour images in memory. Treat it as
// read-only: subsets and splits are copies, but Pixels returns a view.
type Dataset struct {
	// Name says what it is, such as "CIFAR-10 train" or "drawn stand-in test (seed 1)".
	Name string
	// Drawn marks procedurally drawn images, not photographs. Show it wherever
	// the images, or figures measured on them, are shown.
	Drawn bool
	// Names holds the class names by label.
	Names []string
	// Images holds Len()·PixelBytes bytes in official order: per image 1,024
	// red, 1,024 green and 1,024 blue bytes, each row by row.
	Images []byte
	// Labels holds a label below len(Names) for each image.
	Labels []uint8
	// Origin is each image's index in the dataset as it was loaded or drawn.
	// Splits and subsets keep it, and [CountLeak] counts by it.
	Origin []int
}

// Len returns the number of images.
func (d *Dataset) Len() int { return len(d.Labels) }

// Pixels returns image i, channel-first: PixelBytes bytes that are part of
// d.Images. It panics, as a slice does, when i is out of range.
func (d *Dataset) Pixels(i int) []byte {
	return d.Images[i*PixelBytes : (i+1)*PixelBytes : (i+1)*PixelBytes]
}

// Image returns a copy of image i as an opaque image.RGBA of 32×32.
func (d *Dataset) Image(i int) *image.RGBA {
	img := image.NewRGBA(image.Rect(0, 0, Width, Height))
	pixels := d.Pixels(i)
	for p := range PlaneBytes {
		img.Pix[4*p] = pixels[p]
		img.Pix[4*p+1] = pixels[PlaneBytes+p]
		img.Pix[4*p+2] = pixels[2*PlaneBytes+p]
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

// Check reports whether the fields are consistent: as many labels and origins as
// images, and a name for every label. It is for datasets that you put together
// yourself; those of loaders and splits always pass.
func (d *Dataset) Check() error {
	n := d.Len()
	if len(d.Images) != n*PixelBytes {
		return fmt.Errorf("%w: dataset %q has %d labels and %d bytes of images; want %d bytes",
			ErrArgument, d.Name, n, len(d.Images), n*PixelBytes)
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
	out := &Dataset{
		Name:   name,
		Drawn:  d.Drawn,
		Names:  append([]string(nil), d.Names...),
		Images: make([]byte, len(indices)*PixelBytes),
		Labels: make([]uint8, len(indices)),
		Origin: make([]int, len(indices)),
	}
	for k, i := range indices {
		copy(out.Images[k*PixelBytes:], d.Pixels(i))
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
// line "cnnbook dataset 1\n"; the number of names; each name as length and
// bytes; the number of images; the labels; the images. Numbers are 64-bit
// little-endian. Name, Drawn and Origin do not count: the same images have the
// same fingerprint, wherever they come from.
func (d *Dataset) Fingerprint() string {
	h := sha256.New()
	number := func(n int) { _ = binary.Write(h, binary.LittleEndian, uint64(n)) } // a hash never fails
	io.WriteString(h, "cnnbook dataset 1\n")
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
