package hdf5

import (
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"fmt"
	"io"
	"math"
	"math/bits"
)

// The kinds of chunk index, from layout version 4 on.
const (
	singleChunk     = 1
	implicit        = 2
	fixedArray      = 3
	extensibleArray = 4
	tree2Chunks     = 5
)

// chunk is one block of an array: its address, its stored size in bytes, the filters
// that it skipped, and the position of its first value.
type chunk struct {
	address, size uint64
	mask          uint32
	at            []int
}

// mayGrow is the reason for arrays whose chunks are numbered by the size to which they may grow.
const mayGrow = "its chunks leave room for growth: save it without maxshape"

// deflateRatio is the greatest number of bytes that a byte of a deflated stream can unpack to.
const deflateRatio = 1032

// chunks assembles an array from its chunks. All of them must exist.
func (r *reader) chunks(l layout, filterMessage []byte, shape []int, size, width int) ([]byte, string) {
	if len(l.chunk) != len(shape) || len(shape) == 0 {
		return nil, "its chunks have another rank than it has"
	}
	chunkBytes, count := uint64(width), 1
	grid := make([]int, len(shape))
	for i, n := range l.chunk {
		if n < 1 || chunkBytes > math.MaxUint32/uint64(n) {
			return nil, "its chunks are too large, or empty"
		}
		chunkBytes *= uint64(n)
		grid[i] = (shape[i] + n - 1) / n
		count *= grid[i]
	}
	if size == 0 {
		return nil, ""
	}
	if count > len(r.data)/8 {
		return nil, "it claims more chunks than the file can list"
	}
	filters, why := filtersOf(filterMessage)
	if why != "" {
		return nil, why
	}
	list, why := r.chunkList(l, grid, len(filters) > 0, chunkBytes)
	if why != "" {
		return nil, why
	}
	seen := make([]bool, count)
	stored := uint64(0)
	for _, c := range list {
		number := 0
		for i, at := range c.at {
			if at < 0 || at >= shape[i] || at%l.chunk[i] != 0 {
				return nil, "a chunk lies outside of it"
			}
			number = number*grid[i] + at/l.chunk[i]
		}
		if seen[number] {
			return nil, "a chunk is listed twice"
		}
		seen[number] = true
		if stored += c.size; !r.spend(c.size) {
			return nil, "its chunks overlap"
		}
		if chunkBytes > c.size*deflateRatio {
			return nil, "a chunk of it claims more values than it can hold"
		}
	}
	if len(list) != count {
		return nil, fmt.Sprintf("%d of its %d chunks were never written", count-len(list), count)
	}
	if uint64(size*width) > stored*deflateRatio {
		return nil, "it claims more values than its chunks can hold"
	}
	out := make([]byte, size*width)
	for _, c := range list {
		raw := r.at(c.address, c.size)
		if raw == nil {
			return nil, "a chunk lies beyond the file's end"
		}
		whole := true
		for i, at := range c.at {
			whole = whole && at+l.chunk[i] <= shape[i]
		}
		if whole || !l.wholeEdges {
			var err error
			if raw, err = unfilter(filters, c.mask, raw, chunkBytes); err != nil {
				return nil, "a chunk of it: " + err.Error()
			}
		}
		if r.inflated += uint64(len(raw)); uint64(len(raw)) < chunkBytes {
			return nil, "a chunk of it is cut off"
		}
		place(out, shape, raw, l.chunk, c.at, width)
	}
	return out, ""
}

// place copies a chunk's rows to their positions, without the part beyond the array's
// edge.
func place(out []byte, shape []int, raw []byte, sides, at []int, width int) {
	last := len(shape) - 1
	index := make([]int, len(shape)) // within the chunk; the last remains 0
	for {
		from, to, inside := 0, 0, true
		for i := range shape {
			from, to = from*sides[i]+index[i], to*shape[i]+at[i]+index[i]
			inside = inside && at[i]+index[i] < shape[i]
		}
		if inside {
			n := min(sides[last], shape[last]-at[last]) * width
			copy(out[to*width:to*width+n], raw[from*width:])
		}
		i := last - 1
		for ; i >= 0; i-- {
			if index[i]++; index[i] < sides[i] && at[i]+index[i] < shape[i] {
				break
			}
			index[i] = 0
		}
		if i < 0 {
			return
		}
	}
}

