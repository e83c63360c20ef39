package kernelext

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// ErrSite is what every error about the pages of a book wraps.
var ErrSite = errors.New("the pages cannot be made")

// siteMarker is the file by which a folder of pages is known as ours. Nothing else is ever replaced.
const siteMarker = "book.json"

// Site is a book: executed notebooks, and pages about them, as a folder of HTML that needs no
// server and asks no other place for anything.
type Site struct {
	Notebooks []string // executed notebooks in the order of the book; file names differ
	Pages     []string // pages in Markdown (MyST) that come after the notebooks; may be empty
	Out       string   // folder of the pages; replaced when it is one, refused when it is another

	Title string // of the book
	Lead  string // a paragraph in Markdown for the first page
	Facts []Fact // footer of every page: versions, data, budget, seed, machine, date, commit

	Python   string   // the Python that has Sphinx, see Environment
	Formulas string   // the file that sets formulas, see Environment.Formulas
	Environ  []string // nil: this process's
	Log      string   // file for Sphinx's messages; empty: Out with .log at the end
}

// bookJSON is what conf.py reads, and the marker of a finished folder.
type bookJSON struct {
	Title     string    `json:"title"`
	Facts     []Fact    `json:"facts"`
	Notebooks []string  `json:"notebooks"`
	Made      time.Time `json:"made"`
}

// Render makes the pages with Sphinx, aside, and puts them in the place of s.Out at once. Warnings are errors: a broken
// reference does not get published. Errors wrap ErrSite; those of Sphinx are one line with the place of the log.
func Render(ctx context.Context, s Site) error {
	if err := s.check(); err != nil {
		return err
	}
	out, err := filepath.Abs(s.Out)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrSite, err)
	}
	s.Out = out
	parent, base := filepath.Split(s.Out)
	release, err := acquire(ctx, filepath.Join(parent, "."+base+".lock"), "the pages", nil)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrSite, err)
	}
	defer release()

	temp, err := os.MkdirTemp(parent, "."+base+"-")
	if err != nil {
		return fmt.Errorf("%w: %w", ErrSite, err)
	}
	defer os.RemoveAll(temp)
	source, pages := filepath.Join(temp, "source"), filepath.Join(temp, "pages")
	if err := s.assemble(source); err != nil {
		return fmt.Errorf("%w: %w", ErrSite, err)
	}
	if err := s.build(ctx, temp, source, pages); err != nil {
		return err
	}
	return swapFolder(pages, s.Out, filepath.Join(temp, "old"))
}

// check refuses what would fail late or destroy something.
func (s Site) check() error {
	seen := map[string]string{"index": "the first page"}
	for _, path := range append(append([]string{}, s.Notebooks...), s.Pages...) {
		name := stem(path)
		if other, taken := seen[name]; taken {
			return fmt.Errorf("%w: %s and %s would be one page; rename one", ErrSite, path, other)
		}
		seen[name] = path
	}
	if len(s.Notebooks) == 0 {
		return fmt.Errorf("%w: there is no executed notebook", ErrSite)
	}
	if s.Formulas == "" {
		return fmt.Errorf("%w: there is no file that sets formulas, see Environment.Formulas", ErrSite)
	}
	return ownFolder(s.Out)
}

// ownFolder reports a folder that holds something else than pages of ours.
func ownFolder(dir string) error {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("%w: %s: %w; choose another folder", ErrSite, dir, pathCause(err))
	}
	if len(entries) == 0 {
		return nil
	}
	if _, err := os.Stat(filepath.Join(dir, siteMarker)); err != nil {
		return fmt.Errorf("%w: %s holds other files and is no book; choose another folder", ErrSite, dir)
	}
	return nil
}

// stem is the name of a page.
func stem(path string) string {
	base := filepath.Base(path)
	return strings.TrimSuffix(base, filepath.Ext(base))
}

