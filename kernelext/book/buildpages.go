package book

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"github.com/cnnbook/cnnbook/kernelext"
)

// render makes the pages of the requested notebooks, and of all others that were executed with these parameters earlier
// and are still up to date. It fails if a requested notebook is older than its code, because the code was edited in the
// meantime.
func (b Build) render(ctx context.Context, asked []string, executed, pages string) (index string, err error) {
	code, err := b.code()
	if err != nil {
		return "", err
	}
	ready, err := b.ready(asked, executed, code)
	if err != nil {
		return "", err
	}
	extra, err := b.extraPages()
	if err != nil {
		return "", err
	}
	formulas, err := b.env.Formulas(ctx)
	if err != nil {
		return "", err
	}
	fmt.Fprintf(b.Log, "Writing the pages …\n")
	err = Render(ctx, Site{
		Notebooks: ready, Out: pages, Title: "cnnbook",
		Results: filepath.Join(b.Sources, "README.md"),
		Pages:   extra,
		Module:  b.env.Module, Packages: b.Packages,
		Sources: b.Sources, Code: code,
		Lead:  "Image recognition with a convolutional network, in Go notebooks: " + b.Params.String() + ".",
		Facts: b.facts(),
		URL:   b.address(), Repository: b.Repository,
		Formulas: formulas,
		Python:   b.env.Python, Environ: b.env.Environ(), Cache: b.env.Cache,
	})
	if err != nil {
		return "", err
	}
	if err := WriteSiteIndex(b.Out, "cnnbook"); err != nil {
		return "", err
	}
	return filepath.Join(pages, "index.html"), nil
}

// extraPages are the pages in Markdown beside the notebooks, without their README.
func (b Build) extraPages() ([]string, error) {
	pages, err := filepath.Glob(filepath.Join(b.Sources, "*.md"))
	return slices.DeleteFunc(pages, func(path string) bool { return filepath.Base(path) == "README.md" }), err
}

// address returns where the pages of this book will be: the address of Out, and in it the folder of these parameters.
func (b Build) address() string {
	if b.URL == "" {
		return ""
	}
	return strings.TrimSuffix(b.URL, "/") + "/" + b.Params.Folder() + "/"
}

// ready lists the executed notebooks for the pages, in the order of their sources.
func (b Build) ready(asked []string, executed, code string) ([]string, error) {
	sources, err := Choose(b.Sources, "")
	if err != nil {
		return nil, err
	}
	var ready []string
	for _, source := range sources {
		path := filepath.Join(executed, filepath.Base(source))
		err := CheckRecord(path, source, code)
		switch {
		case err == nil || slices.Contains(asked, source): // Render returns the error
			ready = append(ready, path)
		case !errors.Is(err, fs.ErrNotExist):
			fmt.Fprintf(b.Log, "left out of the pages: %v\n", err)
		}
	}
	return ready, nil
}

// facts returns the footer of the pages: what a result depends on.
func (b Build) facts() []Fact {
	out := []Fact{
		{Name: "data", Value: b.Params.DataName()},
		{Name: "budget", Value: budgetText(b.Params.Budget)},
		{Name: "seed", Value: fmt.Sprint(b.Params.Seed)},
		{Name: "backend", Value: b.env.Plugin.String()},
		{Name: "machine", Value: fmt.Sprintf("%s/%s, %d processors", runtime.GOOS, runtime.GOARCH, runtime.NumCPU())},
	}
	if len(b.Software) > 0 {
		out = append(out, Fact{Name: "versions", Value: strings.Join(b.Software, ", ")})
	}
	if commit := commitOf(b.env.Module); commit != "" {
		out = append(out, Fact{Name: "commit", Value: commit})
	}
	return out
}

// commitOf returns the checkout's commit, marked if files differ from it.
func commitOf(module string) string {
	commit, err := exec.Command("git", "-C", module, "rev-parse", "--short", "HEAD").Output()
	if err != nil {
		return ""
	}
	name := strings.TrimSpace(string(commit))
	// Notebooks are left out: the book itself changes their outputs.
	changed, err := exec.Command("git", "-C", module, "status", "--porcelain", "--untracked-files=no", "--", ".", ":!notebooks").Output()
	if err == nil && len(strings.TrimSpace(string(changed))) > 0 {
		name += " with changes"
	}
	return name
}

// budgetText is the budget's name, marked if it is reduced.
func budgetText(name string) string {
	if name == kernelext.BudgetFull {
		return name
	}
	return name + " (reduced)"
}
