package cnn

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"slices"
)

// The safetensors format (https://github.com/huggingface/safetensors): eight
// bytes with the little-endian length of a JSON header, the header, then the
// arrays' bytes. Each header entry gives dtype, shape and the half-open range
// of bytes in the data, which the arrays fill without gaps or overlaps.

// maxHeader limits the size of a header; ours have a few kilobytes.
const maxHeader = 1 << 20

// safetensorsEntry describes one array in the header.
type safetensorsEntry struct {
	DType   string    `json:"dtype"`
	Shape   []int     `json:"shape"`
	Offsets [2]uint64 `json:"data_offsets"`
}

// WriteSafetensors writes float32 arrays in their order, and free text by name, in
// the safetensors format.
func WriteSafetensors(w io.Writer, arrays []Array, metadata map[string]string) error {
	var header bytes.Buffer
	header.WriteByte('{')
	if len(metadata) > 0 {
		m, err := json.Marshal(metadata)
		if err != nil {
			return err
		}
		fmt.Fprintf(&header, `"__metadata__":%s`, m)
	}
	var offset uint64
	for i, a := range arrays {
		end := offset + 4*uint64(len(a.Values))
		entry, err := json.Marshal(safetensorsEntry{DType: "F32", Shape: append([]int{}, a.Shape...), Offsets: [2]uint64{offset, end}})
		if err != nil {
			return err
		}
		name, err := json.Marshal(a.Name)
		if err != nil {
			return err
		}
		if i > 0 || len(metadata) > 0 {
			header.WriteByte(',')
		}
		fmt.Fprintf(&header, "%s:%s", name, entry)
		offset = end
	}
	header.WriteByte('}')
	for header.Len()%8 != 0 {
		header.WriteByte(' ') // keeps the data aligned for readers that map the file
	}
	if err := binary.Write(w, binary.LittleEndian, uint64(header.Len())); err != nil {
		return err
	}
	if _, err := w.Write(header.Bytes()); err != nil {
		return err
	}
	var part []byte // of the values: a copy of all would double their memory
	for _, a := range arrays {
		for values := range slices.Chunk(a.Values, 1<<14) {
			var err error
			if part, err = binary.Append(part[:0], binary.LittleEndian, values); err != nil {
				return err
			}
			if _, err := w.Write(part); err != nil {
				return err
			}
		}
	}
	return nil
}

// readSafetensors reads a file of float32 arrays, in the order of their data.
// Anything else is an error that states the position.
func readSafetensors(data []byte, file string) ([]Array, error) {
	bad := func(format string, args ...any) error {
		return fmt.Errorf("%w: %s: %s", ErrFormat, file, fmt.Sprintf(format, args...))
	}
	if len(data) < 8 {
		return nil, bad("%d bytes are too few for a safetensors file", len(data))
	}
	length := binary.LittleEndian.Uint64(data)
	body := data[8:]
	if length > maxHeader || length > uint64(len(body)) {
		return nil, bad("the header claims %d bytes; the file has %d after its length, and at most %d are accepted", length, len(body), maxHeader)
	}
	header, values := body[:length], body[length:]
	names, entries, err := safetensorsHeader(header)
	if err != nil {
		return nil, bad("header: %s", err)
	}
	arrays := make([]Array, 0, len(names))
	var offset uint64
	for i, e := range entries {
		size, ok := elements(e.Shape)
		switch {
		case e.DType != "F32":
			return nil, bad("%q has dtype %q, expected F32", names[i], e.DType)
		case !ok || size > math.MaxInt/4:
			return nil, bad("%q has an impossible shape %v", names[i], e.Shape)
		case e.Offsets[0] != offset:
			return nil, bad("%q starts at byte %d of the data, expected %d: arrays must neither overlap nor leave gaps", names[i], e.Offsets[0], offset)
		case e.Offsets[1] < offset || e.Offsets[1]-offset != 4*uint64(size):
			return nil, bad("%q of shape %v needs %d bytes, its range is %d to %d", names[i], e.Shape, 4*size, e.Offsets[0], e.Offsets[1])
		case e.Offsets[1] > uint64(len(values)):
			return nil, bad("%q ends at byte %d of the data, the file holds %d: it is truncated", names[i], e.Offsets[1], len(values))
		}
		arrays = append(arrays, Array{Name: names[i], Shape: e.Shape, Values: floats(values[offset:e.Offsets[1]])})
		offset = e.Offsets[1]
	}
	if offset != uint64(len(values)) {
		return nil, bad("%d bytes after the last array", uint64(len(values))-offset)
	}
	return arrays, nil
}

// safetensorsHeader reads the header's entries, sorted by where their data
// starts; a name that occurs twice is an error.
func safetensorsHeader(header []byte) ([]string, []safetensorsEntry, error) {
	type named struct {
		name string
		safetensorsEntry
	}
	var all []named
	seen := map[string]bool{}
	d := json.NewDecoder(bytes.NewReader(header))
	if t, err := d.Token(); err != nil || t != json.Delim('{') {
		return nil, nil, fmt.Errorf("not a JSON object")
	}
	for d.More() {
		t, err := d.Token()
		if err != nil {
			return nil, nil, err
		}
		name, ok := t.(string)
		if !ok || seen[name] {
			return nil, nil, fmt.Errorf("%v occurs twice", t)
		}
		seen[name] = true
		if name == "__metadata__" {
			if err := d.Decode(&map[string]string{}); err != nil {
				return nil, nil, fmt.Errorf("__metadata__: %w", err)
			}
			continue
		}
		e := named{name: name}
		if err := d.Decode(&e.safetensorsEntry); err != nil {
			return nil, nil, fmt.Errorf("%q: %w", name, err)
		}
		all = append(all, e)
	}
	if _, err := d.Token(); err != nil {
		return nil, nil, err
	}
	if rest := bytes.TrimSpace(header[d.InputOffset():]); len(rest) > 0 {
		return nil, nil, fmt.Errorf("text after its end")
	}
	slices.SortStableFunc(all, func(a, b named) int {
		if a.Offsets[0] != b.Offsets[0] {
			if a.Offsets[0] < b.Offsets[0] {
				return -1
			}
			return 1
		}
		return 0
	})
	names, entries := make([]string, len(all)), make([]safetensorsEntry, len(all))
	for i, e := range all {
		names[i], entries[i] = e.name, e.safetensorsEntry
	}
	return names, entries, nil
}

// elements multiplies a shape's axes, and reports whether each is at least 0 and the
// product does not overflow.
func elements(shape []int) (int, bool) {
	n := 1
	for _, d := range shape {
		if d < 0 || (d > 0 && n > math.MaxInt/4/d) {
			return 0, false
		}
		n *= d
	}
	return n, true
}

func floats(data []byte) []float32 {
	out := make([]float32, len(data)/4)
	for i := range out {
		out[i] = math.Float32frombits(binary.LittleEndian.Uint32(data[4*i:]))
	}
	return out
}
