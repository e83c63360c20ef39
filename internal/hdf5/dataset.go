package hdf5

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math"
)

// parts holds the messages of an object header that describe an array.
type parts struct {
	space, kind, layout, filters []byte
}

// dataset fills in an array, or returns the reason why it cannot.
func (r *reader) dataset(d *Dataset, p parts) string {
	shape, size, ok := shapeOf(p.space)
	if !ok {
		return "its shape is not understood"
	}
	d.Shape = shape
	width, value := floats(p.kind)
	if value == nil {
		return "its values are neither float16, bfloat16, float32 nor float64"
	}
	layout, why := layoutOf(p.layout)
	if why != "" {
		return why
	}
	if growing := growingAxes(p.space, len(shape)); (layout.index == implicit && growing != 0) || (layout.index == extensibleArray && growing != 1) {
		return mayGrow // chunks are numbered by the size to which it may grow
	}
	if layout.class != chunked && size > len(r.data)/width {
		return "it claims more values than the file can hold"
	}
	var raw []byte
	switch layout.class {
	case contiguous:
		if !r.spend(uint64(size * width)) {
			return "its values were read before"
		}
		if size > 0 {
			raw = r.at(layout.address, uint64(size*width))
		}
	case compact:
		raw = layout.data
	case chunked:
		if raw, why = r.chunks(layout, p.filters, shape, size, width); why != "" {
			return why
		}
	}
	if len(raw) < size*width {
		return "its values are cut off"
	}
	d.Values = make([]float32, size)
	for i := range d.Values {
		d.Values[i] = value(raw[i*width:])
	}
	return ""
}

const (
	compact    = 0
	contiguous = 1
	chunked    = 2
)

// layout describes where an array's values are stored.
type layout struct {
	version, class byte
	address        uint64 // of the values, or of the index of the chunks
	data           []byte // compact: the values
	chunk          []int  // chunked: the sides of a chunk
	index          byte   // chunked, version 4 and later: the kind of index
	wholeEdges     bool   // chunks that extend beyond the array's edge are not filtered
	single         uint64 // the only chunk's size, if it is filtered
	singleMask     uint32 // and the filters that it skipped
	pageBits       byte   // of a fixed array
}

// layoutOf reads a layout message of version 3 or later.
func layoutOf(m []byte) (l layout, why string) {
	c := cursor{b: m}
	l.version, l.class = byte(c.number(1)), byte(c.number(1))
	if l.version < 3 || l.version > 5 {
		return l, fmt.Sprintf("its layout is of version %d", l.version)
	}
	switch {
	case l.class == compact:
		n := int(c.number(2))
		l.data = c.take(min(n, len(c.b)))
	case l.class == contiguous:
		l.address = c.number(8)
	case l.class == chunked && l.version == 3:
		rank := int(c.number(1)) - 1
		l.address = c.number(8)
		l.chunk = sides(&c, rank, 4)
	case l.class == chunked:
		flags, rank, width := c.number(1), int(c.number(1))-1, int(c.number(1))
		l.wholeEdges = flags&1 != 0
		if width < 1 || width > 8 {
			return l, "its layout is damaged"
		}
		l.chunk = sides(&c, rank, width)
		c.take(width) // the size of a value
		switch l.index = byte(c.number(1)); l.index {
		case singleChunk:
			if flags&2 != 0 {
				l.single, l.singleMask = c.number(8), uint32(c.number(4))
			}
		case implicit:
		case fixedArray:
			l.pageBits = byte(c.number(1))
		case extensibleArray:
			c.take(5)
		case tree2Chunks:
			c.take(6)
		default:
			return l, fmt.Sprintf("its chunks are listed in form %d", l.index)
		}
		l.address = c.number(8)
	default:
		return l, "its layout is virtual or unknown"
	}
	if c.short {
		return l, "its layout is cut off"
	}
	return l, ""
}

