package book

import (
	"embed"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/cnnbook/cnnbook/internal/atomicfile"
	"github.com/cnnbook/cnnbook/kernelext/setup"
)

// newBook is a new book: its description, a notebook of ten cells with a picture, a bibliography.
//
//go:embed template
var newBook embed.FS

// Init writes a new book into folder dir, which must not exist or be empty.
func Init(dir string) error {
	if entries, err := os.ReadDir(dir); err == nil && len(entries) > 0 {
		return &setup.Problem{Cause: fmt.Sprintf("%s holds files", dir), Remedy: "name a folder that is new or empty", Err: fs.ErrExist}
	}
	return fs.WalkDir(newBook, "template", func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		target := filepath.Join(dir, filepath.FromSlash(strings.TrimPrefix(name, "template")))
		if entry.IsDir() {
			return os.MkdirAll(target, 0o755)
		}
		data, err := newBook.ReadFile(name)
		if err != nil {
			return err
		}
		if filepath.Base(target) == "gitignore" { // embed leaves out names that begin with a dot
			target = filepath.Join(filepath.Dir(target), ".gitignore")
		}
		return atomicfile.WriteBytes(target, data, 0o644)
	})
}
