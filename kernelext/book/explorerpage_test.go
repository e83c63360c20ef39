package book

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/cnnbook/cnnbook/kernelext/internal/browser"
)

const explorerCells = `import (
	"fmt"

	"github.com/cnnbook/cnnbook/kernelext"
)

squares := kernelext.Explorer{Label: "Number", Count: 12, Stills: []int{3, 5},
	Show: func(i int) ([]any, error) { return []any{kernelext.Text(fmt.Sprintf("its square is %d", i*i))}, nil }}
squares.Run(ctx)
---
letters := kernelext.Explorer{Label: "Letter", Choices: []string{"a", "<b>"},
	Show: func(i int) ([]any, error) { return []any{kernelext.Text(fmt.Sprint("letter ", i))}, nil }}
letters.Run(ctx)`

// TestExplorersWithoutAKernel runs explorers in the kernel, and uses them in the page: by keyboard, and without scripts.
//
// Promise(pages/explorers): Explorers work in a page that is opened as a file, by keyboard too: it carries up to 200 choices in at
// most 3 MB each. Without JavaScript it shows the stills.
func TestExplorersWithoutAKernel(t *testing.T) {
	b := browser.Open(t)
	e := execution(t, strings.Split(explorerCells, "\n---\n")...)
	if _, err := Execute(t.Context(), e); err != nil {
		t.Fatal(err)
	}
	s := site(t, "# unused")
	s.Executed, s.Notebooks = filepath.Dir(e.Out), []string{"executed.ipynb"}
	if err := os.MkdirAll(filepath.Dir(s.Out), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := Render(t.Context(), s); err != nil {
		t.Fatal(err)
	}
	page := fileURL(filepath.Join(s.Out, "executed.html"))
	shows := func(what, want string) {
		t.Helper()
		var text string
		if err := b.Evaluate(`document.querySelector("main").innerText.replace(/\s+/g, " ")`, &text); err != nil {
			t.Fatal(err)
		}
		for _, part := range strings.Split(want, "|") {
			unwanted, isUnwanted := strings.CutPrefix(part, "!")
			if strings.Contains(text, unwanted) == isUnwanted {
				t.Errorf("%s: expected %q in %s", what, part, text)
			}
		}
	}
	focus := func(selector string) {
		t.Helper()
		if err := b.Evaluate(`document.querySelector(`+"`"+selector+"`"+`).focus()`, nil); err != nil {
			t.Fatal(err)
		}
	}
	look := browser.Look{Theme: "light", Width: 800, Height: 900}
	b.Open(t, page, look)
	shows("at first", "executed|its square is 9|Number 3|letter 0|!its square is 25|!In JupyterLab, run this cell to choose among all 12")
	focus(".book-controls input")
	b.Press(t, "ArrowRight", 39)
	shows("after the right arrow", "its square is 16|Number 4|!its square is 9")
	b.Press(t, "End", 35)
	shows("after End", "its square is 121|Number 11")
	focus(".book-controls select")
	b.Press(t, "ArrowDown", 40)
	shows("after the down arrow in the list", "letter 1|Letter <b>|its square is 121")
	if err := b.Evaluate(`document.querySelector(".book-controls button").click()`, nil); err != nil {
		t.Fatal(err)
	}
	shows("after the button", "its square is 100")
	checkRequests(t, b)

	b.Scripts(t, false)
	b.Open(t, page, look)
	shows("without scripts", "its square is 9|its square is 25|letter 0|!its square is 16|!letter 1|In JupyterLab, run this cell to choose among all 12")
	b.Scripts(t, true)

	// The copies that are one file have the stills alone.
	for _, name := range []string{"executed.html", "executed.ipynb"} {
		data, err := os.ReadFile(filepath.Join(s.Out, "single", name))
		if err != nil || strings.Contains(string(data), "its square is 121") || !strings.Contains(string(data), "its square is 25") {
			t.Errorf("single/%s: %v, expected the stills only", name, err)
		}
	}
	if err := Publish(e.Out, e.Notebook); err != nil {
		t.Fatal(err)
	}
	if data, err := os.ReadFile(e.Notebook); err != nil || strings.Contains(string(data), "its square is 121") || !strings.Contains(string(data), "its square is 25") {
		t.Errorf("the source: %v, expected the stills only", err)
	}
}
