package importer

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func testdata(t testing.TB, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// Promise(files/pickle): A pickled file is read without executing it: a call of anything but NumPy's array is refused by name,
// with its offset.
func TestPickleIsNotExecuted(t *testing.T) {
	for file, want := range map[string]string{
		"evil2.pickle": `byte 53: it would call "system" of the Python module "posix"; it is not executed`,
		"evil4.pickle": `it would call "system" of the Python module "posix"; it is not executed`,
	} {
		_, err := unpickle(testdata(t, file), file)
		if !errors.Is(err, ErrFormat) || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v, want %q", file, err, want)
		}
	}
	if _, err := os.Stat("/tmp/executed"); err == nil {
		t.Error("the pickle was executed")
	}
}

// Promise(files/hostile)
func TestUnpickleRefuses(t *testing.T) {
	whole := testdata(t, "cifar-10-batches-py/data_batch_1")
	for name, c := range map[string]struct{ data, want string }{
		"empty":          {"", "byte 0: the file ends after 0 of 1 bytes"},
		"truncated":      {string(whole[:3000]), "bytes: it is truncated"},
		"protocol":       {"\x80\x09.", "byte 0: pickle protocol 9; want 2 to 5"},
		"text protocol":  {"(lp0\n.", "byte 1: opcode 0x6c"},
		"nothing":        {"\x80\x02.", "byte 2: 0 values at the end"},
		"persistent id":  {"\x80\x02Pabc\n.", "byte 2: opcode 0x50, which no file of images needs"},
		"object":         {"\x80\x02}\x81.", "byte 3: opcode 0x81"},
		"no memo":        {"\x80\x02h\x05.", "byte 2: no value 5 in the memo"},
		"no mark":        {"\x80\x02]e.", "byte 3: no mark on the stack"},
		"mark as value":  {"\x80\x02(q\x01.", "byte 3: a mark in a value's place"},
		"not a list":     {"\x80\x02K\x01K\x02a.", "values for a list or a dictionary"},
		"odd dictionary": {"\x80\x02}(K\x01u.", "values for a list or a dictionary"},
		"long length":    {"\x80\x02\x8d\xff\xff\xff\xff\xff\xff\xff\xff.", "byte 2: a length of"},
		"call":           {"\x80\x02c_codecs\nencode\nK\x01\x85R.", `a call of "_codecs encode" with arguments`},
		"big array":      {"\x80\x04cnumpy.core.numeric\n_frombuffer\n(C\x01acnumpy\ndtype\nU\x02u1\x85RK\x09K\x09\x86U\x01CtR.", "an array whose shape needs more than its 1 values"},
		"floats":         {"\x80\x04cnumpy.core.numeric\n_frombuffer\n(C\x01acnumpy\ndtype\nU\x02f4\x85RK\x01\x85U\x01CtR.", "an array of other values than bytes"},
	} {
		_, err := unpickle([]byte(c.data), "f")
		if !errors.Is(err, ErrFormat) || !strings.Contains(err.Error(), c.want) || !strings.HasPrefix(err.Error(), "f: byte ") {
			t.Errorf("%s: error %v, want %q", name, err, c.want)
		}
	}
}

// Promise(files/hostile)
func FuzzUnpickle(f *testing.F) {
	f.Add(testdata(f, "cifar-10-batches-py/batches.meta"))
	f.Add(testdata(f, "evil2.pickle"))
	f.Add(testdata(f, "evil4.pickle"))
	f.Add([]byte("\x80\x04cnumpy.core.numeric\n_frombuffer\n(C\x01acnumpy\ndtype\nU\x02u1\x85RK\x01K\x01\x86U\x01CtR."))
	f.Add([]byte("\x80\x02]q\x00h\x00a."))
	for _, name := range []string{"data_batch_1", "data_batch_2", "data_batch_5"} {
		batch := testdata(f, "cifar-10-batches-py/"+name)
		f.Add(append(batch[:400:400], batch[len(batch)-100:]...))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		value, err := unpickle(data, "f")
		if err != nil {
			if !errors.Is(err, ErrFormat) {
				t.Errorf("%v, want ErrFormat", err)
			}
			return
		}
		if d, ok := value.(*pyDict); ok {
			d.get("data")
		}
	})
}

