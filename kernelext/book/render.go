package book

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/cnnbook/cnnbook/internal/atomicfile"
	"github.com/cnnbook/cnnbook/kernelext/internal/cache"
	"github.com/cnnbook/cnnbook/kernelext/internal/process"
	"github.com/cnnbook/cnnbook/kernelext/internal/text"
)

// ErrSite is wrapped by every error about the pages of a book.
var ErrSite = errors.New("the pages cannot be made")

// siteMarker is the file that marks a folder of pages as ours. No other folder is ever replaced.
const siteMarker = "book.json"

// Site is a book: executed notebooks, and pages about them, as a folder of HTML that needs no
// server and loads nothing from other sites.
type Site struct {
	Sources   string   // folder of the book
	Executed  string   // folder of the executed notebooks
	Notebooks []string // names below both folders, in the order of the book
	Pages     []string // pages in Markdown (MyST) below Sources that come after the notebooks; may be empty
	Results   string   // a README below Sources whose second-level sections become the page "Results"; may be empty
	Module    string   // folder of the module with Packages
	Packages  []string // folders of Module whose packages, with those below them, get a page each; may be empty
	Out       string   // folder of the pages; replaced if it holds a book, refused if it holds other files

	// Code is the hash of what the notebooks import (see CodeSHA256). An executed notebook that is older than it, or than its
	// source, is refused with ErrStale. Empty: nothing is compared.
	Code string

	Title string // of the book
	Lead  string // a paragraph in Markdown for the first page

	Author       string   // may be empty
	Logo         string   // a picture below Sources; may be empty
	Bibliography []string // BibTeX files below Sources; may be empty

	Citation *Citation // for the first page; may be nil

	URL        string // where the pages will be, for search engines and link previews; may be empty
	Branch     string // of the repository; empty: main
	Hub        string // a JupyterHub with nbgitpuller, such as https://hub.example.org, for a button that opens the notebook there; may be empty
	Repository string // where the notebooks are, such as https://github.com/NAME/REPOSITORY, for buttons that start them; may be empty
	// RepositoryFolder is the folder of the book in its repository; empty: the top.
	RepositoryFolder string

	Facts []Fact // footer of all pages but the notebooks', which show the facts of their own record

	Verification Verification // of the runs behind the notebooks' figures; may be empty

	Python   string            // the Python that has Sphinx, see Environment
	Slides   map[string][]byte // the files of reveal.js, see Environment.Reveal, with which each notebook is shown as slides, too; nil: no slides
	Chromium string            // a Chromium that prints each notebook as a PDF, see FindChromium; empty: no PDFs

	Formulas string   // the MathJax script, see Environment.Formulas
	Environ  []string // nil: that of this process
	Cache    string   // folder for Sphinx's cache, so that only changed pages are rebuilt; empty: nothing is cached
	Log      string   // file for Sphinx's messages; empty: Out with .log appended

	Warn func(warning string) // receives warnings, in one line with their place; nil: the first is an error
}

// bookJSON is the marker of a finished folder.
type bookJSON struct {
	Title     string    `json:"title"`
	Facts     []Fact    `json:"facts"`
	Notebooks []string  `json:"notebooks"`
	Made      time.Time `json:"made"`
}

