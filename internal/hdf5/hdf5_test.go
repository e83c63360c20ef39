package hdf5

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"reflect"
	"strings"
	"testing"
)

func example(children int) *Group {
	root := NewGroup()
	root.Attributes["layer_names"] = []string{"a", "", "longer name"}
	root.Attributes["backend"] = "tensorflow"
	root.Attributes["none"] = []string{}
	for i := range children {
		g := root.Group(fmt.Sprintf("layer_%d", i))
		g.Attributes["weight_names"] = []string{"kernel:0"}
		g.Group("inner").Datasets["kernel:0"] = &Dataset{Shape: []int{2, 3}, Values: []float32{1, 2, 3, 4, 5, float32(i)}}
		g.Datasets["bias"] = &Dataset{Shape: []int{1}, Values: []float32{-1}}
	}
	return root
}

func TestRoundTrip(t *testing.T) {
	for _, children := range []int{0, 1, 8, 9, 100, maxChildren} {
		want := example(children)
		data, err := Encode(want)
		if err != nil {
			t.Fatal(err)
		}
		got, err := Decode(data)
		if err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%d children: read back a different tree", children)
		}
	}
}

func TestEncodeRefuses(t *testing.T) {
	long := NewGroup()
	long.Attributes["a"] = strings.Repeat("x", 70_000)
	number := NewGroup()
	number.Attributes["a"] = 3
	short := NewGroup()
	short.Datasets["d"] = &Dataset{Shape: []int{3}}
	slash := NewGroup()
	slash.Group("a/b")
	for want, g := range map[string]*Group{
		"at most 256": example(maxChildren + 1), "at most 65535": long, "int cannot": number,
		"do not fill": short, "is not a valid name": slash,
	} {
		if _, err := Encode(g); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
}

// h5py.h5 was made by testdata/make.py with h5py: variable-length strings,
// float64, compact, chunked and integer arrays, twenty groups, and so many
// attributes that the header is continued.
func TestReadsWhatH5pyWrites(t *testing.T) {
	data, err := os.ReadFile("testdata/h5py.h5")
	if err != nil {
		t.Fatal(err)
	}
	root, err := Decode(data)
	if err != nil {
		t.Fatal(err)
	}
	if len(root.Groups) != 20 || !reflect.DeepEqual(root.Attributes["names"], []string{"first", "zweites", ""}) ||
		root.Attributes["text"] != "grüße" || root.Attributes["bytes"] != "abc" || root.Attributes["attr_29"] != "value 29" {
		t.Errorf("%d groups, attributes %v", len(root.Groups), root.Attributes)
	}
	want := []float32{0, 1, 2, 3, 4, 5}
	for _, name := range []string{"float32", "float64"} {
		if d := root.Datasets[name]; !reflect.DeepEqual(d, &Dataset{Shape: []int{2, 3}, Values: want}) {
			t.Errorf("%s: %+v", name, d)
		}
	}
	if d := root.Datasets["int64"]; d == nil || !strings.Contains(d.Unsupported, "neither") {
		t.Errorf("int64: %+v", d)
	}
	if d := root.Datasets["chunked"]; !reflect.DeepEqual(d, &Dataset{Shape: []int{2, 3}, Values: want}) {
		t.Errorf("chunked: %+v", d)
	}
}

// made reads and unpacks a file of testdata.
func made(t testing.TB, name string) []byte {
	t.Helper()
	data, err := os.ReadFile("testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasSuffix(name, ".gz") {
		return data
	}
	z, err := gzip.NewReader(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	if data, err = io.ReadAll(z); err != nil {
		t.Fatal(err)
	}
	return data
}

// earliest.h5.gz and latest.h5.gz were made by testdata/make.py with h5py: the same
// arrays, chunked and filtered in every supported way, in the oldest and the newest
// version of the format, with enough groups and attributes to need indexes.
func TestReadsEveryForm(t *testing.T) {
	count := func(n int) []float32 {
		out := make([]float32, n)
		for i := range out {
			out[i] = float32(i)
		}
		return out
	}
	for name, has := range map[string]struct{ groups, many int }{"earliest": {10, 140}, "latest": {150, 2100}} {
		root, err := Decode(made(t, name+".h5.gz"))
		if err != nil {
			t.Fatal(name, err)
		}
		for array, shape := range map[string][]int{
			"plain_f2f": {3, 5, 7}, "plain_f4f": {3, 5, 7}, "plain_f8f": {3, 5, 7}, "plain_V2V": {3, 5, 7},
			"plain_big_f2f": {3, 5, 7}, "plain_big_f4f": {3, 5, 7}, "plain_big_f8f": {3, 5, 7},
			"chunked": {3, 5, 7}, "whole": {3, 5, 7}, "wide": {3, 5, 7}, "gzip": {3, 5, 7}, "shuffle": {3, 5, 7},
			"lzf": {3, 5, 7}, "fletcher": {3, 5, 7}, "half": {3, 5, 7}, "odd": {35}, "grows": {3, 5, 7}, "many": {has.many}, "one_way": {3, 5, 7}, "one_long_way": {2 * has.many}, "block1/conv/kernel": {3, 5, 7},
		} {
			n := 1
			for _, side := range shape {
				n *= side
			}
			if d := root.Find(array); !reflect.DeepEqual(d, &Dataset{Shape: shape, Values: count(n)}) {
				t.Errorf("%s: %s: %+v", name, array, d)
			}
		}
		reasons := map[string]string{"nbit": "compressed with scale-offset", "integers": "neither", "hole": "1 of its 2 chunks were never written"}
		if name == "latest" {
			reasons["other_way"] = "leave room for growth"
			reasons["room"] = "leave room for growth"
		}
		for array, why := range reasons {
			if d := root.Datasets[array]; d == nil || !strings.Contains(d.Unsupported, why) {
				t.Errorf("%s: %s: %+v", name, array, d)
			}
		}
		if n := len(root.Groups["many_groups"].Groups); n != has.groups {
			t.Errorf("%s: %d groups, expected %d", name, n, has.groups)
		}
		if root.Attributes["attr_29"] != "value 29" {
			t.Errorf("%s: attributes %v", name, root.Attributes)
		}
		if long, ok := root.Attributes["long"].([]string); !ok || len(long) != 60 || long[59] != strings.TrimRight(strings.Repeat("name 59 ", 10), "\x00") {
			t.Errorf("%s: the long attribute is %q", name, long)
		}
	}
}

// A user block may precede the file.
func TestUserBlock(t *testing.T) {
	whole, err := Encode(example(3))
	if err != nil {
		t.Fatal(err)
	}
	for _, before := range []int{512, 1024, 4096} {
		got, err := Decode(append(make([]byte, before), whole...))
		if err != nil || !reflect.DeepEqual(got, example(3)) {
			t.Errorf("%d bytes before: %v", before, err)
		}
	}
}

// A changed byte is detected by the checksum.
func TestChecksum(t *testing.T) {
	data := made(t, "latest.h5.gz")
	chunk := []byte{0x20, 0x50, 0x50, 0x20, 0x50, 0x20} // of "odd": 33 as float16, then its checksum
	at := bytes.Index(data, chunk)
	if at < 0 {
		t.Fatal("the chunk was not found")
	}
	data[at]++
	root, err := Decode(data)
	if err != nil {
		t.Fatal(err)
	}
	if d := root.Datasets["odd"]; !strings.Contains(d.Unsupported, "its checksum is wrong") {
		t.Errorf("%+v", d)
	}
}

func TestFloat16(t *testing.T) {
	for bits, want := range map[uint16]float64{
		0x0000: 0, 0x0001: 0x1p-24, 0x03ff: 0x1.ff8p-15, 0x0400: 0x1p-14, 0x3c00: 1, 0xc000: -2, 0x7bff: 65504, 0x3555: 0x1.554p-2,
		0x7c00: math.Inf(1), 0xfc00: math.Inf(-1),
	} {
		if got := float64(Float16(bits)); got != want {
			t.Errorf("%04x: got %g, want %g", bits, got, want)
		}
	}
	if v := Float16(0x7e00); v == v {
		t.Errorf("7e00 is %g, expected a NaN", v)
	}
	if v := math.Float32bits(Float16(0x8000)); v != 1<<31 {
		t.Errorf("8000 is %08x, expected a negative zero", v)
	}
}

// hostile returns files with invalid pointers between their parts.
func hostile(t testing.TB) map[string][]byte {
	t.Helper()
	root := NewGroup()
	root.Datasets["large"] = &Dataset{Shape: []int{1000}, Values: make([]float32, 1000)}
	for i := range 200 {
		root.Datasets[fmt.Sprint("small", i)] = &Dataset{Shape: []int{1}, Values: []float32{1}}
	}
	data, err := Encode(root)
	if err != nil {
		t.Fatal(err)
	}
	circle, again := bytes.Clone(data), bytes.Clone(data)
	tree := bytes.Index(data, []byte("TREE"))
	circle[tree+5] = 1 // above other nodes, the first of which is itself
	binary.LittleEndian.PutUint64(circle[tree+32:], uint64(tree))
	large := data[bytes.Index(data, []byte("SNOD"))+16:][:8] // the address of the first name's object
	for at := 0; ; {
		n := bytes.Index(again[at:], []byte("SNOD"))
		if n < 0 {
			break
		}
		at += n + 8
		for i := range 2 * leafK {
			copy(again[at+40*i+8:], large)
		}
	}
	return map[string][]byte{"is at level 1, below one at level 1": circle, "its parts overlap": again}
}

// Promise(files/hostile)
func TestDecodeRefuses(t *testing.T) {
	for want, data := range hostile(t) {
		if _, err := Decode(data); !errors.Is(err, ErrFormat) || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
	whole, err := Encode(example(9))
	if err != nil {
		t.Fatal(err)
	}
	for length := range len(whole) {
		if _, err := Decode(whole[:length]); err != nil && !errors.Is(err, ErrFormat) {
			t.Errorf("cut off after %d bytes: %v", length, err)
		}
	}
}

// Promise(files/hostile)
func FuzzDecode(f *testing.F) {
	data, err := Encode(example(9))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(data)
	for _, name := range []string{"h5py.h5", "earliest.h5.gz", "latest.h5.gz"} {
		f.Add(made(f, name))
	}
	for _, data := range hostile(f) {
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		r := newReader(data)
		root, err := r.file()
		if err != nil {
			if !errors.Is(err, ErrFormat) {
				t.Errorf("%v does not wrap ErrFormat", err)
			}
			return
		}
		if most := deflateRatio * (4096 + 2*uint64(len(data))); r.inflated > most {
			t.Errorf("%d bytes unpacked from %d", r.inflated, len(data))
		}
		if n := count(root); 2*n > 4096+2*len(data)+int(r.inflated) { // no value takes fewer than two bytes
			t.Errorf("%d values from %d bytes, of which %d were unpacked", n, len(data), r.inflated)
		}
		once, err := Encode(root)
		if err != nil {
			return // the reader accepts more than the writer
		}
		again, err := Decode(once)
		if err != nil {
			t.Fatalf("written, and not read again: %v", err)
		}
		if twice, err := Encode(again); err != nil || !bytes.Equal(once, twice) {
			t.Errorf("written again, it differs: %v", err)
		}
	})
}

// count returns the number of values in a tree.
func count(g *Group) int {
	n := 0
	for _, d := range g.Datasets {
		n += len(d.Values)
	}
	for _, sub := range g.Groups {
		n += count(sub)
	}
	return n
}
