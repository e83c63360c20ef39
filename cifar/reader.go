package cifar

import (
	"errors"
	"fmt"
	"io"
)

// Record is one record of a batch file of CIFAR-10.
type Record struct {
	Label  uint8
	Pixels [PixelBytes]byte // 1,024 red, 1,024 green, 1,024 blue
}

// Reader reads records from a stream in the binary format of CIFAR-10. It buffers only one
// record; give it a bufio.Reader where small reads are expensive.
type Reader struct {
	r       io.Reader
	name    string
	record  int
	classes int
	buf     []byte
}

// NewReader returns a Reader on r. Errors call r by name, which is usually a file
// name.
func NewReader(r io.Reader, name string) *Reader { return officialLayout().reader(r, name) }

// Records returns the number of records read so far.
func (r *Reader) Records() int { return r.record }

// Read reads the next record into rec. It returns io.EOF if the stream ends
// between two records, and an error that wraps ErrFormat if it ends inside one or
// a label is 10 or more. Other errors of the stream get the position. After an
// error rec is unchanged.
func (r *Reader) Read(rec *Record) error {
	label, pixels, err := r.next()
	if err != nil {
		return err
	}
	rec.Label = label
	copy(rec.Pixels[:], pixels)
	return nil
}

// next reads the next record, of which pixels is a view that the next call overwrites.
func (r *Reader) next() (label uint8, pixels []byte, err error) {
	n, err := io.ReadFull(r.r, r.buf)
	switch {
	case err == io.EOF:
		return 0, nil, io.EOF
	case errors.Is(err, io.ErrUnexpectedEOF):
		return 0, nil, fmt.Errorf("%s: %d bytes left of %d: the file is truncated; get it again: %w",
			r.position(), n, len(r.buf), ErrFormat)
	case err != nil:
		return 0, nil, fmt.Errorf("%s: reading: %w", r.position(), err)
	}
	if label = r.buf[0]; int(label) >= r.classes {
		return 0, nil, fmt.Errorf("%s: label %d, want 0 to %d: the file is damaged or has another format; get it again: %w",
			r.position(), label, r.classes-1, ErrFormat)
	}
	r.record++
	return label, r.buf[1:], nil
}

func (r *Reader) position() string {
	return fmt.Sprintf("%s: record %d (byte %d)", r.name, r.record, int64(r.record)*int64(len(r.buf)))
}
