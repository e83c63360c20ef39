package book

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/cnnbook/cnnbook/kernelext"
	"github.com/cnnbook/cnnbook/kernelext/internal/browser"
	"github.com/cnnbook/cnnbook/kernelext/internal/kerneltest"
)

// twoReceipts are those of a figure of two runs, as a cell sends them.
var twoReceipts = json.RawMessage(`[
	{"run": "base", "identity": "` + strings.Repeat("a", 64) + `", "trained": "2 of 2 epochs, 80 steps, seed 1", "weights": "weights-000080.safetensors", "sha256": "` + strings.Repeat("1", 64) + `", "data": "drawn, 2000 training images", "processor": "Abacus 3000 (AVX2)", "threads": "2", "backend": "xla:cpu", "software": "go1.26"},
	{"run": "<quick>", "identity": "` + strings.Repeat("b", 64) + `", "trained": "8 of 8 epochs, 320 steps, seed 1", "sha256": "` + strings.Repeat("2", 64) + `", "data": "drawn, 2000 training images", "processor": "Abacus 3000 (AVX2)", "threads": "2", "backend": "xla:cpu", "software": "go1.26", "home": "/home/me"}
]`)

// verified is a verification of them.
func verified(difference string) Verification {
	at := time.Date(2026, 11, 27, 3, 0, 0, 0, time.UTC)
	return Verification{
		Stretches: []Stretch{
			{Run: "base", Identity: strings.Repeat("a", 64), Weights: strings.Repeat("1", 64), What: "steps 41 to 80", Difference: difference, At: at, Machine: "Abacus 3000 (AVX2), 2 threads"},
			{Run: "old", Identity: strings.Repeat("c", 64), Weights: strings.Repeat("3", 64), What: "steps 1 to 9", Difference: "of no figure here", At: at},
		},
		Skipped: []Skipped{{Run: "<quick>", Identity: strings.Repeat("b", 64), Why: "trained elsewhere"}},
	}
}

// A notebook keeps the receipts that it knows, without paths; in a repository, only what is the same on every machine.
//
// Promise(pages/receipts): A figure made from a run says on its page, on request, which run it was, the hash of its weights, budget,
// versions, commit, data and kind of machine; no path and no name of a machine is in it.
func TestReceiptsAreKeptClean(t *testing.T) {
	sent, err := json.Marshal(string(twoReceipts))
	if err != nil {
		t.Fatal(err)
	}
	everywhere := normaliser{anywhere: true}
	here := normaliser{scrub: scrubbers([]Replacement{{Path: "/runs", Label: "RUNS"}})}
	for name, test := range map[string]struct {
		n          normaliser
		raw        string
		want, gone []string
	}{
		"as sent":      {here, string(sent), []string{`"run":"base"`, `"sha256":"111`, `"processor":"Abacus`}, []string{"home"}},
		"as stored":    {here, string(twoReceipts), []string{`"identity":"bbb`, `"threads":"2"`}, []string{"home"}},
		"a path":       {here, `[{"run":"a","data":"/runs/x \u001b[31mred"}]`, []string{`RUNS/x`}, []string{"/runs", "\\u001b"}},
		"twice":        {here, `[{"run":"a"},{"run":"a"}]`, []string{`[{"run":"a"}]`}, nil},
		"a repository": {everywhere, string(sent), []string{`"identity":"aaa`, `"trained":"2 of 2`, `"weights":"weights-`}, []string{"sha256", "Abacus", "threads", "go1.26", "backend"}},
	} {
		got, err := test.n.receipts(json.RawMessage(test.raw))
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		for _, want := range test.want {
			if !strings.Contains(string(got), want) {
				t.Errorf("%s: %s has no %s", name, got, want)
			}
		}
		for _, gone := range test.gone {
			if strings.Contains(string(got), gone) {
				t.Errorf("%s: %s has %s", name, got, gone)
			}
		}
	}
	for _, wrong := range []string{`{}`, `"x"`, `[1]`, `[{"run":1}]`} {
		if got, err := here.receipts(json.RawMessage(wrong)); err == nil || !strings.Contains(err.Error(), "expected a list of objects") {
			t.Errorf("%s: %s, %v", wrong, got, err)
		}
	}
}

