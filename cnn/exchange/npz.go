package exchange

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"strings"

	"github.com/cnnbook/cnnbook/cnn"
)

// NPZ writes the arrays as numpy.savez does, under their names in package cnn,
// such as "First-Convolution/kernel", in Keras's layout.
func NPZ(m Model) ([]byte, error) {
	if err := m.Weights.Check(m.Network); err != nil {
		return nil, err
	}
	var members []member
	for _, a := range m.Weights {
		var b bytes.Buffer
		if err := WriteNPY(&b, a); err != nil {
			return nil, err
		}
		members = append(members, member{a.Name + ".npy", b.Bytes()})
	}
	return stored(members...)
}

// WriteNPY writes one array in NumPy's format, version 1.0: magic, version,
// header length, the header as a Python dictionary, padded to a multiple
// of 64 bytes, then the values.
func WriteNPY(w io.Writer, a cnn.Array) error {
	shape := strings.ReplaceAll(strings.Trim(fmt.Sprint(a.Shape), "[]"), " ", ", ")
	if len(a.Shape) == 1 {
		shape += ","
	}
	header := fmt.Sprintf("{'descr': '<f4', 'fortran_order': False, 'shape': (%s), }", shape)
	header += strings.Repeat(" ", 63-(10+len(header))%64) + "\n"
	head := append([]byte("\x93NUMPY\x01\x00"), 0, 0)
	binary.LittleEndian.PutUint16(head[8:], uint16(len(header)))
	if _, err := w.Write(append(head, header...)); err != nil {
		return err
	}
	return binary.Write(w, binary.LittleEndian, a.Values)
}
