package book

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/cnnbook/cnnbook/kernelext/internal/browser"
	"github.com/cnnbook/cnnbook/kernelext/internal/kerneltest"
)

// deckOf returns the slides that cells become: the type, the kind and the text of each cell.
func deckOf(t *testing.T, cells ...notebookCell) (out [][3]string) {
	t.Helper()
	nb := &notebook{NBFormat: 4, NBFormatMinor: 5, Cells: cells}
	data, err := nb.deck()
	if err != nil {
		t.Fatal(err)
	}
	deck, err := parseNotebook(data)
	if err != nil {
		t.Fatal(err)
	}
	for _, cell := range deck.Cells {
		tags, err := readCellTags(cell.Metadata)
		if err != nil {
			t.Fatal(err)
		}
		kind, err := slideType(tags)
		if err != nil {
			t.Fatal(err)
		}
		code := cell.CellType
		if code == cellCode && tags.rest["transient"] == nil {
			code = "shown code"
		}
		out = append(out, [3]string{kind, code, string(cell.Source)})
	}
	return out
}

func slideText(source string) notebookCell {
	return notebookCell{CellType: cellMarkdown, Source: multiline(source)}
}

// slideCode is a cell that shows so many tables.
func slideCode(source, metadata string, outputs int) notebookCell {
	cell := notebookCell{CellType: cellCode, Source: multiline(source), Metadata: json.RawMessage(metadata)}
	for range outputs {
		cell.Outputs = append(cell.Outputs, cellOutput{OutputType: outputDisplay, Data: map[string]json.RawMessage{"text/html": json.RawMessage(`["<table class=\"cnnbook-table\"></table>"]`)}})
	}
	return cell
}

// Promise(pages/slides): `book --slides` makes slides of each notebook, in one file that loads nothing: a heading begins a slide, each
// output has one, nothing is cut, and slide types that the author chose are kept.
func TestDeck(t *testing.T) {
	long := strings.Repeat("Many words. ", 30) + "The end."
	for name, test := range map[string]struct {
		cells []notebookCell
		want  [][3]string
	}{
		"headings, first paragraphs, findings": {
			[]notebookCell{slideText("# T\n\nLead.\n\nMore.\n\n$$x\n\ny$$\n\n## A\n\nText\n\n- list\n\n**Finding.** So.\n\n| a |\n|---|\n| 1 |")},
			[][3]string{{"slide", "markdown", "# T\n\nLead.\n\n$$x\n\ny$$"}, {"notes", "markdown", "More."},
				{"slide", "markdown", "## A\n\nText\n\n**Finding.** So.\n\n| a |\n|---|\n| 1 |"}, {"notes", "markdown", "- list"}},
		},
		"outputs": {
			[]notebookCell{slideText("# T\n\nShort."), slideCode("a", "{}", 2), slideCode("b", `{"tags":["slide-code"]}`, 1), slideCode("quiet", "{}", 0)},
			[][3]string{{"slide", "markdown", "# T\n\nShort."}, {"-", "code", "a"}, {"slide", "markdown", "#### T"}, {"-", "code", "a"}, {"slide", "markdown", "#### T"}, {"-", "shown code", "b"}},
		},
		"a long text has a slide of its own": {
			[]notebookCell{slideText("# T\n\n" + long), slideCode("a", "{}", 1)},
			[][3]string{{"slide", "markdown", "# T\n\n" + long}, {"slide", "markdown", "#### T"}, {"-", "code", "a"}},
		},
		"headings without a text": {
			[]notebookCell{slideText("# T"), slideText("## A\n\ntext")},
			[][3]string{{"slide", "markdown", "# T"}, {"-", "markdown", "## A\n\ntext"}},
		},
		"exercises": {
			[]notebookCell{slideText("# T\n\ntext"), slideText("## Exercise"), slideText("<details>\n\nhint\n\n</details>"), slideCode("x", `{"tags":["exercise"]}`, 1), slideCode("y", `{"tags":["solution"]}`, 1), slideCode("z", `{"tags":["check"]}`, 1)},
			[][3]string{{"slide", "markdown", "# T\n\ntext"}},
		},
		"the author's own": {
			[]notebookCell{
				{CellType: cellMarkdown, Source: "# T\n\na\n\nb", Metadata: json.RawMessage(`{"slideshow":{"slide_type":"subslide"}}`)},
				slideCode("x", `{"slideshow":{"slide_type":"skip"}}`, 1), slideCode("y", `{"slideshow":{"slide_type":"fragment"},"tags":["slide-code"]}`, 1), slideCode("z", "{}", 1),
			},
			[][3]string{{"slide", "markdown", "# T\n\na\n\nb"}, {"fragment", "shown code", "y"}, {"-", "code", "z"}},
		},
	} {
		if got := deckOf(t, test.cells...); !slices.Equal(got, test.want) {
			t.Errorf("%s:\n%q, want\n%q", name, got, test.want)
		}
	}
}