// Promise(pages/verify) the pages say what came of it: the same bits, or a difference
func TestVerificationIsShown(t *testing.T) {
	receipts, err := readReceipts(twoReceipts)
	if err != nil {
		t.Fatal(err)
	}
	good, bad := verified("").of(receipts), verified("loss <other>").of(receipts)
	if got := good.String(); good.Err() != nil || got != "1 stretch of 1 run trained again, the same bits, on 27 November 2026, on this kind of machine: Abacus 3000 (AVX2), 2 threads" {
		t.Errorf("%q, %v", got, good.Err())
	}
	if err := bad.Err(); err == nil || !strings.Contains(err.Error(), "1 of 1 stretches are not the same bits: run base-aaaaaaaaaaaa, steps 41 to 80: loss <other>") {
		t.Errorf("%v", err)
	}
	record := Record{Facts: []Fact{{"budget", "smoke (reduced)"}, {"commit", "abc with changes"}, {"machine", "x"}, {"run", "2026-11-27"}}}
	html := receiptHTML(receipts, record, bad)
	for _, want := range []string{"<summary>Receipt: runs base, &lt;quick&gt;</summary>", strings.Repeat("a", 64), strings.Repeat("2", 64), "<dt>commit</dt><dd>abc with changes</dd>",
		"steps 41 to 80: not the same bits: loss &lt;other&gt;, 27 November 2026", "<dt>notebook run</dt>"} {
		if !strings.Contains(html, want) {
			t.Errorf("the receipt has no %s:\n%s", want, html)
		}
	}
	if n := strings.Count(html, "Abacus 3000"); n != 1 {
		t.Errorf("what both runs share is shown %d times", n)
	}
	if page := bad.paragraph(); !strings.HasPrefix(page, "**Not verified:** 1 stretch") || !strings.Contains(page, "- **Not the same bits:** run base, steps 41 to 80:") || !strings.Contains(page, "Not trained again: run") {
		t.Errorf("the first page says\n%s", page)
	}
	// A newer result replaces an older one of the same stretch, and no other.
	newer := verified("loss <other>").with(Verification{Stretches: verified("").Stretches[:1]}, receipts)
	if len(newer.Stretches) != 2 || newer.of(receipts).Err() != nil {
		t.Errorf("%+v", newer)
	}
	// Files are looked at anew each time: what was wrong with them and is so no longer is not shown, unless nobody looked.
	files := verified("loss <other>")
	files.Stretches[0].What, files.Stretches[0].Files = "its last save", true
	if again := files.with(Verification{}, receipts); len(again.Stretches) != len(files.Stretches)-1 {
		t.Errorf("after a look at the files: %+v", again)
	}
	if again := files.with(Verification{}, receipts[1:]); len(again.Stretches) != len(files.Stretches) {
		t.Errorf("after a look at other files: %+v", again)
	}
}

// Promise(pages/verify) what was found before an interrupt is kept
func TestVerificationIsKept(t *testing.T) {
	dir := t.TempDir()
	executedNotebook(t, filepath.Join(dir, "01-show.ipynb"), "# Title")
	b := Build{Verify: func(_ context.Context, _ kernelext.Params, receipts []Receipt) (Verification, error) {
		if len(receipts) != 2 {
			t.Errorf("%d receipts", len(receipts))
		}
		return Verification{Stretches: verified("").Stretches[:1]}, context.Canceled
	}}
	if err := b.verify(t.Context(), []string{"01-show.ipynb"}, dir); err == nil {
		t.Error("the interrupt is no error")
	}
	if kept, err := readVerification(dir); err != nil || len(kept.Stretches) != 1 {
		t.Errorf("%+v, %v", kept, err)
	}
	if err := os.WriteFile(filepath.Join(dir, verifiedFile), []byte("{"), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := readVerification(dir); err == nil || !strings.Contains(err.Error(), "remove it and verify again") {
		t.Errorf("a damaged file: %v", err)
	}
}

// TestReceiptInABrowser opens a receipt by keyboard, in both themes and on a phone.
//
// Promise(pages/receipts) by keyboard, without scripts; axe finds nothing
func TestReceiptInABrowser(t *testing.T) {
	b := browser.Open(t)
	env := kerneltest.Environment(t)
	file, err := env.WheelFile(t.Context(), axe(), "axe", "axe.js", "Fetching axe-core")
	if err != nil {
		t.Fatal(err)
	}
	script, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	s := site(t, "# Showing things")
	s.Verification = verified("")
	if err := os.MkdirAll(filepath.Dir(s.Out), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := Render(t.Context(), s); err != nil {
		t.Fatal(err)
	}
	for _, page := range []string{"01-show.html", "single/01-show.html"} {
		for _, l := range []browser.Look{{Theme: "light", Width: 1280, Height: 900}, {Theme: "dark", Width: 390, Height: 844}} {
			b.Open(t, fileURL(filepath.Join(s.Out, filepath.FromSlash(page))), l)
			var before, after struct {
				Open  bool
				Above float64
				Below float64
			}
			look := `(() => { const d = document.querySelector("details.cnnbook-receipt");
				d.firstElementChild.focus(); // which may scroll
				const r = d.getBoundingClientRect(), top = document.querySelector("h1").getBoundingClientRect().top;
				return {open: d.open, above: r.top - top, below: r.height} })()`
			if err := b.Evaluate(look, &before); err != nil {
				t.Fatal(err)
			}
			b.Press(t, "Enter", 13)
			if err := b.Evaluate(look, &after); err != nil {
				t.Fatal(err)
			}
			if before.Open || !after.Open || before.Above != after.Above || after.Below < before.Below+100 {
				t.Errorf("%s %s: closed %+v, open %+v", page, l.Theme, before, after)
			}
			checkLook(t, b, browser.Look{Theme: l.Theme, Width: l.Width, Height: l.Height})
			checkAxe(t, b, string(script))
		}
	}
	index, err := os.ReadFile(filepath.Join(s.Out, "index.html"))
	if err != nil || !strings.Contains(string(index), "1 stretch of 1 run trained again, the same bits, on 27 November 2026") {
		t.Errorf("the first page does not say that it was verified: %v", err)
	}
}
