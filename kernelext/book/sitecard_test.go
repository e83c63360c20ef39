package book

import (
	"encoding/json"
	"strings"
	"testing"
)

func figureOutput(alt string) cellOutput {
	html, _ := json.Marshal(`<figure class="cnnbook-figure"><img alt="` + alt + `" src="data:image/png;base64,AQID" width="3"></figure>`)
	return cellOutput{OutputType: outputDisplay, Data: map[string]json.RawMessage{"text/html": html}}
}

func TestCover(t *testing.T) {
	tagged := json.RawMessage(`{"tags": ["cover"]}`)
	nb := notebook{Cells: []notebookCell{
		{CellType: cellCode, Outputs: []cellOutput{figureOutput("one"), figureOutput("A &amp; B")}, Metadata: tagged},
		{CellType: cellCode, Outputs: []cellOutput{figureOutput("last")}},
	}}
	if cover, ok := nb.cover("01-x"); !ok || cover.alt != "A & B" || cover.name != "cover-01-x.png" || string(cover.data) != "\x01\x02\x03" {
		t.Errorf("%+v, %v: expected the last image of the cell with the tag", cover, ok)
	}
	nb.Cells[0].Metadata = nil
	if cover, ok := nb.cover("01-x"); !ok || cover.alt != "last" {
		t.Errorf("%+v, %v: expected the last image", cover, ok)
	}
	if cover, ok := (&notebook{}).cover("01-x"); ok {
		t.Errorf("%+v from a notebook without images", cover)
	}
}

func TestFinding(t *testing.T) {
	for source, want := range map[string]string{
		"x\n\n**Finding.** About 1.5 % of e.g. cats fail. More follows.": "About 1.5 % of e.g. cats fail.",
		"**Finding.** One line\nand the next":                            "One line and the next",
		"**Finding.** First. *Second*.":                                  "First.",
		"no finding":                                                     "",
	} {
		nb := notebook{Cells: []notebookCell{{CellType: cellMarkdown, Source: multiline(source)}}}
		if got := nb.finding(); got != want {
			t.Errorf("%q: %q, expected %q", source, got, want)
		}
	}
}

func TestFoldForPage(t *testing.T) {
	long := multiline(strings.Repeat("x\n", longCell+1))
	nb := notebook{NBFormat: 4, NBFormatMinor: 5, Cells: []notebookCell{
		{CellType: cellCode, ID: "a", Source: "x"},
		{CellType: cellCode, ID: "b", Source: long},
		{CellType: cellCode, ID: "c", Source: "x", Metadata: json.RawMessage(`{"tags": ["solution"]}`)},
	}}
	data, err := nb.foldForPage()
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"Show the code (21 lines)", "Show the solution"} {
		if strings.Count(string(data), want) != 1 {
			t.Errorf("%q does not occur once", want)
		}
	}
	if strings.Count(string(data), "hide-input") != 2 {
		t.Errorf("expected two folded cells:\n%s", data)
	}
	nb.Cells[0].Metadata = json.RawMessage(`{"tags": "x"}`)
	if _, err := nb.foldForPage(); err == nil || !strings.Contains(err.Error(), "cell 1") {
		t.Errorf("tags that are no list: %v", err)
	}
}
