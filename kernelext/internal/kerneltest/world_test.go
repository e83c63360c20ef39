package kerneltest

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestCellsMeetTheWorld: what a cell finds outside of itself is where its reader expects it.
//
// Promise(kernel/world): Relative paths begin in the notebook's folder. Figures show text in any script, and list what their font
// lacks. A module comes from the Go proxy or, by go.work, from a folder of your own; a proxy that is not reached is one line.
func TestCellsMeetTheWorld(t *testing.T) {
	dir, own := t.TempDir(), t.TempDir()
	for path, text := range map[string]string{
		filepath.Join(dir, "data", "beside.txt"): "beside the notebook",
		filepath.Join(own, "go.mod"):             "module example.com/own\n\ngo 1.26\n",
		filepath.Join(own, "own.go"):             "package own\n\nfunc Word() string { return \"own word\" }\n",
	} {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	const read = "text, err := os.ReadFile(\"data/beside.txt\")\nfmt.Println(string(text), err)"
	cells := []struct {
		text, out, err, shown string
	}{
		{text: read, out: "beside the notebook <nil>\n"},
		{text: "%compiled\n%%\n" + read, out: "beside the notebook <nil>\n", err: "compiled, "},
		{text: "os.WriteFile(\"made.txt\", nil, 0o644)"},
		{text: "!cat data/beside.txt", out: "beside the notebook"},
		{text: "viz.Lines{Title: \"Потери и точность: größer als α\", Series: []viz.Series{{Y: []float64{1, 2}}}}", shown: "Потери и точность: größer als α"},
		{text: "viz.Lines{Title: \"猫\", Series: []viz.Series{{Y: []float64{1, 2}}}}", shown: "Characters without a glyph in Liberation Sans: 猫"},
		{text: "import \"github.com/dustin/go-humanize\"\nfmt.Println(humanize.Comma(1234567))", out: "1,234,567\n", err: "github.com/dustin/go-humanize v1."},
		{text: "import \"github.com/google/uuid\"\nfmt.Println(uuid.Nil)", out: "00000000-0000-0000-0000-000000000000\n", err: "github.com/google/uuid v1."}, // in go.sum, named by no go.mod
		{text: "!*go work use " + own + "\n%goworkfix"},
		{text: "import \"example.com/own\"\nfmt.Println(own.Word())", out: "own word\n", err: "compiled, "},
		{text: "%env GOPROXY=http://127.0.0.1:9\nimport \"github.com/dustin/nothing\"\n%%\nnothing.A()",
			err: "github.com/dustin/nothing is not in the workspace, and the module proxy is not reached (dial tcp): connect, or import what the workspace has"},
		{text: read, out: "beside the notebook <nil>\n"},
	}
	var in []cell
	for _, c := range cells {
		in = append(in, cell{Text: c.text})
	}
	for i, g := range runCells(t, dir, in) {
		want := cells[i]
		if !strings.Contains(g.Out, want.out) || !strings.Contains(g.Err, want.err) || (want.err == "") != (g.Err == "") || !strings.Contains(g.Shown, want.shown) ||
			strings.Contains(g.Shown, "without a glyph") != strings.Contains(want.shown, "without a glyph") {
			g.Shown = g.Shown[:min(len(g.Shown), 300)]
			t.Errorf("cell [%d] %s: got %+v, want %+v", i+1, want.text, g, want)
		}
	}
	if _, err := os.Stat(filepath.Join(dir, "made.txt")); err != nil {
		t.Errorf("what a cell wrote is not in the notebook's folder: %v", err)
	}
}
