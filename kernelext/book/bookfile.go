package book

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/cnnbook/cnnbook/kernelext/internal/text"
	"github.com/cnnbook/cnnbook/kernelext/setup"
	"gopkg.in/yaml.v3"
)

// BookFile is the file in a folder of notebooks that describes the book.
const BookFile = "book.yaml"

// ErrBook is wrapped by every error about the file that describes a book, or about the notebooks that it names.
var ErrBook = errors.New("bad book")

// Book is a folder of notebooks, as its file book.yaml describes it. Names of files are relative to the folder, with
// slashes. All fields but the title may be empty.
type Book struct {
	Dir string `yaml:"-"`

	Title       string `yaml:"title"`
	Author      string `yaml:"author"`
	Description string `yaml:"description"` // a paragraph in Markdown for the first page
	Logo        string `yaml:"logo"`        // picture for the sidebar

	// Notebooks are the notebooks in the order of the book: names or patterns (see [path.Match]). Without any, all
	// notebooks in and below the folder belong to the book, in the order of their names.
	Notebooks    []string `yaml:"notebooks"`
	Pages        []string `yaml:"pages"`        // pages in Markdown (MyST) after the notebooks: names or patterns
	Bibliography []string `yaml:"bibliography"` // BibTeX files, from which {cite}`key` takes its entries
	Citation     string   `yaml:"citation"`     // a citation file, such as ../CITATION.cff, for authors, license and BibTeX on the first page
	Results      string   `yaml:"results"`      // a README whose sections from the first table on become the page "Results"
	Packages     []string `yaml:"packages"`     // folders of cnnbook whose packages have pages

	URL        string `yaml:"url"`        // see Site
	Repository string `yaml:"repository"` // see Site
	Branch     string `yaml:"branch"`     // of the repository; empty: main
	Hub        string `yaml:"hub"`        // see Site
	Strict     bool   `yaml:"strict"`     // a warning about a page, such as a broken link, is an error
}

// ReadBook reads and checks the description of the book in folder dir.
func ReadBook(dir string) (Book, error) {
	name := filepath.Join(dir, BookFile)
	data, err := os.ReadFile(name)
	if errors.Is(err, fs.ErrNotExist) {
		return Book{}, &setup.Problem{Cause: fmt.Sprintf("there is no %s in %s", BookFile, dir),
			Remedy: "run this from the checkout of cnnbook, name the folder of a book, or make one with \"go run . book init DIR\"", Err: ErrBook}
	}
	if err != nil {
		return Book{}, fmt.Errorf("%w: %w", ErrBook, err)
	}
	b, err := parseBook(data)
	if err != nil {
		return Book{}, fmt.Errorf("%w: %s: %w", ErrBook, name, err)
	}
	b.Dir = dir
	return b, b.checkFiles()
}

// parseBook reads a description. Errors name the line.
func parseBook(data []byte) (Book, error) {
	var b Book
	decoder := yaml.NewDecoder(bytes.NewReader(data))
	decoder.KnownFields(true)
	if err := decoder.Decode(&b); err != nil && !errors.Is(err, io.EOF) {
		return b, errors.New(strings.NewReplacer("yaml: ", "", "unmarshal errors:", "", " not found in type book.Book", " is unknown").Replace(text.OneLine(err.Error())))
	}
	if strings.TrimSpace(b.Title) == "" {
		return b, errors.New("expected a line such as \"title: My book\", found no title")
	}
	names := slices.Concat(b.Notebooks, b.Pages, b.Bibliography, []string{b.Logo, b.Results})
	for _, name := range names {
		if name != "" && !fs.ValidPath(name) {
			return b, fmt.Errorf("%q: expected a name below the folder of the book, with slashes", text.Clean(name))
		}
		if _, err := path.Match(name, ""); err != nil {
			return b, fmt.Errorf("%q: %w", text.Clean(name), err)
		}
	}
	return b, nil
}

// checkFiles returns an error for a file that the description names and that does not exist.
func (b Book) checkFiles() error {
	for _, name := range slices.Concat(b.Bibliography, []string{b.Logo, b.Results}) {
		if name == "" {
			continue
		}
		if info, err := os.Stat(b.path(name)); err != nil || !info.Mode().IsRegular() {
			return fmt.Errorf("%w: %s names %s, which is not a file in %s", ErrBook, BookFile, name, b.Dir)
		}
	}
	return nil
}

