package importer

import (
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"fmt"
	"io"
	"path/filepath"

	"github.com/cnnbook/cnnbook/cifar"
)

// readSVHN reads Street View House Numbers in its cropped form: train_32x32.mat and
// test_32x32.mat, each with X [height, width, channels, n] in uint8 and the labels y, of
// which 10 stands for the digit 0.
func readSVHN(dir string) (*source, error) {
	s := &source{format: "SVHN's MATLAB files"}
	var err error
	if s.train, err = svhnPart(filepath.Join(dir, "train_32x32.mat"), s); err != nil {
		return nil, err
	}
	s.test, err = svhnPart(filepath.Join(dir, "test_32x32.mat"), s)
	return s, err
}

// readSVHNFile reads one file of the same form.
func readSVHNFile(path string) (*source, error) {
	s := &source{format: "a MATLAB file with X and y"}
	var err error
	s.train, err = svhnPart(path, s)
	return s, err
}

func svhnPart(path string, s *source) (*cifar.Dataset, error) {
	data, err := readWhole(path)
	if err != nil {
		return nil, err
	}
	arrays, err := parseMAT(data, path)
	if err != nil {
		return nil, err
	}
	x, y := arrays["X"], arrays["y"]
	if x == nil || y == nil {
		var names []string
		for name := range arrays {
			names = append(names, name)
		}
		return nil, fmt.Errorf("%s holds the variables %q; want X and y: %w", path, names, ErrFormat)
	}
	if len(x.shape) != 4 || x.kind != "u1" {
		return nil, fmt.Errorf("%s: X has the shape %v of %s; want height, width, channels, images of uint8: %w", path, x.shape, x.kind, ErrFormat)
	}
	shape, n := cifar.Shape{Height: x.shape[0], Width: x.shape[1], Channels: x.shape[2]}, x.shape[3]
	if err := shape.Check(); err != nil {
		return nil, fmt.Errorf("%s: X has the shape %v: %w: %w", path, x.shape, err, ErrFormat)
	}
	if values := product(y.shape); values != n || n == 0 {
		return nil, fmt.Errorf("%s: %d labels for %d images: %w", path, values, n, ErrFormat)
	}
	labels := make([]byte, n)
	zero := false
	for i := range labels {
		v, err := y.whole(i)
		if err != nil || v > 10 {
			return nil, fmt.Errorf("%s: y: label %d is %v; want 0 to 10: %w", path, i, y.number(i), ErrFormat)
		}
		zero = zero || v == 10
		labels[i] = byte(v % 10)
	}
	if zero && len(s.notes) == 0 {
		s.note("label 10 stands for the digit 0, as in SVHN's description")
	}
	return newDataset(numbered(10), shape, fromColumns(x.data, shape), labels), nil
}

// fromColumns turns MATLAB's order, column by column, into rows.
func fromColumns(data []byte, s cifar.Shape) []byte {
	out := make([]byte, len(data))
	plane := s.Plane()
	for at := 0; at+plane <= len(data); at += plane {
		for y := range s.Height {
			for x := range s.Width {
				out[at+y*s.Width+x] = data[at+x*s.Height+y]
			}
		}
	}
	return out
}

func product(shape []int) int {
	size := 1
	for _, n := range shape {
		size *= n
	}
	return size
}

// The types of a MATLAB 5 file ("MAT-File Format", The MathWorks, tables 1-1 and 1-3) that
// are numbers, by the names of NumPy.
var matTypes = map[uint32]string{1: "i1", 2: "u1", 3: "i2", 4: "u2", 5: "i4", 6: "u4", 7: "f4", 9: "f8", 12: "i8", 13: "u8"}

const (
	matMatrix     = 14
	matCompressed = 15
	matFirstClass = 6 // double; below are cells, structures, text, sparse matrices
	matLastClass  = 15
)

// parseMAT reads the numeric arrays of a MATLAB file of version 5 to 7, by name. Values are
// in MATLAB's order, column by column, and of the type in which they are stored.
func parseMAT(data []byte, file string) (map[string]*npy, error) {
	const header = 128
	if len(data) < header || !bytes.HasPrefix(data, []byte("MATLAB")) {
		return nil, fmt.Errorf("%s: byte 0: no MATLAB file: %w", file, ErrFormat)
	}
	if bytes.HasPrefix(data, []byte("MATLAB 7.3")) {
		return nil, fmt.Errorf("%s: MATLAB 7.3, which is HDF5; save it with the option -v7: %w", file, ErrFormat)
	}
	var order binary.ByteOrder
	switch string(data[126:128]) {
	case "IM":
		order = binary.LittleEndian
	case "MI":
		order = binary.BigEndian
	default:
		return nil, fmt.Errorf("%s: byte 126: the byte order %q; want IM or MI: %w", file, data[126:128], ErrFormat)
	}
	m := matReader{data: data, order: order}
	arrays := map[string]*npy{}
	for m.at = header; m.at < len(data); {
		start := m.at
		err := m.variable(arrays)
		if err != nil {
			return nil, fmt.Errorf("%s: variable at byte %d: %w: %w", file, start, err, ErrFormat)
		}
	}
	return arrays, nil
}

