package hdf5

import (
	"bytes"
	"encoding/binary"
	"math/bits"
)

// The features introduced in HDF5 1.8: object headers of version 2, links as
// messages, and, for groups and attributes that do not fit a header,
// fractal heaps indexed by version-2 B-trees.

const (
	messageLinkInfo      = 0x02
	messageLink          = 0x06
	messageFilters       = 0x0b
	messageAttributeInfo = 0x15
)

// number returns a little-endian number of any width up to eight bytes.
func number(b []byte) uint64 {
	var full [8]byte
	copy(full[:], b)
	return binary.LittleEndian.Uint64(full[:])
}

// widthFor returns the number of bytes that HDF5 uses for numbers up to n.
func widthFor(n uint64) int {
	if n == 0 {
		return 1
	}
	return (bits.Len64(n)-1)/8 + 1
}

// cursor reads consecutive fields; past the end it returns zeros and is marked
// short.
type cursor struct {
	b     []byte
	short bool
}

func (c *cursor) take(n int) []byte {
	if n < 0 || n > len(c.b) {
		c.b, c.short = nil, true
		return nil
	}
	out := c.b[:n]
	c.b = c.b[n:]
	return out
}

func (c *cursor) number(width int) uint64 { return number(c.take(width)) }

// messages2 lists the messages of an object header of version 2.
func (r *reader) messages2(address uint64) []message {
	const prefix = 6 + 16 + 4 + 8
	head := r.at(address, min(prefix, uint64(len(r.data))-address))
	if head == nil || !r.spend(prefix) {
		return nil
	}
	if len(head) < 6 || head[4] != 2 {
		r.fail("the object header at address %d is of another version than 2", address)
		return nil
	}
	flags := head[5]
	c := cursor{b: head[6:]}
	if flags&0x20 != 0 {
		c.take(16) // times
	}
	if flags&0x10 != 0 {
		c.take(4) // limits of attributes
	}
	size := c.number(1 << (flags & 3))
	if c.short {
		r.fail("the object header at address %d is cut off", address)
		return nil
	}
	type block struct{ address, size uint64 }
	blocks := []block{{address + uint64(len(head)-len(c.b)), size}}
	var out []message
	for len(blocks) > 0 && r.spend(8+blocks[0].size) {
		c := cursor{b: r.at(blocks[0].address, blocks[0].size)}
		blocks = blocks[1:]
		for len(c.b) >= 4 {
			kind, size, shared := uint16(c.number(1)), int(c.number(2)), c.number(1)&2 != 0
			if flags&4 != 0 {
				c.take(2) // order of creation
			}
			data := c.take(size)
			switch {
			case c.short:
				r.fail("a message of the object header at address %d is cut off", address)
				return nil
			case shared: // stored elsewhere, like committed datatypes
			case kind == messageContinuation && size >= 16:
				at, n := binary.LittleEndian.Uint64(data), binary.LittleEndian.Uint64(data[8:])
				if !r.signed(at, "OCHK") || n < 8 {
					return nil
				}
				blocks = append(blocks, block{at + 4, n - 8}) // without signature and checksum
			default:
				out = append(out, message{kind, data})
			}
		}
	}
	return out
}

// link reads a child that a link message names; links to other files are left out.
func (r *reader) link(g *Group, m []byte, path string, depth int) {
	c := cursor{b: m}
	version, flags := c.number(1), c.number(1)
	kind := uint64(0)
	if flags&8 != 0 {
		kind = c.number(1)
	}
	if flags&4 != 0 {
		c.take(8) // order of creation
	}
	if flags&16 != 0 {
		c.take(1) // character set
	}
	size := c.number(1 << (flags & 3))
	if c.short || version != 1 || size > uint64(len(c.b)) {
		r.fail("a link of %q is not understood", path+"/")
		return
	}
	name := string(c.take(int(size)))
	if kind != 0 {
		return
	}
	address := c.number(8)
	if c.short {
		r.fail("a link of %q is cut off", path+"/")
		return
	}
	r.child(g, name, address, path, depth)
}

