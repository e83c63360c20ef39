package hdf5

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"strings"
)

// Decode reads a file. For any bytes, it returns a tree or an error that wraps
// [ErrFormat].
func Decode(data []byte) (*Group, error) { return newReader(data).file() }

func newReader(data []byte) *reader {
	return &reader{data: data, budget: 4096 + 2*uint64(len(data))}
}

// file reads the superblock and then everything below the root group.
func (r *reader) file() (*Group, error) {
	whole := len(r.data)
	for start := 0; start < whole; start = max(512, 2*start) { // a user block may precede it
		if bytes.HasPrefix(r.data[start:], signature[:]) {
			r.data = r.data[start:]
			break
		}
	}
	data := r.data
	if len(data) < 96 || !bytes.Equal(data[:8], signature[:]) {
		return nil, fmt.Errorf("%w: it does not begin as an HDF5 file does", ErrFormat)
	}
	version := data[8]
	root, end, widths := uint64(64), uint64(40), data[13:15] // positions of the root's address and of the file's length
	switch {
	case version == 1:
		root, end = 68, 44
	case version == 2 || version == 3:
		root, end, widths = 36, 28, data[9:11]
	case version > 3:
		return nil, fmt.Errorf("%w: superblock version %d, expected 0 to 3", ErrFormat, version)
	}
	if widths[0] != 8 || widths[1] != 8 {
		return nil, fmt.Errorf("%w: addresses of %d and lengths of %d bytes, expected 8", ErrFormat, widths[0], widths[1])
	}
	if length := r.u64(end); length > uint64(whole) {
		return nil, fmt.Errorf("%w: it is cut short: %d of its %d bytes are there", ErrFormat, whole, length)
	}
	g, d := r.object(r.u64(root), "", 0)
	switch {
	case r.err != nil:
		return nil, r.err
	case d != nil:
		return nil, fmt.Errorf("%w: its root is an array", ErrFormat)
	}
	return g, nil
}

// reader keeps the first error; after it, every read returns zeros.
type reader struct {
	data []byte
	// budget is the number of bytes that may still be read. No part of a valid file is
	// read twice, so cycles and repeated pointers to the same array are detected here,
	// before they take more time and memory than the file's length allows.
	budget uint64
	heaps  map[uint64]map[uint32][]byte // of global heaps, by address: their objects by number
	// inflated is the number of bytes unpacked from chunks: limited by deflateRatio, not by budget.
	inflated uint64
	err      error
}

func (r *reader) fail(format string, args ...any) {
	if r.err == nil {
		r.err = fmt.Errorf("%w: %s", ErrFormat, fmt.Sprintf(format, args...))
	}
}

// at returns the n bytes at an address, or nil after an error.
func (r *reader) at(address, n uint64) []byte {
	size := uint64(len(r.data))
	if r.err == nil && (address > size || n > size-address) {
		r.fail("%d bytes at address %d are beyond the file's end, %d", n, address, size)
	}
	if r.err != nil {
		return nil
	}
	return r.data[address : address+n]
}

func (r *reader) u64(address uint64) uint64 {
	if b := r.at(address, 8); b != nil {
		return binary.LittleEndian.Uint64(b)
	}
	return 0
}

func (r *reader) signed(address uint64, want string) bool {
	b := r.at(address, 4)
	if b != nil && string(b) != want {
		r.fail("%q expected at address %d", want, address)
	}
	return r.err == nil
}

func (r *reader) spend(bytes uint64) bool {
	if bytes > r.budget {
		r.fail("its parts overlap, or point at each other in a circle")
		return false
	}
	r.budget -= bytes
	return r.err == nil
}

