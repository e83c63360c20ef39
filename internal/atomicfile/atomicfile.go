// Package atomicfile writes files and folders that appear completely or not at all.
//
// The content goes into a temporary file in the same folder, which is synced to
// the disk, takes the final name by a rename, and whose folder is synced in turn.
// After a crash, a power cut or a full disk, the final name holds either the old
// content or the new, never a part of it. A killed process leaves behind
// a file whose name begins with a dot and contains [Mark].
package atomicfile

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// Mark is part of the name of each temporary file and folder: .NAME.tmp-NUMBER.
const Mark = ".tmp-"

// ErrTaken means that a file or folder of the wanted name exists. It wraps [fs.ErrExist].
var ErrTaken = fmt.Errorf("%w: choose another name", fs.ErrExist)

// Write replaces the file path, or creates it, with what write writes. perm is the
// file's mode regardless of the umask. If write or the disk fails, path stays
// unchanged and the temporary file is removed.
func Write(path string, perm fs.FileMode, write func(io.Writer) error) error {
	temporary, err := fill(path, perm, write)
	if err != nil {
		return err
	}
	return finish(path, temporary, os.Rename(temporary, path))
}

// WriteBytes is [Write] for content in memory.
func WriteBytes(path string, data []byte, perm fs.FileMode) error {
	return Write(path, perm, bytesWriter(data))
}

// WriteNew is [Write] for a path that must not exist: it fails with [ErrTaken]
// rather than replace a file, even one that appears while write is running.
func WriteNew(path string, perm fs.FileMode, write func(io.Writer) error) error {
	path = filepath.Clean(path) // a slash at the end would name a folder
	if err := free(path); err != nil {
		return err
	}
	temporary, err := fill(path, perm, write)
	if err != nil {
		return err
	}
	return finish(path, temporary, renameNew(temporary, path))
}

// WriteNewBytes is [WriteNew] for content in memory.
func WriteNewBytes(path string, data []byte, perm fs.FileMode) error {
	return WriteNew(path, perm, bytesWriter(data))
}

// NewFolder makes the folder path of mode perm, which must not exist, with what
// build writes into the temporary folder that it receives. build writes its files with
// [Write], which syncs them.
func NewFolder(path string, perm fs.FileMode, build func(dir string) error) error {
	path = filepath.Clean(path)
	if err := free(path); err != nil {
		return err
	}
	temporary, err := os.MkdirTemp(filepath.Dir(path), temporaryName(path))
	if err != nil {
		return err
	}
	if err = os.Chmod(temporary, perm); err == nil {
		err = build(temporary)
	}
	if err == nil {
		err = SyncFolder(temporary)
	}
	if err == nil {
		err = os.Rename(temporary, path)
	}
	return finish(path, temporary, err)
}

// Swap replaces the folder place by the folder finished, and moves place to old; if
// that fails, place is restored. All three must be on one file system. A missing folder at
// place is no error.
func Swap(finished, place, old string) error {
	err := os.Rename(place, old)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if renameErr := os.Rename(finished, place); renameErr != nil {
		if err == nil {
			renameErr = errors.Join(renameErr, os.Rename(old, place))
		}
		return renameErr
	}
	return nil
}

// SyncFolder makes the names in dir survive a power cut. Where a folder can't be
// synced (Windows, some network disks), the rename itself still holds.
func SyncFolder(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	_ = d.Sync()
	return d.Close()
}

func free(path string) error {
	if _, err := os.Lstat(path); err == nil {
		return ErrTaken
	}
	return nil
}

func temporaryName(path string) string { return "." + filepath.Base(path) + Mark + "*" }

// fill makes a synced temporary file next to path and returns its name.
func fill(path string, perm fs.FileMode, write func(io.Writer) error) (temporary string, err error) {
	f, err := os.CreateTemp(filepath.Dir(path), temporaryName(path))
	if err != nil {
		return "", err
	}
	w := bufio.NewWriterSize(f, 1<<16)
	err = write(w)
	if err == nil {
		err = w.Flush()
	}
	if err == nil {
		err = f.Chmod(perm)
	}
	if err == nil {
		err = f.Sync()
	}
	if closed := f.Close(); err == nil {
		err = closed
	}
	if err != nil {
		os.Remove(f.Name())
		return "", err
	}
	return f.Name(), nil
}

// renameNew is a rename that never replaces a file: a hard link fails if its name
// exists. File systems without hard links get a check and a rename.
func renameNew(temporary, path string) error {
	err := os.Link(temporary, path)
	if err == nil {
		return os.Remove(temporary)
	}
	if errors.Is(err, fs.ErrExist) {
		return ErrTaken
	}
	if err := free(path); err != nil {
		return err
	}
	return os.Rename(temporary, path)
}

// finish removes the temporary file or folder after a failure, and otherwise syncs the
// folder that now contains path.
func finish(path, temporary string, err error) error {
	if err != nil {
		os.RemoveAll(temporary)
		return err
	}
	return SyncFolder(filepath.Dir(path))
}

func bytesWriter(data []byte) func(io.Writer) error {
	return func(w io.Writer) error {
		_, err := w.Write(data)
		return err
	}
}
