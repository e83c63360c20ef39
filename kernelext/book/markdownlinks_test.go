package book

import (
	"slices"
	"strings"
	"testing"
)

func TestEditLinks(t *testing.T) {
	for source, want := range map[string]string{
		"[a](b.md) and ![c](d.png \"title\")":           "a=text:b.md c=image:d.png",
		"[a](<b c.md>)":                                 "text:b c.md",
		"[a](b(1).md)":                                  "text:b(1).md",
		"[![alt](i.png)](page.md)":                      "image:i.png text:page.md",
		"`[a](b)` ``x` [a](b)`` [c](d)":                 "text:d",
		"```\n[a](b)\n```\n[c](d)":                      "text:d",
		"~~~~go\n~~~\n[a](b)\n~~~~\n[c](d)":             "text:d",
		"````\n```\n[a](b)\n````":                       "",
		"```{figure} p.png\n:alt: x\n\ntext\n```":       "directive:p.png",
		":::{figure} p.png\n[a](b)\n:::":                "directive:p.png text:b",
		"```{note}\n[a](b)\n```":                        "",
		"\\[a](b) \\![x](y)":                            "text:y",
		"$f[i](x)$ and $$g[i](y)$$ and 5$ [a](b) 6$":    "text:b",
		"[a]: target.md\n[^1]: note\n\n[b][a]":          "text:target.md",
		"<img alt='x' src=\"a.png\"> <a href='b.html'>": "html:a.png anchor:b.html",
		"a[i] (x) [no] [a](b c) [x](":                   "",
		"[a\n\nb](c)":                                   "",
		"[a](b)\n```\n[c](d)":                           "text:b",
	} {
		kinds := map[linkKind]string{linkText: "text", linkImage: "image", linkHTML: "html", linkAnchor: "anchor", linkDirective: "directive"}
		var got []string
		same := editLinks(source, func(kind linkKind, target string) (string, bool) {
			got = append(got, kinds[kind]+":"+target)
			return target, true
		})
		if same != source {
			t.Errorf("%q became %q, although nothing changed", source, same)
		}
		words := strings.Fields(strings.NewReplacer("a=", "", "c=", "", "and ", "").Replace(want))
		found := strings.Fields(strings.Join(got, " "))
		slices.Sort(words)
		slices.Sort(found)
		if !slices.Equal(found, words) {
			t.Errorf("%q: %q, want %q", source, found, words)
		}
	}
	for source, want := range map[string]string{
		"x [a *b*](gone.md) y":                   "x a *b* y",
		"![alt](gone.png)!":                      "alt!",
		"[![alt](gone.png)](gone.md)":            "alt",
		"[a](keep.md) [b](gone.md \"t\") [c](x)": "[a](<new (1).md>) b c",
		"<img alt=\"x\" src=\"gone.png\">":       "<img alt=\"x\">",
		"[a]: gone.md\n[b]: keep.md\n":           "[b]: <new (1).md>\n",
		"```{image} keep.md\n```":                "```{image} new (1).md\n```",
	} {
		got := editLinks(source, func(_ linkKind, target string) (string, bool) { return "new (1).md", target == "keep.md" })
		if got != want {
			t.Errorf("%q: %q, want %q", source, got, want)
		}
	}
}

// Text without a link is never changed, and what is kept stays as it is.
func FuzzEditLinks(f *testing.F) {
	for _, seed := range []string{"[a](b)", "![a](<b> 'c')", "```{figure} a\n```", "`[a](b)`", "$x[i](y)$", "[a]: b", "<img src=\"x\">", "[[]](("} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, source string) {
		if got := editLinks(source, func(_ linkKind, target string) (string, bool) { return target, true }); got != source {
			t.Errorf("%q became %q", source, got)
		}
		gone := editLinks(source, func(linkKind, string) (string, bool) { return "", false })
		if len(gone) > len(source) {
			t.Errorf("%q grew to %q", source, gone)
		}
	})
}