// object reads the group or array whose header is at an address.
func (r *reader) object(address uint64, path string, depth int) (*Group, *Dataset) {
	if depth > 32 {
		r.fail("%s is nested too deeply", path)
	}
	messages := r.messages(address)
	if r.err != nil {
		return nil, nil
	}
	g := NewGroup()
	var p parts
	isGroup := false
	attribute := func(m []byte) {
		if name, value := r.attribute(m); value != nil {
			g.Attributes[name] = value
		}
	}
	for _, m := range messages {
		switch m.kind {
		case messageDataspace:
			p.space = m.data
		case messageDatatype:
			p.kind = m.data
		case messageLayout:
			p.layout = m.data
		case messageFilters:
			p.filters = m.data
		case messageAttribute:
			attribute(m.data)
		case messageAttributeInfo:
			if len(m.data) >= 2 {
				r.dense(m.data, 2+2*int(m.data[1]&1), attribute)
			}
		case messageLink:
			isGroup = true
			r.link(g, m.data, path, depth)
		case messageLinkInfo:
			isGroup = true
			if len(m.data) >= 2 {
				r.dense(m.data, 2+8*int(m.data[1]&1), func(link []byte) { r.link(g, link, path, depth) })
			}
		case messageSymbolTable:
			isGroup = true
			if len(m.data) >= 16 {
				tree, heap := binary.LittleEndian.Uint64(m.data), binary.LittleEndian.Uint64(m.data[8:])
				r.tree(g, tree, 256, r.heap(heap), path, depth)
			}
		}
	}
	if isGroup || p.layout == nil {
		return g, nil
	}
	var d Dataset
	if why := r.dataset(&d, p); why != "" {
		d.Unsupported, d.Values = why, nil
	}
	return nil, &d
}

// child reads the object linked under a name.
func (r *reader) child(g *Group, name string, address uint64, path string, depth int) {
	if !r.spend(uint64(len(name))) {
		return
	}
	sub, data := r.object(address, path+"/"+name, depth+1)
	if sub != nil {
		g.Groups[name] = sub
	}
	if data != nil {
		g.Datasets[name] = data
	}
}

// messages lists an object header's messages, including those of its continuations.
func (r *reader) messages(address uint64) []message {
	if r.isHeader2(address) {
		return r.messages2(address)
	}
	head := r.at(address, 16)
	if head == nil || !r.spend(16) {
		return nil
	}
	if head[0] != 1 {
		r.fail("object header version %d at address %d, expected 1 or 2", head[0], address)
		return nil
	}
	type block struct{ address, size uint64 }
	blocks := []block{{address + 16, uint64(binary.LittleEndian.Uint32(head[8:]))}}
	var out []message
	for len(blocks) > 0 && r.spend(8+blocks[0].size) {
		b := r.at(blocks[0].address, blocks[0].size)
		blocks = blocks[1:]
		for len(b) >= 8 {
			kind, size, flags := binary.LittleEndian.Uint16(b), int(binary.LittleEndian.Uint16(b[2:])), b[4]
			if b = b[8:]; size > len(b) {
				r.fail("a message of the object header at address %d is cut off", address)
				return nil
			}
			data := b[:size]
			b = b[size:]
			switch {
			case flags&2 != 0: // shared: stored elsewhere, like committed datatypes
			case kind == messageContinuation && size >= 16:
				blocks = append(blocks, block{binary.LittleEndian.Uint64(data), binary.LittleEndian.Uint64(data[8:])})
			default:
				out = append(out, message{kind, data})
			}
		}
	}
	return out
}

// heap is the data segment of a local heap: names by offset.
func (r *reader) heap(address uint64) []byte {
	if !r.signed(address, "HEAP") {
		return nil
	}
	return r.at(r.u64(address+24), r.u64(address+8))
}

// tree reads a group's children from a B-tree node, whose level must be below that of
// its parent.
func (r *reader) tree(g *Group, address uint64, above int, names []byte, path string, depth int) {
	if !r.spend(24) || !r.signed(address, "TREE") {
		return
	}
	head := r.at(address, 24)
	if head == nil {
		return
	}
	level, count := int(head[5]), uint64(binary.LittleEndian.Uint16(head[6:]))
	if level >= above {
		r.fail("the B-tree node at address %d is at level %d, below one at level %d", address, level, above)
		return
	}
	for i := range count {
		child := r.u64(address + 24 + 8 + 16*i)
		if r.err != nil {
			return
		}
		if level > 0 {
			r.tree(g, child, level, names, path, depth)
		} else {
			r.node(g, child, names, path, depth)
		}
	}
}

