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
	Notebooks []string // executed notebooks in the order of the book; file names differ
	Pages     []string // pages in Markdown (MyST) that come after the notebooks; may be empty
	Results   string   // a README whose second-level sections become the page "Results"; may be empty
	Module    string   // folder of the module with Packages
	Packages  []string // folders of Module whose packages, with those below them, get a page each; may be empty
	Out       string   // folder of the pages; replaced if it holds a book, refused if it holds other files

	// Sources is the folder of the notebooks from which Notebooks were executed, and Code the hash of what they import
	// (see CodeSHA256). A notebook that is older than either is refused with ErrStale. Empty: nothing is compared.
	Sources string
	Code    string

	Title string // of the book
	Lead  string // a paragraph in Markdown for the first page

	URL        string // where the pages will be, for search engines and link previews; may be empty
	Repository string // where the notebooks are, such as https://github.com/NAME/REPOSITORY, for buttons that start them; may be empty
	Facts      []Fact // footer of all pages but the notebooks', which show the facts of their own record

	Python   string   // the Python that has Sphinx, see Environment
	Formulas string   // the MathJax script, see Environment.Formulas
	Environ  []string // nil: that of this process
	Cache    string   // folder for Sphinx's cache, so that only changed pages are rebuilt; empty: nothing is cached
	Log      string   // file for Sphinx's messages; empty: Out with .log appended
}

// bookJSON is the marker of a finished folder.
type bookJSON struct {
	Title     string    `json:"title"`
	Facts     []Fact    `json:"facts"`
	Notebooks []string  `json:"notebooks"`
	Made      time.Time `json:"made"`
}

// Render makes the pages with Sphinx in a temporary folder, and replaces s.Out with it atomically. Warnings are errors,
// and so is a broken link within the pages: a broken reference is never published. Errors wrap ErrSite, or
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
	work, err := s.openWork(temp, sources)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrSite, err)
	}
	if err := s.build(ctx, temp, work); err != nil {
		return err
	}
	pages := filepath.Join(temp, "pages")
	if err := s.finish(work, pages); err != nil {
		return fmt.Errorf("%w: %w", ErrSite, err)
	}
	if err := atomicfile.Swap(pages, s.Out, filepath.Join(temp, "old")); err != nil {
		return fmt.Errorf("%w: %w", ErrSite, err)
	}
	return nil
}

// check refuses a site that would fail late or destroy other files.
func (s Site) check() error {
	seen := map[string]string{"index": "the first page"}
	if s.Results != "" {
		seen[resultsName] = "the page of results"
	}
	for _, path := range append(append([]string{}, s.Notebooks...), s.Pages...) {
		name := stem(path)
		if other, taken := seen[name]; taken {
			return fmt.Errorf("%w: %s and %s would be the same page; rename one", ErrSite, path, other)
		}
		seen[name] = path
	}
	if len(s.Notebooks) == 0 {
		return fmt.Errorf("%w: there are no executed notebooks", ErrSite)
	}
	for _, path := range s.Notebooks {
		if s.Sources == "" {
			break
		}
		if err := CheckRecord(path, filepath.Join(s.Sources, filepath.Base(path)), s.Code); err != nil {
			return err
		}
	}
	for name, address := range map[string]string{"address of the pages": s.URL, "address of the repository": s.Repository} {
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

// build runs Sphinx and writes its messages to the log.
func (s Site) build(ctx context.Context, temp string, work siteWork) error {
	if err := unpack("python", temp); err != nil {
		return fmt.Errorf("%w: %w", ErrSite, err)
	}
	cmd := exec.CommandContext(ctx, s.Python, filepath.Join(temp, "book_site.py"), work.source(), work.pages(), work.read())
	cmd.Env = s.Environ
	process.Contain(cmd)
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
	text := strings.ReplaceAll(text.StripANSI(messages.String()), work.source()+string(filepath.Separator), "")
	if runErr != nil {
		if err := atomicfile.WriteBytes(log, []byte(text), 0o644); err != nil {
			return fmt.Errorf("%w: %w; its log cannot be written: %w", ErrSite, runErr, err)
		}
		return fmt.Errorf("%w: %s; all messages: %s", ErrSite, sphinxCause(text, runErr), log)
	}
	if err := os.Remove(log); err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("%w: %w", ErrSite, err)
	}
	return nil
}

// finish checks the pages, marks them as a book and copies them next to the folder that they will replace.
func (s Site) finish(work siteWork, pages string) error {
	if err := checkLinks(work.pages()); err != nil {
		return err
	}
	if err := work.complete(); err != nil {
		return err
	}
	if err := s.writeSitemap(work.pages()); err != nil {
		return err
	}
	if err := os.CopyFS(pages, os.DirFS(work.pages())); err != nil {
		return err
	}
	book, err := marshal(bookJSON{s.Title, s.Facts, s.notebookNames(), time.Now().UTC().Truncate(time.Second)}, " ")
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(pages, siteMarker), book, 0o644)
}

// sphinxCause returns Sphinx's first warning or error, with the number of further ones.
func sphinxCause(log string, runErr error) string {
	var causes []string
	lines := bufio.NewScanner(strings.NewReader(log))
	for lines.Scan() {
		if line := text.CleanLine(lines.Text()); strings.Contains(line, "WARNING:") || strings.Contains(line, "ERROR:") ||
			strings.HasPrefix(strings.ToLower(line), "error:") {
			causes = append(causes, line)
		}
	}
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