// Render makes the pages with Sphinx in a temporary folder, and replaces s.Out with it atomically. A broken link within the
// pages is never published: it is an error or, if s.Warn receives warnings, becomes its text. Errors wrap ErrSite, or
// ErrStale for a notebook that is older than its code; those of Sphinx are one line with the path of the log.
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
	release, err := cache.Lock(ctx, filepath.Join(parent, "."+base+".lock"), "the pages", nil)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrSite, err)
	}
	defer release()

	temp, err := os.MkdirTemp(parent, "."+base+"-")
	if err != nil {
		return fmt.Errorf("%w: %w", ErrSite, err)
	}
	defer os.RemoveAll(temp)
	sources, err := s.assemble()
	if err != nil {
		return fmt.Errorf("%w: %w", ErrSite, err)
	}
	if err := s.report(sources.warnings, ""); err != nil {
		return err
	}
	work, err := s.openWork(temp, sources.files)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrSite, err)
	}
	warned, err := s.build(ctx, temp, work, sources.names)
	if err != nil {
		return err
	}
	pages := filepath.Join(temp, "pages")
	if err := s.finish(ctx, work, pages, sources.notebooks, warned); err != nil {
		return fmt.Errorf("%w: %w", ErrSite, err)
	}
	if err := atomicfile.Swap(pages, s.Out, filepath.Join(temp, "old")); err != nil {
		return fmt.Errorf("%w: %w", ErrSite, err)
	}
	return nil
}

// check refuses a site that would fail late or destroy other files.
func (s Site) check() error {
	if len(s.Notebooks) == 0 {
		return fmt.Errorf("%w: there are no executed notebooks", ErrSite)
	}
	for _, name := range s.Notebooks {
		if s.Code == "" {
			break
		}
		if err := CheckRecord(s.executed(name), s.source(name), s.Code); err != nil {
			return err
		}
	}
	for name, address := range map[string]string{"address of the pages": s.URL, "address of the repository": s.Repository, "address of the hub": s.Hub} {
		if address == "" {
			continue
		}
		if u, err := url.Parse(address); err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" {
			return fmt.Errorf("%w: %s: expected one such as https://example.org/book/, found %q", ErrSite, name, address)
		}
	}
	if s.Formulas == "" {
		return fmt.Errorf("%w: there is no MathJax script, see Environment.Formulas", ErrSite)
	}
	return ownFolder(s.Out)
}

// ownFolder returns an error for a folder that holds anything other than our pages.
func ownFolder(dir string) error {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("%w: %s: %w; choose another folder", ErrSite, dir, text.PathCause(err))
	}
	if len(entries) == 0 {
		return nil
	}
	if _, err := os.Stat(filepath.Join(dir, siteMarker)); err != nil {
		return fmt.Errorf("%w: %s holds other files and is not a book; choose another folder", ErrSite, dir)
	}
	return nil
}

// stem returns the name of a page.
func stem(path string) string {
	base := filepath.Base(path)
	return strings.TrimSuffix(base, filepath.Ext(base))
}

// executed and source are the paths of an executed notebook and of a file of the book.
func (s Site) executed(name string) string {
	return filepath.Join(s.Executed, filepath.FromSlash(name))
}
func (s Site) source(name string) string { return filepath.Join(s.Sources, filepath.FromSlash(name)) }

// report hands warnings to s.Warn or, if there is none, makes an error of them.
func (s Site) report(warnings []string, log string) error {
	if s.Warn == nil && len(warnings) > 0 {
		more := ""
		if len(warnings) > 1 {
			more = fmt.Sprintf(" (and %d more)", len(warnings)-1)
		}
		return fmt.Errorf("%w: %s%s%s", ErrSite, warnings[0], more, log)
	}
	for _, warning := range warnings {
		s.Warn(warning)
	}
	return nil
}

