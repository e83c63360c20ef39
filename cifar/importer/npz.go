package importer

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/cnnbook/cnnbook/cifar"
)

// npzParts are the names of the arrays, by part: Keras's, then those of MedMNIST.
var npzParts = [][2][2]string{
	{{"x_train", "y_train"}, {"x_test", "y_test"}},
	{{"train_images", "train_labels"}, {"test_images", "test_labels"}},
}

// readNPZ reads a NumPy archive with images and labels: x_train [n, height, width] or
// [n, height, width, channels] in uint8, y_train [n] or [n, 1] in whole numbers, and x_test and y_test.
func readNPZ(path string) (*source, error) {
	z, err := zip.OpenReader(path)
	if err != nil {
		return nil, fmt.Errorf("%s: the archive is damaged (%w); get it again: %w", path, err, ErrFormat)
	}
	defer z.Close()
	if err := encrypted(z.File); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	var names []string
	arrays := map[string]*zip.File{}
	for _, f := range z.File {
		name := strings.TrimSuffix(f.Name, ".npy")
		names = append(names, name)
		arrays[name] = f
	}
	for _, parts := range npzParts {
		if arrays[parts[0][0]] == nil {
			continue
		}
		s := &source{format: "NumPy arrays " + strings.Join([]string{parts[0][0], parts[0][1], parts[1][0], parts[1][1]}, ", ")}
		if s.train, err = npzPart(path, arrays, parts[0]); err != nil {
			return nil, err
		}
		if arrays[parts[1][0]] != nil {
			if s.test, err = npzPart(path, arrays, parts[1]); err != nil {
				return nil, err
			}
		} else {
			s.format = "NumPy arrays " + parts[0][0] + ", " + parts[0][1]
		}
		s.countClasses()
		s.unused(names, parts)
		return s, nil
	}
	return nil, fmt.Errorf("%s holds the arrays %s; want x_train and y_train, and x_test and y_test: %w", path, few(names), ErrFormat)
}

// unused notes the arrays that were not read.
func (s *source) unused(names []string, parts [2][2]string) {
	var valid, others []string
	for _, name := range names {
		switch {
		case slices.Contains(parts[0][:], name) || slices.Contains(parts[1][:], name):
		case validPart.like(name):
			valid = append(valid, name)
		default:
			others = append(others, name)
		}
	}
	if len(valid) > 0 {
		s.note("the arrays %s are left out: a training holds back validation images by itself", few(valid))
	}
	if len(others) > 0 {
		s.note("the arrays %s are left out: they are neither train nor test", few(others))
	}
}

// countClasses names classes by their label where a format does not.
func (s *source) countClasses() {
	classes := len(s.train.Names)
	if s.test != nil {
		classes = max(classes, len(s.test.Names))
		s.test.Names = numbered(classes)
	}
	s.train.Names, s.numbered = numbered(classes), true
	s.note("the file names no classes: they are called by their label, 0 to %d; --names gives others", classes-1)
}

func npzPart(path string, arrays map[string]*zip.File, names [2]string) (*cifar.Dataset, error) {
	read := func(name string) (npy, error) {
		f := arrays[name]
		if f == nil {
			return npy{}, fmt.Errorf("%s has no array %s: %w", path, name, ErrNotFound)
		}
		r, err := f.Open()
		if err != nil {
			return npy{}, fmt.Errorf("%s: %s: %w: %w", path, name, err, ErrFormat)
		}
		defer r.Close()
		data, err := io.ReadAll(io.LimitReader(r, fileBytes+1))
		if err != nil {
			return npy{}, fmt.Errorf("%s: %s: the archive is damaged (%w); get it again: %w", path, name, err, ErrFormat)
		}
		return parseNPY(data, path+": "+name)
	}
	images, err := read(names[0])
	if err != nil {
		return nil, err
	}
	labels, err := read(names[1])
	if err != nil {
		return nil, err
	}
	return arrayPart(images, labels, path+": "+names[0], path+": "+names[1])
}

// arrayPart makes a part out of two arrays.
func arrayPart(images, labels npy, imagesName, labelsName string) (*cifar.Dataset, error) {
	if images.kind != "u1" {
		return nil, notBytes(images, imagesName)
	}
	shape := cifar.Shape{Channels: 1}
	switch d := images.shape; len(d) {
	case 3:
		shape.Height, shape.Width = d[1], d[2]
	case 4:
		shape.Height, shape.Width, shape.Channels = d[1], d[2], d[3]
	default:
		return nil, fmt.Errorf("%s has the shape %v; want images, height, width, and perhaps channels: %w", imagesName, d, ErrFormat)
	}
	if err := shape.Check(); err != nil {
		return nil, fmt.Errorf("%s has the shape %v, channels last: %w: %w", imagesName, images.shape, err, ErrFormat)
	}
	n := images.shape[0]
	if l := labels.shape; len(l) == 0 || l[0] != n || len(l) > 2 || len(l) == 2 && l[1] != 1 {
		return nil, fmt.Errorf("%s has the shape %v for %d images; want one label each: %w", labelsName, l, n, ErrFormat)
	}
	if n == 0 {
		return nil, fmt.Errorf("%s holds no images: %w", imagesName, ErrFormat)
	}
	out := make([]byte, n)
	most := 0
	for i := range out {
		v, err := labels.whole(i)
		if err != nil {
			return nil, fmt.Errorf("%s: label %d: %w: %w", labelsName, i, err, ErrFormat)
		}
		out[i] = byte(v)
		most = max(most, v)
	}
	return newDataset(numbered(most+1), shape, planes(images.data, shape), out), nil
}

