package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/cnnbook/cnnbook/cifar"
	"github.com/cnnbook/cnnbook/cnn"
	"github.com/cnnbook/cnnbook/kernelext"
)

// bookOptions are the flags of the command.
type bookOptions struct {
	params kernelext.Params
	out    string
	only   string
	update bool
}

func book(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	o, err := bookFlags(args, stderr)
	if err != nil {
		return err
	}
	notebooks, err := chooseNotebooks("notebooks", o.only)
	if err != nil {
		return err
	}
	// A wrong dataset is told before anything long begins.
	if o.params.Data != "" {
		if _, _, err := cifar.Open(o.params.Data); err != nil {
			return err
		}
	}
	env, err := kernelext.Setup{Log: stderr}.Run(ctx)
	if err != nil {
		return err
	}
	fmt.Fprintf(stderr, "Running %d notebooks with %s on %s\n", len(notebooks), o.params, env.Plugin)
	b := bookRun{bookOptions: o, env: env, stderr: stderr, facts: facts(o.params, env)}
	if b.code, err = kernelext.CodeSHA256(os.DirFS(env.Module), "cifar", "cnn", "viz", "kernelext"); err != nil {
		return err
	}
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
		if err := b.execute(ctx, notebook, executed); err != nil {
			return err
		}
	}
	return b.render(ctx, executed, pages, stdout)
}

func bookFlags(args []string, stderr io.Writer) (bookOptions, error) {
	f := flags("book", "[flags]\n\nRuns the notebooks without a person and writes a folder of pages. Without -data they run on drawn images.", stderr)
	params := paramFlags(f)
	out := f.String("out", "_site", "folder for the pages; books of other data, budget or seed in it stay")
	only := f.String("only", "", "run only these notebooks, such as 01 or 02,06")
	update := f.Bool("update", false, "also write the results back into notebooks/, drawn images only")
	if err := parse(f, args); err != nil {
		return bookOptions{}, err
	}
	p, err := params()
	if err == nil && *update && p.Data != "" {
		err = fmt.Errorf("book: -update is for drawn images only: pictures of a real dataset do not go into the notebooks")
	}
	return bookOptions{params: p, out: *out, only: *only, update: *update}, err
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
			return nil, fmt.Errorf("book: no notebook %q: there are %s", name, strings.Join(names, ", "))
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
	env    *kernelext.Environment
	stderr io.Writer
	facts  []kernelext.Fact
	code   string
}

// execute runs one notebook and, if asked to, keeps its results in notebooks/.
func (b bookRun) execute(ctx context.Context, notebook, dir string) error {
	out := filepath.Join(dir, filepath.Base(notebook))
	record := b.params.Record()
	record.CodeSHA256, record.Facts = b.code, b.facts
	began := time.Now()
	_, err := kernelext.Execute(ctx, kernelext.Execution{
		Notebook: notebook, Out: out,
		Python: b.env.Python, Environ: append(b.env.Environ(), b.params.Environ()...), Kernel: b.env.Kernel,
		Record: record, Hide: b.hidden(), Progress: b.progress,
	})
	if err != nil {
		return err
	}
	fmt.Fprintf(b.stderr, "%s: done in %.0f s\n", filepath.Base(notebook), time.Since(began).Seconds())
	if b.update {
		return kernelext.Publish(out, notebook)
	}
	return nil
}

// progress tells which cell is at work; long cells say how long they took.
func (b bookRun) progress(e kernelext.CellEvent) {
	switch {
	case !e.Done:
		fmt.Fprintf(b.stderr, "%s: cell %d of %d: %s\n", e.Notebook, e.Cell, e.Cells, e.Source)
	case e.Elapsed > 10*time.Second:
		fmt.Fprintf(b.stderr, "%s: cell %d took %.0f s\n", e.Notebook, e.Cell, e.Elapsed.Seconds())
	}
}

// hidden are the paths of this machine that pages do not show.
func (b bookRun) hidden() []kernelext.Replacement {
	hide := []kernelext.Replacement{{Path: b.params.Runs, Label: "RUNS"}, {Path: b.env.Cache, Label: "CACHE"}, {Path: b.env.Module, Label: "cnnbook"}}
	if b.params.Data != "" {
		hide = append(hide, kernelext.Replacement{Path: b.params.Data, Label: "DATA"})
	}
	if home, err := os.UserHomeDir(); err == nil && home != "/" {
		hide = append(hide, kernelext.Replacement{Path: home, Label: "~"})
	}
	return hide
}

// render makes the pages of all notebooks that were executed with these
// parameters, now or earlier, as long as they still belong to their sources.
func (b bookRun) render(ctx context.Context, executed, pages string, stdout io.Writer) error {
	sources, err := chooseNotebooks("notebooks", "")
	if err != nil {
		return err
	}
	var ready []string
	for _, source := range sources {
		path := filepath.Join(executed, filepath.Base(source))
		if kernelext.CheckRecord(path, source, b.code) == nil {
			ready = append(ready, path)
		}
	}
	formulas, err := b.env.Formulas(ctx)
	if err != nil {
		return err
	}
	fmt.Fprintf(b.stderr, "Writing the pages …\n")
	err = kernelext.Render(ctx, kernelext.Site{
		Notebooks: ready, Out: pages, Title: "cnnbook",
		Lead:     "Image recognition with a convolutional network, in Go notebooks: " + b.params.String() + ".",
		Facts:    b.facts,
		Formulas: formulas,
		Python:   b.env.Python, Environ: b.env.Environ(),
	})
	if err != nil {
		return err
	}
	if err := kernelext.WriteSiteIndex(b.out, "cnnbook"); err != nil {
		return err
	}
	fmt.Fprintln(stdout, filepath.Join(pages, "index.html"))
	return nil
}

// facts are the footer of every page.
func facts(p kernelext.Params, env *kernelext.Environment) []kernelext.Fact {
	out := []kernelext.Fact{
		{Name: "data", Value: p.DataName()},
		{Name: "budget", Value: budgetText(p.Budget)},
		{Name: "seed", Value: fmt.Sprint(p.Seed)},
		{Name: "backend", Value: env.Plugin.String()},
		{Name: "machine", Value: fmt.Sprintf("%s/%s, %d processors", runtime.GOOS, runtime.GOARCH, runtime.NumCPU())},
		{Name: "made", Value: time.Now().UTC().Format("2006-01-02 15:04 UTC")},
	}
	for _, v := range cnn.Software() {
		out = append(out, kernelext.Fact{Name: "version", Value: v})
	}
	if commit, err := exec.Command("git", "-C", env.Module, "rev-parse", "--short", "HEAD").Output(); err == nil {
		out = append(out, kernelext.Fact{Name: "commit", Value: strings.TrimSpace(string(commit))})
	}
	return out
}

// budgetText names what is reduced.
func budgetText(name string) string {
	if name == kernelext.BudgetFull {
		return name
	}
	return name + " (reduced)"
}