// matReader goes through the elements of a MATLAB file.
type matReader struct {
	data  []byte
	at    int
	order binary.ByteOrder
}

// variable reads one variable into arrays, unless it holds something else than numbers.
func (m *matReader) variable(arrays map[string]*npy) error {
	kind, body, err := m.element()
	if err != nil {
		return err
	}
	if kind == matCompressed {
		z, err := zlib.NewReader(bytes.NewReader(body))
		if err != nil {
			return fmt.Errorf("the compressed data is damaged (%w)", err)
		}
		plain, err := io.ReadAll(io.LimitReader(z, fileBytes+1))
		if err != nil {
			return fmt.Errorf("the compressed data is damaged (%w)", err)
		}
		if len(plain) > fileBytes {
			return fmt.Errorf("it unpacks to more than %d bytes", fileBytes)
		}
		inner := matReader{data: plain, order: m.order}
		if kind, body, err = inner.element(); err != nil {
			return err
		}
	}
	if kind != matMatrix {
		return fmt.Errorf("an element of type %d; want a matrix (%d)", kind, matMatrix)
	}
	name, array, err := (&matReader{data: body, order: m.order}).matrix()
	if err != nil || array == nil {
		return err
	}
	arrays[name] = array
	return nil
}

// matrix reads the elements of a matrix: flags, dimensions, name, values. array is nil for
// a matrix of something else than real numbers.
func (m *matReader) matrix() (name string, array *npy, err error) {
	_, flags, err := m.element()
	if err != nil {
		return "", nil, err
	}
	if len(flags) != 8 {
		return "", nil, fmt.Errorf("array flags of %d bytes, want 8", len(flags))
	}
	const complexFlag = 0x0800
	f := m.order.Uint32(flags)
	if class := f & 0xff; class < matFirstClass || class > matLastClass || f&complexFlag != 0 {
		return "", nil, nil
	}
	_, dims, err := m.element()
	if err != nil {
		return "", nil, err
	}
	_, text, err := m.element()
	if err != nil {
		return "", nil, err
	}
	kind, values, err := m.element()
	if err != nil {
		return "", nil, err
	}
	a := &npy{kind: matTypes[kind], order: m.order, data: values}
	if a.kind == "" {
		return "", nil, fmt.Errorf("%q has values of type %d, which are no numbers", text, kind)
	}
	size := int(a.kind[1] - '0')
	for ; len(dims) >= 4; dims = dims[4:] {
		n := int(int32(m.order.Uint32(dims)))
		if n < 0 || n > 0 && size > len(values)/n {
			return "", nil, fmt.Errorf("%q has a dimension of %d, more than its %d bytes hold", text, n, len(values))
		}
		size *= n
		a.shape = append(a.shape, n)
	}
	if size != len(values) {
		return "", nil, fmt.Errorf("%q has %d bytes of values, want %d for the shape %v", text, len(values), size, a.shape)
	}
	return string(text), a, nil
}

// element reads a tag and its data. Elements of a matrix begin at multiples of 8 bytes; a
// tag of 4 bytes, with the length in its upper half, holds up to 4 bytes of data.
func (m *matReader) element() (kind uint32, body []byte, err error) {
	if m.at+8 > len(m.data) {
		return 0, nil, fmt.Errorf("byte %d: %d bytes left, want the 8 of a tag: the file is truncated", m.at, len(m.data)-m.at)
	}
	kind = m.order.Uint32(m.data[m.at:])
	if length := int(kind >> 16); length != 0 {
		if length > 4 {
			return 0, nil, fmt.Errorf("byte %d: a small element of %d bytes, at most 4 fit", m.at, length)
		}
		body = m.data[m.at+4 : m.at+4+length]
		m.at += 8
		return kind & 0xffff, body, nil
	}
	length := int(m.order.Uint32(m.data[m.at+4:]))
	start := m.at + 8
	if length > len(m.data)-start {
		return 0, nil, fmt.Errorf("byte %d: an element of %d bytes, %d are left: the file is truncated", m.at, length, len(m.data)-start)
	}
	m.at = start + length
	if kind != matCompressed {
		m.at = min(len(m.data), (m.at+7)/8*8)
	}
	return kind, m.data[start : start+length], nil
}
