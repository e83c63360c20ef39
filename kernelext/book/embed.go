package book

import (
	"embed"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// scripts holds the programs that run in the Python environment, and the source files of a site.
//
//go:embed python/book_*.py site
var scripts embed.FS

// unpack writes the embedded files below folder into dir.
func unpack(folder, dir string) error {
	return fs.WalkDir(scripts, folder, func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(folder, name)
		if err != nil {
			return err
		}
		target := filepath.Join(dir, rel)
		if entry.IsDir() {
			return os.MkdirAll(target, 0o755)
		}
		data, err := scripts.ReadFile(name)
		if err != nil {
			return err
		}
		if err := os.WriteFile(target, data, 0o644); err != nil {
			return fmt.Errorf("unpack %s: %w", name, err)
		}
		return nil
	})
}
