package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/cnnbook/cnnbook/cifar"
	"github.com/cnnbook/cnnbook/kernelext"
	"github.com/cnnbook/cnnbook/kernelext/book"
	"github.com/cnnbook/cnnbook/kernelext/setup"
)

// bookOptions are the flags of the command.
type bookOptions struct {
	params kernelext.Params
	out    string
	only   string
	update bool
	force  bool
}

func bookCommand(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	o, err := bookFlags(args, stderr)
	if err != nil {
		return err
	}
	notebooks, err := chooseNotebooks("notebooks", o.only)
	if err != nil {
		return err
	}
	// A wrong dataset is told before anything long begins.
	images, err := dataSHA256(o.params)
	if err != nil {
		return err
	}
	env, err := setup.Installer{Log: stderr}.Run(ctx)
	if err != nil {
		return err
	}
	fmt.Fprintf(stderr, "%d notebooks with %s on %s\n", len(notebooks), o.params, env.Plugin)
	b := bookRun{bookOptions: o, env: env, stderr: stderr, images: images}
	pages := filepath.Join(o.out, o.params.Folder())
	executed := pages + "-notebooks"
	if o.update && os.Getenv(kernelext.EnvRuns) == "" {
		// What goes into the notebooks is trained for them, from nothing.
		if b.params.Runs, err = os.MkdirTemp("", "cnnbook-runs-"); err != nil {
			return err
		}
		defer os.RemoveAll(b.params.Runs)
	}
	if err := os.MkdirAll(executed, 0o755); err != nil {
		return fmt.Errorf("making the output folder: %w", err)
	}
	for _, notebook := range notebooks {
		if err := b.bring(ctx, notebook, executed); err != nil {
			return err
		}
	}
	return b.render(ctx, notebooks, executed, pages, stdout)
}

// dataSHA256 identifies the content of a real dataset.
func dataSHA256(p kernelext.Params) (string, error) {
	if p.Data == "" {
		return "", nil
	}
	train, test, err := cifar.Open(p.Data)
	if err != nil {
		return "", err
	}
	return train.Fingerprint()[:32] + test.Fingerprint()[:32], nil
}

func bookFlags(args []string, stderr io.Writer) (bookOptions, error) {
	f := flags("book", "[flags]\n\nRuns the notebooks without a person and writes a folder of pages. Without -data they run on drawn images.\nA notebook that was run like this before is not run again until it, or code that it imports, has changed.", stderr)
	params := paramFlags(f)
	out := f.String("out", "_site", "folder for the pages; books of other data, budget or seed in it stay")
	only := f.String("only", "", "run only these notebooks, such as 01 or 02,06")
	update := f.Bool("update", false, "also write the results back into notebooks/, drawn images only")
	force := f.Bool("force", false, "run notebooks although nothing has changed since they were run")
	if err := parse(f, args); err != nil {
		return bookOptions{}, err
	}
	p, err := params()
	if err == nil && *update && p.Data != "" {
		err = fmt.Errorf("book: -update is for drawn images only: pictures of a real dataset do not go into the notebooks")
	}
	return bookOptions{params: p, out: *out, only: *only, update: *update, force: *force}, err
}

// chooseNotebooks lists the notebooks of a folder in order: all, or those that only
// names, by number or by full name, with commas between them.
func chooseNotebooks(dir, only string) ([]string, error) {
	all, err := filepath.Glob(filepath.Join(dir, "[0-9]*.ipynb"))
	if err != nil || len(all) == 0 {
		return nil, fmt.Errorf("no notebooks in %s: run this from the checkout of cnnbook", dir)
	}
	slices.Sort(all)
	if only == "" {
		return all, nil
	}
	var chosen []string
	for _, name := range strings.Split(only, ",") {
		i := slices.IndexFunc(all, func(path string) bool { return isNotebook(path, name) })
		if i < 0 {
			var names []string
			for _, path := range all {
				names = append(names, strings.TrimSuffix(filepath.Base(path), ".ipynb"))
			}
			return nil, fmt.Errorf("no notebook %q: there are %s", name, strings.Join(names, ", "))
		}
		chosen = append(chosen, all[i])
	}
	slices.Sort(chosen)
	return slices.Compact(chosen), nil
}

