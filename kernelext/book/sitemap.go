package book

import (
	"encoding/xml"
	"os"
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
	found, err := filepath.Glob(filepath.Join(pages, "*.html"))
	if err != nil {
		return err
	}
	slices.Sort(found)
	var b strings.Builder
	b.WriteString(xml.Header + `<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">` + "\n")
	for _, path := range found {
		name := filepath.Base(path)
		if slices.Contains([]string{"404.html", "genindex.html", "search.html"}, name) {
			continue
		}
		b.WriteString("<url><loc>")
		if err := xml.EscapeText(&b, []byte(strings.TrimSuffix(s.URL, "/")+"/"+name)); err != nil {
			return err
		}
		b.WriteString("</loc></url>\n")
	}
	b.WriteString("</urlset>\n")
	return os.WriteFile(filepath.Join(pages, "sitemap.xml"), []byte(b.String()), 0o644)
}
