package setup

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/cnnbook/cnnbook/kernelext/internal/cache"
)

// mathJax is a Python package of which only one file is used: MathJax 3 with all of
// TeX and its own fonts, which typesets formulas without loading anything (Apache-2.0).
func mathJax() Wheel {
	return Wheel{
		Name: "sphinx-mathjax-offline", Version: "0.0.2",
		SHA256: "206418155b2ff2f57496fb8501fdccae3da978e53031ff296c73729ba16062c4",
		Member: "sphinx-mathjax-offline/static/mathjax/tex-svg-full.js",
	}
}

// Formulas fetches MathJax, which typesets the formulas of a Site, once, and returns the path of the file.
func (e *Environment) Formulas(ctx context.Context) (string, error) {
	file, err := e.WheelFile(ctx, mathJax(), "formulas", "mathjax.js", "Fetching MathJax")
	if err != nil {
		return "", fmt.Errorf("fetch MathJax, which typesets formulas: %w", err)
	}
	return file, nil
}

// WheelFile fetches one file of a wheel, once, into a folder of the cache.
func (e *Environment) WheelFile(ctx context.Context, w Wheel, folder, name, what string) (string, error) {
	st := cache.Folder{
		Dir:  filepath.Join(e.Cache, folder, w.Name+"-"+w.Version+"_"+cache.Hash(w.SHA256, w.Member)),
		What: what,
		Check: func(dir string) error {
			_, err := os.Stat(filepath.Join(dir, name))
			return err
		},
		Build: func(ctx context.Context, dir string) (any, error) {
			return nil, w.fetch(ctx, e.Python, filepath.Join(e.Cache, "logs", w.Name+".log"), dir, filepath.Join(dir, name))
		},
	}
	_, err := st.Run(ctx, nil)
	return filepath.Join(st.Dir, name), err
}
