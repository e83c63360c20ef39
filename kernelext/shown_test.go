package kernelext

import (
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"testing"
)

var updateShown = flag.Bool("update-shown", false, "rewrite testdata/shown.json")

// TestShown holds what cells show of each kind in testdata/shown.json, from which package book makes pages in its tests.
func TestShown(t *testing.T) {
	var r recorder
	for step := 1; step <= 40; step++ {
		r.add(Progress{Epoch: 1, Epochs: 1, Step: step, Steps: 40, Loss: 2 / float64(step), EpochEnd: step == 40})
	}
	figure, err := bundleOf(figure{png: pngOf(t, 64, 48), alt: "A grey field.", caption: "Nothing <b>but</b> grey."})
	if err != nil {
		t.Fatal(err)
	}
	table, err := bundleOf(Table{Header: []string{"a"}, Rows: [][]string{{"1"}}, Caption: "One."})
	if err != nil {
		t.Fatal(err)
	}
	last := r.snapshot("Run")
	last.elapsed = 0
	var shown []map[string]string
	for _, b := range []bundle{figure, table, {HTML: blockHTML(last), Text: "Run"}, {Markdown: "Formula $x^2$", Text: "Formula"}} {
		if b.Markdown != "" {
			shown = append(shown, map[string]string{"text/markdown": b.Markdown})
		} else {
			shown = append(shown, map[string]string{"text/html": b.HTML})
		}
	}
	got, err := json.MarshalIndent(shown, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	name := filepath.Join("testdata", "shown.json")
	if *updateShown {
		if err := os.WriteFile(name, append(got, '\n'), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if want, err := os.ReadFile(name); err != nil || string(want) != string(got)+"\n" {
		t.Errorf("cells show (%v)\n%s\nwant\n%s", err, got, want)
	}
}
