package cifar

import (
	"errors"
	"fmt"
	"io"
)

// Record is one record of a batch file.
type Record struct {
	Label  uint8
	Pixels [PixelBytes]byte // 1,024 red, 1,024 green, 1,024 blue
}

// Reader reads records from a stream in the binary format. It buffers only one
// record; give it a bufio.Reader where small reads are expensive.
type Reader struct {
	r      io.Reader
	name   string
	record int
	buf    [RecordBytes]byte
}

// NewReader returns a Reader on r. Errors call r by name, which is usually a file
// name.
func NewReader(r io.Reader, name string) *Reader { return &Reader{r: r, name: name} }

// Records returns the number of records read so far.
func (r *Reader) Records() int { return r.record }

// Read reads the next record into rec. It returns io.EOF if the stream ends
// between two records, and an error that wraps ErrFormat if it ends inside one or
// a label is 10 or more. Other errors of the stream get the position. After an
// error rec is unchanged.
func (r *Reader) Read(rec *Record) error {
	n, err := io.ReadFull(r.r, r.buf[:])
	switch {
	case err == io.EOF:
		return io.EOF
	case errors.Is(err, io.ErrUnexpectedEOF):
		return fmt.Errorf("%s: %d bytes left of %d: the file is truncated; get it again: %w",
			r.position(), n, RecordBytes, ErrFormat)
	case err != nil:
		return fmt.Errorf("%s: reading: %w", r.position(), err)
	}
	if label := r.buf[0]; label >= Classes {
		return fmt.Errorf("%s: label %d, want 0 to %d: the file is damaged or has another format; get it again: %w",
			r.position(), label, Classes-1, ErrFormat)
	}
	rec.Label = r.buf[0]
	copy(rec.Pixels[:], r.buf[1:])
	r.record++
	return nil
}

func (r *Reader) position() string {
	return fmt.Sprintf("%s: record %d (byte %d)", r.name, r.record, int64(r.record)*RecordBytes)
}