// TestSlidesInABrowser opens the slides of our own notebooks as files.
//
// Promise(pages/slides) in Chromium, by keyboard
// Promise(pages/print): `book --pdf` prints each notebook with a Chromium: in the light theme, without navigation, with nothing cut.
func TestSlidesInABrowser(t *testing.T) {
	b := browser.Open(t)
	env := kerneltest.Environment(t)
	s := site(t, "# Showing things\n\nWhat a cell shows, with $E = mc^2$.")
	s.Notebooks = append(s.Notebooks, "06-comparing-optimizers.ipynb")
	nb, err := readNotebook(filepath.Join("..", "..", "notebooks", s.Notebooks[1]))
	if err != nil {
		t.Fatal(err)
	}
	if err := (normaliser{record: &Record{}}).apply(nb); err != nil {
		t.Fatal(err)
	}
	if err := nb.write(s.executed(s.Notebooks[1]), 0o644); err != nil {
		t.Fatal(err)
	}
	if s.Slides, err = env.Reveal(t.Context()); err != nil {
		t.Fatal(err)
	}
	if s.Chromium, err = FindChromium(); err != nil {
		t.Fatal(err)
	}
	s.Warn = func(string) {} // links to the other notebooks
	if err := os.MkdirAll(filepath.Dir(s.Out), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := Render(t.Context(), s); err != nil {
		t.Fatal(err)
	}
	for _, name := range s.Notebooks {
		page := strings.TrimSuffix(name, ".ipynb")
		b.Open(t, fileURL(filepath.Join(s.Out, "slides", page+".html")), browser.Look{Theme: "light", Width: 1280, Height: 800})
		var slides struct {
			N   int
			Bad []string
		}
		err := b.Evaluate(`(async () => {
			for (let i = 0; i < 600 && !document.body.dataset.ready; i++) await new Promise(done => setTimeout(done, 100));
			const n = Reveal.getTotalSlides(), bad = [];
			for (let i = 0; i < n; i++) {
				const slide = Reveal.getCurrentSlide(), box = slide.getBoundingClientRect();
				if (!slide.innerText.trim() && !slide.querySelector("img")) bad.push(i + 1 + " is empty");
				if (box.top < -1 || box.bottom > innerHeight + 1) bad.push(i + 1 + " is too high");
				for (const e of slide.querySelectorAll("img, table, pre, p, h1, h2, h3")) {
					const r = e.getBoundingClientRect();
					if (r.width && (r.left < -1 || r.right > innerWidth + 1)) bad.push(i + 1 + " is cut: " + e.tagName);
				}
				if (slide.querySelector(".jp-CodeCell .jp-InputArea-editor")) bad.push(i + 1 + " shows code");
				Reveal.next();
			}
			Reveal.slide(0);
			return {n, bad};
		})()`, &slides)
		if err != nil {
			t.Fatal(err)
		}
		if slides.N < 2 || len(slides.Bad) > 0 {
			t.Errorf("%s: %d slides: %q", page, slides.N, slides.Bad)
		}
		checkRequests(t, b)
		b.Press(t, "ArrowRight", 39)
		var at int
		if err := b.Evaluate("Reveal.getIndices().h", &at); err != nil || at != 1 {
			t.Errorf("%s: after the arrow key, slide %d, %v", page, at, err)
		}
	}
	checkPrint(t, b, s)
}

// checkPrint looks at pages as they are printed, and at the PDFs.
func checkPrint(t *testing.T, b *browser.Browser, s Site) {
	t.Helper()
	for _, name := range s.Notebooks {
		page := strings.TrimSuffix(name, ".ipynb")
		data, err := os.ReadFile(filepath.Join(s.Out, "pdf", page+".pdf"))
		if err != nil || !strings.HasPrefix(string(data), "%PDF-") || !strings.Contains(string(data), "/Type /Page") && !strings.Contains(string(data), "/Type/Page") {
			t.Errorf("%s: %d bytes, %v", page, len(data), err)
		}
		b.Open(t, fileURL(filepath.Join(s.Out, page+".html")), browser.Look{Theme: "dark", Width: 673, Height: 980, Print: true}) // A4 without its margins
		var found []string
		if err := b.Evaluate(`(() => {
			const bad = [];
			for (const e of document.querySelectorAll(".bd-header, .bd-sidebar-primary, .bd-sidebar-secondary, .copybtn, main button"))
				if (e.getClientRects().length) bad.push("navigation: " + e.className);
			for (const e of document.querySelectorAll("article img, article table, article pre, article p, article mjx-container svg")) {
				const r = e.getBoundingClientRect();
				if (r.width && r.right > innerWidth + 1) bad.push("cut: " + e.tagName + " " + e.textContent.trim().slice(0, 40) + " " + Math.round(r.right));
			}
			for (const e of document.querySelectorAll("article p, article h1, article pre")) {
				const [r, g, b] = getComputedStyle(e).color.match(/\d+/g).map(Number);
				if (r + g + b > 400) { bad.push("pale: " + e.tagName + " " + getComputedStyle(e).color); break; }
			}
			return bad.slice(0, 8);
		})()`, &found); err != nil {
			t.Fatal(err)
		}
		if len(found) > 0 {
			t.Errorf("%s on paper: %q", page, found)
		}
	}
}

// Promise(pages/print) without a Chromium, one line says what to do
func TestNoChromium(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	t.Setenv(chromiumEnv, "")
	if _, err := FindChromium(); err == nil || !strings.Contains(err.Error(), "apt install chromium") || strings.Contains(err.Error(), "\n") {
		t.Errorf("got %v", err)
	}
	t.Setenv(chromiumEnv, "no-such-browser")
	if err := (Build{PDF: true, Book: Book{Dir: "testdata"}}).checkPDF(); err == nil || !strings.Contains(err.Error(), "no-such-browser") {
		t.Errorf("got %v", err)
	}
}
