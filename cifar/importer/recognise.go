package importer

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/cnnbook/cnnbook/cifar"
)

// reader reads what was recognised.
type reader func(context.Context, Options) (*source, error)

// recognise looks at the names in a folder, or at the first bytes of a file, and chooses the reader.
func recognise(path string) (reader, error) {
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, fmt.Errorf("nothing is at %s: %w (%w)", path, ErrNotFound, fs.ErrNotExist)
	case err != nil:
		return nil, err
	case info.Mode().IsRegular():
		return recogniseFile(path)
	case !info.IsDir():
		return nil, fmt.Errorf("%s is neither a file nor a folder (%s): %w", path, info.Mode(), ErrFormat)
	}
	dir := path
	for range 3 {
		entries, err := os.ReadDir(dir)
		if err != nil {
			return nil, err
		}
		if r := recogniseFolder(dir, fileNames(entries)); r != nil {
			return r, nil
		}
		inner := onlyFolder(entries)
		for _, known := range []string{"cifar-10-batches-py", "cifar-100-python", "cifar-100-binary"} {
			if slices.ContainsFunc(entries, func(e os.DirEntry) bool { return e.Name() == known && e.IsDir() }) {
				inner = known
			}
		}
		if inner == "" {
			break
		}
		dir = filepath.Join(dir, inner)
	}
	if _, _, err := cifar.Open(path); err == nil || hasFile(path, "data_batch_1.bin") || hasFile(filepath.Join(path, "cifar-10-batches-bin"), "data_batch_1.bin") {
		return func(context.Context, Options) (*source, error) { return readOwn(path) }, nil
	}
	return func(ctx context.Context, o Options) (*source, error) { return readFolder(ctx, path, o) }, nil
}

// onlyFolder is the name of the only folder, if there are no pictures beside it; else "".
func onlyFolder(entries []os.DirEntry) string {
	only := ""
	for _, e := range entries {
		switch {
		case hidden(e.Name()):
		case isPicture(e), !e.IsDir() && !e.Type().IsRegular(), e.IsDir() && only != "":
			return ""
		case e.IsDir():
			only = e.Name()
		}
	}
	return only
}

// isPicture reports whether a name is that of a file with a picture.
func isPicture(e os.DirEntry) bool {
	switch strings.ToLower(filepath.Ext(e.Name())) {
	case ".png", ".jpg", ".jpeg", ".jpe", ".jfif", ".gif", ".webp", ".bmp", ".tif", ".tiff", ".heic", ".avif":
		return !e.IsDir() && !hidden(e.Name())
	}
	return false
}

func fileNames(entries []os.DirEntry) (names []string) {
	for _, e := range entries {
		if !e.IsDir() {
			names = append(names, e.Name())
		}
	}
	return names
}

func hasFile(dir, name string) bool {
	info, err := os.Stat(filepath.Join(dir, name))
	return err == nil && info.Mode().IsRegular()
}

// recogniseFolder chooses by the names of the files in a folder; nil for none of the known sets.
func recogniseFolder(dir string, names []string) reader {
	has := func(wanted ...string) bool {
		for _, name := range wanted {
			if !slices.Contains(names, name) {
				return false
			}
		}
		return true
	}
	switch {
	case has("data_batch_1"), has("batches.meta", "test_batch"):
		return func(context.Context, Options) (*source, error) { return readCIFAR10Python(dir) }
	case has("train.bin", "test.bin"):
		return func(_ context.Context, o Options) (*source, error) { return readCIFAR100(dir, o) }
	case has("train", "test", "meta"):
		return func(_ context.Context, o Options) (*source, error) { return readCIFAR100Python(dir, o) }
	case has("train_32x32.mat"), has("test_32x32.mat"):
		return func(context.Context, Options) (*source, error) { return readSVHN(dir) }
	}
	if slices.ContainsFunc(names, isIDX) {
		return func(_ context.Context, o Options) (*source, error) { return readIDX(dir, names, o) }
	}
	return nil
}

// recogniseFile chooses by the first bytes of a file.
func recogniseFile(path string) (reader, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	start := make([]byte, 512)
	n, err := f.Read(start)
	if n == 0 {
		return nil, fmt.Errorf("%s is empty or cannot be read (%v): %w", path, err, ErrFormat)
	}
	start = start[:n]
	name := strings.ToLower(filepath.Base(path))
	switch {
	case strings.HasPrefix(string(start), "PK\x03\x04") && strings.HasSuffix(name, ".npz"):
		return func(_ context.Context, o Options) (*source, error) { return readNPZ(path) }, nil
	case strings.HasPrefix(string(start), "PK\x03\x04"):
		return func(ctx context.Context, o Options) (*source, error) { return readArchive(ctx, path, o) }, nil
	case strings.HasPrefix(string(start), "MATLAB"):
		return func(context.Context, Options) (*source, error) { return readSVHNFile(path) }, nil
	case isIDX(name):
		return nil, fmt.Errorf("%s is one of four IDX files; give the folder that holds them: %w", path, ErrFormat)
	case strings.HasPrefix(string(start), "\x1f\x8b"), len(start) > 262 && string(start[257:262]) == "ustar":
		if _, _, err := cifar.Open(path); err == nil {
			return func(context.Context, Options) (*source, error) { return readOwn(path) }, nil
		}
		return func(ctx context.Context, o Options) (*source, error) { return readArchive(ctx, path, o) }, nil
	case strings.HasPrefix(string(start), "\x80"):
		return nil, fmt.Errorf("%s is one pickled file; give the folder that holds data_batch_1 or train, test and meta: %w", path, ErrFormat)
	}
	return nil, fmt.Errorf("%s is in no known format: it begins with %q; give a folder of pictures by class, or one of those in docs/DATA.md: %w",
		path, start[:min(8, len(start))], ErrFormat)
}

// readOwn reads this module's own layout, or CIFAR-10's official archive.
func readOwn(path string) (*source, error) {
	train, test, err := cifar.Open(path)
	if err != nil {
		return nil, err
	}
	return &source{train: train, test: test, format: "CIFAR-10's binary layout", named: true}, nil
}
