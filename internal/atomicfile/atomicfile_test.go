package atomicfile

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// holds checks the content of path and that nothing temporary is next to it.
func holds(t *testing.T, path, want string) {
	t.Helper()
	if got, err := os.ReadFile(path); err != nil || string(got) != want {
		t.Errorf("%s holds %q (error %v), want %q", filepath.Base(path), got, err, want)
	}
	onlyNamed(t, filepath.Dir(path), filepath.Base(path))
}

func onlyNamed(t *testing.T, dir string, want ...string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	var got []string
	for _, e := range entries {
		got = append(got, e.Name())
	}
	if err != nil || strings.Join(got, " ") != strings.Join(want, " ") {
		t.Errorf("%s holds %q (error %v), want %q", dir, got, err, want)
	}
}

var errWriter = errors.New("no more")

// half writes something and fails.
func half(w io.Writer) error {
	io.WriteString(w, strings.Repeat("half", 1<<16))
	return errWriter
}

// Promise(files/atomic): A file or folder appears under its final name whole or not at all.
func TestWrite(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file")
	for _, content := range []string{"first", "second, and longer", ""} {
		if err := WriteBytes(path, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
		holds(t, path, content)
	}
	if err := WriteBytes(path, []byte("kept"), 0o604); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(path); err != nil || info.Mode() != 0o604 {
		t.Errorf("mode %v (error %v), want 0604 whatever the umask", info.Mode(), err)
	}
	if err := Write(path, 0o644, half); !errors.Is(err, errWriter) {
		t.Errorf("error %v, want the writer's", err)
	}
	holds(t, path, "kept")
}

// Promise(files/atomic)
func TestWriteNew(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file")
	if err := WriteNew(path, 0o644, half); !errors.Is(err, errWriter) {
		t.Errorf("error %v, want the writer's", err)
	}
	onlyNamed(t, filepath.Dir(path))
	if err := WriteNewBytes(path, []byte("first"), 0o644); err != nil {
		t.Fatal(err)
	}
	err := WriteNewBytes(path, []byte("second"), 0o644)
	if !errors.Is(err, ErrTaken) || !errors.Is(err, fs.ErrExist) {
		t.Errorf("error %v, want ErrTaken", err)
	}
	holds(t, path, "first")
}

// TestWriteNewLosesTheRace has the name taken while the content is being written.
//
// Promise(files/atomic)
func TestWriteNewLosesTheRace(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file")
	err := WriteNew(path, 0o644, func(io.Writer) error { return WriteNewBytes(path, []byte("first"), 0o644) })
	if !errors.Is(err, ErrTaken) {
		t.Errorf("error %v, want ErrTaken", err)
	}
	holds(t, path, "first")
}

// Promise(files/atomic)
func TestNewFolder(t *testing.T) {
	path := filepath.Join(t.TempDir(), "folder")
	build := func(dir string) error { return WriteBytes(filepath.Join(dir, "file"), []byte("first"), 0o644) }
	err := NewFolder(path, 0o755, func(dir string) error { return errors.Join(build(dir), errWriter) })
	if !errors.Is(err, errWriter) {
		t.Errorf("error %v, want the builder's", err)
	}
	onlyNamed(t, filepath.Dir(path))
	if err := NewFolder(path, 0o755, build); err != nil {
		t.Fatal(err)
	}
	onlyNamed(t, filepath.Dir(path), "folder")
	holds(t, filepath.Join(path, "file"), "first")
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o755 {
		t.Errorf("mode %v (error %v), want 0755", info.Mode(), err)
	}
	if err := NewFolder(path, 0o755, build); !errors.Is(err, ErrTaken) {
		t.Errorf("error %v, want ErrTaken", err)
	}
}

func TestSwap(t *testing.T) {
	dir := t.TempDir()
	place, old := filepath.Join(dir, "place"), filepath.Join(dir, "old")
	for _, content := range []string{"first", "second"} {
		finished := filepath.Join(dir, "finished")
		build := func(dir string) error { return WriteBytes(filepath.Join(dir, "file"), []byte(content), 0o644) }
		if err := NewFolder(finished, 0o755, build); err != nil {
			t.Fatal(err)
		}
		if err := Swap(finished, place, old); err != nil {
			t.Fatal(err)
		}
		holds(t, filepath.Join(place, "file"), content)
	}
	holds(t, filepath.Join(old, "file"), "first")
	if err := Swap(filepath.Join(dir, "missing"), place, filepath.Join(dir, "older")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("error %v, want %v", err, fs.ErrNotExist)
	}
	holds(t, filepath.Join(place, "file"), "second")
}

func TestNoFolder(t *testing.T) {
	path := filepath.Join(t.TempDir(), "missing", "file")
	for what, err := range map[string]error{
		"Write":     WriteBytes(path, nil, 0o644),
		"WriteNew":  WriteNewBytes(path, nil, 0o644),
		"NewFolder": NewFolder(path, 0o755, func(string) error { return nil }),
	} {
		if !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s: error %v, want %v", what, err, fs.ErrNotExist)
		}
	}
}
