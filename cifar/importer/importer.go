package importer

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"unicode"

	"github.com/cnnbook/cnnbook/cifar"
	"github.com/cnnbook/cnnbook/cifar/picture"
)

// Errors that this package wraps, those of package cifar.
var (
	ErrFormat   = errors.New("not in a format that can be imported")
	ErrArgument = cifar.ErrArgument
	ErrNotFound = cifar.ErrNotFound
)

// Options says how to read a dataset. The zero value reads it as it is, and folders of
// pictures at 32×32.
type Options struct {
	// Shape is the size to which images are brought: see [picture.Fit]. The zero value
	// keeps the data's own.
	Shape cifar.Shape
	// Classes chooses between the labels that the data has: "fine" (the default) or
	// "coarse" for CIFAR-100, "digits" or "fashion" for IDX files.
	Classes string
	// Names replaces the class names, in the order of the labels.
	Names []string
	// TestShare is the share of images that become test images where the data has no test
	// part; 0 means a fifth.
	TestShare float64
	// Seed determines that split, and the order of pictures from folders.
	Seed uint64
	// SkipUnreadable leaves out files of a folder that cannot be read, and lists them in
	// Notes. Otherwise they are an error.
	SkipUnreadable bool
	// Progress, if not nil, is called with the number of images done, and their number. Calls do not overlap.
	Progress func(done, total int)
}

// Result is a dataset that was read.
type Result struct {
	Train, Test *cifar.Dataset
	Format      string   // what was recognised, such as "a folder of pictures by class"
	Notes       []string // what was done to the data, assumed or left out
}

// source is what a reader found. test is nil where the data has no such part.
type source struct {
	train, test *cifar.Dataset
	format      string
	notes       []string
	chooses     bool // Options.Classes was used
	named       bool // the parts have names already
	numbered    bool // the classes have no names, and there may be more of them than the labels show
}

func (s *source) note(format string, args ...any) {
	s.notes = append(s.notes, fmt.Sprintf(format, args...))
}

// Read reads the dataset at a path, a file or a folder.
func Read(ctx context.Context, path string, o Options) (*Result, error) {
	if o.Shape != (cifar.Shape{}) {
		if err := o.Shape.Check(); err != nil {
			return nil, err
		}
	}
	if o.TestShare == 0 {
		o.TestShare = 0.2
	}
	if !(o.TestShare > 0 && o.TestShare < 1) {
		return nil, fmt.Errorf("%w: a test share of %v; want more than 0 and less than 1", ErrArgument, o.TestShare)
	}
	read, err := recognise(path)
	if err != nil {
		return nil, err
	}
	s, err := read(ctx, o)
	if err != nil {
		return nil, err
	}
	if o.Classes != "" && !s.chooses {
		return nil, fmt.Errorf("%w: classes %q: %s has one set of classes; leave the choice out", ErrArgument, o.Classes, s.format)
	}
	if err := s.rename(o.Names); err != nil {
		return nil, err
	}
	if s.test == nil {
		if err := s.split(label(path), o); err != nil {
			return nil, err
		}
	}
	if !s.named {
		name := label(path)
		s.train.Name, s.test.Name = name+" train", name+" test"
	}
	if err := s.fit(ctx, o); err != nil {
		return nil, err
	}
	return &Result{Train: s.train, Test: s.test, Format: s.format, Notes: s.notes}, nil
}

// label names a dataset after its file or folder.
func label(path string) string {
	if abs, err := filepath.Abs(path); err == nil {
		path = abs
	}
	name := strings.TrimSuffix(filepath.Base(path), filepath.Ext(path))
	name = strings.TrimSpace(strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return -1
		}
		return r
	}, name))
	if runes := []rune(name); len(runes) > 40 {
		name = string(runes[:40])
	}
	if name == "" || name == string(filepath.Separator) || strings.HasPrefix(name, "CIFAR-10") {
		return "imported"
	}
	return name
}

