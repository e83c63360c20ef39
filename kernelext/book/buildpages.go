package book

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"github.com/cnnbook/cnnbook/internal/processor"
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
	extra, err := b.Book.pageNames()
	if err != nil {
		return "", err
	}
	formulas, err := b.env.Formulas(ctx)
	if err != nil {
		return "", err
	}
	verification, err := readVerification(executed)
	if err != nil {
		return "", err
	}
	var citation *Citation
	if b.Book.Citation != "" {
		if citation, err = readCitation(b.Book.path(b.Book.Citation)); err != nil {
			return "", err
		}
	}
	fmt.Fprintf(b.Log, "Writing the pages …\n")
	lead := b.Params.String() + "."
	if b.Book.Description != "" {
		lead = strings.TrimSuffix(strings.TrimSpace(b.Book.Description), ".") + ": " + lead
	}
	site := Site{
		Sources: b.Book.Dir, Executed: executed, Notebooks: ready, Pages: extra,
		Out: pages, Title: b.Book.Title, Author: b.Book.Author, Logo: b.Book.Logo, Bibliography: b.Book.Bibliography,
		Results: b.Book.Results, Citation: citation,
		Module: b.env.Module, Packages: b.Book.Packages,
		Code:  code,
		Lead:  lead,
		Facts: b.facts(),
		URL:   b.address(), Repository: cmp.Or(b.Flags.Repository, b.Book.Repository), Branch: b.Book.Branch, Hub: cmp.Or(b.Flags.Hub, b.Book.Hub),
		RepositoryFolder: folderInRepository(b.Book.Dir),
		Verification:     verification,
		Formulas:         formulas,
		Python:           b.env.Python, Environ: b.env.Environ(), Cache: b.env.Cache,
	}
	if b.Slides {
		if site.Slides, err = b.env.Reveal(ctx); err != nil {
			return "", err
		}
	}
	if b.PDF {
		if site.Chromium, err = FindChromium(); err != nil {
			return "", err
		}
	}
	if !b.Book.Strict {
		site.Warn = func(warning string) { fmt.Fprintf(b.Log, "warning: %s\n", warning) }
	}
	if err := Render(ctx, site); err != nil {
		return "", err
	}
	if err := WriteSiteIndex(b.Out, b.Book.Title); err != nil {
		return "", err
	}
	index = filepath.Join(pages, "index.html")
	if b.Verify == nil {
		return index, nil
	}
	receipts, err := receiptsIn(executed, ready)
	if err != nil {
		return "", err
	}
	if err := verification.of(receipts).Err(); err != nil {
		return "", fmt.Errorf("%w; %s shows all", err, index)
	}
	return index, nil
}

// folderInRepository is the folder of a book in its git checkout, for the buttons that start its notebooks; empty at the
// top of one, and outside.
func folderInRepository(dir string) string {
	prefix, err := exec.Command("git", "-C", dir, "rev-parse", "--show-prefix").Output()
	if err != nil {
		return ""
	}
	return strings.Trim(strings.TrimSpace(string(prefix)), "/")
}

// address returns where the pages of this book will be: the address of Out, and in it the folder of these parameters.
func (b Build) address() string {
	url := cmp.Or(b.Flags.URL, b.Book.URL)
	if url == "" {
		return ""
	}
	return strings.TrimSuffix(url, "/") + "/" + b.Params.Folder() + "/"
}

// ready lists the executed notebooks for the pages, in the order of their sources.
func (b Build) ready(asked []string, executed, code string) ([]string, error) {
	names, _, err := b.Book.NotebookNames()
	if err != nil {
		return nil, err
	}
	var ready []string
	for _, name := range names {
		err := CheckRecord(filepath.Join(executed, filepath.FromSlash(name)), b.Book.path(name), code)
		switch {
		case err == nil || slices.Contains(asked, name): // Render returns the error
			ready = append(ready, name)
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
		{Name: "machine", Value: processor.Machine()},
	}
	if len(b.Software) > 0 {
		out = append(out, Fact{Name: "versions", Value: strings.Join(b.Software, ", ")})
	}
	return append(out, Fact{Name: "commit", Value: cmp.Or(commitOf(b.env.Module), "unknown: the code is in no git checkout")})
}

// commitOf returns the checkout's commit, marked if files differ from it; empty if there is none.
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