// assemble writes the folder from which Sphinx builds.
func (s Site) assemble(source string) error {
	if err := unpack("site", source); err != nil {
		return err
	}
	if err := copyFile(s.Formulas, filepath.Join(source, "static", "mathjax.js")); err != nil {
		return fmt.Errorf("what sets formulas: %w", err)
	}
	entries := make([]indexEntry, 0, len(s.Notebooks))
	for _, path := range s.Notebooks {
		nb, err := readNotebook(path)
		if err != nil {
			return err
		}
		title, lead := nb.title()
		entries = append(entries, indexEntry{Page: stem(path), Title: title, Lead: lead})
	}
	names := make([]string, 0, len(s.Notebooks))
	for i, path := range append(append([]string{}, s.Notebooks...), s.Pages...) {
		name := filepath.Base(path)
		if i < len(s.Notebooks) {
			names = append(names, name)
		}
		if err := copyFile(path, filepath.Join(source, name)); err != nil {
			return err
		}
	}
	book, err := marshal(bookJSON{s.Title, s.Facts, names, time.Now().UTC().Truncate(time.Second)}, " ")
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(source, siteMarker), book, 0o644); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(source, "index.md"), []byte(s.index(entries)), 0o644)
}

func copyFile(from, to string) error {
	data, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	return os.WriteFile(to, data, 0o644)
}

// build runs Sphinx and writes its messages to the log.
func (s Site) build(ctx context.Context, temp, source, pages string) error {
	if err := unpack("python", temp); err != nil {
		return fmt.Errorf("%w: %w", ErrSite, err)
	}
	cmd := exec.CommandContext(ctx, s.Python, filepath.Join(temp, "book_site.py"), source, pages)
	cmd.Env = s.Environ
	contain(cmd)
	cmd.WaitDelay = 5 * time.Second
	var messages bytes.Buffer
	cmd.Stdout, cmd.Stderr = &messages, &messages
	runErr := cmd.Run()
	if ctx.Err() != nil {
		return fmt.Errorf("%w: stopped: %w", ErrSite, context.Cause(ctx))
	}
	log := s.Log
	if log == "" {
		log = s.Out + ".log"
	}
	text := strings.ReplaceAll(stripANSI(messages.String()), source+string(filepath.Separator), "")
	if runErr != nil {
		if err := writeFile(log, []byte(text), 0o644); err != nil {
			return fmt.Errorf("%w: %w; its log cannot be kept: %w", ErrSite, runErr, err)
		}
		return fmt.Errorf("%w: %s; all messages: %s", ErrSite, sphinxCause(text, runErr), log)
	}
	if err := os.Remove(log); err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("%w: %w", ErrSite, err)
	}
	book, err := os.ReadFile(filepath.Join(source, siteMarker))
	if err == nil {
		err = os.WriteFile(filepath.Join(pages, siteMarker), book, 0o644)
	}
	if err != nil {
		return fmt.Errorf("%w: %w", ErrSite, err)
	}
	return nil
}

// sphinxCause is the first warning or error of Sphinx with the number of the others.
func sphinxCause(log string, runErr error) string {
	var causes []string
	lines := bufio.NewScanner(strings.NewReader(log))
	for lines.Scan() {
		if line := cleanLine(lines.Text()); strings.Contains(line, "WARNING:") || strings.Contains(line, "ERROR:") ||
			strings.HasPrefix(strings.ToLower(line), "error:") {
			causes = append(causes, line)
		}
	}
	switch len(causes) {
	case 0:
		if line := tellingLine(log); line != "" {
			return runErr.Error() + ": " + cleanLine(line)
		}
		return runErr.Error()
	case 1:
		return causes[0]
	}
	return fmt.Sprintf("%s (and %d more)", causes[0], len(causes)-1)
}

// swapFolder puts a finished folder in the place of another, which it keeps until then.
func swapFolder(finished, place, old string) error {
	err := os.Rename(place, old)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("%w: %w", ErrSite, err)
	}
	if renameErr := os.Rename(finished, place); renameErr != nil {
		if err == nil {
			renameErr = errors.Join(renameErr, os.Rename(old, place))
		}
		return fmt.Errorf("%w: %w", ErrSite, renameErr)
	}
	return nil
}

// readBook reads the marker of a folder of pages.
func readBook(dir string) (bookJSON, error) {
	var book bookJSON
	data, err := os.ReadFile(filepath.Join(dir, siteMarker))
	if err == nil {
		err = json.Unmarshal(data, &book)
	}
	return book, err
}
