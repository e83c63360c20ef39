package book

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"mime"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/cnnbook/cnnbook/internal/number"
	"github.com/cnnbook/cnnbook/kernelext/internal/text"
)

// siteLinks makes the links of notebooks and pages lead to the right place of a site. A link that leads nowhere becomes its
// text, so that no page has a broken link.
type siteLinks struct {
	dir      string            // of the book
	pages    map[string]string // notebook or page in Markdown → name of its page
	files    map[string][]byte // of the site: pictures and files that pages show or offer are added
	warnings *[]string
}

// maxLinked bounds the size of a file that a page shows or offers, in bytes.
const maxLinked = 50 << 20

// place is where a link stands.
type place struct {
	name   string // of the notebook or page in the book
	where  string // such as "part/b.ipynb, cell 3"
	single bool   // in the copy of a notebook that is one file
	cell   *notebookCell
}

func (l siteLinks) warn(p place, format string, args ...any) {
	if !p.single { // once, although there are two copies
		*l.warnings = append(*l.warnings, p.where+": "+fmt.Sprintf(format, args...))
	}
}

// rewrite returns a text in Markdown with its links for the site.
func (l siteLinks) rewrite(p place, markdown string) string {
	return editLinks(markdown, func(kind linkKind, target string) (string, bool) { return l.resolve(p, kind, target) })
}

var hasScheme = regexp.MustCompile(`^[a-zA-Z][a-zA-Z0-9+.-]*:`)

// resolve returns the target of a link for the site; false: there is none.
func (l siteLinks) resolve(p place, kind linkKind, target string) (string, bool) {
	if name, ok := strings.CutPrefix(target, "attachment:"); ok && p.cell != nil {
		return l.attachment(p, kind, target, name)
	}
	if target == "" || target[0] == '#' || strings.HasPrefix(target, "//") || hasScheme.MatchString(target) {
		return target, true
	}
	file, fragment, _ := strings.Cut(target, "#")
	if fragment != "" {
		fragment = "#" + fragment
	}
	if decoded, err := url.PathUnescape(file); err == nil {
		file = decoded
	}
	name := path.Join(path.Dir(p.name), file)
	if path.IsAbs(file) || name == ".." || strings.HasPrefix(name, "../") {
		l.warn(p, "the link to %s leads out of the book: only its text is shown", text.CleanLine(target))
		return "", false
	}
	if page, ok := l.pages[name]; ok {
		return l.toPage(p, kind, page, path.Ext(name)) + fragment, true
	}
	info, err := os.Stat(filepath.Join(l.dir, filepath.FromSlash(name)))
	switch {
	case err != nil:
		l.warn(p, "%s does not exist: only the text of the link is shown", text.CleanLine(name))
		return "", false
	case path.Ext(name) == ".ipynb" || path.Ext(name) == ".md" || info.IsDir():
		return "", false // not in this run, or not a page
	}
	return l.toFile(p, kind, name)
}

// toPage is the link from one page to another.
func (l siteLinks) toPage(p place, kind linkKind, page, ext string) string {
	from := l.pages[p.name]
	switch {
	case p.single && ext == ".ipynb":
		return relative(from, page+ext) // beside it
	case p.single:
		return relative("single/"+from, page+".html")
	case kind == linkAnchor:
		return relative(from, page+".html")
	}
	return relative(from, page+ext)
}

// toFile copies a picture, or a file to download, into the site.
func (l siteLinks) toFile(p place, kind linkKind, name string) (string, bool) {
	data, err := readLinked(l.dir, name)
	if err != nil {
		l.warn(p, "%s: %v: only the text of the link is shown", text.CleanLine(name), err)
		return "", false
	}
	switch {
	case p.single && kind == linkImage:
		return attach(p.cell, name, data), true
	case p.single && kind == linkHTML:
		return "data:" + mimeType(name) + ";base64," + base64.StdEncoding.EncodeToString(data), true
	case p.single:
		return "", false // one file offers no others
	case kind == linkHTML || kind == linkAnchor: // Sphinx does not read HTML
		l.files["static/"+fileName(name)] = data
		return relative(l.pages[p.name], "_static/"+fileName(name)), true
	}
	l.files[fileName(name)] = data
	return relative(l.pages[p.name], fileName(name)), true
}

