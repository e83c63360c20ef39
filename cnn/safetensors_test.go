package cnn

import (
	"bytes"
	"encoding/binary"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"strings"
	"testing"
)

func safetensorsFile(header string, data ...byte) []byte {
	b := binary.LittleEndian.AppendUint64(nil, uint64(len(header)))
	return append(append(b, header...), data...)
}

func TestSafetensorsRoundTrip(t *testing.T) {
	arrays := []Array{
		{Name: "b/kernel", Shape: []int{2, 3}, Values: []float32{1, 2, 3, 4, 5, 6}},
		{Name: `a "quoted" ☃`, Shape: []int{1}, Values: []float32{-0.5}},
		{Name: "empty", Shape: []int{0, 4}, Values: []float32{}},
		{Name: "scalar", Shape: []int{}, Values: []float32{7}},
	}
	var b bytes.Buffer
	if err := WriteSafetensors(&b, arrays, map[string]string{"format": "cnnbook"}); err != nil {
		t.Fatal(err)
	}
	if n := binary.LittleEndian.Uint64(b.Bytes()); n%8 != 0 {
		t.Errorf("header of %d bytes leaves the data unaligned", n)
	}
	got, err := readSafetensors(b.Bytes(), "x")
	if err != nil || !reflect.DeepEqual(got, arrays) {
		t.Errorf("got %v, %v", got, err)
	}
}

// An optimizer without state saves no arrays, only the metadata.
func TestSafetensorsWithoutArrays(t *testing.T) {
	var b bytes.Buffer
	if err := WriteSafetensors(&b, nil, map[string]string{"format": "cnnbook"}); err != nil {
		t.Fatal(err)
	}
	if got, err := readSafetensors(b.Bytes(), "x"); err != nil || len(got) != 0 {
		t.Errorf("got %v, %v", got, err)
	}
}

// Promise(files/hostile)
func TestSafetensorsRefuses(t *testing.T) {
	four := []byte{0, 0, 0, 0}
	for name, test := range map[string]struct {
		file []byte
		want string
	}{
		"empty":            {nil, "0 bytes are too few"},
		"header of 2^63":   {append(binary.LittleEndian.AppendUint64(nil, 1<<63), "{}"...), "claims 9223372036854775808 bytes"},
		"header cut":       {safetensorsFile(`{"a":`), "header"},
		"not an object":    {safetensorsFile(`[1]`), "not a JSON object"},
		"text after":       {safetensorsFile(`{} {}`), "text after its end"},
		"name twice":       {safetensorsFile(`{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}`, 0, 0, 0, 0, 0, 0, 0, 0), "a occurs twice"},
		"wrong dtype":      {safetensorsFile(`{"a":{"dtype":"F64","shape":[1],"data_offsets":[0,8]}}`, 0, 0, 0, 0, 0, 0, 0, 0), `dtype "F64"`},
		"negative offset":  {safetensorsFile(`{"a":{"dtype":"F32","shape":[1],"data_offsets":[-4,0]}}`, four...), "header"},
		"negative shape":   {safetensorsFile(`{"a":{"dtype":"F32","shape":[-1],"data_offsets":[0,4]}}`, four...), "impossible shape"},
		"shape overflow":   {safetensorsFile(`{"a":{"dtype":"F32","shape":[4294967296,4294967296,4],"data_offsets":[0,4]}}`, four...), "impossible shape"},
		"shape and range":  {safetensorsFile(`{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,4]}}`, four...), "needs 8 bytes"},
		"range backwards":  {safetensorsFile(`{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,0]},"b":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}`, four...), "needs 4 bytes"},
		"overlap":          {safetensorsFile(`{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"b":{"dtype":"F32","shape":[1],"data_offsets":[2,6]}}`, 0, 0, 0, 0, 0, 0, 0, 0), "neither overlap nor leave gaps"},
		"gap":              {safetensorsFile(`{"a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}`, 0, 0, 0, 0, 0, 0, 0, 0), "expected 0"},
		"truncated":        {safetensorsFile(`{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}`, four...), "it is truncated"},
		"bytes left":       {safetensorsFile(`{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}`, 0, 0, 0, 0, 0), "1 bytes after the last array"},
		"deep JSON":        {safetensorsFile(`{"a":` + strings.Repeat("[", 200_000)), "header"},
		"metadata of a no": {safetensorsFile(`{"__metadata__":{"a":1}}`), "__metadata__"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := readSafetensors(test.file, "w.safetensors")
			if !errors.Is(err, ErrFormat) || !strings.Contains(err.Error(), test.want) || !strings.Contains(err.Error(), "w.safetensors") {
				t.Errorf("got %v, want ErrFormat in w.safetensors with %q", err, test.want)
			}
		})
	}
}

// Promise(files/hostile)
func FuzzSafetensors(f *testing.F) {
	var b bytes.Buffer
	if err := WriteSafetensors(&b, []Array{{Name: "a", Shape: []int{2}, Values: []float32{1, 2}}}, nil); err != nil {
		f.Fatal(err)
	}
	f.Add(b.Bytes())
	f.Add(safetensorsFile(`{"__metadata__":{}}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		arrays, err := readSafetensors(data, "fuzz")
		if err != nil {
			if !errors.Is(err, ErrFormat) {
				t.Errorf("%v does not wrap ErrFormat", err)
			}
			return
		}
		var b bytes.Buffer
		if err := WriteSafetensors(&b, arrays, nil); err != nil {
			t.Fatal(err)
		}
		again, err := readSafetensors(b.Bytes(), "again")
		if err != nil || len(again) != len(arrays) {
			t.Fatalf("wrote %d arrays, read back %d: %v", len(arrays), len(again), err)
		}
	})
}

// TestReadersAreBounded gives sizes that the bytes do not have: nothing of that size
// may be asked of memory.
//
// Promise(files/hostile)
func TestReadersAreBounded(t *testing.T) {
	entry := func(shape, end string) string {
		return `{"a":{"dtype":"F32","shape":[` + shape + `],"data_offsets":[0,` + end + `]}}`
	}
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "sparse"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(filepath.Join(dir, "sparse"), 1<<40); err != nil {
		t.Skip(err)
	}
	for name, read := range map[string]func() error{
		"header of 2^63":  func() error { _, err := readSafetensors(binary.LittleEndian.AppendUint64(nil, 1<<63), "w"); return err },
		"header of 1 GiB": func() error { _, err := readSafetensors(binary.LittleEndian.AppendUint64(nil, 1<<30), "w"); return err },
		"array of 1 TiB": func() error {
			_, err := readSafetensors(safetensorsFile(entry("274877906944", "1099511627776")), "w")
			return err
		},
		"shape of 2^62": func() error {
			_, err := readSafetensors(safetensorsFile(entry("4611686018427387904", "0")), "w")
			return err
		},
		"saved file of 1 TiB": func() error { _, err := readSaved(dir, savedFile{Name: "sparse", Bytes: 1 << 40}, 1<<20); return err },
		"manifest of 1 TiB": func() error {
			if err := os.Symlink("sparse", filepath.Join(dir, manifestName)); err != nil {
				return err
			}
			_, err := readManifest(dir)
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			err := read()
			runtime.ReadMemStats(&after)
			if !errors.Is(err, ErrFormat) {
				t.Errorf("got %v, want ErrFormat", err)
			}
			if n := after.TotalAlloc - before.TotalAlloc; n > 4<<20 {
				t.Errorf("it took %d bytes of memory", n)
			}
		})
	}
}
