package importer

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// packed writes an archive of the files below testdata/name, under its last name.
func packed(t *testing.T, name, to string) string {
	t.Helper()
	var b bytes.Buffer
	zipped := gzip.NewWriter(&b)
	tarred := tar.NewWriter(zipped)
	z := zip.NewWriter(&b)
	entries, err := os.ReadDir(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		data, path := testdata(t, filepath.Join(name, e.Name())), name+"/"+e.Name()
		if strings.HasSuffix(to, ".zip") {
			w, err := z.Create(path)
			if err == nil {
				_, err = w.Write(data)
			}
			if err != nil {
				t.Fatal(err)
			}
			continue
		}
		if err := tarred.WriteHeader(&tar.Header{Name: path, Mode: 0o644, Size: int64(len(data)), Typeflag: tar.TypeReg}); err != nil {
			t.Fatal(err)
		}
		if _, err := tarred.Write(data); err != nil {
			t.Fatal(err)
		}
	}
	if strings.HasSuffix(to, ".zip") {
		err = z.Close()
	} else {
		err = errors.Join(tarred.Close(), zipped.Close())
	}
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), to)
	if err := os.WriteFile(path, b.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

// Promise(files/import) in archives
func TestReadArchive(t *testing.T) {
	temporary := t.TempDir()
	t.Setenv("TMPDIR", temporary)
	for name, to := range map[string]string{"cifar-100-python": "cifar-100-python.tar.gz", "cifar-10-batches-py": "cifar.zip", "cifar-100-binary": "b.zip"} {
		want, err := Read(t.Context(), filepath.Join("testdata", name), Options{})
		if err != nil {
			t.Fatal(err)
		}
		got, err := Read(t.Context(), packed(t, name, to), Options{})
		if err != nil {
			t.Errorf("%s: %v", to, err)
			continue
		}
		if got.Train.Fingerprint() != want.Train.Fingerprint() || got.Test.Fingerprint() != want.Test.Fingerprint() || got.Format != want.Format {
			t.Errorf("%s: read as %s, other images than from the folder", to, got.Format)
		}
	}
	if _, err := Read(t.Context(), packed(t, "svhn", "svhn.zip"), Options{Classes: "fine"}); !errors.Is(err, ErrArgument) {
		t.Errorf("SVHN has no fine classes: %v", err)
	}
	if left, err := os.ReadDir(temporary); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, error %v", left, err)
	}
}

func TestEncryptedArchive(t *testing.T) {
	for _, name := range []string{"a.zip", "a.npz"} {
		var b bytes.Buffer
		z := zip.NewWriter(&b)
		_, err := z.CreateRaw(&zip.FileHeader{Name: "x_train.npy", Flags: 1, Method: zip.Deflate})
		path := filepath.Join(t.TempDir(), name)
		if err := errors.Join(err, z.Close(), os.WriteFile(path, b.Bytes(), 0o644)); err != nil {
			t.Fatal(err)
		}
		if _, err := Read(t.Context(), path, Options{}); !errors.Is(err, ErrFormat) || !strings.Contains(err.Error(), `"x_train.npy" is encrypted; unpack`) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Promise(files/hostile)
func TestUnpackRefuses(t *testing.T) {
	for want, h := range map[string]tar.Header{
		`"../x" leads out of the archive`: {Name: "../x", Typeflag: tar.TypeReg},
		`"/etc/x" leads out`:              {Name: "/etc/x", Typeflag: tar.TypeReg},
		`"a" is a link or a device`:       {Name: "a", Linkname: "/etc/passwd", Typeflag: tar.TypeSymlink},
	} {
		var b bytes.Buffer
		w := tar.NewWriter(&b)
		if err := w.WriteHeader(&h); err != nil {
			t.Fatal(err)
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(t.TempDir(), "x.tar")
		if err := os.WriteFile(path, b.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
		if _, err := Read(t.Context(), path, Options{}); !errors.Is(err, ErrFormat) || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q", err, want)
		}
	}
	u := unpacker{dir: t.TempDir(), left: 3}
	if err := u.write("a", strings.NewReader("four")); !errors.Is(err, ErrFormat) || !strings.Contains(err.Error(), "unpacks to more than") {
		t.Errorf("a large file: %v", err)
	}
	u = unpacker{dir: t.TempDir(), left: 100}
	if err := errors.Join(u.write("a", strings.NewReader("x")), u.write("a", strings.NewReader("x"))); !errors.Is(err, ErrFormat) || !strings.Contains(err.Error(), "is there twice") {
		t.Errorf("a file twice: %v", err)
	}
}

// Promise(files/hostile)
func FuzzUnpack(f *testing.F) {
	var z, t bytes.Buffer
	zipped, tarred := zip.NewWriter(&z), tar.NewWriter(&t)
	w, err := zipped.Create("a/b")
	if err == nil {
		_, err = w.Write([]byte("content"))
	}
	err = errors.Join(err, zipped.Close(), tarred.WriteHeader(&tar.Header{Name: "a/b", Mode: 0o644, Typeflag: tar.TypeReg}), tarred.Close())
	if err != nil {
		f.Fatal(err)
	}
	f.Add(z.Bytes())
	f.Add(t.Bytes())
	f.Fuzz(func(t *testing.T, data []byte) {
		dir := t.TempDir()
		path := filepath.Join(dir, "x")
		if err := os.WriteFile(path, data, 0o644); err != nil {
			t.Fatal(err)
		}
		inner := filepath.Join(dir, "inside")
		if err := os.Mkdir(inner, 0o755); err != nil {
			t.Fatal(err)
		}
		u := unpacker{dir: inner}
		var disk *os.PathError // a name may be too long, or a file in a folder's place
		if err := u.archive(t.Context(), path); err != nil && !errors.Is(err, ErrFormat) && !errors.As(err, &disk) {
			t.Errorf("%v, want ErrFormat", err)
		}
		if entries, err := os.ReadDir(dir); err != nil || len(entries) != 2 {
			t.Errorf("files outside the folder: %v, error %v", entries, err)
		}
	})
}
