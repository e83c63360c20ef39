package book

import (
	"crypto/sha256"
	"fmt"
	"path"
	"strings"
	"unicode"
)

// pageNames gives each notebook or page of a book the name of its page: its own name without extension, in which
// characters with a meaning in an address or in Sphinx are dashes. Names stay in their folders. A name that is taken, or
// that the pages need otherwise, gets a number. taken is extended.
func pageNames(names []string, taken map[string]bool) map[string]string {
	pages := map[string]string{}
	for _, name := range names {
		base := slugPath(strings.TrimSuffix(name, path.Ext(name)))
		if first, _, nested := strings.Cut(base, "/"); nested && reservedFolders[first] {
			base = "pages/" + base
		}
		page := base
		for n := 2; taken[strings.ToLower(page)]; n++ {
			page = fmt.Sprintf("%s-%d", base, n)
		}
		taken[strings.ToLower(page)] = true // some file systems know no capitals
		pages[name] = page
	}
	return pages
}

// reservedFolders are those that the pages need for something else.
var reservedFolders = map[string]bool{"static": true, "single": true, "files": true, "downloads": true, "slides": true, "decks": true, "reveal": true, "pdf": true}

// slugPath replaces what may not be in the name of a page. A part of a path that begins with a dot or an underscore would
// not be published everywhere.
func slugPath(name string) string {
	parts := strings.Split(name, "/")
	for i, part := range parts {
		part = strings.Map(func(r rune) rune {
			if r == '.' || r == '-' || r == '_' || unicode.IsLetter(r) || unicode.IsDigit(r) {
				return r
			}
			return '-'
		}, part)
		if part = strings.TrimLeft(part, "._"); strings.Trim(part, "-.") == "" {
			part = "page" + part
		}
		parts[i] = part
	}
	return strings.Join(parts, "/")
}

// fileName is the name of a picture or a file of the book in a site: its own or, if that is not plain ASCII, one with a hash.
// MyST escapes other names in links to pictures, and Sphinx does not find them then.
func fileName(name string) string {
	plain := strings.Map(func(r rune) rune {
		if r < unicode.MaxASCII {
			return r
		}
		return '-'
	}, slugPath(name))
	if plain == name {
		return filesFolder + name
	}
	ext, sum := path.Ext(plain), sha256.Sum256([]byte(name))
	return fmt.Sprintf("%s%s-%x%s", filesFolder, strings.TrimSuffix(plain, ext), sum[:4], ext)
}

// relative is the path from the folder of one page to a target, both relative to the first page.
func relative(page, target string) string {
	return strings.Repeat("../", strings.Count(page, "/")) + target
}
