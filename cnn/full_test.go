//go:build unix

package cnn

import (
	"errors"
	"io/fs"
	"os"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

// fileLimit is the size in bytes that no file of a training process may exceed: to
// the process this is a disk that becomes full at that write.
const fileLimit = "CNNBOOK_TEST_FILE_LIMIT"

func limitFiles(bytes string) error {
	if bytes == "" {
		return nil
	}
	n, err := strconv.ParseUint(bytes, 10, 64)
	if err != nil {
		return err
	}
	signal.Ignore(syscall.SIGXFSZ) // so that writing fails instead of ending the process
	return syscall.Setrlimit(syscall.RLIMIT_FSIZE, &syscall.Rlimit{Cur: n, Max: n})
}

// TestFullDisk fills the disk at different moments of a training: with a real file
// system if one can be mounted, otherwise by a limit on the size of files. The saved state
// must be complete, no other files may be left, and the training must continue to the same
// end when there is space again.
//
// Promise(files/full-disk): A full or read-only disk is a clear error. The last save is kept, and
// no other files are left behind.
func TestFullDisk(t *testing.T) {
	whole := trainTiny(t, t.TempDir(), longSpec())
	const kB = "000"
	for name, test := range map[string]struct {
		limit   string // of a file, bytes
		mounted string // size of the whole file system
		file    string // that does not fit
		starts  bool   // there is room for the state before the first step
	}{
		"first weights":      {limit: "10" + kB, file: "weights-000000.safetensors"},
		"first optimizer":    {limit: "30" + kB, file: "optimizer-000000.safetensors"},
		"history":            {limit: "50" + kB, file: historyName, starts: true},
		"disk at the start":  {mounted: "size=48k", file: "optimizer-000000.safetensors"},
		"disk while saving":  {mounted: "size=160k", file: "safetensors", starts: true},
		"disk in the middle": {mounted: "size=224k", file: "", starts: true},
	} {
		t.Run(name, func(t *testing.T) {
			root := t.TempDir()
			if test.mounted != "" {
				mount(t, root, test.mounted)
			}
			c := startChild(t, root, fileLimit+"="+test.limit)
			status := c.wait()
			text := strings.TrimSpace(c.stderr.String())
			if status != 1 || strings.Contains(text, "\n") || !strings.HasPrefix(text, "error: ") || !strings.Contains(text, test.file) ||
				!strings.Contains(text, "file too large") && !strings.Contains(text, "no space left on device") {
				t.Fatalf("exit status %d and %q, want one line that names %s and the reason", status, text, test.file)
			}
			if !test.starts {
				if left, err := os.ReadDir(root); err != nil || len(left) > 0 {
					t.Errorf("left behind: %v, %v", left, err)
				}
				return
			}
			r, err := LoadRun(filepath.Join(root, filepath.Base(whole.Dir)))
			if err != nil {
				t.Fatal(err)
			}
			info, err := os.Stat(filepath.Join(r.Dir, historyName))
			if err != nil || info.Size() != r.saved.History.Bytes || unfinished(t, r) || r.Recovered != "" {
				t.Errorf("something is left behind: a history of %d bytes, %d of them saved; %s", info.Size(), r.saved.History.Bytes, r.Recovered)
			}
			if !strings.Contains(text, "the save of step "+strconv.Itoa(r.saved.Step)+" is kept") {
				t.Errorf("%q does not say that the save of step %d is kept", text, r.saved.Step)
			}
			t.Logf("full after step %d, saved step %d", c.step, r.saved.Step)
			room := t.TempDir()
			if err := os.CopyFS(filepath.Join(room, filepath.Base(r.Dir)), os.DirFS(r.Dir)); err != nil {
				t.Fatal(err)
			}
			sameFiles(t, trainTiny(t, room, longSpec()), whole)
		})
	}
}

// TestExportToFullDisk leaves no part of what did not fit.
//
// Promise(files/full-disk)
func TestExportToFullDisk(t *testing.T) {
	r := openTiny(t, t.TempDir(), longSpec())
	to := t.TempDir()
	mount(t, to, "size=8k")
	for _, format := range ExportFormats() {
		if format.Name == "csv" {
			continue // it is small
		}
		if err := r.Export(format.Name, filepath.Join(to, "x")); !errors.Is(err, syscall.ENOSPC) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: got %v, want one line with the system's reason", format.Name, err)
		}
		if left, err := os.ReadDir(to); err != nil || len(left) > 0 {
			t.Errorf("%s left behind %v, %v", format.Name, left, err)
		}
	}
}

// TestReadOnlyDisk: existing runs can be read and shown; failed writes are reported,
// and nothing changes.
//
// Promise(files/full-disk)
func TestReadOnlyDisk(t *testing.T) {
	root := t.TempDir()
	finished := tinySpec(t)
	trainTiny(t, root, finished)
	begun := tinySpec(t)
	begun.Name = "begun"
	openTiny(t, root, begun)
	readOnly(t, root)

	r := openTiny(t, root, finished)
	if err := r.Train(t.Context(), nil); err != nil {
		t.Errorf("showing a finished run: %v", err)
	}
	if _, err := r.Evaluate(t.Context(), finished.Valid, nil); err != nil {
		t.Errorf("evaluating: %v", err)
	}
	r = openTiny(t, root, begun)
	err := r.Train(t.Context(), nil)
	refused(t, err)
	if again, err := LoadRun(r.Dir); err != nil || again.Recovered != "" {
		t.Errorf("after the refusal: %v", err)
	}
	finished.Name = "new"
	_, err = OpenRun(root, finished)
	refused(t, err)
}

func refused(t *testing.T, err error) {
	t.Helper()
	if !errors.Is(err, fs.ErrPermission) && !errors.Is(err, syscall.EROFS) || strings.Contains(err.Error(), "\n") {
		t.Errorf("got %v, want one line with the system's refusal", err)
	}
}

// chmodReadOnly removes the write permission of a folder and those below it.
func chmodReadOnly(t *testing.T, dir string) {
	t.Helper()
	set := func(mode fs.FileMode) {
		err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
			if err == nil && !d.IsDir() {
				return os.Chmod(path, mode&^0o111)
			}
			return errors.Join(err, os.Chmod(path, mode))
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	set(0o555)
	t.Cleanup(func() { set(0o755) })
}
