package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"github.com/cnnbook/cnnbook/cnn"
	"github.com/cnnbook/cnnbook/kernelext"
	"github.com/cnnbook/cnnbook/kernelext/book"
	"github.com/cnnbook/cnnbook/kernelext/setup"
)

// render makes the pages of the notebooks that were asked for, and of all others that were executed with these
// parameters earlier and still belong to their sources. One that was asked for and is older than its code by now, because
// that was edited meanwhile, makes it fail.
func (b bookRun) render(ctx context.Context, asked []string, executed, pages string, stdout io.Writer) error {
	code, err := b.code()
	if err != nil {
		return err
	}
	ready, err := b.ready(asked, executed, code)
	if err != nil {
		return err
	}
	formulas, err := b.env.Formulas(ctx)
	if err != nil {
		return err
	}
	fmt.Fprintf(b.stderr, "Writing the pages …\n")
	err = book.Render(ctx, book.Site{
		Notebooks: ready, Out: pages, Title: "cnnbook",
		Results: filepath.Join("notebooks", "README.md"),
		Module:  b.env.Module, Packages: []string{"cifar", "cnn", "viz", "kernelext", "notebooks/lab"},
		Sources: "notebooks", Code: code,
		Lead:     "Image recognition with a convolutional network, in Go notebooks: " + b.params.String() + ".",
		Facts:    facts(b.params, b.env),
		Formulas: formulas,
		Python:   b.env.Python, Environ: b.env.Environ(), Cache: b.env.Cache,
	})
	if err != nil {
		return err
	}
	if err := book.WriteSiteIndex(b.out, "cnnbook"); err != nil {
		return err
	}
	fmt.Fprintln(stdout, filepath.Join(pages, "index.html"))
	return nil
}

// ready lists the executed notebooks for the pages in the order of their sources.
func (b bookRun) ready(asked []string, executed, code string) ([]string, error) {
	sources, err := chooseNotebooks("notebooks", "")
	if err != nil {
		return nil, err
	}
	var ready []string
	for _, source := range sources {
		path := filepath.Join(executed, filepath.Base(source))
		err := book.CheckRecord(path, source, code)
		switch {
		case err == nil || slices.Contains(asked, source): // Render tells the error
			ready = append(ready, path)
		case !errors.Is(err, fs.ErrNotExist):
			fmt.Fprintf(b.stderr, "left out of the pages: %v\n", err)
		}
	}
	return ready, nil
}

// facts are the footer of pages: what a result depends on.
func facts(p kernelext.Params, env *setup.Environment) []book.Fact {
	out := []book.Fact{
		{Name: "data", Value: p.DataName()},
		{Name: "budget", Value: budgetText(p.Budget)},
		{Name: "seed", Value: fmt.Sprint(p.Seed)},
		{Name: "backend", Value: env.Plugin.String()},
		{Name: "machine", Value: fmt.Sprintf("%s/%s, %d processors", runtime.GOOS, runtime.GOARCH, runtime.NumCPU())},
	}
	for _, v := range cnn.Software() {
		out = append(out, book.Fact{Name: "version", Value: v})
	}
	if commit := commitOf(env.Module); commit != "" {
		out = append(out, book.Fact{Name: "commit", Value: commit})
	}
	return out
}

// commitOf names the checkout's commit, and says so when files differ from it.
func commitOf(module string) string {
	commit, err := exec.Command("git", "-C", module, "rev-parse", "--short", "HEAD").Output()
	if err != nil {
		return ""
	}
	name := strings.TrimSpace(string(commit))
	// The outputs of notebooks are what a book is about to change.
	changed, err := exec.Command("git", "-C", module, "status", "--porcelain", "--untracked-files=no", "--", ".", ":!notebooks").Output()
	if err == nil && len(strings.TrimSpace(string(changed))) > 0 {
		name += " with changes"
	}
	return name
}

// budgetText names what is reduced.
func budgetText(name string) string {
	if name == kernelext.BudgetFull {
		return name
	}
	return name + " (reduced)"
}
