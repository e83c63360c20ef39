package files

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
)

// Swap puts a finished folder in the place of another, which it keeps until then.
func Swap(finished, place, old string) error {
	err := os.Rename(place, old)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
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

// WriteFile writes a file aside, syncs it and renames it, so that its name never holds half of it.
func WriteFile(name string, data []byte, perm fs.FileMode) error {
	f, err := os.CreateTemp(filepath.Dir(name), "."+filepath.Base(name)+"-*")
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	if err == nil {
		err = f.Chmod(perm)
	}
	if err == nil {
		err = f.Sync()
	}
	err = errors.Join(err, f.Close())
	if err == nil {
		err = os.Rename(f.Name(), name)
	}
	if err != nil {
		os.Remove(f.Name())
	}
	return err
}

// SyncDir makes a rename in dir survive a power cut. Where a folder cannot be synced, the rename still holds.
func SyncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	_ = d.Sync()
	return d.Close()
}