// filesFolder is the folder of the book's own pictures and files in a site.
const filesFolder = "files/"

// readLinked reads a file of the book. A symbolic link must not lead out of it.
func readLinked(dir, name string) ([]byte, error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, err
	}
	defer root.Close()
	info, err := root.Stat(filepath.FromSlash(name))
	if err != nil {
		return nil, text.PathCause(err)
	}
	if !info.Mode().IsRegular() || info.Size() > maxLinked {
		return nil, fmt.Errorf("expected a file of at most %d MB", maxLinked>>20)
	}
	return root.ReadFile(filepath.FromSlash(name))
}

// attachment resolves a picture that is stored in a notebook's cell.
func (l siteLinks) attachment(p place, kind linkKind, target, name string) (string, bool) {
	if decoded, err := url.PathUnescape(name); err == nil {
		name = decoded
	}
	data, ending, err := readAttachment(p.cell, name)
	if err != nil {
		l.warn(p, "attachment %s: %v: only its text is shown", text.CleanLine(name), err)
		return "", false
	}
	if p.single && kind == linkImage {
		return target, true
	}
	file := fileName(l.pages[p.name] + "-" + p.cell.ID + "-" + strings.ReplaceAll(strings.TrimSuffix(name, path.Ext(name)), "/", "-") + ending)
	if kind == linkHTML {
		l.files["static/"+file] = data
		return relative(l.pages[p.name], "_static/"+file), true
	}
	l.files[file] = data
	return relative(l.pages[p.name], file), true
}

// pictureEndings are the kinds of picture that browsers show.
var pictureEndings = map[string]string{"image/png": ".png", "image/jpeg": ".jpg", "image/gif": ".gif", "image/webp": ".webp", "image/svg+xml": ".svg"}

// readAttachment returns a picture of a cell and the ending of its file.
func readAttachment(cell *notebookCell, name string) (data []byte, ending string, err error) {
	var all map[string]map[string]multiline
	if len(cell.Attachments) > 0 {
		if err := json.Unmarshal(cell.Attachments, &all); err != nil {
			return nil, "", err
		}
	}
	forms, ok := all[name]
	if !ok {
		return nil, "", fmt.Errorf("the cell has %s, and not this one", number.Counted(len(all), "attachment"))
	}
	for kind, ending := range pictureEndings {
		source, ok := forms[kind]
		switch {
		case !ok:
		case kind == "image/svg+xml" && strings.HasPrefix(strings.TrimSpace(string(source)), "<"):
			return []byte(source), ending, nil
		default:
			data, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(string(source)), ""))
			return data, ending, err
		}
	}
	return nil, "", fmt.Errorf("expected a picture (PNG, JPEG, GIF, WebP or SVG)")
}

// attach stores a picture in a cell and returns the link to it.
func attach(cell *notebookCell, name string, data []byte) string {
	all := map[string]json.RawMessage{}
	json.Unmarshal(cell.Attachments, &all) // what is no list of attachments is replaced
	form, _ := json.Marshal(map[string]string{mimeType(name): base64.StdEncoding.EncodeToString(data)})
	name = slugPath(strings.ReplaceAll(name, "/", "-"))
	all[name] = form
	cell.Attachments, _ = json.Marshal(all)
	return "attachment:" + name
}

func mimeType(name string) string {
	kind, _, _ := strings.Cut(mime.TypeByExtension(strings.ToLower(path.Ext(name))), ";")
	if kind == "" {
		return "application/octet-stream"
	}
	return kind
}
