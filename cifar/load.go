package cifar

import (
	"bufio"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
)

// Load reads the dataset from fsys, which holds the folder cifar-10-batches-bin
// or is that folder. All six batch files must be there; an error names those
// that are not. Sizes below the official ones are fine.
func Load(fsys fs.FS) (train, test *Dataset, err error) { return load(fsys, "the folder") }

func load(fsys fs.FS, where string) (train, test *Dataset, err error) {
	base, err := locate(fsys, where)
	if err != nil {
		return nil, nil, err
	}
	m, err := loadMark(fsys, path.Join(base, markFile))
	if err != nil {
		return nil, nil, err
	}
	files := make(map[string]batch, len(batchFiles()))
	for _, name := range batchFiles() {
		if files[name], err = loadBatch(fsys, base, name); err != nil {
			return nil, nil, err
		}
	}
	train, test = assemble(files, m)
	return train, test, nil
}

// locate finds the folder with the six files: fsys itself or the official
// folder in it.
func locate(fsys fs.FS, where string) (base string, err error) {
	entries, err := fs.ReadDir(fsys, ".")
	if err != nil {
		return "", fmt.Errorf("reading %s: %w", where, err)
	}
	names := entryNames(entries)
	base = "."
	if info, err := fs.Stat(fsys, folderName); err == nil && info.IsDir() {
		base, where = folderName, where+" "+folderName
		if entries, err = fs.ReadDir(fsys, folderName); err != nil {
			return "", fmt.Errorf("reading %s: %w", where, err)
		}
		names = entryNames(entries)
	}
	has := func(name string) bool {
		_, err := fs.Stat(fsys, path.Join(base, name))
		return !errors.Is(err, fs.ErrNotExist) // another error is for the reading to tell
	}
	return base, missingFiles(where, has, names)
}

func entryNames(entries []fs.DirEntry) []string {
	names := make([]string, len(entries))
	for i, e := range entries {
		names[i] = e.Name()
	}
	return names
}

func loadBatch(fsys fs.FS, base, name string) (batch, error) {
	f, err := fsys.Open(path.Join(base, name))
	if err != nil {
		return batch{}, fmt.Errorf("opening %s: %w", name, err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return batch{}, fmt.Errorf("opening %s: %w", name, err)
	}
	if !info.Mode().IsRegular() {
		return batch{}, fmt.Errorf("%s is not a regular file (%s): %w", name, info.Mode(), ErrFormat)
	}
	return readBatch(bufio.NewReaderSize(f, 1<<18), name, info.Size())
}

func loadMark(fsys fs.FS, name string) (mark, error) {
	f, err := fsys.Open(name)
	if errors.Is(err, fs.ErrNotExist) {
		return mark{}, nil
	}
	if err != nil {
		return mark{}, fmt.Errorf("opening %s: %w", name, err)
	}
	defer f.Close()
	return readMark(f)
}

// Open reads the dataset at name on disk: a folder as Load takes it, a folder
// that holds the official archive, or the archive itself.
func Open(name string) (train, test *Dataset, err error) {
	info, err := os.Stat(name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, nil, fmt.Errorf("no dataset at %s: give a folder with %s or the archive %s: %w (%w)",
			name, folderName, ArchiveName, ErrNotFound, fs.ErrNotExist)
	case err != nil:
		return nil, nil, fmt.Errorf("opening the dataset: %w", err)
	case info.Mode().IsRegular():
		return openArchive(name)
	case !info.IsDir():
		return nil, nil, fmt.Errorf("%s is neither a folder nor a file (%s): %w", name, info.Mode(), ErrFormat)
	}
	train, test, err = load(os.DirFS(name), "the folder")
	if errors.Is(err, ErrNotFound) {
		if archive := filepath.Join(name, ArchiveName); isRegular(archive) {
			return openArchive(archive)
		}
	}
	if err != nil {
		return nil, nil, fmt.Errorf("%s: %w", name, err)
	}
	return train, test, nil
}

func isRegular(name string) bool {
	info, err := os.Stat(name)
	return err == nil && info.Mode().IsRegular()
}

func openArchive(name string) (train, test *Dataset, err error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, nil, fmt.Errorf("opening the dataset: %w", err)
	}
	defer f.Close()
	if train, test, err = LoadArchive(f); err != nil {
		return nil, nil, fmt.Errorf("%s: %w", name, err)
	}
	return train, test, nil
}