// chunkList lists the chunks of an index.
func (r *reader) chunkList(l layout, grid []int, filtered bool, chunkBytes uint64) (list []chunk, why string) {
	count := 1
	for _, n := range grid {
		count *= n
	}
	// numbered returns the position of chunk i, row by row.
	numbered := func(i int) []int {
		at := make([]int, len(grid))
		for axis := len(grid) - 1; axis >= 0; axis-- {
			at[axis], i = i%grid[axis]*l.chunk[axis], i/grid[axis]
		}
		return at
	}
	if l.address == undefined {
		return nil, ""
	}
	switch {
	case l.version == 3:
		return r.chunkTree(l.address, len(grid), 256)
	case l.index == singleChunk:
		if l.single == 0 {
			l.single = chunkBytes
		}
		return []chunk{{l.address, l.single, l.singleMask, numbered(0)}}, ""
	case l.index == implicit:
		for i := range count {
			list = append(list, chunk{l.address + uint64(i)*chunkBytes, chunkBytes, 0, numbered(i)})
		}
		return list, ""
	case l.index == fixedArray:
		return r.fixedArray(l, count, filtered, chunkBytes, numbered)
	case l.index == extensibleArray:
		return r.extensibleChunks(l, count, filtered, chunkBytes, numbered)
	}
	r.tree2(l.address, func(kind byte, record []byte) {
		c := cursor{b: record}
		ch := chunk{address: c.number(8), size: chunkBytes}
		if kind == 11 {
			ch.size, ch.mask = c.number(len(record)-12-8*len(grid)), uint32(c.number(4))
		}
		for i := range grid {
			ch.at = append(ch.at, int(min(c.number(8), math.MaxInt32))*l.chunk[i])
		}
		if c.short {
			why = "a record of its chunks is cut off"
		}
		list = append(list, ch)
	})
	return list, why
}

// chunkTree lists the chunks below a node of a version-1 B-tree.
func (r *reader) chunkTree(address uint64, rank, above int) (list []chunk, why string) {
	key := uint64(8 + 8*(rank+1))
	head := r.at(address, 24)
	if !r.signed(address, "TREE") || head == nil || !r.spend(24) {
		return nil, "its chunks are not listed where they should be"
	}
	level, count := int(head[5]), uint64(binary.LittleEndian.Uint16(head[6:]))
	if head[4] != 1 || level >= above {
		return nil, "the tree of its chunks is damaged"
	}
	b := r.at(address+24, count*(key+8))
	if b == nil || !r.spend(uint64(len(b))) {
		return nil, "the tree of its chunks is cut off"
	}
	for c := (cursor{b: b}); len(c.b) > 0; {
		ch := chunk{size: c.number(4), mask: uint32(c.number(4))}
		for range rank {
			ch.at = append(ch.at, int(min(c.number(8), math.MaxInt32)))
		}
		c.take(8) // within a value: 0
		ch.address = c.number(8)
		if level == 0 {
			list = append(list, ch)
			continue
		}
		below, why := r.chunkTree(ch.address, rank, level)
		if why != "" {
			return nil, why
		}
		list = append(list, below...)
	}
	return list, ""
}

// fixedArray lists the chunks of an array of fixed size: a table of addresses,
// divided into pages if it is long.
func (r *reader) fixedArray(l layout, count int, filtered bool, chunkBytes uint64, numbered func(int) []int) (list []chunk, why string) {
	const damaged = "the table of its chunks is damaged"
	head := r.at(l.address, 28)
	if !r.signed(l.address, "FAHD") || head == nil || !r.spend(28) {
		return nil, damaged
	}
	entry, pageBits := int(head[6]), head[7]
	n, block := binary.LittleEndian.Uint64(head[8:]), binary.LittleEndian.Uint64(head[16:])
	if n > uint64(count) {
		return nil, mayGrow
	}
	if n < uint64(count) || pageBits > 32 || entry < 8 || (filtered && entry < 13) {
		return nil, damaged
	}
	if block == undefined {
		return nil, ""
	}
	if !r.signed(block, "FADB") {
		return nil, damaged
	}
	at := block + 14
	page := uint64(1) << pageBits
	paged := n > page
	var written []byte // by page, the first in the highest bit
	if paged {
		pages := (n + page - 1) / page
		if written = r.at(at, (pages+7)/8); written == nil || !r.spend(uint64(len(written))) {
			return nil, damaged
		}
		at += uint64(len(written)) + 4 // a checksum
	}
	for i := range uint64(count) {
		where := at + i*uint64(entry)
		if paged {
			if written[i/page/8]>>(7-i/page%8)&1 == 0 {
				continue
			}
			where += i / page * 4 // the checksums of the pages before
		}
		c := cursor{b: r.at(where, uint64(entry))}
		if c.b == nil || !r.spend(uint64(entry)) {
			return nil, damaged
		}
		ch := chunk{address: c.number(8), size: chunkBytes, at: numbered(int(i))}
		if filtered {
			ch.size, ch.mask = c.number(entry-12), uint32(c.number(4))
		}
		if ch.address != undefined {
			list = append(list, ch)
		}
	}
	return list, ""
}

// filter is one processing step of a chunk before it was written to the file.
type filter struct {
	id     uint16
	values []uint32
}

const (
	deflate    = 1
	shuffle    = 2
	fletcher32 = 3
	lzf        = 32000 // h5py's own
)

