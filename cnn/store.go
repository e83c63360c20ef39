package cnn

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// The file operations under a run: everything is written aside, synced, and
// takes its name by a rename.

const historyName = "history.jsonl"

// writeAtomic makes dir/name hold what write writes, or leaves it as it was.
func writeAtomic(dir, name string, write func(io.Writer) error) (saved savedFile, err error) {
	f, err := os.CreateTemp(dir, name+".tmp-*")
	if err != nil {
		return saved, err
	}
	defer func() {
		if err != nil {
			f.Close()
			os.Remove(f.Name())
			err = fmt.Errorf("saving %s: %w", filepath.Join(dir, name), err)
		}
	}()
	sum := sha256.New()
	counter := &countingWriter{w: io.MultiWriter(f, sum)}
	if err := write(counter); err != nil {
		return saved, err
	}
	if err := f.Chmod(0o644); err != nil {
		return saved, err
	}
	if err := f.Sync(); err != nil {
		return saved, err
	}
	if err := f.Close(); err != nil {
		return saved, err
	}
	if err := os.Rename(f.Name(), filepath.Join(dir, name)); err != nil {
		return saved, err
	}
	return savedFile{Name: name, Bytes: counter.n, SHA256: hex.EncodeToString(sum.Sum(nil))}, syncDir(dir)
}

// freePath divides a path into folder and name, and refuses one that is taken.
func freePath(path string) (dir, name string, err error) {
	if _, err := os.Lstat(path); err == nil {
		return "", "", fmt.Errorf("%w: give a name that is free", fs.ErrExist)
	}
	dir, name = filepath.Split(filepath.Clean(path))
	return cmp.Or(dir, "."), name, nil
}

// WriteNewFile makes a file that is whole or not there at all: written aside,
// synced and renamed. A name that is taken is refused.
func WriteNewFile(path string, data []byte) error {
	dir, name, err := freePath(path)
	if err != nil {
		return fmt.Errorf("writing %s: %w", path, err)
	}
	_, err = writeAtomic(dir, name, func(w io.Writer) error { _, err := w.Write(data); return err })
	return err
}

type countingWriter struct {
	w io.Writer
	n int64
}

func (c *countingWriter) Write(p []byte) (int, error) {
	n, err := c.w.Write(p)
	c.n += int64(n)
	return n, err
}

// syncDir makes renames in a folder survive a power cut. Some systems cannot
// sync a folder; that is no reason to fail a save.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	_ = d.Sync()
	return d.Close()
}

func writeArrays(dir, name string, arrays []Array) (savedFile, error) {
	return writeAtomic(dir, name, func(w io.Writer) error {
		var b bytes.Buffer // one write: the arrays are small, and the checksum sees them once
		if err := WriteSafetensors(&b, arrays, map[string]string{"format": "cnnbook", "layout": "NHWC"}); err != nil {
			return err
		}
		_, err := w.Write(b.Bytes())
		return err
	})
}

func writeManifest(dir string, m manifest) error {
	_, err := writeAtomic(dir, manifestName, jsonWriter(m))
	return err
}

// readSaved reads the first f.Bytes of a file and checks them against f. It
// refuses more than limit bytes, as no sound manifest asks for them.
func readSaved(dir string, f savedFile, limit int64) ([]byte, error) {
	path := filepath.Join(dir, f.Name)
	file, err := os.Open(path)
	if notThere(err) { // not to be taken for a folder without a run
		return nil, fmt.Errorf("%w: %s is missing", ErrFormat, path)
	}
	if err != nil {
		return nil, err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return nil, err
	}
	if info.Size() < f.Bytes {
		return nil, fmt.Errorf("%w: %s: %d bytes, the manifest says %d: it is truncated", ErrFormat, path, info.Size(), f.Bytes)
	}
	if f.Bytes > limit {
		return nil, fmt.Errorf("%w: %s: %d bytes, at most %d are expected", ErrFormat, path, f.Bytes, limit)
	}
	data := make([]byte, f.Bytes)
	if _, err := io.ReadFull(file, data); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	if sum := sha256.Sum256(data); hex.EncodeToString(sum[:]) != f.SHA256 {
		return nil, fmt.Errorf("%w: %s: its sha256 is not the manifest's: the file was changed or damaged", ErrFormat, path)
	}
	return data, nil
}

// removeExcept deletes what saves left behind: temporary files, and states
// other than those that the manifest names.
func removeExcept(dir string, m manifest) error {
	keep := map[string]bool{manifestName: true, lockName: true, historyName: true}
	states := []savedState{m.State}
	if m.Previous != nil {
		states = append(states, *m.Previous)
	}
	for _, s := range states {
		keep[s.Weights.Name], keep[s.Optimizer.Name] = true, true
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	for _, e := range entries {
		ours := strings.HasSuffix(e.Name(), ".safetensors") || strings.Contains(e.Name(), ".tmp-")
		if !keep[e.Name()] && ours {
			if err := os.Remove(filepath.Join(dir, e.Name())); err != nil && !notThere(err) {
				return err
			}
		}
	}
	return nil
}
