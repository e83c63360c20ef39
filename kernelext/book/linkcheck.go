package book

import (
	"errors"
	"fmt"
	"html"
	"io/fs"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/cnnbook/cnnbook/kernelext/internal/text"
)

var (
	tagLinks = regexp.MustCompile(`<(?:a|link|script|img)\b[^>]*?\s(?:href|src)="([^"]*)"`)
	tagIDs   = regexp.MustCompile(`<[a-z][^>]*?\s(?:id|name)="([^"]+)"`)
	scripted = regexp.MustCompile(`(?s)(<script\b[^>]*>).*?</script>`)
)

// checkLinks follows every link within a folder of pages, to its file and its anchor. External links are not
// followed: the check, like the pages, uses no network.
func checkLinks(dir string) error {
	pages := map[string]*linkedPage{}
	err := filepath.WalkDir(dir, func(file string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || filepath.Ext(file) != ".html" || strings.Contains(file, "_static") {
			return err
		}
		name, err := filepath.Rel(dir, file)
		if err != nil {
			return err
		}
		page, err := readLinks(file)
		pages[filepath.ToSlash(name)] = page
		return err
	})
	if err != nil {
		return err
	}
	var broken []error
	for name, page := range pages {
		for _, link := range page.links {
			if err := followLink(dir, name, link, pages); err != nil {
				broken = append(broken, err)
			}
		}
	}
	if len(broken) > 1 {
		return fmt.Errorf("%w (and %d more broken links)", broken[0], len(broken)-1)
	}
	return errors.Join(broken...)
}

// linkedPage holds a page's links and anchors.
type linkedPage struct {
	links []string
	ids   map[string]bool
}

func readLinks(file string) (*linkedPage, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	data = scripted.ReplaceAll(data, []byte("$1")) // what scripts say is no part of the page
	page := &linkedPage{ids: map[string]bool{}}
	for _, match := range tagLinks.FindAllSubmatch(data, -1) {
		page.links = append(page.links, html.UnescapeString(string(match[1])))
	}
	for _, match := range tagIDs.FindAllSubmatch(data, -1) {
		page.ids[html.UnescapeString(string(match[1]))] = true
	}
	return page, nil
}

func followLink(dir, from, link string, pages map[string]*linkedPage) error {
	target, err := url.Parse(link)
	if err != nil {
		return fmt.Errorf("%s links to %q, which is not a valid URL", from, text.Clean(link))
	}
	if target.Scheme != "" || target.Host != "" || link == "" || link == "#" {
		return nil
	}
	name := from
	if target.Path != "" {
		name = path.Join(path.Dir(from), target.Path)
	}
	if page, ours := pages[name]; ours {
		// A browser looks for the fragment as it is written, and then without its escapes.
		_, raw, _ := strings.Cut(link, "#")
		if raw != "" && !page.ids[raw] && !page.ids[target.Fragment] {
			return fmt.Errorf("%s links to %s, which has no anchor %q", from, name, text.Clean(target.Fragment))
		}
		return nil
	}
	if _, err := os.Stat(filepath.Join(dir, filepath.FromSlash(name))); err != nil {
		return fmt.Errorf("%s links to %s, which does not exist", from, text.Clean(link))
	}
	return nil
}
