package book

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/cnnbook/cnnbook/kernelext/internal/browser"
)

// layoutBook has our own notebooks with the widest figures, tables and outputs, as the repository stores them.
func layoutBook(t *testing.T) Site {
	t.Helper()
	s := site(t, "# unused")
	s.Notebooks = []string{"01-the-write-up.ipynb", "06-comparing-optimizers.ipynb"}
	for _, name := range s.Notebooks {
		nb, err := readNotebook(filepath.Join("..", "..", "notebooks", name))
		if err != nil {
			t.Fatal(err)
		}
		if err := (normaliser{kernel: kernelspecInfo{"Go", "go", "cnnbook"}, record: &Record{Facts: s.Facts}}).apply(nb); err != nil {
			t.Fatal(err)
		}
		if err := nb.write(s.executed(name), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.MkdirAll(filepath.Dir(s.Out), 0o755); err != nil {
		t.Fatal(err)
	}
	s.Warn = func(string) {} // links to the other notebooks
	if err := Render(t.Context(), s); err != nil {
		t.Fatal(err)
	}
	return s
}

// TestLayout looks at pages on a phone, a tablet, a laptop and a large screen.
//
// Promise(pages/layout): On any screen, a table that is wider than the page scrolls to its last column under a caption that stays in
// sight, code is never cut, output in columns keeps them, and a figure that is shown smaller can be enlarged.
func TestLayout(t *testing.T) {
	b := browser.Open(t)
	s := layoutBook(t)
	seen := map[string]int{}
	for _, width := range []int{390, 800, 1400, 2000} {
		for _, theme := range []string{"light", "dark"} {
			for _, name := range s.Notebooks {
				page := name[:len(name)-len(".ipynb")]
				t.Run(fmt.Sprintf("%s %d %s", page, width, theme), func(t *testing.T) {
					b.Open(t, fileURL(filepath.Join(s.Out, page+".html")), browser.Look{Theme: theme, Width: width, Height: 900})
					for what, check := range layoutChecks {
						var found struct {
							Seen int
							Bad  []string
						}
						if err := b.Evaluate(check, &found); err != nil {
							t.Fatalf("%s: %v", what, err)
						}
						if len(found.Bad) > 0 {
							t.Errorf("%s: %q", what, found.Bad)
						}
						seen[fmt.Sprintf("%s at %d", what, width)] += found.Seen
					}
				})
			}
		}
	}
	for _, what := range []string{"wide tables at 390", "captions at 390", "code at 390", "columns at 390", "figures at 390", "figures at 1400", "code at 2000", "columns at 2000"} {
		if seen[what] == 0 {
			t.Errorf("no %s was seen: %v", what, seen)
		}
	}
}

// layoutChecks are expressions in JavaScript: how many things of a kind a page shows, and which of them are wrong.
var layoutChecks = map[string]string{
	"wide tables": `(() => {
		const wide = [...document.querySelectorAll("main .cell_output table")].filter(t => t.getBoundingClientRect().width > t.closest(".output").clientWidth + 1);
		return {seen: wide.length, bad: wide.filter(t => {
			const box = t.closest(".output"), last = t.querySelector("tr").lastElementChild;
			box.scrollLeft = 1e6;
			const reached = last.getBoundingClientRect().right <= box.getBoundingClientRect().right + 1 && box.scrollLeft > 0;
			box.scrollLeft = 0;
			return !reached || !["auto", "scroll"].includes(getComputedStyle(box).overflowX) || box.tabIndex !== 0;
		}).map(t => t.textContent.slice(0, 60))};
	})()`,
	"captions": `(() => {
		const captions = [...document.querySelectorAll("main table.cnnbook-table > caption, main figure.cnnbook-figure > figcaption")].filter(c => c.textContent.trim());
		return {seen: captions.length, bad: captions.filter(c => {
			const box = c.closest(".output"), edge = box.getBoundingClientRect();
			return [0, 1e6].some(at => {
				box.scrollLeft = at;
				const place = c.getBoundingClientRect();
				box.scrollLeft = 0;
				return place.right > edge.right + 1 || place.left < edge.left - 1;
			});
		}).map(c => c.textContent.slice(0, 60))};
	})()`,
	"code": `(() => {
		const code = [...document.querySelectorAll("main .cell_input pre")].filter(p => p.clientWidth > 0);
		return {seen: code.length, bad: code.filter(p => p.scrollWidth > p.clientWidth + 1).map(p => p.textContent.slice(0, 60))};
	})()`,
	"columns": `(() => {
		const summaries = [...document.querySelectorAll("main .cell_output pre")].filter(p => p.textContent.includes("Param #"));
		return {seen: summaries.length, bad: summaries.filter(p => {
			const lines = p.textContent.trimEnd().split("\n").length, style = getComputedStyle(p);
			const height = p.clientHeight - parseFloat(style.paddingTop) - parseFloat(style.paddingBottom);
			const wrapped = height > (lines + 1.5) * parseFloat(style.lineHeight);
			return wrapped || p.scrollWidth > p.clientWidth + 1 && (style.overflowX !== "auto" || p.tabIndex !== 0);
		}).map(p => p.textContent.slice(0, 60))};
	})()`,
	"figures": `(async () => {
		const small = [...document.querySelectorAll("main .cnnbook-figure img")].filter(i => i.clientWidth > 0 && i.clientWidth < 0.9 * i.getAttribute("width"));
		const bad = [];
		for (const image of small) {
			const button = image.parentElement.querySelector("button.book-enlarge");
			if (!button) {
				bad.push("no button: " + image.alt);
				continue;
			}
			button.click();
			const dialog = document.querySelector("dialog.book-large"), large = dialog?.querySelector("img");
			await large?.decode();
			if (!dialog?.open || large.getBoundingClientRect().width < image.getAttribute("width") || !dialog.contains(document.activeElement)) bad.push("not enlarged: " + image.alt);
			dialog?.querySelector("button").click();
			for (let i = 0; i < 250 && document.querySelector("dialog.book-large"); i++) await new Promise(done => setTimeout(done, 20));
			if (document.querySelector("dialog.book-large")) bad.push("does not close: " + image.alt);
		}
		return {seen: small.length, bad};
	})()`,
}
