//go:build unix

package cifar

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// TestOpenNamedPipe checks that Open does not wait for somebody to write.
func TestOpenNamedPipe(t *testing.T) {
	dir := t.TempDir()
	if err := Save(dir, tiny(5), tiny(1)); err != nil {
		t.Fatal(err)
	}
	pipe := filepath.Join(dir, folderName, "data_batch_2.bin")
	if err := os.Remove(pipe); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mkfifo(pipe, 0o666); err != nil {
		t.Skip(err)
	}
	if _, _, err := Open(dir); !errors.Is(err, ErrFormat) || !strings.Contains(err.Error(), "is not a regular file") {
		t.Errorf("got %v", err)
	}
	if _, _, err := Open(pipe); !errors.Is(err, ErrFormat) {
		t.Errorf("got %v", err)
	}
}

// TestReadOnlyFolder uses an archive in a read-only folder, and gets an error for
// what cannot be written.
//
// Promise(files/full-disk)
func TestReadOnlyFolder(t *testing.T) {
	data := payload()
	url, requests := serve(t, nil)
	dir := t.TempDir()
	name := filepath.Join(dir, ArchiveName)
	if err := os.WriteFile(name, data, 0o666); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(dir, 0o555); err != nil {
		t.Fatal(err)
	}
	defer os.Chmod(dir, 0o755)
	if got, err := downloadOf(url, data).Fetch(t.Context(), dir); err != nil || got != name || requests.Load() != 0 {
		t.Errorf("got %q, error %v, %d requests", got, err, requests.Load())
	}
	if os.Geteuid() == 0 {
		return // root writes anywhere
	}
	if err := Save(dir, tiny(5), tiny(1)); !errors.Is(err, os.ErrPermission) {
		t.Errorf("saving: %v, want a refusal", err)
	}
}
