package cifar

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
)

// folder returns the six files, of 2 records each, in the official folder.
func folder() fstest.MapFS {
	fsys := fstest.MapFS{}
	for k, name := range batchFiles() {
		data := records(2)
		data[1] = byte(100 + k) // first red byte, to tell the files apart
		fsys[folderName+"/"+name] = &fstest.MapFile{Data: data}
	}
	return fsys
}

func TestLoad(t *testing.T) {
	sub, err := fs.Sub(folder(), folderName)
	if err != nil {
		t.Fatal(err)
	}
	for name, fsys := range map[string]fs.FS{"parent": folder(), "itself": sub} {
		t.Run(name, func(t *testing.T) {
			train, test, err := Load(fsys)
			if err != nil {
				t.Fatal(err)
			}
			if train.Len() != 10 || test.Len() != 2 {
				t.Fatalf("%d and %d images, want 10 and 2", train.Len(), test.Len())
			}
			if err := errors.Join(train.Check(), test.Check()); err != nil {
				t.Error(err)
			}
			for k := range 5 {
				if got := train.Pixels(2 * k)[0]; got != byte(100+k) {
					t.Errorf("image %d begins with %d: the files are out of order", 2*k, got)
				}
			}
			if got, want := train.Name, "CIFAR-10 train (10 of 50000 images)"; got != want || train.Drawn {
				t.Errorf("name %q, drawn %v, want %q", got, train.Drawn, want)
			}
		})
	}
}

// Promise(files/hostile)
func TestLoadRefuses(t *testing.T) {
	in := folderName + "/"
	tests := []struct {
		name   string
		change func(fstest.MapFS)
		is     error
		text   string
	}{
		{"one missing", func(m fstest.MapFS) { delete(m, in+"data_batch_3.bin"); delete(m, in+testFile) }, ErrNotFound,
			"the folder cifar-10-batches-bin lacks data_batch_3.bin, test_batch.bin; get the dataset again: not found"},
		{"none", func(m fstest.MapFS) { clear(m) }, ErrNotFound,
			"the folder holds no CIFAR-10: want a folder cifar-10-batches-bin with data_batch_1.bin to data_batch_5.bin and test_batch.bin, or cifar-10-binary.tar.gz: not found"},
		{"Python version", func(m fstest.MapFS) {
			clear(m)
			m["cifar-10-batches-py/data_batch_1"] = &fstest.MapFile{}
		}, ErrFormat, "the folder holds the Python version of CIFAR-10 (pickled batches); want the binary version of CIFAR-10 (cifar-10-binary.tar.gz): not the CIFAR-10 binary format"},
		{"inside CIFAR-100", func(m fstest.MapFS) {
			clear(m)
			m["train.bin"], m["test.bin"] = &fstest.MapFile{}, &fstest.MapFile{}
		}, ErrFormat, "the folder holds CIFAR-100; want the binary version of CIFAR-10 (cifar-10-binary.tar.gz): not the CIFAR-10 binary format"},
		{"truncated", func(m fstest.MapFS) { m[in+"data_batch_3.bin"].Data = records(2)[:RecordBytes+17] }, ErrFormat,
			"data_batch_3.bin: record 1 (byte 3073): 17 bytes left of 3073: the file is truncated; get it again: not the CIFAR-10 binary format"},
		{"label", func(m fstest.MapFS) { m[in+testFile].Data = labelled(10) }, ErrFormat,
			"test_batch.bin: record 1 (byte 3073): label 10, want 0 to 9: the file is damaged or has another format; get it again: not the CIFAR-10 binary format"},
		{"empty file", func(m fstest.MapFS) { m[in+"data_batch_1.bin"].Data = nil }, ErrFormat,
			"data_batch_1.bin: the file is empty; want 1 to 10000 records of 3073 bytes: not the CIFAR-10 binary format"},
		{"oversized", func(m fstest.MapFS) {
			m[in+"data_batch_1.bin"].Data = make([]byte, (FileRecords+1)*RecordBytes)
		}, ErrFormat, "data_batch_1.bin: more than 10000 records (30730000 bytes), the most that a CIFAR-10 file holds: not the CIFAR-10 binary format"},
		{"folder in place of a file", func(m fstest.MapFS) { m[in+testFile] = &fstest.MapFile{Mode: fs.ModeDir | 0o755} }, ErrFormat,
			"cifar-10-batches-bin/test_batch.bin is not a regular file (drwxr-xr-x): not the CIFAR-10 binary format"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			fsys := folder()
			test.change(fsys)
			_, _, err := Load(fsys)
			if !errors.Is(err, test.is) || err.Error() != test.text {
				t.Errorf("error %q\nwant  %q", err, test.text)
			}
		})
	}
}

