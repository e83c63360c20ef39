package setup

import (
	"io/fs"
	"os"
	"path/filepath"
	"slices"
)

// letRead lets other accounts read what the kernel has learned here: compiled graphs, and what gopls knows of the packages. Both are
// made for their account alone. It does nothing in a cache folder that others may not enter.
func (e *Environment) letRead() error {
	if !others(e.Cache) {
		return nil
	}
	for _, dir := range []string{filepath.Join(e.Cache, "graphs"), filepath.Join(e.Cache, "gopls")} {
		err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
			if err != nil {
				return err
			}
			mode := fs.FileMode(0o644)
			if d.IsDir() {
				mode = 0o755
			}
			return os.Chmod(path, mode)
		})
		if err != nil && !os.IsNotExist(err) {
			return err
		}
	}
	return nil
}

// Unreadable lists what the kernel needs of this installation and other accounts cannot read, each with the first folder or file that
// bars the way: "/root/go (because of /root)".
func (e *Environment) Unreadable() []string {
	var barred []string
	for _, part := range append(e.parts(), e.Cache, e.Python, e.ModCache, e.BuildCache) {
		resolved, err := filepath.EvalSymlinks(part)
		if err != nil || part == "" {
			continue // a part that is missing is reported elsewhere
		}
		for _, path := range []string{part, resolved} {
			if at := bar(path); at != "" {
				text := path
				if at != path {
					text += " (because of " + at + ")"
				}
				if !slices.Contains(barred, text) {
					barred = append(barred, text)
				}
				break
			}
		}
	}
	return barred
}

// bar is the topmost folder or file on the way to path that other accounts cannot read; "" if there is none.
func bar(path string) string {
	if up := filepath.Dir(path); up != path {
		if at := bar(up); at != "" {
			return at
		}
	}
	if others(path) {
		return ""
	}
	return path
}

// others reports whether accounts other than the owner's may read a file, or enter a folder.
func others(path string) bool {
	info, err := os.Stat(path)
	switch {
	case err != nil:
		return false
	case info.IsDir():
		return info.Mode()&0o001 != 0
	}
	return info.Mode()&0o004 != 0
}
