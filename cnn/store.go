package cnn

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/cnnbook/cnnbook/internal/atomicfile"
)

// The file operations of a run. Every file except the history is written atomically.

const historyName = "history.jsonl"

// writeSaved fills dir/name with the output of write, or leaves it unchanged.
func writeSaved(dir, name string, write func(io.Writer) error) (savedFile, error) {
	sum := sha256.New()
	var size int64
	err := atomicfile.Write(filepath.Join(dir, name), 0o644, func(w io.Writer) error {
		counter := &countingWriter{w: io.MultiWriter(w, sum)}
		err := write(counter)
		size = counter.n
		return err
	})
	if err != nil {
		return savedFile{}, fmt.Errorf("saving %s: %w", filepath.Join(dir, name), err)
	}
	return savedFile{Name: name, Bytes: size, SHA256: hex.EncodeToString(sum.Sum(nil))}, nil
}

// WriteNewFile writes a new file atomically. An existing file is an error that wraps
// [fs.ErrExist].
func WriteNewFile(path string, data []byte) error {
	if err := atomicfile.WriteNewBytes(path, data, 0o644); err != nil {
		return fmt.Errorf("writing %s: %w", path, err)
	}
	return nil
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

func writeArrays(dir, name string, arrays []Array) (savedFile, error) {
	return writeSaved(dir, name, func(w io.Writer) error {
		return WriteSafetensors(w, arrays, map[string]string{"format": "cnnbook", "layout": "NHWC"})
	})
}

func writeManifest(dir string, m manifest) error {
	_, err := writeSaved(dir, manifestName, jsonWriter(m))
	return err
}

// readSaved reads the first f.Bytes of a file and checks them against f. It
// refuses more than limit bytes, since no valid manifest asks for them.
func readSaved(dir string, f savedFile, limit int64) ([]byte, error) {
	path := filepath.Join(dir, f.Name)
	file, err := os.Open(path)
	if notThere(err) { // must not be mistaken for a folder without a run
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

// removeExcept deletes files left behind by saves: temporary files, and states
// other than those that the manifest names.
func removeExcept(dir string, m manifest) error {
	keep := map[string]bool{manifestName: true, lockName: true, historyName: true}
	states := []savedState{m.State}
	if m.Previous != nil {
		states = append(states, *m.Previous)
	}
	for _, s := range states {
		for _, f := range s.files() {
			keep[f.Name] = true
		}
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	for _, e := range entries {
		ours := strings.HasSuffix(e.Name(), ".safetensors") || strings.Contains(e.Name(), atomicfile.Mark)
		if !keep[e.Name()] && ours {
			if err := os.Remove(filepath.Join(dir, e.Name())); err != nil && !notThere(err) {
				return err
			}
		}
	}
	return nil
}
