package book

import (
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/cnnbook/cnnbook/kernelext/internal/browser"
	"github.com/cnnbook/cnnbook/kernelext/internal/kerneltest"
	"github.com/cnnbook/cnnbook/kernelext/setup"
)

// axe is axe-core 4.12.1, which checks the accessibility of a page in a browser
// (https://github.com/dequelabs/axe-core, MPL-2.0). It comes from a Python package.
func axe() setup.Wheel {
	return setup.Wheel{
		Name: "axe-playwright-python", Version: "0.1.8",
		SHA256: "fdd263c998388f1a8e67cad02677e612d946248bd44d163be5e8650ea31f95f8",
		Member: "axe_playwright_python/axe.min.js",
	}
}

// pagesEnv is the environment variable that names an existing book. Without it the test makes a small one.
const pagesEnv = "CNNBOOK_PAGES"

// TestPagesInABrowser checks every page of a book, opened as a file: axe finds no violation of WCAG 2.1 AA, in the light
// and the dark theme; on a phone only boxes inside the page scroll sideways; nothing is loaded from other sites; and the
// search works.
//
// Promise(pages/browser): Pages load nothing from other sites, meet WCAG 2.1 AA as far as axe-core can
// check, fit a phone's screen, and can be searched, all opened as files.
// Promise(pages/browser) in Chromium; `.ci/run` checks every page of the real book
func TestPagesInABrowser(t *testing.T) {
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
	dir := os.Getenv(pagesEnv)
	if dir == "" {
		dir = smallBook(t)
	}
	if dir, err = filepath.Abs(dir); err != nil {
		t.Fatal(err)
	}
	pages, err := filepath.Glob(filepath.Join(dir, "*.html"))
	if err != nil || len(pages) < 3 {
		t.Fatalf("%d pages in %s, %v", len(pages), dir, err)
	}
	singles, err := filepath.Glob(filepath.Join(dir, "single", "*.html"))
	if err != nil || len(singles) == 0 {
		t.Fatalf("%d single-file pages, %v", len(singles), err)
	}
	slowest, slow := 0., ""
	for _, page := range append(pages, singles...) {
		for _, l := range []browser.Look{{Theme: "light", Width: 1280, Height: 900}, {Theme: "dark", Width: 390, Height: 844}} {
			if strings.Contains(page, "single") && l.Theme == "dark" {
				continue // these have no dark theme
			}
			t.Run(fmt.Sprintf("%s %s", filepath.Base(page), l.Theme), func(t *testing.T) {
				b.Open(t, fileURL(page), l)
				checkRequests(t, b)
				if ms := firstPaint(t, b); ms > slowest {
					slowest, slow = ms, filepath.Base(page)
				}
				checkLook(t, b, l)
				checkAxe(t, b, string(script))
			})
		}
	}
	t.Logf("the slowest first paint took %.0f ms, of %s", slowest, slow)
	t.Run("search", func(t *testing.T) { checkSearch(t, b, dir) })
}

func fileURL(path string) string { return (&url.URL{Scheme: "file", Path: path}).String() }

