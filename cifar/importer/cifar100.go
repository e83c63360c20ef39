package importer

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/cnnbook/cnnbook/cifar"
)

// CIFAR-100: 60,000 images of 32×32 in 100 classes, which are grouped into 20.
const (
	fineClasses, coarseClasses = 100, 20

	record100  = 2 + cifar.PixelBytes // coarse label, fine label, image
	records100 = 1_000_000            // the most of a file
)

var shape32 = cifar.Shape{Height: cifar.Height, Width: cifar.Width, Channels: cifar.Channels}

// wantsCoarse reads the choice of classes.
func wantsCoarse(o Options) (bool, error) {
	switch o.Classes {
	case "", "fine":
		return false, nil
	case "coarse":
		return true, nil
	}
	return false, fmt.Errorf("%w: classes %q; CIFAR-100 has fine and coarse ones", ErrArgument, o.Classes)
}

// readCIFAR100 reads the binary version: train.bin and test.bin, and the names beside them.
func readCIFAR100(dir string, o Options) (*source, error) {
	coarse, err := wantsCoarse(o)
	if err != nil {
		return nil, err
	}
	names, err := names100(dir, coarse)
	if err != nil {
		return nil, err
	}
	s := source100(coarse)
	for file, part := range map[string]**cifar.Dataset{"train.bin": &s.train, "test.bin": &s.test} {
		f, err := os.Open(filepath.Join(dir, file))
		if err != nil {
			return nil, err
		}
		*part, err = decode100(bufio.NewReaderSize(f, 1<<18), filepath.Join(dir, file), names, coarse)
		f.Close()
		if err != nil {
			return nil, err
		}
	}
	s.name100(coarse)
	return s, nil
}

func source100(coarse bool) *source {
	kind := "100 fine classes"
	if coarse {
		kind = "20 coarse classes"
	}
	return &source{format: "CIFAR-100 with its " + kind, named: true, chooses: true}
}

func (s *source) name100(coarse bool) {
	kind := "fine classes"
	if coarse {
		kind = "coarse classes"
	}
	s.train.Name, s.test.Name = "CIFAR-100 train, "+kind, "CIFAR-100 test, "+kind
	for part, whole := range map[*cifar.Dataset]int{s.train: 50_000, s.test: 10_000} {
		if part.Len() != whole {
			part.Name += fmt.Sprintf(" (%d of %d images)", part.Len(), whole)
		}
	}
}

// names100 reads fine_label_names.txt or coarse_label_names.txt.
func names100(dir string, coarse bool) ([]string, error) {
	file, want := filepath.Join(dir, "fine_label_names.txt"), fineClasses
	if coarse {
		file, want = filepath.Join(dir, "coarse_label_names.txt"), coarseClasses
	}
	f, err := os.Open(file)
	if err != nil {
		return nil, fmt.Errorf("the class names: %w", err)
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, 1<<16))
	if err != nil {
		return nil, err
	}
	names := strings.Fields(string(text))
	if len(names) != want {
		return nil, fmt.Errorf("%s: %d names, want %d: %w", file, len(names), want, ErrFormat)
	}
	return names, nil
}

// decode100 reads records: a coarse label, a fine label, and an image as in CIFAR-10.
func decode100(r io.Reader, file string, names []string, coarse bool) (*cifar.Dataset, error) {
	var images, labels []byte
	var record [record100]byte
	for n := 0; ; n++ {
		at := func() string { return fmt.Sprintf("%s: record %d (byte %d)", file, n, int64(n)*record100) }
		count, err := io.ReadFull(r, record[:])
		switch {
		case err == io.EOF && n > 0:
			return newDataset(names, shape32, images, labels), nil
		case err == io.EOF:
			return nil, fmt.Errorf("%s: the file is empty: %w", file, ErrFormat)
		case errors.Is(err, io.ErrUnexpectedEOF):
			return nil, fmt.Errorf("%s: %d bytes left of %d: the file is truncated; get it again: %w", at(), count, record100, ErrFormat)
		case err != nil:
			return nil, fmt.Errorf("%s: reading: %w", at(), err)
		case n == records100:
			return nil, fmt.Errorf("%s: more than %d records: %w", file, records100, ErrFormat)
		case record[0] >= coarseClasses || record[1] >= fineClasses:
			return nil, fmt.Errorf("%s: labels %d and %d, want a coarse one below %d and a fine one below %d: %w", at(), record[0], record[1], coarseClasses, fineClasses, ErrFormat)
		}
		label := record[1]
		if coarse {
			label = record[0]
		}
		labels = append(labels, label)
		images = append(images, record[2:]...)
	}
}
