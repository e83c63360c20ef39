package cifar

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"
)

// records returns n records in the binary format with labels 0, 1, 2, …
func records(n int) []byte {
	var out []byte
	for i := range n {
		out = append(out, byte(i%Classes))
		out = append(out, bytes.Repeat([]byte{byte(i)}, PixelBytes)...)
	}
	return out
}

// labelled returns three records, the second with the given label.
func labelled(label byte) []byte {
	data := records(3)
	data[RecordBytes] = label
	return data
}

// Promise(files/hostile): A damaged, oversized or hostile file is one clear error that says where,
// without a panic and in bounded memory.
func TestReader(t *testing.T) {
	failing := errors.New("disk on fire")
	tests := []struct {
		name    string
		in      io.Reader
		records int
		is      error
		text    string
	}{
		{"empty", strings.NewReader(""), 0, io.EOF, "EOF"},
		{"three", bytes.NewReader(records(3)), 3, io.EOF, "EOF"},
		{"one byte a read", iotest.OneByteReader(bytes.NewReader(records(2))), 2, io.EOF, "EOF"},
		{"data with the end", iotest.DataErrReader(bytes.NewReader(records(2))), 2, io.EOF, "EOF"},
		{"truncated", bytes.NewReader(records(3)[:2*RecordBytes+17]), 2, ErrFormat,
			"b.bin: record 2 (byte 6146): 17 bytes left of 3073: the file is truncated; get it again: not the CIFAR-10 binary format"},
		{"label 10", bytes.NewReader(labelled(10)), 1, ErrFormat,
			"b.bin: record 1 (byte 3073): label 10, want 0 to 9: the file is damaged or has another format; get it again: not the CIFAR-10 binary format"},
		{"label 255", bytes.NewReader(labelled(255)), 1, ErrFormat,
			"b.bin: record 1 (byte 3073): label 255, want 0 to 9: the file is damaged or has another format; get it again: not the CIFAR-10 binary format"},
		{"broken disk", io.MultiReader(bytes.NewReader(records(1)), iotest.ErrReader(failing)), 1, failing,
			"b.bin: record 1 (byte 3073): reading: disk on fire"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			r := NewReader(test.in, "b.bin")
			var rec Record
			n := 0
			var err error
			for ; ; n++ {
				if err = r.Read(&rec); err != nil {
					break
				}
				if int(rec.Label) != n || rec.Pixels[PixelBytes-1] != byte(n) {
					t.Errorf("record %d: label %d, last byte %d", n, rec.Label, rec.Pixels[PixelBytes-1])
				}
			}
			if n != test.records || r.Records() != n {
				t.Errorf("%d records, and the reader says %d, want %d", n, r.Records(), test.records)
			}
			if !errors.Is(err, test.is) || err.Error() != test.text {
				t.Errorf("error %q, want %q", err, test.text)
			}
		})
	}
}

// Promise(files/hostile)
func FuzzReader(f *testing.F) {
	f.Add(records(2))
	f.Add(records(1)[:100])
	f.Add(labelled(200))
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, data []byte) {
		r := NewReader(bytes.NewReader(data), "fuzz")
		var back []byte
		var rec Record
		for {
			err := r.Read(&rec)
			if err == io.EOF {
				if !bytes.Equal(back, data) {
					t.Error("records written again differ from what was read")
				}
				return
			}
			if err != nil {
				if !errors.Is(err, ErrFormat) {
					t.Errorf("%v, want ErrFormat", err)
				}
				return
			}
			if rec.Label >= Classes {
				t.Fatalf("label %d let through", rec.Label)
			}
			back = append(append(back, rec.Label), rec.Pixels[:]...)
		}
	})
}
