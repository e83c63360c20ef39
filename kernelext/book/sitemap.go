package book

import (
	"encoding/xml"
	"io/fs"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

// writeSitemap lists the pages for search engines (https://www.sitemaps.org/protocol.html), once their address is known.
// .nojekyll makes GitHub Pages publish folders that begin with an underscore.
func (s Site) writeSitemap(pages string) error {
	if err := os.WriteFile(filepath.Join(pages, ".nojekyll"), nil, 0o644); err != nil || s.URL == "" {
		return err
	}
	var found []string
	err := fs.WalkDir(os.DirFS(pages), ".", func(name string, entry fs.DirEntry, err error) error {
		if err == nil && entry.IsDir() && (name == "single" || strings.HasPrefix(name, "_")) {
			return fs.SkipDir
		}
		if path.Ext(name) == ".html" {
			found = append(found, name)
		}
		return err
	})
	if err != nil {
		return err
	}
	var b strings.Builder
	b.WriteString(xml.Header + `<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">` + "\n")
	for _, name := range found {
		if slices.Contains([]string{"404.html", "genindex.html", "search.html"}, name) {
			continue
		}
		b.WriteString("<url><loc>")
		if err := xml.EscapeText(&b, []byte(strings.TrimSuffix(s.URL, "/")+"/"+(&url.URL{Path: name}).EscapedPath())); err != nil {
			return err
		}
		b.WriteString("</loc></url>\n")
	}
	b.WriteString("</urlset>\n")
	return os.WriteFile(filepath.Join(pages, "sitemap.xml"), []byte(b.String()), 0o644)
}