// TestReadBatchBounded reads a stream that lies about its size and never ends.
//
// Promise(files/hostile)
func TestReadBatchBounded(t *testing.T) {
	_, err := readBatch(zeros{}, "endless.bin", -1)
	if !errors.Is(err, ErrFormat) || !strings.Contains(err.Error(), "more than 10000 records") {
		t.Errorf("endless file: %v", err)
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }

// Promise(files/hostile)
func TestOpenRefuses(t *testing.T) {
	dir := t.TempDir()
	plain := filepath.Join(dir, "data_batch_1.bin")
	if err := os.WriteFile(plain, records(1), 0o666); err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name, path string
		is         error
		text       string
	}{
		{"absent", filepath.Join(dir, "nowhere"), fs.ErrNotExist, "no dataset at " + filepath.Join(dir, "nowhere") +
			": give a folder with cifar-10-batches-bin or the archive cifar-10-binary.tar.gz: not found (file does not exist)"},
		{"a batch file", plain, ErrFormat, plain + ": the file is not a .tar.gz archive; want cifar-10-binary.tar.gz or the folder unpacked from it: not the CIFAR-10 binary format"},
		{"a part of a folder", dir, ErrNotFound, dir + ": the folder lacks data_batch_2.bin, data_batch_3.bin, data_batch_4.bin, data_batch_5.bin, test_batch.bin; get the dataset again: not found"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, _, err := Open(test.path)
			if !errors.Is(err, test.is) || err.Error() != test.text {
				t.Errorf("error %q\nwant  %q", err, test.text)
			}
		})
	}
}

func TestSaveAndOpen(t *testing.T) {
	for _, sizes := range [][2]int{{5, 1}, {23, 7}} {
		dir := filepath.Join(t.TempDir(), "new")
		train, test := Drawn(3, sizes[0], sizes[1])
		if err := Save(dir, train, test); err != nil {
			t.Fatal(err)
		}
		gotTrain, gotTest, err := Open(dir)
		if err != nil {
			t.Fatal(err)
		}
		for _, pair := range [][2]*Dataset{{gotTrain, train}, {gotTest, test}} {
			got, want := pair[0], pair[1]
			if got.Fingerprint() != want.Fingerprint() || got.Name != want.Name || !got.Drawn {
				t.Errorf("saved %q, opened %q (drawn %v), content equal: %v", want.Name, got.Name, got.Drawn, got.Fingerprint() == want.Fingerprint())
			}
		}
		if err := Save(dir, train, test); !errors.Is(err, fs.ErrExist) {
			t.Errorf("saving over a dataset: %v, want fs.ErrExist", err)
		}
		onlyEntry(t, dir, folderName)
	}
}

func TestSaveRefuses(t *testing.T) {
	dir := t.TempDir()
	mixed := tiny(5)
	mixed.Drawn = true
	for name, pair := range map[string][2]*Dataset{
		"too few to train on": {tiny(4), tiny(1)}, "no test images": {tiny(5), tiny(0)}, "drawn and not": {mixed, tiny(1)},
	} {
		if err := Save(dir, pair[0], pair[1]); !errors.Is(err, ErrArgument) {
			t.Errorf("%s: %v, want ErrArgument", name, err)
		}
	}
	onlyEntry(t, dir)
}

// TestSaveFailsWhole puts a file where the folder's parent should be.
func TestSaveFailsWhole(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o666); err != nil {
		t.Fatal(err)
	}
	if err := Save(file, tiny(5), tiny(1)); err == nil {
		t.Error("saving into a file succeeds")
	}
}

// onlyEntry checks that dir holds these names and nothing else.
func onlyEntry(t *testing.T, dir string, want ...string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(entryNames(entries), " "); got != strings.Join(want, " ") {
		t.Errorf("%s holds %q, want %q", path.Base(dir), got, want)
	}
}

func TestMark(t *testing.T) {
	tests := []struct{ name, text, want string }{
		{"ours", mark{drawn: true, train: "drawn x"}.String(), "drawn x"},
		{"empty", "", "drawn stand-in train"},
		{"not said to be drawn", `train: "CIFAR-10 train"`, "drawn stand-in train"},
		{"control characters", "train: \"drawn \\x1b[31m\"", "drawn stand-in train"},
		{"right to left override", "train: \"drawn \\u202e\"", "drawn stand-in train"},
		{"too long", `train: "drawn ` + strings.Repeat("x", 300) + `"`, "drawn stand-in train"},
	}
	for _, test := range tests {
		m, err := readMark(strings.NewReader(test.text))
		if err != nil || !m.drawn {
			t.Errorf("%s: drawn %v, error %v", test.name, m.drawn, err)
		}
		if got := m.label("train", 1)(1); got != test.want {
			t.Errorf("%s: name %q, want %q", test.name, got, test.want)
		}
	}
}

// Promise(files/hostile)
func FuzzMark(f *testing.F) {
	f.Add([]byte(mark{drawn: true, train: "drawn a", test: "drawn b"}.String()))
	f.Add([]byte("train: \"\\u202e\"\ntest: x"))
	f.Fuzz(func(t *testing.T, data []byte) {
		m, err := readMark(bytes.NewReader(data))
		if err != nil || !m.drawn || len(m.train) > markName || strings.ContainsAny(m.train+m.test, "\x00\x1b\n") {
			t.Errorf("%+v, %v", m, err)
		}
	})
}
