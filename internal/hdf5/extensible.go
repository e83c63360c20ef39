package hdf5

import (
	"encoding/binary"
	"math/bits"
)

// extensible is the table of chunks of an array that can grow along its first
// axis: some entries in an index block, then data blocks of increasing
// length, the later ones listed in secondary blocks.
type extensible struct {
	r                    *reader
	entry                uint64 // size of an entry in bytes
	first                uint64 // entries in the index block
	least                uint64 // entries of the shortest data block
	pointers             uint64 // smallest number of pointers in a secondary block
	offsetBytes          uint64
	page                 uint64 // entries; longer blocks are divided into pages
	index                uint64 // address of the index block
	direct, nested       uint64 // data blocks and secondary blocks that the index block lists
	directGroups, groups int    // groups of data blocks of equal length: listed directly, and in total
}

// extensibleArray reads the table's header.
func (r *reader) extensibleArray(address uint64) *extensible {
	b := r.at(address, 72)
	if !r.signed(address, "EAHD") || b == nil || !r.spend(72) {
		return nil
	}
	x := &extensible{
		r: r, entry: uint64(b[6]), first: uint64(b[8]), least: uint64(b[9]), pointers: uint64(b[10]),
		offsetBytes: (uint64(b[7]) + 7) / 8, page: 1 << min(b[11], 32), index: binary.LittleEndian.Uint64(b[60:]),
	}
	if bits.OnesCount64(x.least) != 1 || bits.OnesCount64(x.pointers) != 1 || x.entry < 8 || b[7] > 64 {
		return nil
	}
	x.groups = 1 + int(b[7]) - (bits.Len64(x.least) - 1)
	x.directGroups = 2 * (bits.Len64(x.pointers) - 1)
	if x.groups < x.directGroups {
		return nil
	}
	x.direct, x.nested = 2*(x.pointers-1), uint64(x.groups-x.directGroups)
	return x
}

// blocksOf returns the number of data blocks in a group, and the number of entries in each.
func (x *extensible) blocksOf(group int) (blocks, entries uint64) {
	return 1 << (group / 2), x.least << ((group + 1) / 2)
}

// at returns the address of an entry; undefined if it was never written.
func (x *extensible) at(number uint64) uint64 {
	const prefix = 14 // signature, version, client, the header's address
	if x.index == undefined || !x.r.signed(x.index, "EAIB") {
		return undefined
	}
	if number < x.first {
		return x.index + prefix + number*x.entry
	}
	number -= x.first
	blocksBefore := uint64(0)
	for group := range x.groups {
		blocks, entries := x.blocksOf(group)
		if group > 40 || number >= blocks*entries {
			number -= blocks * entries
			blocksBefore += blocks
			if group > 40 {
				return undefined
			}
			continue
		}
		block := number / entries
		list := x.index + prefix + x.first*x.entry
		where := list + 8*(blocksBefore+block)
		if group >= x.directGroups {
			secondary := x.r.u64(list + 8*x.direct + 8*uint64(group-x.directGroups))
			if secondary == undefined || !x.r.signed(secondary, "EASB") {
				return undefined
			}
			where = secondary + prefix + x.offsetBytes
			if entries > x.page { // a bit for each page that was written
				where += blocks * ((entries/x.page + 7) / 8)
			}
			where += 8 * block
		}
		data := x.r.u64(where)
		if data == undefined || !x.r.signed(data, "EADB") {
			return undefined
		}
		within := number % entries
		address := data + prefix + x.offsetBytes + within*x.entry
		if entries > x.page { // a checksum after the head, and after each page
			address += 4 + within/x.page*4
		}
		return address
	}
	return undefined
}

// extensibleChunks lists the chunks of such an array.
func (r *reader) extensibleChunks(l layout, count int, filtered bool, chunkBytes uint64, numbered func(int) []int) (list []chunk, why string) {
	x := r.extensibleArray(l.address)
	if x == nil || (filtered && x.entry < 13) {
		return nil, "the table of its chunks is damaged"
	}
	for i := range count {
		at := x.at(uint64(i))
		if r.err != nil {
			return nil, "the table of its chunks is damaged"
		}
		if at == undefined {
			continue
		}
		c := cursor{b: r.at(at, x.entry)}
		if !r.spend(x.entry) {
			return nil, "the table of its chunks is read too often"
		}
		ch := chunk{address: c.number(8), size: chunkBytes, at: numbered(i)}
		if filtered {
			ch.size, ch.mask = c.number(int(x.entry)-12), uint32(c.number(4))
		}
		if ch.address != undefined {
			list = append(list, ch)
		}
	}
	return list, ""
}