// npy is a NumPy array in C order.
type npy struct {
	kind  string // type and bytes of a value: "u1", "i8", "f4"
	order binary.ByteOrder
	shape []int
	data  []byte
}

// width is the bytes of a value.
func (a npy) width() int { return int(a.kind[1] - '0') }

// number returns value i.
func (a npy) number(i int) float64 {
	width := a.width()
	b := a.data[i*width : (i+1)*width]
	var v float64
	switch a.kind {
	case "u1":
		v = float64(b[0])
	case "i1":
		v = float64(int8(b[0]))
	case "u2":
		v = float64(a.order.Uint16(b))
	case "i2":
		v = float64(int16(a.order.Uint16(b)))
	case "u4":
		v = float64(a.order.Uint32(b))
	case "i4":
		v = float64(int32(a.order.Uint32(b)))
	case "u8":
		v = float64(a.order.Uint64(b))
	case "i8":
		v = float64(int64(a.order.Uint64(b)))
	case "f4":
		v = float64(math.Float32frombits(a.order.Uint32(b)))
	case "f8":
		v = math.Float64frombits(a.order.Uint64(b))
	}
	return v
}

// whole returns value i, which must be a possible label: 0 to 255.
func (a npy) whole(i int) (int, error) {
	v := a.number(i)
	if !(v >= 0 && v < cifar.MaxClasses) || v != math.Trunc(v) {
		return 0, fmt.Errorf("%v is no label; want whole numbers of 0 to %d", v, cifar.MaxClasses-1)
	}
	return int(v), nil
}

var (
	npyHeader = regexp.MustCompile(`^\{'descr': *'([<>|=]?)([a-z]\d+)', *'fortran_order': *(True|False), *'shape': *\(([0-9, ]*)\),? *\}\s*$`)
	npyKind   = regexp.MustCompile(`^([ui][1248]|f[48])$`)
)

// parseNPY reads a .npy file (NumPy Enhancement Proposal 1).
func parseNPY(data []byte, name string) (a npy, err error) {
	const magic = "\x93NUMPY"
	if len(data) > fileBytes {
		return a, fmt.Errorf("%s: more than %d bytes: %w", name, fileBytes, ErrFormat)
	}
	if len(data) < 12 || string(data[:6]) != magic {
		return a, fmt.Errorf("%s: byte 0: no NumPy array: it begins with %q: %w", name, data[:min(6, len(data))], ErrFormat)
	}
	at, length := 10, int(binary.LittleEndian.Uint16(data[8:]))
	if data[6] >= 2 {
		at, length = 12, int(binary.LittleEndian.Uint32(data[8:]))
	}
	if length > len(data)-at {
		return a, fmt.Errorf("%s: byte 8: a header of %d bytes in %d: the file is truncated: %w", name, length, len(data), ErrFormat)
	}
	header := string(data[at : at+length])
	m := npyHeader.FindStringSubmatch(header)
	if m == nil {
		return a, fmt.Errorf("%s: byte %d: the header %.120q is not that of an array of numbers: %w", name, at, bytes.TrimSpace([]byte(header)), ErrFormat)
	}
	if !npyKind.MatchString(m[2]) {
		return a, fmt.Errorf("%s: byte %d: values of type %s; want uint8 for pixels, and whole numbers for labels: %w", name, at, m[2], ErrFormat)
	}
	if m[3] == "True" {
		return a, fmt.Errorf("%s: byte %d: the array is in Fortran order; save numpy.ascontiguousarray of it: %w", name, at, ErrFormat)
	}
	a = npy{kind: m[2], order: binary.LittleEndian, data: data[at+length:]}
	if m[1] == ">" {
		a.order = binary.BigEndian
	}
	size := int(m[2][1] - '0')
	for text := range strings.SplitSeq(m[4], ",") {
		if text = strings.TrimSpace(text); text == "" {
			continue
		}
		n, err := strconv.Atoi(text)
		if err != nil || n > 0 && size > len(data)/n {
			return npy{}, fmt.Errorf("%s: byte %d: the shape (%s) needs more than the %d bytes that are there: the file is truncated: %w", name, at, m[4], len(a.data), ErrFormat)
		}
		size *= n
		a.shape = append(a.shape, n)
	}
	if size != len(a.data) {
		return npy{}, fmt.Errorf("%s: byte %d: %d bytes of values, want %d for the shape (%s): %w", name, at+length, len(a.data), size, m[4], ErrFormat)
	}
	return a, nil
}