// isNotebook says whether name means the notebook at path: its number or its name.
func isNotebook(path, name string) bool {
	name = strings.TrimSuffix(filepath.Base(strings.TrimSpace(name)), ".ipynb")
	base := strings.TrimSuffix(filepath.Base(path), ".ipynb")
	return base == name || name != "" && strings.HasPrefix(base, name+"-")
}

// bookRun is one run of the command after set-up.
type bookRun struct {
	bookOptions
	env    *setup.Environment
	stderr io.Writer
	images string // content of a real dataset
}

// record is what a notebook's run would be recorded as if it began now.
func (b bookRun) record() (book.Record, error) {
	r := book.NewRecord(b.params)
	r.DataSHA256, r.Backend = b.images, b.env.Plugin.String()
	var err error
	r.CodeSHA256, err = b.code()
	return r, err
}

// code is the hash of what the notebooks import, as it is now: it may be edited while notebooks run.
func (b bookRun) code() (string, error) {
	return book.CodeSHA256(os.DirFS(b.env.Module), "cifar", "cnn", "viz", "kernelext/*.go", "kernelext/internal/text", "internal", "notebooks/lab")
}

// bring makes sure of one executed notebook, and keeps its results in notebooks/ if asked to.
func (b bookRun) bring(ctx context.Context, notebook, dir string) error {
	out := filepath.Join(dir, filepath.Base(notebook))
	record, err := b.record()
	if err != nil {
		return err
	}
	if !b.force && !b.update && record.Fits(out, notebook) == nil {
		fmt.Fprintf(b.stderr, "%s: nothing has changed since it was run\n", filepath.Base(notebook))
		return nil
	}
	record.Facts = append(facts(b.params, b.env), book.Fact{Name: "run", Value: time.Now().UTC().Format("2006-01-02 15:04 UTC")})
	began := time.Now()
	_, err = book.Execute(ctx, book.Execution{
		Notebook: notebook, Out: out,
		Python: b.env.Python, Environ: append(b.env.Environ(), b.params.Environ()...), Kernel: b.env.Kernel,
		Record: record, Hide: b.hidden(), Progress: b.progress,
	})
	if err != nil {
		return err
	}
	fmt.Fprintf(b.stderr, "%s: done in %.0f s\n", filepath.Base(notebook), time.Since(began).Seconds())
	if b.update {
		return book.Publish(out, notebook)
	}
	return nil
}

// progress tells which cell is at work; long cells say how long they took.
func (b bookRun) progress(e book.CellEvent) {
	switch {
	case !e.Done:
		fmt.Fprintf(b.stderr, "%s: cell %d of %d: %s\n", e.Notebook, e.Cell, e.Cells, e.Source)
	case e.Elapsed > 10*time.Second:
		fmt.Fprintf(b.stderr, "%s: cell %d took %.0f s\n", e.Notebook, e.Cell, e.Elapsed.Seconds())
	}
}

// hidden are the paths of this machine that pages do not show.
func (b bookRun) hidden() []book.Replacement {
	hide := []book.Replacement{{Path: b.params.Runs, Label: "RUNS"}, {Path: b.env.Cache, Label: "CACHE"}, {Path: b.env.Module, Label: "cnnbook"}}
	if b.params.Data != "" {
		hide = append(hide, book.Replacement{Path: b.params.Data, Label: "DATA"})
	}
	if home, err := os.UserHomeDir(); err == nil && home != "/" {
		hide = append(hide, book.Replacement{Path: home, Label: "~"})
	}
	return hide
}
