package hdf5

import (
	"encoding/binary"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
)

// Encode writes a file with root as its root group.
func Encode(root *Group) ([]byte, error) {
	w := &writer{data: make([]byte, 96)} // the superblock is written last, when all addresses are known
	address, tree, heap, err := w.group(root, "")
	if err != nil {
		return nil, err
	}
	b := append([]byte{}, signature[:]...)
	b = append(b, 0, 0, 0, 0, 0, 8, 8, 0) // versions; eight bytes for an address and for a length
	b = binary.LittleEndian.AppendUint16(b, leafK)
	b = binary.LittleEndian.AppendUint16(b, internalK)
	b = append(b, 0, 0, 0, 0)
	b = put(b, 0, undefined, uint64(len(w.data)), undefined) // base, free space, end of file, driver
	b = put(b, 0, address, 1, tree, heap)                    // the root's entry; 1: tree and heap are cached
	copy(w.data, b)
	return w.data, nil
}

// writer appends to the file; all addresses are multiples of eight.
type writer struct{ data []byte }

func put(b []byte, values ...uint64) []byte {
	for _, v := range values {
		b = binary.LittleEndian.AppendUint64(b, v)
	}
	return b
}

func pad8(b []byte) []byte {
	return append(b, make([]byte, -len(b)&7)...)
}

func (w *writer) add(b []byte) (address uint64) {
	address = uint64(len(w.data))
	w.data = pad8(append(w.data, b...))
	return address
}

// group writes a group after its content.
func (w *writer) group(g *Group, path string) (header, tree, heap uint64, err error) {
	names := slices.Concat(slices.Collect(maps.Keys(g.Groups)), slices.Collect(maps.Keys(g.Datasets)))
	slices.Sort(names)
	if len(names) > maxChildren {
		return 0, 0, 0, fmt.Errorf("group %q has %d children, at most %d can be written", path, len(names), maxChildren)
	}
	heapData := make([]byte, 8) // the empty name, at offset 0
	var nodes, keys []uint64
	keys = append(keys, 0)
	for chunk := range slices.Chunk(names, 2*leafK) {
		node := append([]byte("SNOD"), 1, 0)
		node = binary.LittleEndian.AppendUint16(node, uint16(len(chunk)))
		for _, name := range chunk {
			child, err := w.child(g, name, path)
			if err != nil {
				return 0, 0, 0, err
			}
			node = put(node, uint64(len(heapData)), child, 0, 0, 0)
			keys = append(keys[:len(nodes)+1], uint64(len(heapData)))
			heapData = pad8(append(heapData, name+"\x00"...))
		}
		node = append(node, make([]byte, 8+2*leafK*40-len(node))...)
		nodes = append(nodes, w.add(node))
	}
	heap = w.localHeap(heapData)
	tree = w.tree(keys, nodes)
	messages := []message{{messageSymbolTable, put(nil, tree, heap)}}
	header, err = w.header(messages, g.Attributes, path)
	return header, tree, heap, err
}

func (w *writer) child(g *Group, name, path string) (uint64, error) {
	path += "/" + name
	sub, data := g.Groups[name], g.Datasets[name]
	switch {
	case name == "" || strings.ContainsAny(name, "/\x00"):
		return 0, fmt.Errorf("%q is not a valid name for a child", path)
	case sub != nil && data != nil:
		return 0, fmt.Errorf("%q is both a group and an array", path)
	case sub != nil:
		address, _, _, err := w.group(sub, path)
		return address, err
	}
	return w.dataset(data, path)
}

// localHeap writes the names of a group's children.
func (w *writer) localHeap(data []byte) uint64 {
	segment := w.add(data)
	b := append([]byte("HEAP"), 0, 0, 0, 0)
	return w.add(put(b, uint64(len(data)), 1, segment)) // 1: nothing is free
}

// tree writes the B-tree over a group's nodes: keys and children alternate.
func (w *writer) tree(keys, nodes []uint64) uint64 {
	b := append([]byte("TREE"), 0, 0) // of groups, level 0
	b = binary.LittleEndian.AppendUint16(b, uint16(len(nodes)))
	b = put(b, undefined, undefined, keys[0])
	for i, n := range nodes {
		b = put(b, n, keys[i+1])
	}
	return w.add(append(b, make([]byte, 24+8*(4*internalK+1)-len(b))...))
}