// smallBook is a book with a page of every kind.
func smallBook(t *testing.T) string {
	t.Helper()
	s := site(t, "# Showing things\n\nWhat a cell shows, with $E = mc^2$; `viz.Grid` draws.\n\n## Places\n\n| notebook | section |\n|---|---|\n| 01 | Places |\n| 07 | nowhere |\n")
	s.Module, s.Packages, s.Results = filepath.Join("..", ".."), []string{"viz"}, "README.md"
	s.Sources = filepath.Join("..", "..", "notebooks")
	if err := os.MkdirAll(filepath.Dir(s.Out), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := Render(t.Context(), s); err != nil {
		t.Fatal(err)
	}
	return s.Out
}

// firstPaint is the time in milliseconds from the page's request to its first text or picture. It depends on the machine, so the
// test prints it, with -v, and does not judge it.
func firstPaint(t *testing.T, b *browser.Browser) (ms float64) {
	t.Helper()
	// A page of few files may be loaded before it is painted.
	if err := b.Evaluate(`new Promise((done) => {
		setTimeout(() => done(-1), 20000);
		new PerformanceObserver((list) => list.getEntriesByName("first-contentful-paint").forEach((entry) => done(entry.startTime))).observe({type: "paint", buffered: true});
	})`, &ms); err != nil || ms < 0 {
		t.Errorf("first paint: %v ms, %v", ms, err)
	}
	return ms
}

// checkRequests checks the page's requests.
func checkRequests(t *testing.T, b *browser.Browser) {
	t.Helper()
	if len(b.Requests) == 0 {
		t.Error("no request was seen, not even that for the page itself")
	}
	for _, request := range b.Requests {
		if !slices.ContainsFunc([]string{"file:", "data:", "blob:"}, func(scheme string) bool { return strings.HasPrefix(request, scheme) }) {
			t.Errorf("the page requests %s", request)
		}
	}
}

// checkLook checks that the page follows the user's theme, and that it is no wider than the window.
func checkLook(t *testing.T, b *browser.Browser, l browser.Look) {
	t.Helper()
	var page struct {
		Theme string
		Width int
		Wide  []string
		Cut   []string // text and tables whose right side cannot be reached
		Long  []string // code that runs off the page
	}
	err := b.Evaluate(`({
		theme: document.documentElement.dataset.theme ?? "",
		width: document.scrollingElement.scrollWidth,
		wide: [...document.querySelectorAll("main *")]
			.filter(e => e.getBoundingClientRect().right > innerWidth + 1 && !e.parentElement.closest("pre, .output")).slice(0, 5)
			.map(e => e.tagName + "." + e.className + " " + e.textContent.trim().slice(0, 60)),
		cut: [...document.querySelectorAll("main pre, main table")].filter(e => {
			if (e.tagName === "PRE" && e.scrollWidth <= e.clientWidth + 1) return false; // spaces at a line's end do not count
			const content = document.createRange();
			content.selectNodeContents(e);
			const right = content.getBoundingClientRect().right;
			for (let box = e; box && box.tagName !== "MAIN"; box = box.parentElement) {
				const overflow = getComputedStyle(box).overflowX;
				if (overflow === "auto" || overflow === "scroll") return false; // can be scrolled
				if (overflow !== "visible" && right > box.getBoundingClientRect().right + 1) return true;
			}
			return right > innerWidth + 1;
		}).slice(0, 5).map(e => e.tagName + " " + e.textContent.trim().slice(0, 60)),
		long: [...document.querySelectorAll("main .cell_input pre")]
			.filter(e => e.scrollWidth > e.clientWidth + 1).slice(0, 5).map(e => e.textContent.trim().slice(0, 60)),
	})`, &page)
	if err != nil {
		t.Fatal(err)
	}
	if page.Theme != "" && page.Theme != l.Theme {
		t.Errorf("the theme is %s, expected %s", page.Theme, l.Theme)
	}
	if page.Width > l.Width {
		t.Errorf("the page is %d pixels wide in a window of %d: %v", page.Width, l.Width, page.Wide)
	}
	if len(page.Cut) > 0 {
		t.Errorf("cut at the right: %q", page.Cut)
	}
	if len(page.Long) > 0 {
		t.Errorf("code runs off the page: %q", page.Long)
	}
}

// checkAxe runs axe on the page.
func checkAxe(t *testing.T, b *browser.Browser, script string) {
	t.Helper()
	if err := b.Evaluate(script, nil); err != nil {
		t.Fatal(err)
	}
	var found []struct {
		ID    string
		Help  string
		Nodes []string
	}
	err := b.Evaluate(`axe.run(document, {runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"], resultTypes: ["violations"]})
		.then(r => r.violations.map(v => ({id: v.id, help: v.help, nodes: v.nodes.map(n => n.html.slice(0, 160) + " " + (n.any[0]?.message ?? ""))})))`, &found)
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range found {
		t.Errorf("%s: %s: %d times, such as %s", v.ID, v.Help, len(v.Nodes), v.Nodes[0])
	}
}

// checkSearch checks the search in pages opened as files.
func checkSearch(t *testing.T, b *browser.Browser, dir string) {
	t.Helper()
	b.Open(t, fileURL(filepath.Join(dir, "search.html"))+"?q=notebook", browser.Look{Theme: "light", Width: 1280, Height: 900})
	var found []string
	err := b.Evaluate(`(async () => {
		for (let i = 0; i < 100; i++) {
			const links = [...document.querySelectorAll("#search-results li a")];
			if (links.length && !document.querySelector("#search-progress")?.innerText.trim()) return links.map(a => a.href);
			await new Promise(done => setTimeout(done, 100));
		}
		return [...document.querySelectorAll("#search-results li a")].map(a => a.href);
	})()`, &found)
	if err != nil || len(found) == 0 {
		t.Fatalf("the search found nothing: %v", err)
	}
	checkRequests(t, b)
	for _, link := range found {
		target, err := url.Parse(link)
		if err != nil || target.Scheme != "file" {
			t.Errorf("the search leads to %s", link)
			continue
		}
		if _, err := os.Stat(target.Path); err != nil {
			t.Error(err)
		}
	}
}