// dense returns every object in a fractal heap that a B-tree of links or attributes
// points to. info is the message that holds both addresses, skip the number of bytes
// before them.
func (r *reader) dense(info []byte, skip int, each func(data []byte)) {
	c := cursor{b: info}
	c.take(skip)
	heapAddress, treeAddress := c.number(8), c.number(8)
	if c.short || heapAddress == undefined || treeAddress == undefined {
		return
	}
	h := r.fractalHeap(heapAddress)
	r.tree2(treeAddress, func(kind byte, record []byte) {
		switch {
		case kind == 5 && len(record) >= 4: // links by name: a hash, then the heap's identifier
			record = record[4:]
		case kind == 8: // attributes by name: the identifier first
		default:
			r.fail("a B-tree at address %d has records of type %d", treeAddress, kind)
			return
		}
		if data := h.object(record[:min(len(record), h.idLength)]); data != nil {
			each(data)
		}
	})
}

// fractalHeap is a heap's header.
type fractalHeap struct {
	r                        *reader
	idLength                 int
	width                    uint64 // of the doubling table
	start, largest           uint64 // sizes of its first and of its largest direct blocks
	offsetBytes, lengthBytes int
	root                     uint64
	rows                     int // of the root; 0: it is a direct block
	huge                     uint64
}

func (r *reader) fractalHeap(address uint64) *fractalHeap {
	h := &fractalHeap{r: r}
	b := r.at(address, 142)
	if !r.signed(address, "FRHP") || b == nil || !r.spend(142) {
		return h
	}
	u16, u64 := binary.LittleEndian.Uint16, binary.LittleEndian.Uint64
	h.idLength = int(u16(b[5:]))
	if u16(b[7:]) != 0 {
		r.fail("the heap at address %d is compressed", address)
	}
	h.huge, h.width, h.start, h.largest = u64(b[22:]), uint64(u16(b[110:])), u64(b[112:]), u64(b[120:])
	h.offsetBytes = (int(u16(b[128:])) + 7) / 8
	h.lengthBytes = min((bits.Len64(h.largest)+6)/8, widthFor(uint64(binary.LittleEndian.Uint32(b[10:]))))
	h.root, h.rows = u64(b[132:]), int(u16(b[140:]))
	if h.width == 0 || bits.OnesCount64(h.width) != 1 || bits.OnesCount64(h.start) != 1 || bits.OnesCount64(h.largest) != 1 || h.largest > 1<<32 || h.offsetBytes > 8 {
		r.fail("the heap at address %d is damaged", address)
	}
	return h
}

// object returns the object with an identifier, or nil.
func (h *fractalHeap) object(id []byte) []byte {
	if len(id) < 1 || h.r.err != nil {
		return nil
	}
	c := cursor{b: id[1:]}
	switch id[0] >> 4 & 3 {
	case 0:
		offset, length := c.number(h.offsetBytes), c.number(h.lengthBytes)
		if c.short {
			h.r.fail("an object of a heap has too short an identifier")
			return nil
		}
		return h.managed(offset, length)
	case 1: // by a separate B-tree
		key := c.number(min(8, len(c.b)))
		var out []byte
		h.r.tree2(h.huge, func(kind byte, record []byte) {
			if kind == 1 && len(record) >= 24 && binary.LittleEndian.Uint64(record[16:]) == key {
				n := binary.LittleEndian.Uint64(record[8:])
				if h.r.spend(n) {
					out = h.r.at(binary.LittleEndian.Uint64(record), n)
				}
			}
		})
		return out
	case 2:
		return c.take(int(id[0]&15) + 1)
	}
	h.r.fail("an object of a heap is of an unknown kind")
	return nil
}