// path is the path of a file of the book.
func (b Book) path(name string) string { return filepath.Join(b.Dir, filepath.FromSlash(name)) }

// NotebookNames lists the notebooks of the book in order. leftOut are notebooks in the folder that its file does not
// name. Notebooks of failed runs do not count, nor do folders that hold pages or begin with a dot or an underscore.
func (b Book) NotebookNames() (names, leftOut []string, err error) {
	all, err := b.files(".ipynb")
	if err != nil {
		return nil, nil, err
	}
	all = slices.DeleteFunc(all, func(name string) bool { return strings.HasSuffix(name, ".failed.ipynb") })
	names = all
	if len(b.Notebooks) > 0 {
		if names, err = matching(b.Notebooks, all); err != nil {
			return nil, nil, fmt.Errorf("%w: %s: notebooks: %w in %s", ErrBook, BookFile, err, b.Dir)
		}
	}
	if len(names) == 0 {
		return nil, nil, fmt.Errorf("%w: there are no notebooks in %s", ErrBook, b.Dir)
	}
	for _, name := range all {
		if !slices.Contains(names, name) {
			leftOut = append(leftOut, name)
		}
	}
	return names, leftOut, nil
}

// pageNames lists the pages in Markdown.
func (b Book) pageNames() ([]string, error) {
	all, err := b.files(".md")
	if err != nil {
		return nil, err
	}
	pages, err := matching(b.Pages, all)
	if err != nil {
		return nil, fmt.Errorf("%w: %s: pages: %w in %s", ErrBook, BookFile, err, b.Dir)
	}
	return pages, nil
}

// files lists the files of the book whose names end in ending, by name.
func (b Book) files(ending string) (names []string, err error) {
	err = fs.WalkDir(os.DirFS(b.Dir), ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || name == "." {
			return err
		}
		if entry.IsDir() {
			if strings.HasPrefix(entry.Name(), ".") || strings.HasPrefix(entry.Name(), "_") || b.holdsPages(name) {
				return fs.SkipDir
			}
			return nil
		}
		if path.Ext(name) == ending && !strings.HasPrefix(entry.Name(), ".") {
			names = append(names, name)
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrBook, err)
	}
	slices.Sort(names)
	return names, nil
}

// holdsPages reports whether a folder was written by a Build: pages, or the executed notebooks beside them.
func (b Book) holdsPages(name string) bool {
	_, err := os.Stat(b.path(path.Join(strings.TrimSuffix(name, executedSuffix), siteMarker)))
	return err == nil
}

// matching lists the names that match the patterns, in the patterns' order.
func matching(patterns, all []string) (names []string, err error) {
	for _, pattern := range patterns {
		found := 0
		for _, name := range all {
			if ok, err := path.Match(pattern, name); err != nil {
				return nil, err
			} else if !ok {
				continue
			}
			if found++; !slices.Contains(names, name) {
				names = append(names, name)
			}
		}
		if found == 0 {
			return nil, fmt.Errorf("there is no %q", pattern)
		}
	}
	return names, nil
}

// Choose lists the notebooks of the book in order: all, or those that only names, separated by commas: by name, by the
// part of a name before a dash such as 01, or by folder.
func (b Book) Choose(only string) ([]string, error) {
	all, _, err := b.NotebookNames()
	if err != nil || only == "" {
		return all, err
	}
	chosen := map[string]bool{}
	for _, want := range strings.Split(only, ",") {
		found := false
		for _, name := range all {
			if isNotebook(name, want) {
				chosen[name], found = true, true
			}
		}
		if !found {
			var names []string
			for _, name := range all {
				names = append(names, strings.TrimSuffix(name, ".ipynb"))
			}
			return nil, fmt.Errorf("no notebook %q: there are %s", want, strings.Join(names, ", "))
		}
	}
	return slices.DeleteFunc(all, func(name string) bool { return !chosen[name] }), nil
}

// isNotebook reports whether want chooses the notebook of a name, see Choose.
func isNotebook(name, want string) bool {
	want = strings.TrimSuffix(filepath.ToSlash(strings.TrimSpace(want)), ".ipynb")
	if want == "" {
		return false
	}
	full := strings.TrimSuffix(name, ".ipynb")
	return full == want || path.Base(full) == path.Base(want) || strings.HasPrefix(path.Base(full), want+"-") || strings.HasPrefix(full, strings.TrimSuffix(want, "/")+"/")
}
