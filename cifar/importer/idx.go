package importer

import (
	"bytes"
	"compress/gzip"
	"crypto/md5"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/cnnbook/cnnbook/cifar"
)

// fileBytes is the most that any one file of a dataset may hold, unpacked.
const fileBytes = 4 << 30

var idxName = regexp.MustCompile(`^(.*)(images|labels)[-.]idx[13]-ubyte(\.gz)?$`)

// isIDX reports names such as train-images-idx3-ubyte.gz, with a point in the first dash's
// place as some programs unpack them.
func isIDX(name string) bool { return idxName.MatchString(strings.ToLower(name)) }

// fashionNames are the classes of Fashion-MNIST, by label, from its README.
func fashionNames() []string {
	return []string{"T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"}
}

// fashionLabels are the MD5 of the files of labels of Fashion-MNIST, as published with it.
// Nothing else tells its files from MNIST's.
var fashionLabels = []string{"25c81989df183df01b3e8a0aad5dffbe", "bb300cfdad3c16e7a12a480ee83cd310"}

// readIDX reads the four files of MNIST or one of its relatives: images and labels to
// train on, whose names begin with "train", and others to test with, which are MNIST's t10k.
func readIDX(dir string, names []string, o Options) (*source, error) {
	s := &source{format: "IDX files, as of MNIST"}
	files := map[string]string{} // by part and kind
	for _, name := range names {
		m := idxName.FindStringSubmatch(strings.ToLower(name))
		if m == nil {
			continue
		}
		part := "test"
		if strings.Contains(m[1], "train") {
			part = "train"
		}
		key := part + " " + m[2]
		if other, twice := files[key]; twice && strings.TrimSuffix(other, ".gz") != strings.TrimSuffix(name, ".gz") {
			return nil, fmt.Errorf("%s: %s and %s both look like the %s; keep one set in the folder: %w", dir, other, name, key, ErrFormat)
		} else if !twice {
			files[key] = name
		} else {
			if err := sameUnpacked(filepath.Join(dir, other), filepath.Join(dir, name)); err != nil {
				return nil, err
			}
			files[key] = min(other, name) // the unpacked one
		}
	}
	fashion := false
	parts := map[string]*cifar.Dataset{}
	for _, part := range []string{"train", "test"} {
		images, labels := files[part+" images"], files[part+" labels"]
		if images == "" && labels == "" && part == "test" {
			continue
		}
		if images == "" || labels == "" {
			return nil, fmt.Errorf("%s holds no file of %s images or none of %s labels (%s-images-idx3-ubyte, %s-labels-idx1-ubyte): %w", dir, part, part, part, part, ErrNotFound)
		}
		d, sum, err := idxPart(filepath.Join(dir, images), filepath.Join(dir, labels))
		if err != nil {
			return nil, err
		}
		fashion = fashion || sum == fashionLabels[0] || sum == fashionLabels[1]
		parts[part] = d
	}
	s.train, s.test = parts["train"], parts["test"]
	if err := s.nameIDX(dir, o, fashion); err != nil {
		return nil, err
	}
	return s, nil
}

// nameIDX names the classes, which IDX files do not.
func (s *source) nameIDX(dir string, o Options, fashion bool) error {
	classes := 0
	for _, d := range []*cifar.Dataset{s.train, s.test} {
		if d != nil {
			classes = max(classes, len(d.Names))
		}
	}
	s.chooses = true
	s.numbered = o.Classes != "fashion"
	names := numbered(max(classes, 10))
	switch o.Classes {
	case "":
		abs, err := filepath.Abs(dir)
		if err != nil {
			abs = dir
		}
		if fashion {
			names = fashionNames()
			s.note("these are the labels of Fashion-MNIST, by their published MD5: its class names are used")
		} else if strings.Contains(strings.ToLower(abs), "fashion") && classes <= 10 {
			names = fashionNames()
			s.note("the path says Fashion-MNIST: its class names are used; --classes digits numbers the classes instead")
		} else {
			s.note("IDX files name no classes: they are called by their label; --names gives others, --classes fashion those of Fashion-MNIST")
		}
	case "digits":
	case "fashion":
		names = fashionNames()
	default:
		return fmt.Errorf("%w: classes %q; IDX files have digits or fashion", ErrArgument, o.Classes)
	}
	if len(names) < classes {
		return fmt.Errorf("%w: %d class names for labels of up to %d", ErrArgument, len(names), classes-1)
	}
	for _, d := range []*cifar.Dataset{s.train, s.test} {
		if d != nil {
			d.Names = names
		}
	}
	return nil
}