// rename gives the classes other names.
func (s *source) rename(names []string) error {
	if names == nil {
		return nil
	}
	if has := len(s.train.Names); len(names) != has && !(s.numbered && len(names) > has) {
		return fmt.Errorf("%w: %d class names for %d classes, which are %s", ErrArgument, len(names), has, few(s.train.Names))
	}
	s.train.Names = slices.Clone(names)
	if s.test != nil {
		s.test.Names = slices.Clone(names)
	}
	return nil
}

// split makes the test part.
func (s *source) split(name string, o Options) error {
	all := s.train
	switch n := all.Len(); {
	case n < 2:
		return fmt.Errorf("%w: %s has %d image and no test part; want at least 2 to make one", ErrArgument, name, n)
	case (1-o.TestShare)*float64(n)+1e-9 < 1:
		return fmt.Errorf("%w: %s has %d images: with %.4g %% of them as test images none is left for training; choose at most %d (--test-percent)", ErrArgument, name, n, 100*o.TestShare, 100*(n-1)/n)
	}
	train, test, err := all.SplitStratified(1-o.TestShare, o.Seed)
	if err != nil {
		return err
	}
	s.train, s.test = train, test
	for _, d := range []*cifar.Dataset{train, test} {
		for i := range d.Origin {
			d.Origin[i] = i
		}
	}
	s.note("there is no test part: %d of %d images, chosen by seed %d with the same share of each class, became one", test.Len(), all.Len(), o.Seed)
	return nil
}

// fit brings images to the size that was asked for, and checks the result.
func (s *source) fit(ctx context.Context, o Options) error {
	for _, d := range []*cifar.Dataset{s.train, s.test} {
		if o.Shape != (cifar.Shape{}) && d.Shape() != o.Shape {
			how, err := resize(ctx, d, o.Shape)
			if err != nil {
				return err
			}
			if d == s.train && how != "" {
				s.note("each image was brought to another size: %s", how)
			}
		}
		if err := d.Check(); err != nil {
			return err
		}
	}
	return nil
}

// resize replaces a dataset's images.
func resize(ctx context.Context, d *cifar.Dataset, to cifar.Shape) (how string, err error) {
	images := make([]byte, 0, d.Len()*to.Bytes())
	for i := range d.Len() {
		if err := ctx.Err(); err != nil {
			return "", err
		}
		var pixels []byte
		if pixels, how, err = picture.Fit(d.Image(i), to); err != nil {
			return "", err
		}
		images = append(images, pixels...)
	}
	d.Images, d.Height, d.Width, d.Channels = images, to.Height, to.Width, to.Channels
	return how, nil
}

// newDataset makes a part out of labels from 0 to len(names)-1 and channel-first pixels.
func newDataset(names []string, s cifar.Shape, images, labels []byte) *cifar.Dataset {
	d := &cifar.Dataset{Names: slices.Clone(names), Height: s.Height, Width: s.Width, Channels: s.Channels, Images: images, Labels: labels}
	d.Origin = make([]int, len(labels))
	for i := range d.Origin {
		d.Origin[i] = i
	}
	return d
}

// numbered names classes by their label.
func numbered(n int) []string {
	names := make([]string, n)
	for i := range names {
		names[i] = fmt.Sprint(i)
	}
	return names
}

// shuffle returns 0 to n-1 in an order that the seed determines.
func shuffle(n int, seed uint64) []int {
	return rand.New(rand.NewPCG(seed, 0x696d706f7274)).Perm(n)
}

// few lists some of the names.
func few(names []string) string {
	const most = 10
	if len(names) <= most {
		return strings.Join(names, ", ")
	}
	return strings.Join(names[:most], ", ") + fmt.Sprintf(" and %d more", len(names)-most)
}

// planes turns pixels, channels last, into planes, for all images of a part.
func planes(pixels []byte, s cifar.Shape) []byte {
	if s.Channels == 1 {
		return pixels
	}
	out := make([]byte, len(pixels))
	plane, size := s.Plane(), s.Bytes()
	for at := 0; at+size <= len(pixels); at += size {
		for i := range size {
			out[at+i%s.Channels*plane+i/s.Channels] = pixels[at+i]
		}
	}
	return out
}
