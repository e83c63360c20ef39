package kernelext

import (
	"compress/gzip"
	"encoding/base64"
	"io"
	"regexp"
	"strings"
	"testing"

	"github.com/janpfeifer/gonb/gonbui"
)

// A page is a frame for a person, and rides along with its stills in a headless run.
func TestPage(t *testing.T) {
	source := "<!doctype html><p title=\"a\">it's & it</p></template>"
	p := Page{Name: "my-page", Title: "Try <it>", HTML: []byte(source), Stills: []any{Text("a still")}}
	shown := func(notebook bool, still string) bundle {
		t.Helper()
		was := gonbui.IsNotebook
		defer func() { gonbui.IsNotebook = was }()
		gonbui.IsNotebook = notebook
		t.Setenv(EnvStill, still)
		b, err := bundleOf(&p)
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(b.Text, "a still\n“Try <it>” is a page of the book") {
			t.Errorf("the text is %q", b.Text)
		}
		return b
	}
	if b := shown(true, ""); !strings.Contains(b.HTML, `<iframe title="Try &lt;it&gt;" srcdoc="&lt;!doctype html&gt;&lt;p title=&#34;a&#34;&gt;it&#39;s &amp; it&lt;/p&gt;`) {
		t.Errorf("for a person: %s", b.HTML)
	}
	b := shown(true, "1")
	m := regexp.MustCompile(`<template class="cnnbook-page" data-name="my-page" data-title="Try &lt;it&gt;">([A-Za-z0-9+/=]+)</template>`).FindStringSubmatch(b.HTML)
	if m == nil || !strings.Contains(b.HTML, "a still") || strings.Contains(b.HTML, "<iframe") {
		t.Fatalf("without a person: %s", b.HTML)
	}
	r, err := gzip.NewReader(base64.NewDecoder(base64.StdEncoding, strings.NewReader(m[1])))
	if err != nil {
		t.Fatal(err)
	}
	if data, err := io.ReadAll(r); err != nil || string(data) != source {
		t.Errorf("%v: the page is %q", err, data)
	}
	if !Displayable(p) || !Displayable(&p) {
		t.Error("a page is shown as plain text")
	}
	for want, wrong := range map[string]Page{
		"the page has no title":        {Name: "a", HTML: p.HTML, Stills: p.Stills},
		`the page's name is "A/b"`:     {Name: "A/b", Title: "a", HTML: p.HTML, Stills: p.Stills},
		"the page is empty":            {Name: "a", Title: "a", Stills: p.Stills},
		"the page takes 3000001 bytes": {Name: "a", Title: "a", HTML: make([]byte, 3_000_001), Stills: p.Stills},
		"the row is empty":             {Name: "a", Title: "a", HTML: p.HTML},
	} {
		if _, err := bundleOf(wrong); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %s", err, want)
		}
	}
	var none *Page
	if _, err := bundleOf(none); err == nil {
		t.Error("a nil page is shown")
	}
}
