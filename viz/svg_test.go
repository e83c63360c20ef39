package viz_test

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"strings"
	"testing"
	"unicode"

	"github.com/cnnbook/cnnbook/viz"
)

// hostile is the worst untrusted text: markup, quotes, control characters, a
// bidirectional override, a non-character, invalid UTF-8, a terminal escape.
const hostile = "<script>alert('x')</script>&amp;\"\x00\x1b[31m\u202egpj.exe\ufffe\xff\u2028\t]]>"

// labelled puts s into every text of a figure.
func labelled(s string) []figurer {
	return []figurer{
		viz.Lines{Title: s, XLabel: s, YLabel: s, Series: []viz.Series{{Name: s, Y: []float64{1, 2}}}, Mark: &viz.Mark{X: 1, Text: s}},
		viz.Confusion{Title: s, Labels: []string{s, s}, Counts: [][]int{{1, 2}, {3, 4}}},
		viz.Grid{Title: s, Columns: []string{s}, Rows: [][]viz.Tile{{{Image: picture(0, 0), Above: s, Below: s, Wrong: true}}}},
		viz.ClassBars{Title: s, Quantity: s, Labels: []string{s}, Values: []float64{0.5}},
	}
}

// Promise(files/text)
func TestHostileText(t *testing.T) {
	for _, in := range labelled(hostile) {
		f, err := in.Figure()
		if err != nil {
			t.Fatal(err)
		}
		svg, err := f.SVG()
		if err != nil {
			t.Fatal(err)
		}
		checkSVG(t, svg)
		if _, err := f.PNG(); err != nil {
			t.Error(err)
		}
	}
}

// FuzzText: for any text, the SVG is well-formed and contains only drawing elements.
//
// Promise(files/text)
func FuzzText(f *testing.F) {
	for _, s := range []string{"", "cat", hostile, `" onload="x`, "a\nb", strings.Repeat("é", 300), "日本語"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		for _, in := range labelled(s) {
			figure, err := in.Figure()
			if err != nil {
				t.Fatal(err)
			}
			svg, err := figure.SVG()
			if err != nil {
				t.Fatal(err)
			}
			checkSVG(t, svg)
		}
	})
}

// harmful reports whether a character controls a terminal, ends a line or reorders text.
func harmful(r rune) bool {
	return unicode.IsControl(r) && r != '\n' && r != '\t' || unicode.Is(unicode.Bidi_Control, r) || r == '\u2028' || r == '\u2029'
}

// checkSVG parses the document and refuses elements and attributes that do more than draw.
func checkSVG(t *testing.T, svg []byte) {
	t.Helper()
	decoder := xml.NewDecoder(bytes.NewReader(svg))
	for {
		token, err := decoder.Token()
		if errors.Is(err, io.EOF) {
			return
		}
		if err != nil {
			t.Fatalf("not well-formed: %v in %q", err, svg)
		}
		switch token := token.(type) {
		case xml.StartElement:
			if !strings.Contains(" svg g path text image ", " "+token.Name.Local+" ") {
				t.Errorf("element %q", token.Name.Local)
			}
			for _, a := range token.Attr {
				if i := strings.IndexFunc(a.Value, harmful); i >= 0 {
					t.Errorf("attribute %s=%q holds %q", a.Name.Local, a.Value, a.Value[i:])
				}
				if strings.HasPrefix(a.Name.Local, "on") {
					t.Errorf("attribute %s=%q", a.Name.Local, a.Value)
				}
				if a.Name.Local == "href" && !strings.HasPrefix(a.Value, "data:image/png;base64,") {
					t.Errorf("reference to %q", a.Value)
				}
			}
		case xml.CharData:
			if i := bytes.IndexFunc(token, harmful); i >= 0 {
				t.Errorf("text %q holds %q", token, token[i:])
			}
		}
	}
}

func TestSVGHead(t *testing.T) {
	f, err := viz.Grid{Title: `Fish & "chips"`, Rows: [][]viz.Tile{{{Image: picture(0, 0)}}}}.Figure()
	if err != nil {
		t.Fatal(err)
	}
	f.Width, f.Height = 99.2, 120
	svg, err := f.SVG()
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		`width="100" height="120" viewBox="0 0 100 120"`, // whole CSS pixels
		`role="img" aria-label="Fish &amp; &#34;chips&#34;. 1 image in 1 row and 1 column."`,
		`font-family:'Liberation Sans',Arial,`,
		`image-rendering:pixelated`,
	} {
		if !bytes.Contains(svg, []byte(want)) {
			t.Errorf("the SVG lacks %s", want)
		}
	}
}