// filtersOf reads a filter pipeline message, in the order of writing.
func filtersOf(m []byte) (out []filter, why string) {
	if len(m) == 0 {
		return nil, ""
	}
	c := cursor{b: m}
	version, count := c.number(1), int(c.number(1))
	if version == 1 {
		c.take(6)
	} else if version != 2 {
		return nil, fmt.Sprintf("its filters are described in version %d", version)
	}
	known := map[uint16]string{4: "szip", 5: "nbit", 6: "scale-offset", 307: "bzip2", 32001: "Blosc", 32004: "LZ4", 32013: "ZFP", 32015: "Zstandard"}
	for range count {
		f := filter{id: uint16(c.number(2))}
		nameLength := 0
		if version == 1 || f.id >= 256 {
			nameLength = int(c.number(2))
		}
		c.take(2) // flags
		values := int(c.number(2))
		if version == 1 {
			nameLength = (nameLength + 7) / 8 * 8
		}
		c.take(nameLength)
		for range min(values, len(c.b)/4) {
			f.values = append(f.values, uint32(c.number(4)))
		}
		if version == 1 && values%2 == 1 {
			c.take(4)
		}
		if c.short {
			return nil, "its filters are cut off"
		}
		if (f.id < deflate || f.id > fletcher32) && f.id != lzf {
			name := known[f.id]
			if name == "" {
				name = fmt.Sprintf("filter %d", f.id)
			}
			return nil, fmt.Sprintf("it is compressed with %s: gzip, LZF and shuffle are read", name)
		}
		out = append(out, f)
	}
	return out, ""
}

// unfilter reverses the filters that a chunk did not skip. The result is at most the
// chunk's full size plus a checksum.
func unfilter(filters []filter, mask uint32, raw []byte, full uint64) ([]byte, error) {
	for i := len(filters) - 1; i >= 0; i-- {
		if i < 32 && mask>>i&1 != 0 {
			continue
		}
		switch f := filters[i]; f.id {
		case deflate:
			z, err := zlib.NewReader(bytes.NewReader(raw))
			if err != nil {
				return nil, err
			}
			limit := int64(full) + 4
			unpacked, err := io.ReadAll(io.LimitReader(z, limit+1))
			if err != nil {
				return nil, err
			}
			if int64(len(unpacked)) > limit {
				return nil, fmt.Errorf("it unpacks to more than its %d bytes", full)
			}
			raw = unpacked
		case lzf:
			var err error
			if raw, err = unpackLZF(raw, full+4); err != nil {
				return nil, err
			}
		case shuffle:
			if len(f.values) < 1 {
				return nil, fmt.Errorf("its shuffle has no width")
			}
			raw = unshuffle(raw, int(f.values[0]))
		case fletcher32:
			if len(raw) < 4 {
				return nil, fmt.Errorf("its checksum is missing")
			}
			want := binary.LittleEndian.Uint32(raw[len(raw)-4:])
			raw = raw[:len(raw)-4]
			got := fletcher(raw)
			swapped := bits.ReverseBytes32(got) // as HDF5 1.6.2 and earlier wrote it
			if got != want && swapped>>16|swapped<<16 != want {
				return nil, fmt.Errorf("its checksum is wrong: the file was changed or damaged")
			}
		}
	}
	return raw, nil
}

// unpackLZF reverses LibLZF's compression, up to a maximum size in bytes. A control
// byte below 32 is the number of literal bytes that follow; any other one starts a
// copy of earlier output.
func unpackLZF(in []byte, most uint64) ([]byte, error) {
	var out []byte
	damaged := fmt.Errorf("its LZF stream is damaged")
	for len(in) > 0 {
		control := int(in[0])
		in = in[1:]
		if control < 32 {
			n := control + 1
			if n > len(in) {
				return nil, damaged
			}
			out, in = append(out, in[:n]...), in[n:]
		} else {
			n := control >> 5
			if n == 7 {
				if len(in) == 0 {
					return nil, damaged
				}
				n, in = n+int(in[0]), in[1:]
			}
			if len(in) == 0 {
				return nil, damaged
			}
			from := len(out) - (control&31<<8 | int(in[0])) - 1
			in = in[1:]
			if from < 0 {
				return nil, damaged
			}
			for i := range n + 2 {
				out = append(out, out[from+i])
			}
		}
		if uint64(len(out)) > most {
			return nil, fmt.Errorf("it unpacks to more than its %d bytes", most)
		}
	}
	return out, nil
}

// unshuffle restores the byte order of values that were stored as all first bytes,
// then all second bytes, and so on.
func unshuffle(raw []byte, width int) []byte {
	if width < 2 || len(raw) < width {
		return raw
	}
	count := len(raw) / width
	out := make([]byte, len(raw))
	for b := range width {
		for i := range count {
			out[i*width+b] = raw[b*count+i]
		}
	}
	copy(out[count*width:], raw[count*width:])
	return out
}

// fletcher is HDF5's Fletcher-32 checksum, over big-endian pairs of bytes.
func fletcher(b []byte) uint32 {
	var low, high uint32
	fold := func(v uint32) uint32 { return v&0xffff + v>>16 }
	for len(b) >= 2 {
		for range min(360, len(b)/2) {
			low += uint32(b[0])<<8 | uint32(b[1])
			high += low
			b = b[2:]
		}
		low, high = fold(low), fold(high)
	}
	if len(b) == 1 {
		low += uint32(b[0]) << 8
		high += low
		low, high = fold(low), fold(high)
	}
	return fold(high)<<16 | fold(low)
}