// idxPart reads a part; its names are as many numbers as it has labels. sum is the MD5 of
// the file of labels as it is on disk.
func idxPart(imagesPath, labelsPath string) (d *cifar.Dataset, sum string, err error) {
	images, _, err := readPacked(imagesPath)
	if err != nil {
		return nil, "", err
	}
	dims, pixels, err := parseIDX(images, imagesPath)
	if err != nil {
		return nil, "", err
	}
	shape := cifar.Shape{Channels: 1}
	switch len(dims) {
	case 3:
		shape.Height, shape.Width = dims[1], dims[2]
	case 4:
		shape.Height, shape.Width, shape.Channels = dims[1], dims[2], dims[3]
	default:
		return nil, "", fmt.Errorf("%s: %d dimensions, want images, height, width: %w", imagesPath, len(dims), ErrFormat)
	}
	if err := shape.Check(); err != nil {
		return nil, "", fmt.Errorf("%s: %w: %w", imagesPath, err, ErrFormat)
	}
	raw, sum, err := readPacked(labelsPath)
	if err != nil {
		return nil, "", err
	}
	labelDims, labels, err := parseIDX(raw, labelsPath)
	if err != nil {
		return nil, "", err
	}
	if len(labelDims) != 1 || labelDims[0] != dims[0] {
		return nil, "", fmt.Errorf("%s: labels of shape %v for %d images: %w", labelsPath, labelDims, dims[0], ErrFormat)
	}
	if len(labels) == 0 {
		return nil, "", fmt.Errorf("%s: no images: %w", imagesPath, ErrFormat)
	}
	most := byte(0)
	for _, l := range labels {
		most = max(most, l)
	}
	return newDataset(numbered(int(most)+1), shape, planes(pixels, shape), labels), sum, nil
}

// parseIDX reads one array of bytes: two zeros, the type 8, the number of dimensions, each
// dimension as a big-endian number of 32 bits, and the values (Y. LeCun, The MNIST database).
func parseIDX(data []byte, file string) (dims []int, values []byte, err error) {
	const unsignedByte = 8
	if len(data) < 4 || data[0] != 0 || data[1] != 0 {
		return nil, nil, fmt.Errorf("%s: byte 0: no IDX file, it begins with % x; want 00 00: %w", file, data[:min(4, len(data))], ErrFormat)
	}
	if data[2] != unsignedByte {
		return nil, nil, fmt.Errorf("%s: byte 2: values of type 0x%02x; want 0x08, unsigned bytes: %w", file, data[2], ErrFormat)
	}
	at, size := 4, 1
	for range data[3] {
		if at+4 > len(data) {
			return nil, nil, fmt.Errorf("%s: byte %d: the file ends inside its header: %w", file, at, ErrFormat)
		}
		n := int(binary.BigEndian.Uint32(data[at:]))
		if n > 0 && size > len(data)/n {
			return nil, nil, fmt.Errorf("%s: byte %d: it announces more values than its %d bytes: the file is truncated; get it again: %w", file, at, len(data), ErrFormat)
		}
		size *= n
		dims = append(dims, n)
		at += 4
	}
	if left := len(data) - at; left != size {
		return nil, nil, fmt.Errorf("%s: byte %d: %d bytes of values, want %d for the shape %v: the file is damaged; get it again: %w", file, at, left, size, dims, ErrFormat)
	}
	return dims, data[at:], nil
}

// readPacked reads a file, unpacked if it is gzipped, and gives the MD5 of what is on disk.
func readPacked(path string) (data []byte, sum string, err error) {
	if data, err = readWhole(path); err != nil {
		return nil, "", err
	}
	hash := md5.Sum(data)
	sum = hex.EncodeToString(hash[:])
	if !bytes.HasPrefix(data, []byte("\x1f\x8b")) {
		return data, sum, nil
	}
	z, err := gzip.NewReader(bytes.NewReader(data))
	if err == nil {
		data, err = io.ReadAll(io.LimitReader(z, fileBytes+1))
	}
	if err != nil {
		return nil, "", fmt.Errorf("%s: the gzip file is damaged (%w); get it again: %w", path, err, ErrFormat)
	}
	if len(data) > fileBytes {
		return nil, "", fmt.Errorf("%s: it unpacks to more than %d bytes: %w", path, fileBytes, ErrFormat)
	}
	return data, sum, nil
}

// sameUnpacked refuses a file beside its packed form if they differ.
func sameUnpacked(a, b string) error {
	first, _, err := readPacked(a)
	if err != nil {
		return err
	}
	second, _, err := readPacked(b)
	if err == nil && !bytes.Equal(first, second) {
		err = fmt.Errorf("%s and %s hold different content; keep one of them in the folder: %w", a, filepath.Base(b), ErrFormat)
	}
	return err
}

// readWhole reads a file of bounded size.
func readWhole(path string) ([]byte, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s is not a file (%s): %w", path, info.Mode(), ErrFormat)
	}
	if info.Size() > fileBytes {
		return nil, fmt.Errorf("%s: %d bytes, at most %d are read: %w", path, info.Size(), fileBytes, ErrFormat)
	}
	return os.ReadFile(path)
}