// managed finds the bytes at an offset of the heap, through the blocks that
// double in size from row to row.
func (h *fractalHeap) managed(offset, length uint64) []byte {
	address, rows := h.root, h.rows
	size := h.start
	for rows > 0 {
		prefix := uint64(13 + h.offsetBytes)
		if !h.r.signed(address, "FHIB") || !h.r.spend(prefix) {
			return nil
		}
		entry := address + prefix
		row, found := 0, false
		for ; row < rows && row < 64; row++ {
			size = h.start << max(0, row-1)
			if offset < size*h.width {
				found = true
				break
			}
			offset -= size * h.width
			entry += 8 * h.width
		}
		if !found {
			h.r.fail("an offset lies beyond the heap of the block at address %d", address)
			return nil
		}
		address = h.r.u64(entry + 8*(offset/size))
		offset %= size
		if size <= h.largest {
			break
		}
		next := bits.Len64(size) - bits.Len64(h.start*h.width) + 1
		if next >= rows { // a child has fewer rows
			h.r.fail("the heap block at address %d is damaged", address)
			return nil
		}
		rows = next
	}
	if !h.r.signed(address, "FHDB") {
		return nil
	}
	if offset > size || length > size-offset {
		h.r.fail("an object lies beyond the heap block at address %d", address)
		return nil
	}
	if !h.r.spend(length) {
		return nil
	}
	return h.r.at(address+offset, length)
}

// tree2 returns all records of a version-2 B-tree, with the tree's type.
func (r *reader) tree2(address uint64, each func(kind byte, record []byte)) {
	b := r.at(address, 38)
	if !r.signed(address, "BTHD") || b == nil || !r.spend(38) {
		return
	}
	t := &btree2{
		r: r, kind: b[5], node: uint64(binary.LittleEndian.Uint32(b[6:])),
		record: uint64(binary.LittleEndian.Uint16(b[10:])), each: each,
	}
	depth := int(binary.LittleEndian.Uint16(b[12:]))
	const overhead = 10
	if t.record == 0 || t.node < overhead+t.record || depth > 16 {
		r.fail("the B-tree at address %d is damaged", address)
		return
	}
	most := (t.node - overhead) / t.record
	t.countBytes = widthFor(most)
	t.totalBytes = []int{0}
	total := most
	for range depth {
		pointer := uint64(8 + t.countBytes + t.totalBytes[len(t.totalBytes)-1])
		if t.node < overhead+pointer {
			r.fail("the B-tree at address %d is damaged", address)
			return
		}
		most := (t.node - overhead - pointer) / (t.record + pointer)
		total = (most+1)*total + most
		t.totalBytes = append(t.totalBytes, widthFor(total))
	}
	if root := binary.LittleEndian.Uint64(b[16:]); root != undefined {
		t.visit(root, uint64(binary.LittleEndian.Uint16(b[24:])), depth)
	}
}

type btree2 struct {
	r            *reader
	kind         byte
	node, record uint64
	countBytes   int
	totalBytes   []int // by depth
	each         func(kind byte, record []byte)
}

func (t *btree2) visit(address, count uint64, depth int) {
	want, size := "BTLF", 6+count*t.record
	pointer := uint64(0)
	if depth > 0 {
		pointer = uint64(8 + t.countBytes + t.totalBytes[depth-1])
		want, size = "BTIN", size+(count+1)*pointer
	}
	b := t.r.at(address, size)
	if !t.r.signed(address, want) || b == nil || !t.r.spend(size) {
		return
	}
	records, children := b[6:6+count*t.record], cursor{b: b[6+count*t.record:]}
	for i := range count {
		t.each(t.kind, records[i*t.record:(i+1)*t.record])
		if t.r.err != nil {
			return
		}
	}
	if depth == 0 {
		return
	}
	for range count + 1 {
		child, n := children.number(8), children.number(t.countBytes)
		children.take(t.totalBytes[depth-1])
		t.visit(child, n, depth-1)
		if t.r.err != nil {
			return
		}
	}
}

// isHeader2 reports whether an address holds an object header of version 2.
func (r *reader) isHeader2(address uint64) bool {
	b := r.at(address, 4)
	return bytes.Equal(b, []byte("OHDR"))
}