func sides(c *cursor, rank, width int) []int {
	var out []int
	for range rank {
		n := c.number(width)
		if n > math.MaxInt32 {
			n = 0 // refused later
		}
		out = append(out, int(n))
	}
	return out
}

// floats returns a floating-point type's width in bytes and the function that reads
// one value as float32; nil for any other type. A value too large for float32
// becomes an infinity.
func floats(kind []byte) (width int, value func([]byte) float32) {
	if len(kind) < 8 {
		return 0, nil
	}
	width = int(binary.LittleEndian.Uint32(kind[4:]))
	class := kind[0] & 15
	if class == 5 && width == 2 { // opaque: NumPy's bfloat16, as h5py writes it
		return 2, func(b []byte) float32 { return BFloat16(binary.LittleEndian.Uint16(b)) }
	}
	if class != 1 || len(kind) < 20 {
		return 0, nil
	}
	var order binary.ByteOrder = binary.LittleEndian
	switch kind[1] & 0x41 {
	case 0:
	case 1:
		order = binary.BigEndian
	default: // the VAX's
		return 0, nil
	}
	exponent, mantissa := kind[13], kind[15]
	switch {
	case width == 2 && exponent == 5 && mantissa == 10:
		return 2, func(b []byte) float32 { return Float16(order.Uint16(b)) }
	case width == 2 && exponent == 8 && mantissa == 7:
		return 2, func(b []byte) float32 { return BFloat16(order.Uint16(b)) }
	case width == 4 && exponent == 8 && mantissa == 23:
		return 4, func(b []byte) float32 { return math.Float32frombits(order.Uint32(b)) }
	case width == 8 && exponent == 11 && mantissa == 52:
		return 8, func(b []byte) float32 { return float32(math.Float64frombits(order.Uint64(b))) }
	}
	return 0, nil
}

// BFloat16 widens the upper half of a float32.
func BFloat16(v uint16) float32 { return math.Float32frombits(uint32(v) << 16) }

// Float16 widens IEEE's half precision; every value of it is a float32.
func Float16(v uint16) float32 {
	sign, exponent, mantissa := uint32(v>>15)<<31, uint32(v>>10&31), uint32(v&1023)
	switch exponent {
	case 0:
		f := float32(mantissa) / (1 << 24)
		return math.Float32frombits(math.Float32bits(f) | sign)
	case 31:
		return math.Float32frombits(sign | 0xff<<23 | mantissa<<13)
	}
	return math.Float32frombits(sign | (exponent+112)<<23 | mantissa<<13)
}

// growingAxes has a bit for each axis of a dataspace that may become longer, the
// first axis the lowest.
func growingAxes(space []byte, rank int) (axes uint64) {
	if space[2]&1 == 0 || len(space) < 16*rank {
		return 0
	}
	sizes := space[len(space)-16*rank:]
	if start := map[byte]int{1: 8, 2: 4}[space[0]]; len(space) >= start+16*rank {
		sizes = space[start:]
	}
	for i := range rank {
		if i < 64 && !bytes.Equal(sizes[8*i:8*i+8], sizes[8*(rank+i):8*(rank+i)+8]) {
			axes |= 1 << i
		}
	}
	return axes
}

// shapeOf reads a dataspace message of version 1 or 2.
func shapeOf(space []byte) (shape []int, size int, ok bool) {
	if len(space) < 4 {
		return nil, 0, false
	}
	rank, at := int(space[1]), 8
	if space[0] == 2 {
		at = 4
	} else if space[0] != 1 {
		return nil, 0, false
	}
	if len(space) < at+8*rank {
		return nil, 0, false
	}
	size = 1
	for i := range rank {
		n := binary.LittleEndian.Uint64(space[at+8*i:])
		if n > math.MaxInt32 || (n > 0 && size > math.MaxInt32/int(n)) {
			return nil, 0, false
		}
		shape, size = append(shape, int(n)), size*int(n)
	}
	return shape, size, true
}