// node reads the children listed in one symbol-table node.
func (r *reader) node(g *Group, address uint64, names []byte, path string, depth int) {
	if !r.spend(8) || !r.signed(address, "SNOD") {
		return
	}
	head := r.at(address, 8)
	if head == nil {
		return
	}
	for i := range uint64(binary.LittleEndian.Uint16(head[6:])) {
		entry := address + 8 + 40*i
		offset := r.u64(entry)
		if r.err == nil && offset >= uint64(len(names)) {
			r.fail("a name of %q is beyond its heap", path+"/")
		}
		if r.err != nil {
			return
		}
		name, _, _ := bytes.Cut(names[offset:], []byte{0})
		if !r.spend(40) {
			return
		}
		r.child(g, string(name), r.u64(entry+8), path, depth)
	}
}

// attribute reads an attribute message; a value other than a string or a list of
// strings is nil.
func (r *reader) attribute(m []byte) (string, any) {
	if len(m) < 8 || m[0] < 1 || m[0] > 3 {
		return "", nil
	}
	sizes, rest, align := [3]int{}, m[8:], 8
	for i := range sizes {
		sizes[i] = int(binary.LittleEndian.Uint16(m[2+2*i:]))
	}
	if m[0] > 1 {
		align = 1
	}
	if m[0] == 3 {
		rest = rest[min(1, len(rest)):]
	}
	var parts [3][]byte
	for i, n := range sizes {
		padded := (n + align - 1) / align * align
		if padded > len(rest) {
			return "", nil
		}
		parts[i], rest = rest[:n], rest[padded:]
	}
	name := strings.TrimRight(string(parts[0]), "\x00")
	shape, count, ok := shapeOf(parts[2])
	if !ok {
		return name, nil
	}
	texts, ok := r.strings(parts[1], rest, count)
	switch {
	case len(shape) == 1 && count == 0:
		return name, []string{}
	case !ok:
		return name, nil
	case len(shape) == 0:
		return name, texts[0]
	}
	return name, texts
}

// strings reads count strings of a fixed-length or variable-length type.
func (r *reader) strings(kind, data []byte, count int) ([]string, bool) {
	if len(kind) < 8 {
		return nil, false
	}
	width := int(binary.LittleEndian.Uint32(kind[4:]))
	class := kind[0] & 15
	variable := class == 9 && kind[1]&15 == 1
	if (class != 3 && !variable) || (variable && width != 16) || width < 1 || count > len(data)/width {
		return nil, false
	}
	out := make([]string, count)
	for i := range out {
		b := data[i*width : (i+1)*width]
		if variable {
			b = r.heapObject(binary.LittleEndian.Uint64(b[4:]), binary.LittleEndian.Uint32(b[12:]), binary.LittleEndian.Uint32(b))
		}
		out[i] = strings.TrimRight(string(b), "\x00")
	}
	return out, r.err == nil
}

// heapObject returns the first length bytes of an object in a global heap.
func (r *reader) heapObject(address uint64, index, length uint32) []byte {
	if length == 0 {
		return nil
	}
	objects, known := r.heaps[address]
	if !known {
		objects = r.globalHeap(address)
		if r.heaps == nil {
			r.heaps = map[uint64]map[uint32][]byte{}
		}
		r.heaps[address] = objects
	}
	b, there := objects[index]
	if !there {
		r.fail("object %d is missing from the global heap at address %d", index, address)
		return nil
	}
	b = b[:min(len(b), int(length))]
	if !r.spend(uint64(len(b))) {
		return nil
	}
	return b
}

// globalHeap lists a collection's objects by number.
func (r *reader) globalHeap(address uint64) map[uint32][]byte {
	if !r.signed(address, "GCOL") {
		return nil
	}
	size := r.u64(address + 8)
	collection := r.at(address, size) // within the file, so that no sum below overflows
	if collection == nil || !r.spend(size) {
		return nil
	}
	out := map[uint32][]byte{}
	for at := uint64(16); at+16 <= size; {
		number, n := binary.LittleEndian.Uint16(collection[at:]), binary.LittleEndian.Uint64(collection[at+8:])
		if number == 0 || n > size-at-16 {
			break // the free space at the end of the collection, or invalid
		}
		out[uint32(number)] = collection[at+16 : at+16+n]
		at += 16 + (n+7)/8*8
	}
	return out
}
