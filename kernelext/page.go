package kernelext

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"errors"
	"fmt"
	"html"
	"os"
	"regexp"
	"strings"

	"github.com/cnnbook/cnnbook/kernelext/internal/text"
	"github.com/janpfeifer/gonb/gonbui"
)

// Page is a page of HTML in one file, which works by itself and loads nothing. In JupyterLab it is shown in a frame below the
// cell. A page of the book links to it as a page of its own; in a headless run, the output carries it there. Where neither is
// possible, its stills are shown.
type Page struct {
	Name   string // of its file, after the notebook's: small letters, digits and "-"
	Title  string // of the link to it
	HTML   []byte // at most 3,000,000 bytes
	Stills []any  // items that are shown side by side where the page is not, at least one
}

var pageName = regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)*$`)

func (p Page) check() error {
	switch {
	case !pageName.MatchString(p.Name):
		return fmt.Errorf("the page's name is %q, expected small letters, digits and - between", p.Name)
	case strings.TrimSpace(p.Title) == "":
		return errors.New("the page has no title")
	case len(p.HTML) == 0:
		return errors.New("the page is empty")
	case len(p.HTML) > pageBytes:
		return fmt.Errorf("the page takes %d bytes, expected at most %d", len(p.HTML), pageBytes)
	}
	return nil
}

// bundle is a frame for a person at a notebook, and otherwise the stills, with the page beside them in a headless run.
func (p Page) bundle() (bundle, error) {
	if err := p.check(); err != nil {
		return bundle{}, err
	}
	b, err := Row(p.Stills...).(row).bundle()
	if err != nil {
		return bundle{}, err
	}
	note := fmt.Sprintf("“%s” is a page of the book and, in JupyterLab, a frame below this cell.", text.CleanLine(p.Title))
	b.Text += "\n" + note
	switch {
	case !gonbui.IsNotebook:
	case os.Getenv(EnvStill) == "":
		b.HTML = fmt.Sprintf(`<iframe title="%s" srcdoc="%s" style="width:100%%;height:48em;border:1px solid #888"></iframe>`, text.EscapeLine(p.Title), html.EscapeString(string(p.HTML)))
	default:
		packed, err := packed(p.HTML)
		if err != nil {
			return bundle{}, err
		}
		b.HTML = fmt.Sprintf(`<div class="cnnbook-page mathjax_ignore"><template class="cnnbook-page" data-name="%s" data-title="%s">%s</template>%s<p class="cnnbook-page-note">%s</p></div>`,
			p.Name, text.EscapeLine(p.Title), packed, b.HTML, text.EscapeLine(note))
	}
	return b, nil
}

// packed compresses data, and writes it as base64.
func packed(data []byte) (string, error) {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	if _, err := w.Write(data); err != nil {
		return "", err
	}
	if err := w.Close(); err != nil {
		return "", err
	}
	return base64.StdEncoding.EncodeToString(b.Bytes()), nil
}
