package book

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/cnnbook/cnnbook/kernelext"
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

// Promise(pages/gallery): The first page shows each notebook's best figure, its finding, and what this build gave: accuracy, time, machine.
func TestFiguresOfTheBuild(t *testing.T) {
	carrying := func(receipts string) notebook {
		return notebook{Cells: []notebookCell{{CellType: cellCode, Outputs: []cellOutput{{Data: map[string]json.RawMessage{kernelext.ReceiptMIME: json.RawMessage(receipts)}}}}}}
	}
	record := Record{Seconds: 72.4, Facts: []Fact{{"data", "drawn"}, {"budget", "smoke (reduced)"}, {"seed", "1"}, {"machine", "Abacus 3000 with beads"}}}
	for name, c := range map[string]struct {
		nb     notebook
		record Record
		want   string
	}{
		"one run":   {carrying(`[{"identity": "a", "accuracy": "0.4312"}]`), record, "validation accuracy 0.4312; 1 min 12 s; data drawn; budget smoke (reduced); Abacus 3000 with beads"},
		"several":   {carrying(`[{"identity": "a", "accuracy": "0.4312"}, {"identity": "b", "accuracy": "0.0999"}, {"identity": "c"}]`), Record{}, "validation accuracy 0.0999 to 0.4312 in 2 runs"},
		"no run":    {notebook{}, Record{Seconds: 3}, "3 s"},
		"nothing":   {notebook{}, Record{Facts: record.Facts}, ""},
		"untrained": {carrying(`[{"identity": "a"}]`), Record{}, ""},
	} {
		receipts, err := c.nb.receiptsOf()
		if got := buildFigures(receipts, c.record); err != nil || got != c.want {
			t.Errorf("%s: %q, %v, expected %q", name, got, err, c.want)
		}
	}
	if card := (indexEntry{Page: "01-x", Title: "X", Figures: "validation accuracy 0.4312"}).card(); !strings.Contains(card, `*This build:* validation accuracy 0\.4312`) {
		t.Errorf("the card says\n%s", card)
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
