package main

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/cnnbook/cnnbook/cifar"
	"github.com/cnnbook/cnnbook/cifar/importer"
	"github.com/cnnbook/cnnbook/internal/cli"
	"github.com/spf13/cobra"
)

func dataImportCommand() *cobra.Command {
	c := &cobra.Command{
		Use: "import SOURCE DIR [flags]", Short: "make a dataset from your own pictures or other people's files",
		Long: "Reads SOURCE and writes it as a dataset into the new folder DIR, for use with --data DIR. SOURCE is one of:\n\n" +
			"  a folder of pictures by class    CLASS/*.jpg, or train/CLASS/*.jpg and test/CLASS/*.jpg;\n" +
			"                                   PNG, JPEG, GIF, WebP, BMP\n" +
			"  cifar-10-batches-py              CIFAR-10 for Python; pickles are not executed\n" +
			"  cifar-100-python, -binary        CIFAR-100; --classes fine or coarse\n" +
			"  a folder of IDX files            MNIST and its relatives, gzipped or not; --classes digits or fashion\n" +
			"  a folder with train_32x32.mat    SVHN, or any one .mat file with X and y\n" +
			"  an .npz file                     x_train, y_train, x_test, y_test, as Keras caches them\n" +
			"  a dataset in CIFAR-10's layout   to give it another size\n" +
			"  a .zip, .tar or .tar.gz          of any of these\n\n" +
			"Pictures of another size are cut to the middle and averaged down.",
		Example: "data import --size 48x48 ~/fruit ~/fruit48\ndata import --classes coarse ~/cifar-100-python ~/cifar100",
		Args:    cli.Args("a SOURCE and a DIR", 2),
	}
	f := c.Flags()
	size := f.String("size", "", "size of the images, HEIGHTxWIDTH, with x1 for grey: 48x48, 28x28x1 (default: the data's own; 32x32 for folders)")
	classes := f.String("classes", "", "which labels: fine or coarse of CIFAR-100, digits or fashion of IDX files")
	names := f.String("names", "", "other class names, with commas between, in the order of the labels")
	percent := f.Int("test-percent", 20, "percent of the images that become test images, where SOURCE has none")
	seed := f.Uint64("seed", 1, "seed of that choice, and of the order of pictures")
	skip := f.Bool("skip-unreadable", false, "leave out files that cannot be read, and list them")
	cli.Complete(c, "classes", func() []string { return []string{"fine", "coarse", "digits", "fashion"} })
	c.RunE = func(c *cobra.Command, args []string) error {
		o := importer.Options{Classes: *classes, Seed: *seed, SkipUnreadable: *skip, TestShare: float64(*percent) / 100}
		if *percent < 1 || *percent > 99 {
			return fmt.Errorf("data import: --test-percent must be from 1 to 99, got %d", *percent)
		}
		var err error
		if *size != "" {
			if o.Shape, err = cifar.ParseShape(*size); err != nil {
				return fmt.Errorf("data import: %w", err)
			}
		}
		if *names != "" {
			for name := range strings.SplitSeq(*names, ",") {
				o.Names = append(o.Names, strings.TrimSpace(name))
			}
		}
		return importData(c, args[0], args[1], o)
	}
	return c
}

// importData reads, writes, and says what was done.
func importData(c *cobra.Command, from, dir string, o importer.Options) error {
	if taken := filepath.Join(dir, "cifar-10-batches-bin"); exists(taken) {
		return fmt.Errorf("data import: %s is there already; remove it or choose another folder: %w", taken, fs.ErrExist)
	}
	begin, last := time.Now(), time.Now()
	o.Progress = func(done, total int) { // only where it takes long
		if time.Since(begin) > 2*time.Second && (time.Since(last) > time.Second || done == total) {
			last = time.Now()
			fmt.Fprintf(printable{c.ErrOrStderr()}, "%d of %d pictures\n", done, total)
		}
	}
	r, err := importer.Read(c.Context(), from, o)
	if err != nil {
		return err
	}
	if err := cifar.Save(dir, r.Train, r.Test); err != nil {
		return err
	}
	out := printable{c.OutOrStdout()}
	fmt.Fprintf(out, "%s: %d training and %d test images of %s\n%s\n", dir, r.Train.Len(), r.Test.Len(), r.Train.Shape(), classCounts(r.Train, r.Test))
	fmt.Fprintf(out, "read as %s\n", r.Format)
	if len(r.Train.Names) < 2 {
		fmt.Fprintf(out, "warning: there is only one class, %s: nothing can be learned from it; SOURCE should hold a folder for each class\n", r.Train.Names[0])
	}
	for _, line := range cifar.Warnings(r.Train, r.Test) {
		fmt.Fprintln(out, line)
	}
	for _, note := range r.Notes {
		fmt.Fprintln(out, "note:", note)
	}
	_, err = fmt.Fprintf(out, "use it with --data %s\n", dir)
	return err
}

// classCounts lists the classes with their numbers of images; of many, the first.
func classCounts(train, test *cifar.Dataset) string {
	const most = 12
	a, b := train.Stats(), test.Stats()
	var parts []string
	for label, name := range train.Names[:min(most, len(train.Names))] {
		parts = append(parts, fmt.Sprintf("%s %d+%d", name, a.PerClass[label], b.PerClass[label]))
	}
	if more := len(train.Names) - most; more > 0 {
		parts = append(parts, fmt.Sprintf("%d more", more))
	}
	return fmt.Sprintf("%d classes, with training+test images: %s", len(train.Names), strings.Join(parts, ", "))
}

func exists(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}
