package hdf5

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
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
			t.Errorf("%d children: read back something else", children)
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
		"do not fill": short, "is no name": slash,
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
	for name, why := range map[string]string{"int64": "neither", "chunked": "chunked"} {
		if d := root.Datasets[name]; d == nil || !strings.Contains(d.Unsupported, why) {
			t.Errorf("%s: %+v", name, d)
		}
	}
}

// hostile are files whose parts point where no writer would have them point.
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
	if data, err = os.ReadFile("testdata/h5py.h5"); err != nil {
		f.Fatal(err)
	}
	f.Add(data)
	for _, data := range hostile(f) {
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		root, err := Decode(data)
		if err != nil {
			if !errors.Is(err, ErrFormat) {
				t.Errorf("%v does not wrap ErrFormat", err)
			}
			return
		}
		if n := count(root); 4*n > 4096+2*len(data) {
			t.Errorf("%d values from %d bytes", n, len(data))
		}
		once, err := Encode(root)
		if err != nil {
			return // what is read may hold more than is written
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

// count is how many values a tree holds.
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
