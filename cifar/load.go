package cifar

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
)

// Load reads the dataset from fsys, which holds the folder cifar-10-batches-bin
// or is that folder. All six batch files must exist; an error names those that are
// missing. Smaller sizes than the official ones are fine.
func Load(fsys fs.FS) (train, test *Dataset, err error) {
	base, err := locate(fsys)
	if err != nil {
		return nil, nil, err
	}
	return loadFrom(fsys, base)
}

func loadFrom(fsys fs.FS, base string) (train, test *Dataset, err error) {
	var m mark
	if err := readIfThere(fsys, path.Join(base, markFile), func(r io.Reader) (err error) { m, err = readMark(r); return err }); err != nil {
		return nil, nil, err
	}
	if err := readIfThere(fsys, path.Join(base, infoFile), func(r io.Reader) (err error) { m.info, err = readInfo(r); return err }); err != nil {
		return nil, nil, err
	}
	l := m.layout()
	if err := readIfThere(fsys, path.Join(base, metaFile), func(r io.Reader) (err error) { m.classes, err = l.readNames(r); return err }); err != nil {
		return nil, nil, err
	}
	if m.info != nil {
		if m.classes == nil {
			return nil, nil, fmt.Errorf("%s is there and %s is not; it names the classes, one per line: %w", infoFile, metaFile, ErrNotFound)
		}
		l.classes = len(m.classes)
	}
	files := make(map[string]batch, len(batchFiles()))
	for _, name := range batchFiles() {
		var err error
		if files[name], err = l.load(fsys, base, name); err != nil {
			return nil, nil, err
		}
	}
	return assemble(files, m)
}

// folderDepth is how often the official folder may lie in one of its own name, as some
// programs unpack archives.
const folderDepth = 3

// locate finds the folder with the six files: fsys itself or the official
// folder in it.
func locate(fsys fs.FS) (base string, err error) {
	where := "the folder"
	entries, err := fs.ReadDir(fsys, ".")
	if err != nil {
		return "", fmt.Errorf("reading %s: %w", where, err)
	}
	names := entryNames(entries)
	base = "."
	for range folderDepth {
		inner := path.Join(base, folderName)
		if info, err := fs.Stat(fsys, inner); err != nil || !info.IsDir() {
			break
		}
		base, where = inner, where+" "+folderName
		if entries, err = fs.ReadDir(fsys, inner); err != nil {
			return "", fmt.Errorf("reading %s: %w", where, err)
		}
		names = entryNames(entries)
	}
	has := func(name string) bool {
		_, err := fs.Stat(fsys, path.Join(base, name))
		return !errors.Is(err, fs.ErrNotExist) // reading will report any other error
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

func (l layout) load(fsys fs.FS, base, name string) (batch, error) {
	f, size, err := openRegular(fsys, path.Join(base, name))
	if err != nil {
		return batch{}, err
	}
	defer f.Close()
	if l.what == infoWhat && size%int64(l.recordBytes()) != 0 {
		return batch{}, fmt.Errorf("%s: %d bytes do not divide into records of %d, a label and an image of %s as %s says: the file is damaged, or %s is another dataset's: %w",
			name, size, l.recordBytes(), l.shape, infoFile, infoFile, ErrFormat)
	}
	return l.readBatch(bufio.NewReaderSize(f, 1<<18), name, size)
}

// readIfThere reads a small file that need not exist.
func readIfThere(fsys fs.FS, name string, read func(io.Reader) error) error {
	f, _, err := openRegular(fsys, name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer f.Close()
	return read(f)
}

// openRegular checks before it opens: opening a named pipe would wait forever.
func openRegular(fsys fs.FS, name string) (f fs.File, size int64, err error) {
	info, err := fs.Stat(fsys, name)
	if err != nil {
		return nil, 0, fmt.Errorf("opening %s: %w", name, err)
	}
	if !info.Mode().IsRegular() {
		return nil, 0, fmt.Errorf("%s is not a regular file (%s): %w", name, info.Mode(), ErrFormat)
	}
	if f, err = fsys.Open(name); err != nil {
		return nil, 0, fmt.Errorf("opening %s: %w", name, err)
	}
	return f, info.Size(), nil
}

// Open reads the dataset at the path name: a folder as for Load, a folder that
// holds the official archive, or the archive itself.
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
	fsys := os.DirFS(name)
	base, err := locate(fsys)
	if archive := filepath.Join(name, ArchiveName); err != nil && isRegular(archive) {
		return openArchive(archive)
	}
	if err == nil {
		train, test, err = loadFrom(fsys, base)
	}
	if other := (otherData{}); errors.As(err, &other) {
		return nil, nil, fmt.Errorf("%s: %w; pictures and other datasets are made usable by go run . data import", name, err)
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