func (w *writer) dataset(d *Dataset, path string) (uint64, error) {
	size := 1
	for _, n := range d.Shape {
		size *= n
	}
	if d.Unsupported != "" || size != len(d.Values) {
		return 0, fmt.Errorf("%q: %d values do not fill the shape %v", path, len(d.Values), d.Shape)
	}
	raw := make([]byte, 0, 4*size)
	for _, v := range d.Values {
		raw = binary.LittleEndian.AppendUint32(raw, math.Float32bits(v))
	}
	address := undefined
	if size > 0 {
		address = w.add(raw)
	}
	return w.header([]message{
		{messageDataspace, dataspace(d.Shape)},
		{messageDatatype, floatType},
		{messageFill, []byte{2, 2, 2, 1, 0, 0, 0, 0}},
		{messageLayout, put([]byte{3, 1}, address, uint64(len(raw)))},
	}, nil, path)
}

// floatType returns the datatype of little-endian IEEE float32.
var floatType = []byte{0x11, 0x20, 31, 0, 4, 0, 0, 0, 0, 0, 32, 0, 23, 8, 0, 23, 127, 0, 0, 0}

// dataspace returns the message of a shape; one without axes is a scalar.
func dataspace(shape []int) []byte {
	b := []byte{1, byte(len(shape)), 0, 0, 0, 0, 0, 0}
	for _, n := range shape {
		b = put(b, uint64(n))
	}
	return b
}

type message struct {
	kind uint16
	data []byte
}

// header writes an object header: messages, then attributes by name.
func (w *writer) header(messages []message, attributes map[string]any, path string) (uint64, error) {
	for _, name := range slices.Sorted(maps.Keys(attributes)) {
		data, err := attribute(name, attributes[name])
		if err != nil {
			return 0, fmt.Errorf("attribute %q of %q: %w", name, path+"/", err)
		}
		messages = append(messages, message{messageAttribute, data})
	}
	var body []byte
	for _, m := range messages {
		data := pad8(m.data)
		if len(data) > math.MaxUint16 {
			return 0, fmt.Errorf("an attribute of %q has %d bytes, at most %d can be written", path+"/", len(data), math.MaxUint16)
		}
		body = binary.LittleEndian.AppendUint16(body, m.kind)
		body = binary.LittleEndian.AppendUint16(body, uint16(len(data)))
		body = append(append(body, 0, 0, 0, 0), data...)
	}
	b := []byte{1, 0}
	b = binary.LittleEndian.AppendUint16(b, uint16(len(messages)))
	b = binary.LittleEndian.AppendUint32(b, 1)
	b = binary.LittleEndian.AppendUint32(b, uint32(len(body)))
	return w.add(append(pad8(b), body...)), nil
}

// attribute returns an attribute message, version 1. An empty list is written as by
// h5py, with a numeric type.
func attribute(name string, value any) ([]byte, error) {
	var kind, space, data []byte
	switch v := value.(type) {
	case string:
		kind, space, data = stringType(len(v)), dataspace(nil), []byte(v)
		if v == "" {
			data = []byte{0}
		}
	case []string:
		longest := 0
		for _, s := range v {
			longest = max(longest, len(s))
		}
		kind, space = stringType(longest), dataspace([]int{len(v)})
		if len(v) == 0 {
			kind = floatType
		}
		for _, s := range v {
			data = append(append(data, s...), make([]byte, max(1, longest)-len(s))...)
		}
	default:
		return nil, fmt.Errorf("%T cannot be written", value)
	}
	b := []byte{1, 0}
	b = binary.LittleEndian.AppendUint16(b, uint16(len(name)+1))
	b = binary.LittleEndian.AppendUint16(b, uint16(len(kind)))
	b = binary.LittleEndian.AppendUint16(b, uint16(len(space)))
	b = pad8(append(b, name+"\x00"...))
	b = append(pad8(append(b, kind...)), space...)
	return append(b, data...), nil
}

// stringType returns the datatype of a null-padded string of fixed length. Its character
// set is declared as ASCII, as h5py does for bytes: Keras 2 decodes them itself, and
// contemporary versions of h5py cannot read strings declared as UTF-8.
func stringType(length int) []byte {
	return binary.LittleEndian.AppendUint32([]byte{0x13, 0x01, 0, 0}, uint32(max(1, length)))
}
