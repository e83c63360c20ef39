package cifar

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// entry is an entry of a test archive; its size is that of data unless lie is set.
type entry struct {
	name string
	data []byte
	kind byte
	link string
	lie  int64
}

// officialEntries has the order of the real archive, which isn't sorted.
func officialEntries() []entry {
	entries := []entry{{name: folderName + "/", kind: tar.TypeDir}}
	for _, name := range []string{"data_batch_1.bin", "batches.meta.txt", "data_batch_3.bin", "data_batch_4.bin",
		"test_batch.bin", "readme.html", "data_batch_5.bin", "data_batch_2.bin"} {
		data := records(2)
		data[1] = name[len(name)-len("1.bin")] // tells the training files apart
		if name == metaFile {
			data = []byte(officialNames)
		}
		entries = append(entries, entry{name: folderName + "/" + name, data: data})
	}
	return entries
}

func tarball(t testing.TB, entries []entry) []byte {
	t.Helper()
	var out bytes.Buffer
	w := tar.NewWriter(&out)
	for _, e := range entries {
		h := &tar.Header{Name: e.name, Mode: 0o644, Size: int64(len(e.data)), Typeflag: e.kind, Linkname: e.link}
		if e.lie > 0 {
			h.Size = e.lie
		}
		if err := w.WriteHeader(h); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write(e.data); err != nil {
			t.Fatal(err)
		}
		if e.lie > 0 {
			return out.Bytes() // the end is missing, so the writer is not closed
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func zipped(t testing.TB, plain []byte) []byte {
	t.Helper()
	var out bytes.Buffer
	w := gzip.NewWriter(&out)
	if _, err := w.Write(plain); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func TestLoadArchive(t *testing.T) {
	data := zipped(t, tarball(t, officialEntries()))
	train, test, err := LoadArchive(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	if train.Len() != 10 || test.Len() != 2 {
		t.Fatalf("%d and %d images, want 10 and 2", train.Len(), test.Len())
	}
	for k := range 5 {
		if got := train.Pixels(2 * k)[0]; got != byte('1'+k) {
			t.Errorf("image %d is of batch %c, want %d", 2*k, got, k+1)
		}
	}
	dir := t.TempDir()
	name := filepath.Join(dir, ArchiveName)
	if err := os.WriteFile(name, data, 0o666); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(dir, "cifar-10-batches-py"), 0o777); err != nil { // no harm beside the archive
		t.Fatal(err)
	}
	for _, at := range []string{dir, name} { // the folder that it was downloaded to, too
		if again, _, err := Open(at); err != nil || again.Fingerprint() != train.Fingerprint() {
			t.Errorf("Open(%s) differs from LoadArchive; error %v", filepath.Base(at), err)
		}
	}
}

func TestLoadArchiveKeepsTheMark(t *testing.T) {
	entries := append(officialEntries(), entry{name: folderName + "/" + markFile, data: []byte(mark{train: "drawn by me"}.String())})
	train, test, err := LoadArchive(bytes.NewReader(zipped(t, tarball(t, entries))))
	if err != nil {
		t.Fatal(err)
	}
	if !train.Drawn || !test.Drawn || train.Name != "drawn by me" {
		t.Errorf("train %q drawn %v, test %q drawn %v", train.Name, train.Drawn, test.Name, test.Drawn)
	}
}

// Promise(files/hostile)
func TestLoadArchiveRefuses(t *testing.T) {
	good := officialEntries()
	with := func(e entry) []byte { return zipped(t, tarball(t, append([]entry{e}, good...))) }
	whole := zipped(t, tarball(t, good))
	flipped := bytes.Clone(whole)
	flipped[len(flipped)-6] ^= 1 // gzip's checksum
	tests := []struct {
		name string
		data []byte
		text string // what the error contains
	}{
		{"empty", nil, "the file is not a .tar.gz archive"},
		{"HTML", []byte("<!DOCTYPE html><title>404</title>"), "the file is not a .tar.gz archive"},
		{"not a tar", zipped(t, bytes.Repeat([]byte("x"), 5000)), "the archive is damaged"},
		{"empty tar", zipped(t, tarball(t, nil)), "the archive holds no CIFAR-10"},
		{"half", whole[:len(whole)/2], "the archive is damaged (unexpected EOF)"},
		{"half a tar", zipped(t, tarball(t, good)[:1024+100]), "data_batch_1.bin: record 0 (byte 0): 100 bytes left of 3073: the file is truncated"},
		{"flipped bit", flipped, "the archive is damaged (gzip: invalid checksum)"},
		{"missing batch", zipped(t, tarball(t, good[:8])), "the archive lacks data_batch_2.bin"},
		{"parent folder", with(entry{name: "../data_batch_1.bin"}), `archive entry 0: "../data_batch_1.bin" leads out of the archive`},
		{"hidden parent folder", with(entry{name: "a/../../x"}), `"a/../../x" leads out of the archive`},
		{"absolute path", with(entry{name: "/etc/passwd"}), `"/etc/passwd" leads out of the archive`},
		{"symbolic link", with(entry{name: "data_batch_1.bin", kind: tar.TypeSymlink, link: "/etc/passwd"}), `"data_batch_1.bin" is a symbolic link; want files and folders only`},
		{"hard link", with(entry{name: "x", kind: tar.TypeLink, link: "y"}), `"x" is a hard link`},
		{"device", with(entry{name: "x", kind: tar.TypeChar}), `"x" is a device`},
		{"named pipe", with(entry{name: "x", kind: tar.TypeFifo}), `"x" is a named pipe`},
		{"twice", with(entry{name: "data_batch_1.bin", data: records(1)}), "archive entry 2: data_batch_1.bin is there twice"},
		{"label", with(entry{name: "test_batch.bin", data: labelled(255)}), "test_batch.bin: record 1 (byte 3073): label 255"},
		{"oversized", zipped(t, tarball(t, []entry{{name: testFile, lie: math.MaxInt64}})), "test_batch.bin: more than 10000 records"},
		{"oversized other file", zipped(t, tarball(t, []entry{{name: "x", lie: math.MaxInt64}})), "the archive is damaged (unexpected EOF)"},
		{"Python version", zipped(t, tarball(t, []entry{{name: "cifar-10-batches-py/data_batch_1"}})), "the archive holds the Python version of CIFAR-10"},
		{"CIFAR-100", zipped(t, tarball(t, []entry{{name: "cifar-100-binary/train.bin"}})), "the archive holds CIFAR-100"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, _, err := LoadArchive(bytes.NewReader(test.data))
			if err == nil || !strings.Contains(err.Error(), test.text) {
				t.Fatalf("error %v\nwant  %q", err, test.text)
			}
			if !errors.Is(err, ErrFormat) && !errors.Is(err, ErrNotFound) {
				t.Errorf("%v wraps neither ErrFormat nor ErrNotFound", err)
			}
			if strings.Contains(err.Error(), "\n") {
				t.Errorf("the error has more than one line: %q", err)
			}
		})
	}
}

// TestGzipBomb unpacks to 256 MiB, of which at most the cap may be read.
//
// Promise(files/hostile)
func TestGzipBomb(t *testing.T) {
	var bomb bytes.Buffer
	w := gzip.NewWriter(&bomb)
	tw := tar.NewWriter(w)
	const size = 256 << 20
	if err := tw.WriteHeader(&tar.Header{Name: "readme.html", Size: size, Mode: 0o644}); err != nil {
		t.Fatal(err)
	}
	if _, err := io.CopyN(tw, zeros{}, size); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(tw.Close(), w.Close()); err != nil {
		t.Fatal(err)
	}
	_, _, err := LoadArchive(&bomb)
	if !errors.Is(err, ErrFormat) || !strings.Contains(err.Error(), "unpacks to more than") {
		t.Errorf("gzip bomb: %v", err)
	}
}

// FuzzArchive changes the tar archive inside the gzip file.
//
// Promise(files/hostile)
func FuzzArchive(f *testing.F) {
	small := officialEntries()
	f.Add(tarball(f, small[:2]))
	f.Add(tarball(f, small))
	f.Add(tarball(f, []entry{{name: "../x"}, {name: "x", kind: tar.TypeSymlink, link: "y"}}))
	f.Add(tarball(f, []entry{{name: testFile, lie: math.MaxInt64}}))
	f.Fuzz(func(t *testing.T, plain []byte) {
		train, test, err := LoadArchive(bytes.NewReader(zipped(t, plain)))
		if err == nil {
			err = errors.Join(train.Check(), test.Check())
		} else if errors.Is(err, ErrFormat) || errors.Is(err, ErrNotFound) {
			return
		}
		if err != nil {
			t.Error(err)
		}
	})
}

// FuzzGzip changes the gzip file itself.
//
// Promise(files/hostile)
func FuzzGzip(f *testing.F) {
	f.Add(zipped(f, tarball(f, officialEntries()[:2])))
	f.Add([]byte("\x1f\x8b"))
	f.Fuzz(func(t *testing.T, data []byte) {
		if _, _, err := LoadArchive(bytes.NewReader(data)); err != nil && !errors.Is(err, ErrFormat) && !errors.Is(err, ErrNotFound) {
			t.Error(err)
		}
	})
}
