// Package gonb prepares the source of the kernel, GoNB, from which set-up builds it: a copy of the version that tools/go.mod pins,
// with the patches of folder patches applied. Each patch is one file with one reason, stated at its beginning.
//
// A patch that does not fit the pinned version stops set-up if it is required. Otherwise set-up leaves it out and reports that.
package gonb

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/cnnbook/cnnbook/kernelext/internal/cache"
)

// Module is the module that the kernel is built from.
const Module = "github.com/janpfeifer/gonb"

// Hash identifies the set of patches.
func Hash() (string, error) {
	names, err := fs.Glob(patchFiles, "patches/*.patch")
	if err != nil {
		return "", err
	}
	var parts []string
	for _, name := range names {
		data, err := patchFiles.ReadFile(name)
		if err != nil {
			return "", err
		}
		parts = append(parts, name, string(data))
	}
	return cache.Hash(parts...), nil
}

// Source copies GoNB into dir and applies the patches to the copy. It returns a go.mod that is tools/go.mod with GoNB replaced by the
// copy, for "go build -modfile", and a line for each patch that was left out. The module cache stays unchanged.
// goCommand runs Go in tools, the folder of tools/go.mod, and returns its output.
func Source(ctx context.Context, goCommand func(ctx context.Context, args ...string) (string, error), tools, dir string) (modfile string, skipped []string, err error) {
	if _, err := goCommand(ctx, "mod", "download", Module); err != nil {
		return "", nil, err
	}
	out, err := goCommand(ctx, "list", "-m", "-f", "{{.Dir}}", Module)
	if err != nil {
		return "", nil, err
	}
	patches, err := Patches()
	if err != nil {
		return "", nil, err
	}
	gonb := filepath.Join(dir, "gonb")
	if err := copySource(os.DirFS(strings.TrimSpace(out)), gonb); err != nil {
		return "", nil, fmt.Errorf("copy GoNB's source: %w", err)
	}
	if skipped, err = applyAll(patches, gonb); err != nil {
		return "", nil, err
	}
	sums, err := os.ReadFile(filepath.Join(tools, "go.sum"))
	if err != nil {
		return "", nil, err
	}
	mod, err := os.ReadFile(filepath.Join(tools, "go.mod"))
	if err != nil {
		return "", nil, err
	}
	mod = fmt.Appendf(mod, "\nreplace %s => %q\n", Module, gonb)
	modfile = filepath.Join(dir, "go.mod")
	err = errors.Join(os.WriteFile(modfile, mod, 0o644), os.WriteFile(filepath.Join(dir, "go.sum"), sums, 0o644))
	return modfile, skipped, err
}

// applyAll applies the patches below folder dir. Those that do not fit and are not required are left out, and returned as one line each.
func applyAll(patches []Patch, dir string) (skipped []string, err error) {
	for _, p := range patches {
		err := p.Apply(dir)
		if err == nil {
			continue
		}
		if p.Required {
			return nil, fmt.Errorf("this version of GoNB needs a new patch: %w", err)
		}
		skipped = append(skipped, err.Error())
	}
	return skipped, nil
}

// copySource copies a module without its documentation, which is nearly all of GoNB's 66 MB. The copy is writable, unlike
// the module cache.
func copySource(module fs.FS, dir string) error {
	return fs.WalkDir(module, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		target := filepath.Join(dir, filepath.FromSlash(name))
		switch {
		case name == "docs":
			return fs.SkipDir
		case entry.IsDir():
			return os.MkdirAll(target, 0o755)
		}
		data, err := fs.ReadFile(module, name)
		if err != nil {
			return err
		}
		return os.WriteFile(target, data, 0o644)
	})
}
