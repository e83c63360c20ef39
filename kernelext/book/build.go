package book

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/cnnbook/cnnbook/kernelext"
	"github.com/cnnbook/cnnbook/kernelext/setup"
)

// Build runs a folder of notebooks headless and writes their pages. A notebook that was run in the same way before
// is not run again until it, or code that it imports, has changed.
type Build struct {
	Book     Book             // what is run
	Flags    Book             // URL, Repository and Hub that are used instead of the book's own
	Params   kernelext.Params // parameters of the notebooks
	Images   string           // identifies the content of a real dataset; empty for drawn images
	Only     string           // see Book.Choose
	Out      string           // folder for the pages; books with other parameters in it stay
	Update   bool             // also write the outputs back into the sources
	Slides   bool             // also make slides of each notebook
	PDF      bool             // also print each notebook as a PDF, with a Chromium
	Force    bool             // run notebooks even if nothing has changed
	Code     []string         // what notebooks import, see CodeSHA256; when it changes, they are run again
	Software []string         // versions of the software that computes, for the pages
	Log      io.Writer        // receives progress messages

	// Verify trains parts of the runs with these receipts, below Params.Runs, again; nil: nothing is verified. It returns what it
	// had found with an error, too.
	Verify func(context.Context, kernelext.Params, []Receipt) (Verification, error)

	env *setup.Environment // once it is set up
}

// executedSuffix is what the folder of the executed notebooks has after the name of that of the pages.
const executedSuffix = "-notebooks"

// Run sets up the environment, runs the notebooks and writes the pages. It returns the path of their index.
func (b Build) Run(ctx context.Context) (index string, err error) {
	_, leftOut, err := b.Book.NotebookNames()
	if err != nil {
		return "", err
	}
	for _, name := range leftOut {
		fmt.Fprintf(b.Log, "left out of the book: %s, which %s does not name\n", name, BookFile)
	}
	notebooks, err := b.Book.Choose(b.Only)
	if err != nil {
		return "", err
	}
	if err := b.checkPDF(); err != nil {
		return "", err
	}
	if b.env == nil {
		if b.env, err = (setup.Installer{Log: b.Log}).Run(ctx); err != nil {
			return "", err
		}
	}
	fmt.Fprintf(b.Log, "%d notebooks with %s on %s\n", len(notebooks), b.Params, b.env.Plugin)
	pages := filepath.Join(b.Out, b.Params.Folder())
	executed := pages + executedSuffix
	if b.Update && os.Getenv(kernelext.EnvRuns) == "" {
		// Results that go into the notebooks come from runs trained from scratch.
		if b.Params.Runs, err = os.MkdirTemp("", "cnnbook-runs-"); err != nil {
			return "", err
		}
		defer os.RemoveAll(b.Params.Runs)
	}
	for _, notebook := range notebooks {
		if err := b.execute(ctx, notebook, executed); err != nil {
			return "", err
		}
	}
	if b.Verify != nil {
		if err := b.verify(ctx, notebooks, executed); err != nil {
			return "", err
		}
	}
	return b.render(ctx, notebooks, executed, pages)
}

// checkPDF refuses to print where nothing can, before any long work begins.
func (b Build) checkPDF() error {
	if !b.PDF {
		return nil
	}
	_, err := FindChromium()
	return err
}

// record returns the record of a notebook's run that would begin now.
func (b Build) record() (Record, error) {
	r := NewRecord(b.Params)
	r.DataSHA256, r.Backend = b.Images, b.env.Plugin.String()
	var err error
	r.CodeSHA256, err = b.code()
	return r, err
}

// code returns the current hash of the code that the notebooks import, which may be edited while notebooks run.
func (b Build) code() (string, error) {
	return CodeSHA256(os.DirFS(b.env.Module), b.Code...)
}

// execute runs one notebook unless its results are up to date, and copies the outputs into its source if Update is set.
func (b Build) execute(ctx context.Context, name, dir string) error {
	notebook, out := b.Book.path(name), filepath.Join(dir, filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(out), 0o755); err != nil {
		return fmt.Errorf("making the output folder: %w", err)
	}
	record, err := b.record()
	if err != nil {
		return err
	}
	if !b.Force && !b.Update && record.Fits(out, notebook) == nil {
		fmt.Fprintf(b.Log, "%s: nothing has changed since it was run\n", name)
		return nil
	}
	record.Facts = append(b.facts(), Fact{Name: "run", Value: time.Now().UTC().Format("2006-01-02 15:04 UTC")})
	began := time.Now()
	_, err = Execute(ctx, Execution{
		Notebook: notebook, Out: out,
		Python: b.env.Python, Environ: append(b.env.Environ(), b.Params.Environ()...), Kernel: b.env.Kernel,
		Record: record, Hide: b.hidden(), Progress: b.progress,
	})
	if err != nil {
		return err
	}
	fmt.Fprintf(b.Log, "%s: done in %.0f s\n", name, time.Since(began).Seconds())
	if b.Update {
		return Publish(out, notebook)
	}
	return nil
}

// progress logs which cell is running, and how long a slow one took.
func (b Build) progress(e CellEvent) {
	switch {
	case !e.Done:
		fmt.Fprintf(b.Log, "%s: cell %d of %d: %s\n", e.Notebook, e.Cell, e.Cells, e.Source)
	case e.Elapsed > 10*time.Second:
		fmt.Fprintf(b.Log, "%s: cell %d took %.0f s\n", e.Notebook, e.Cell, e.Elapsed.Seconds())
	}
}

// hidden returns the paths of this machine that pages must not show.
func (b Build) hidden() []Replacement {
	hide := []Replacement{{Path: b.Params.Runs, Label: "RUNS"}, {Path: b.env.Cache, Label: "CACHE"}, {Path: b.env.Module, Label: "cnnbook"}}
	if dir, err := filepath.Abs(b.Book.Dir); err == nil {
		hide = append(hide, Replacement{Path: dir, Label: filepath.Base(dir)})
	}
	if b.Params.Data != "" {
		hide = append(hide, Replacement{Path: b.Params.Data, Label: "DATA"})
	}
	if home, err := os.UserHomeDir(); err == nil && home != "/" {
		hide = append(hide, Replacement{Path: home, Label: "~"})
	}
	return hide
}