// build runs Sphinx and writes its messages to the log. names are the origins of the pages by the names
// of their pages. It returns whether there were warnings.
func (s Site) build(ctx context.Context, temp string, work siteWork, names map[string]origin) (warned bool, err error) {
	if err := unpack("python", temp); err != nil {
		return false, fmt.Errorf("%w: %w", ErrSite, err)
	}
	cmd := exec.CommandContext(ctx, s.Python, filepath.Join(temp, "book_site.py"), work.source(), work.pages(), work.read())
	cmd.Env = s.Environ
	process.Contain(cmd)
	cmd.WaitDelay = 5 * time.Second
	var messages bytes.Buffer
	cmd.Stdout, cmd.Stderr = &messages, &messages
	runErr := cmd.Run()
	if ctx.Err() != nil {
		return false, fmt.Errorf("%w: stopped: %w", ErrSite, context.Cause(ctx))
	}
	log := s.Log
	if log == "" {
		log = s.Out + ".log"
	}
	text := strings.ReplaceAll(text.StripANSI(messages.String()), work.source()+string(filepath.Separator), "")
	warnings := sphinxWarnings(text, names)
	if runErr != nil || len(warnings) > 0 {
		if err := atomicfile.WriteBytes(log, []byte(text), 0o644); err != nil {
			return false, fmt.Errorf("%w: %w; its log cannot be written: %w", ErrSite, runErr, err)
		}
		if runErr != nil {
			return false, fmt.Errorf("%w: %s; all messages: %s", ErrSite, sphinxCause(text, warnings, runErr), log)
		}
		return true, s.report(warnings, "; all messages: "+log)
	}
	if err := os.Remove(log); err != nil && !errors.Is(err, os.ErrNotExist) {
		return false, fmt.Errorf("%w: %w", ErrSite, err)
	}
	return false, nil
}

// finish checks the pages, marks them as a book and copies them next to the folder that they will replace.
// After warnings the next build begins anew, because Sphinx repeats only those of the pages that it reads.
func (s Site) finish(ctx context.Context, work siteWork, pages string, notebooks []string, warned bool) error {
	if err := s.print(ctx, work.pages(), notebooks); err != nil {
		return err
	}
	if err := checkLinks(work.pages()); err != nil {
		return err
	}
	if !warned {
		if err := work.complete(); err != nil {
			return err
		}
	}
	if err := s.writeSitemap(work.pages()); err != nil {
		return err
	}
	if err := os.CopyFS(pages, os.DirFS(work.pages())); err != nil {
		return err
	}
	book, err := marshal(bookJSON{s.Title, s.Facts, s.Notebooks, time.Now().UTC().Truncate(time.Second)}, " ")
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(pages, siteMarker), book, 0o644)
}

// origin is the notebook or the page in Markdown from which a page is made.
type origin struct {
	name     string
	inserted int // cells that were put before the notebook's own
}

// sphinxWarnings returns Sphinx's warnings and errors, with their places in the notebooks.
func sphinxWarnings(log string, names map[string]origin) (warnings []string) {
	lines := bufio.NewScanner(strings.NewReader(log))
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		if line := text.CleanLine(lines.Text()); strings.Contains(line, "WARNING:") || strings.Contains(line, "ERROR:") ||
			strings.HasPrefix(strings.ToLower(line), "error:") {
			warnings = append(warnings, inNotebook(line, names))
		}
	}
	return warnings
}

var sphinxPlace = regexp.MustCompile(`^(\S+)\.(ipynb|md):(\d+): `)

// inNotebook replaces a place such as part/12-x.ipynb:20016 by that in the notebook: MyST-NB counts 10,000 lines a cell, from two.
func inNotebook(line string, names map[string]origin) string {
	m := sphinxPlace.FindStringSubmatch(line)
	if m == nil || names[m[1]].name == "" {
		return line
	}
	rest, name := line[len(m[0]):], names[m[1]].name
	number, err := strconv.Atoi(m[3])
	if err != nil || m[2] == "md" {
		return fmt.Sprintf("%s, line %s: %s", name, m[3], rest)
	}
	const perCell = 10_000
	number -= perCell * names[m[1]].inserted
	if number < perCell {
		return name + ": " + rest
	}
	return fmt.Sprintf("%s, cell %d, line %d: %s", name, number/perCell, max(1, number%perCell-1), rest)
}

// sphinxCause returns why Sphinx failed.
func sphinxCause(log string, causes []string, runErr error) string {
	switch len(causes) {
	case 0:
		if line := process.TellingLine(log); line != "" {
			return runErr.Error() + ": " + text.CleanLine(line)
		}
		return runErr.Error()
	case 1:
		return causes[0]
	}
	return fmt.Sprintf("%s (and %d more)", causes[0], len(causes)-1)
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
