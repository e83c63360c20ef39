package setup

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/cnnbook/cnnbook/kernelext/internal/cache"
	"github.com/cnnbook/cnnbook/kernelext/internal/process"
)

// warm does once what GoNB does for every cell: a workspace of the checkout and a small program, "go get", "go
// build". Afterwards the module cache and the build cache hold everything that a cell needs, so that the first one is
// fast and none needs a connection. (Downloading the checkout's own requirements is not enough: in a workspace Go
// reads the go.mod file of every module in the graph.)
func (s Installer) warm(ctx context.Context, t Toolchain, env *Environment, r *cache.Reporter) error {
	hash, err := cache.HashFiles([]string{filepath.Join(s.Module, "go.mod"), filepath.Join(s.Module, "go.sum")},
		s.Module, t.Version, t.OS, t.Arch, t.ModCache, t.BuildCache, env.GoFlags)
	if err != nil {
		return err
	}
	st := cache.Folder{
		Dir:  filepath.Join(s.Cache, "warm", hash),
		What: "Compiling what the first cell needs",
		Check: func(string) error { // a cleaned cache of Go is filled again
			for _, dir := range []string{filepath.Join(t.ModCache, "cache", "download"), t.BuildCache} {
				if _, err := os.Stat(dir); err != nil {
					return err
				}
			}
			return nil
		},
		Build: func(ctx context.Context, dir string) (any, error) {
			packages, err := s.importable(ctx, t)
			if err != nil {
				return nil, err
			}
			return packages, s.buildAsCell(ctx, t, env, dir, packages)
		},
	}
	_, err = st.Run(ctx, r)
	return err
}

// importable lists the packages of the module that a cell can import.
func (s Installer) importable(ctx context.Context, t Toolchain) ([]string, error) {
	const format = `{{if ne .Name "main"}}{{.ImportPath}}{{end}}`
	out, err := t.goCommand(s.Module, s.log("warm"), "list", "-e", "-f", format, "./...").Output(ctx)
	if err != nil {
		return nil, fmt.Errorf("list the packages of %s: %w", s.Module, offline(err, "the Go module proxy"))
	}
	var packages []string
	for p := range strings.FieldsSeq(out) {
		if !strings.Contains(p, "/internal/") {
			packages = append(packages, p)
		}
	}
	return packages, nil
}

// buildAsCell builds a program that imports packages, in a folder that is set up as GoNB sets up its own.
func (s Installer) buildAsCell(ctx context.Context, t Toolchain, env *Environment, dir string, packages []string) error {
	work := filepath.Join(dir, "cell")
	if err := os.Mkdir(work, 0o755); err != nil {
		return err
	}
	defer cache.RemoveTree(work)
	var source strings.Builder
	source.WriteString("package main\n\nimport (\n")
	for _, p := range packages {
		fmt.Fprintf(&source, "\t_ %q\n", p)
	}
	source.WriteString(")\n\nfunc main() {}\n")
	if err := os.WriteFile(filepath.Join(work, "main.go"), []byte(source.String()), 0o644); err != nil {
		return err
	}
	for _, args := range [][]string{
		{"mod", "init", "gonb_warm"},
		{"work", "init"},
		{"work", "use", ".", s.Module},
		{"mod", "edit", "-replace", ModulePath + "=" + s.Module},
		{"get"},
		{"build", "-o", "cell"},
	} {
		c := t.goCommand(work, s.log("warm"), args...)
		c.Env = env.Environ()
		if _, err := c.Output(ctx); err != nil {
			return fmt.Errorf("compile the packages for cells: %w", offline(err, "the Go module proxy"))
		}
	}
	// The first completion in a cell must not wait until gopls has read every dependency: GoNB gives it 8 seconds.
	// Neither the findings of gopls nor its failure matter: without it, only completion is slower.
	look := process.Command{Path: filepath.Join(env.Bin, process.ExeName("gopls")), Args: []string{"check", "main.go"}, Dir: work, Env: env.Environ(), Log: s.log("warm")}
	_, _ = look.Output(ctx)
	return ctx.Err()
}