// Promise(files/hostile)
func TestFormatsRefuse(t *testing.T) {
	idx := "\x00\x00\x08\x01\x00\x00\x00\x02ab"
	npy := func(header string) string {
		return "\x93NUMPY\x01\x00" + string([]byte{byte(len(header)), 0}) + header + "abcdef"
	}
	mat := string(testdata(t, "svhn/test_32x32.mat"))
	record := strings.Repeat("\x01", record100)
	parse := map[string]func(string) error{
		"idx": func(s string) error { _, _, err := parseIDX([]byte(s), "f"); return err },
		"npy": func(s string) error { _, err := parseNPY([]byte(s), "f"); return err },
		"mat": func(s string) error { _, err := parseMAT([]byte(s), "f"); return err },
		"100": func(s string) error { _, err := decode100(strings.NewReader(s), "f", nil, false); return err },
	}
	for _, c := range []struct{ format, data, want string }{
		{"idx", "\x01\x02\x03\x04", "byte 0: no IDX file, it begins with 01 02 03 04"},
		{"idx", "\x00\x00\x0d\x01", "byte 2: values of type 0x0d; want 0x08"},
		{"idx", idx[:6], "byte 4: the file ends inside its header"},
		{"idx", idx[:9], "byte 8: 1 bytes of values, want 2 for the shape [2]: the file is damaged"},
		{"idx", idx + "c", "byte 8: 3 bytes of values, want 2"},
		{"idx", "\x00\x00\x08\x02\xff\xff\xff\xff\xff\xff\xff\xff", "byte 4: it announces more values than its 12 bytes"},
		{"npy", "PK", `byte 0: no NumPy array: it begins with "PK"`},
		{"npy", npy("{'descr': '|u1', 'fortran_order': False, 'shape': (7,), }"), "6 bytes of values, want 7"},
		{"npy", npy("{'descr': '|u1', 'fortran_order': True, 'shape': (6,), }"), "in Fortran order"},
		{"npy", npy("{'descr': '|O', 'fortran_order': False, 'shape': (6,), }"), "is not that of an array of numbers"},
		{"npy", npy("{'descr': '<c8', 'fortran_order': False, 'shape': (6,), }"), "values of type c8; want uint8 for pixels, and whole numbers for labels"},
		{"npy", npy("{'descr': '|u1', 'fortran_order': False, 'shape': (99999999999999999999,), }"), "needs more than the 6 bytes"},
		{"npy", npy("__import__('os').system('x')"), "is not that of an array of numbers"},
		{"npy", "\x93NUMPY\x01\x00\xff\x00{}", "byte 8: a header of 255 bytes in 12"},
		{"mat", "MATLAB 5.0", "byte 0: no MATLAB file"},
		{"mat", "MATLAB 7.3" + strings.Repeat(" ", 200), "MATLAB 7.3, which is HDF5; save it with the option -v7"},
		{"mat", mat[:126] + "xx" + mat[128:], `byte 126: the byte order "xx"`},
		{"mat", mat[:5000], "variable at byte 128: byte 128: an element of"},
		{"mat", mat[:130], "variable at byte 128: byte 128: 2 bytes left, want the 8 of a tag"},
		{"100", "", "the file is empty"},
		{"100", record + record[:9], "record 1 (byte 3074): 9 bytes left of 3074: the file is truncated"},
		{"100", "\x14" + record[1:], "record 0 (byte 0): labels 20 and 1, want a coarse one below 20"},
	} {
		err := parse[c.format](c.data)
		if !errors.Is(err, ErrFormat) || !strings.Contains(err.Error(), c.want) || !strings.HasPrefix(err.Error(), "f: ") {
			t.Errorf("%s: error %v, want %q", c.format, err, c.want)
		}
	}
}

// Promise(files/hostile)
func FuzzIDX(f *testing.F) {
	f.Add([]byte("\x00\x00\x08\x01\x00\x00\x00\x02ab"))
	f.Add([]byte("\x00\x00\x08\x03\x00\x00\x00\x01\x00\x00\x00\x01\x00\x00\x00\x01a"))
	f.Fuzz(func(t *testing.T, data []byte) {
		dims, values, err := parseIDX(data, "f")
		if err != nil && !errors.Is(err, ErrFormat) || err == nil && product(dims) != len(values) {
			t.Errorf("%d values of shape %v, error %v", len(values), dims, err)
		}
	})
}

// Promise(files/hostile)
func FuzzNPY(f *testing.F) {
	f.Add([]byte("\x93NUMPY\x01\x00\x35\x00{'descr': '<i8', 'fortran_order': False, 'shape': (1,)}\nabcdefgh"))
	f.Fuzz(func(t *testing.T, data []byte) {
		a, err := parseNPY(data, "f")
		if err != nil {
			if !errors.Is(err, ErrFormat) {
				t.Errorf("%v, want ErrFormat", err)
			}
			return
		}
		if product(a.shape)*int(a.kind[1]-'0') != len(a.data) {
			t.Errorf("%d bytes of %s for the shape %v", len(a.data), a.kind, a.shape)
		}
		for i := range min(3, product(a.shape)) {
			if v, err := a.whole(i); err == nil && (v < 0 || v > 255) {
				t.Errorf("label %d", v)
			}
		}
	})
}

// Promise(files/hostile)
func FuzzMAT(f *testing.F) {
	f.Add(testdata(f, "svhn/train_32x32.mat"))
	f.Add(testdata(f, "small.mat"))
	f.Fuzz(func(t *testing.T, data []byte) {
		arrays, err := parseMAT(data, "f")
		if err != nil && !errors.Is(err, ErrFormat) {
			t.Errorf("%v, want ErrFormat", err)
		}
		for _, a := range arrays {
			if product(a.shape)*int(a.kind[1]-'0') != len(a.data) {
				t.Errorf("%d bytes of %s for the shape %v", len(a.data), a.kind, a.shape)
			}
		}
	})
}

// Promise(files/hostile)
func FuzzCIFAR100(f *testing.F) {
	f.Add(testdata(f, "cifar-100-binary/test.bin")[:record100])
	f.Fuzz(func(t *testing.T, data []byte) {
		d, err := decode100(bytes.NewReader(data), "f", numbered(fineClasses), false)
		if err != nil {
			if !errors.Is(err, ErrFormat) {
				t.Errorf("%v, want ErrFormat", err)
			}
			return
		}
		if err := d.Check(); err != nil {
			t.Error(err)
		}
	})
}
