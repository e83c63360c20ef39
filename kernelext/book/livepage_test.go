package book

import (
	"encoding/json"
	"strings"
	"testing"
)

// packedHello is "hello", compressed by gzip.
const packedHello = "H4sIAAAAAAAAA8tIzcnJBwCGphA2BQAAAA=="

// A page that an output carries becomes a file of the book under a name of its own; the cells that were given stay as they are.
func TestTakePages(t *testing.T) {
	cell := func(html string) notebookCell {
		value, err := json.Marshal(html)
		if err != nil {
			t.Fatal(err)
		}
		return notebookCell{CellType: cellCode, Outputs: []cellOutput{{OutputType: outputDisplay, Data: map[string]json.RawMessage{"text/html": value, "text/plain": []byte(`"x"`)}}}}
	}
	carried := func(packed string) string {
		return `<div><template class="cnnbook-page" data-name="net" data-title="A &amp; &lt;b&gt;">` + packed + `</template><p>still</p><p class="cnnbook-page-note">note</p></div>`
	}
	cells := []notebookCell{cell("<p>nothing</p>"), cell(carried(packedHello)), cell(carried(packedHello))}
	files := map[string][]byte{"part/x-net-2.md": []byte("a page of that name")}
	linked, pages, err := takePages(cells, "part/x", files)
	if err != nil {
		t.Fatal(err)
	}
	if len(pages) != 2 || pages[0] != (livePage{"part/x-net.html", "A & <b>"}) || pages[1].File != "part/x-net-3.html" {
		t.Errorf("pages: %+v", pages)
	}
	for _, p := range pages {
		if string(files["downloads/"+p.File]) != "hello" {
			t.Errorf("%s holds %q", p.File, files["downloads/"+p.File])
		}
	}
	shown := func(c notebookCell) string {
		var html multiline
		if err := json.Unmarshal(c.Outputs[0].Data["text/html"], &html); err != nil {
			t.Fatal(err)
		}
		return string(html)
	}
	if html := shown(linked[1]); !strings.Contains(html, `<a href="x-net.html">A &amp; &lt;b&gt;</a>`) || !strings.Contains(html, "still") || strings.Contains(html, "template") || strings.Contains(html, "note") {
		t.Errorf("the cell shows %s", html)
	}
	if shown(cells[1]) != carried(packedHello) || shown(linked[0]) != "<p>nothing</p>" {
		t.Error("the cells that were given have changed")
	}
	for _, damaged := range []string{"", "AAAA", packedHello[:20], "A"} {
		if _, _, err := takePages([]notebookCell{cell(carried(damaged))}, "x", map[string][]byte{}); err == nil || !strings.Contains(err.Error(), `cell 1 shows the page "net", which is damaged`) {
			t.Errorf("%q: %v", damaged, err)
		}
	}
}
