package cifar

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"github.com/cnnbook/cnnbook/internal/atomicfile"
)

// Save writes the two datasets in the official layout as the folder
// cifar-10-batches-bin in dir, which it creates if necessary. The training images
// go into five files, in order and split as evenly as possible; there must be at least 5 of
// them, and at least 1 test image. Both have the same class names, which
// go into batches.meta.txt, from which Load restores them. Drawn data gets the file DRAWN.txt,
// from which Load restores Drawn and the names. Images of another size than 32×32×3, more than 10
// classes, or more images than CIFAR-10 has give a file dataset.json besides: see the package
// documentation.
//
// The folder appears whole or not at all. An existing one is left alone, and the
// error wraps fs.ErrExist.
func Save(dir string, train, test *Dataset) error {
	if err := checkSave(train, test); err != nil {
		return err
	}
	final := filepath.Join(dir, folderName)
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return fmt.Errorf("saving the dataset: %w", err)
	}
	err := atomicfile.NewFolder(final, 0o755, func(aside string) error { return saveFiles(aside, train, test) })
	if errors.Is(err, atomicfile.ErrTaken) {
		return fmt.Errorf("saving the dataset: %s is there already; remove it or choose another folder: %w", final, fs.ErrExist)
	}
	if err != nil {
		return fmt.Errorf("saving the dataset: %w", err)
	}
	return nil
}

func checkSave(train, test *Dataset) error {
	for _, d := range []*Dataset{train, test} {
		if err := d.Check(); err != nil {
			return fmt.Errorf("saving: %w", err)
		}
		if len(d.Names) > MaxClasses {
			return fmt.Errorf("%w: saving %q: %d classes; the format has at most %d", ErrArgument, d.Name, len(d.Names), MaxClasses)
		}
	}
	if train.Shape() != test.Shape() {
		return fmt.Errorf("%w: saving %q with %q: their images are %s and %s; want the same size", ErrArgument, train.Name, test.Name, train.Shape(), test.Shape())
	}
	l := layoutFor(train, test)
	if !slices.Equal(train.Names, test.Names) {
		return fmt.Errorf("%w: saving %q with %q: their classes are %q and %q; want the same in the same order", ErrArgument, train.Name, test.Name, train.Names, test.Names)
	}
	if err := l.checkNames(train.Names); err != nil {
		return fmt.Errorf("%w: saving %q: class names: %w", ErrArgument, train.Name, err)
	}
	parts := len(trainFiles())
	if n := train.Len(); n < parts || n > parts*l.records {
		return fmt.Errorf("%w: saving %q: %d training images; want %d to %d", ErrArgument, train.Name, n, parts, parts*l.records)
	}
	if n := test.Len(); n < 1 || n > l.records {
		return fmt.Errorf("%w: saving %q: %d test images; want 1 to %d", ErrArgument, test.Name, n, l.records)
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
		if err := atomicfile.Write(filepath.Join(dir, name), 0o644, write); err != nil {
			return err
		}
	}
	write := func(w io.Writer) error { return writeRecords(w, test, 0, test.Len()) }
	if err := atomicfile.Write(filepath.Join(dir, testFile), 0o644, write); err != nil {
		return err
	}
	if err := atomicfile.WriteBytes(filepath.Join(dir, metaFile), []byte(namesText(train.Names)), 0o644); err != nil {
		return err
	}
	if layoutFor(train, test).what == infoWhat {
		if err := atomicfile.WriteBytes(filepath.Join(dir, infoFile), infoOf(train, test).text(), 0o644); err != nil {
			return err
		}
	}
	if !train.Drawn {
		return nil
	}
	text := mark{drawn: true, train: train.Name, test: test.Name}.String()
	return atomicfile.WriteBytes(filepath.Join(dir, markFile), []byte(text), 0o644)
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
