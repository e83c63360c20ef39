package cifar

import (
	"bufio"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// officialNames is the content of batches.meta.txt in the official archive.
const officialNames = "airplane\nautomobile\nbird\ncat\ndeer\ndog\nfrog\nhorse\nship\ntruck\n\n"

// Save writes the two datasets in the official layout as the folder
// cifar-10-batches-bin in dir, which it makes if needed. The training images go
// into five files, as evenly as their number allows and in order; there must be
// 5 to 50,000 of them, and 1 to 10,000 test images. Drawn data gets the file
// DRAWN.txt, from which Load restores Drawn and the names.
//
// The folder appears whole or not at all: it is written aside, synced and
// renamed. An existing one is left alone, and the error wraps fs.ErrExist.
func Save(dir string, train, test *Dataset) (err error) {
	if err := checkSave(train, test); err != nil {
		return err
	}
	final := filepath.Join(dir, folderName)
	if _, err := os.Lstat(final); err == nil {
		return fmt.Errorf("saving the dataset: %s is there already; remove it or choose another folder: %w", final, fs.ErrExist)
	}
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return fmt.Errorf("saving the dataset: %w", err)
	}
	aside, err := os.MkdirTemp(dir, "."+folderName+"-")
	if err != nil {
		return fmt.Errorf("saving the dataset: %w", err)
	}
	defer func() {
		if err != nil {
			os.RemoveAll(aside)
			err = fmt.Errorf("saving the dataset: %w", err)
		}
	}()
	if err := os.Chmod(aside, 0o755); err != nil { // MkdirTemp's is for this user only
		return err
	}
	if err := saveFiles(aside, train, test); err != nil {
		return err
	}
	if err := os.Rename(aside, final); err != nil {
		return err
	}
	return syncDir(dir)
}

func checkSave(train, test *Dataset) error {
	for _, d := range []*Dataset{train, test} {
		if err := d.Check(); err != nil {
			return fmt.Errorf("saving: %w", err)
		}
		if len(d.Names) > Classes {
			return fmt.Errorf("%w: saving %q: %d classes; the format has %d", ErrArgument, d.Name, len(d.Names), Classes)
		}
	}
	parts := len(trainFiles())
	if n := train.Len(); n < parts || n > parts*FileRecords {
		return fmt.Errorf("%w: saving %q: %d training images; want %d to %d", ErrArgument, train.Name, n, parts, parts*FileRecords)
	}
	if n := test.Len(); n < 1 || n > FileRecords {
		return fmt.Errorf("%w: saving %q: %d test images; want 1 to %d", ErrArgument, test.Name, n, FileRecords)
	}
	if train.Drawn != test.Drawn {
		return fmt.Errorf("%w: saving %q with %q: one is drawn, the other is not", ErrArgument, train.Name, test.Name)
	}
	return nil
}

func saveFiles(dir string, train, test *Dataset) error {
	parts := trainFiles()
	for k, name := range parts {
		from, to := k*train.Len()/len(parts), (k+1)*train.Len()/len(parts)
		write := func(w io.Writer) error { return writeRecords(w, train, from, to) }
		if err := writeFile(filepath.Join(dir, name), write); err != nil {
			return err
		}
	}
	write := func(w io.Writer) error { return writeRecords(w, test, 0, test.Len()) }
	if err := writeFile(filepath.Join(dir, testFile), write); err != nil {
		return err
	}
	if err := writeFile(filepath.Join(dir, "batches.meta.txt"), writeText(officialNames)); err != nil {
		return err
	}
	if train.Drawn {
		text := mark{drawn: true, train: train.Name, test: test.Name}.String()
		if err := writeFile(filepath.Join(dir, markFile), writeText(text)); err != nil {
			return err
		}
	}
	return syncDir(dir)
}

func writeRecords(w io.Writer, d *Dataset, from, to int) error {
	for i := from; i < to; i++ {
		if _, err := w.Write(d.Labels[i : i+1]); err != nil {
			return err
		}
		if _, err := w.Write(d.Pixels(i)); err != nil {
			return err
		}
	}
	return nil
}

func writeText(text string) func(io.Writer) error {
	return func(w io.Writer) error {
		_, err := io.Copy(w, strings.NewReader(text))
		return err
	}
}

// writeFile writes a new file and syncs it.
func writeFile(name string, write func(io.Writer) error) error {
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
	if err != nil {
		return err
	}
	defer f.Close()
	w := bufio.NewWriterSize(f, 1<<16)
	if err := write(w); err != nil {
		return err
	}
	if err := w.Flush(); err != nil {
		return err
	}
	if err := f.Sync(); err != nil {
		return err
	}
	return f.Close()
}

// syncDir makes a rename in dir last through a power cut. Where a folder can't
// be synced (Windows), the system orders renames itself.
func syncDir(dir string) error {
	f, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer f.Close()
	_ = f.Sync() // some file systems refuse; the rename itself has succeeded
	return nil
}
