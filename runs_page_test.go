package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/cnnbook/cnnbook/cnn"
)

// A run becomes a page, of its own images or with another network's classes; a mistake is one line, and leaves no file.
func TestRunsPage(t *testing.T) {
	root, out := t.TempDir(), t.TempDir()
	savedRun(t, root, "dense", "twenty images")
	own := cnn.Architecture{Input: cnn.Shape{24, 20, 1}, Layers: []cnn.Layer{
		cnn.Flatten{Name: "flatten"}, cnn.Dense{Name: "dense", Units: 3}, cnn.Activation{Name: "softmax", Function: "softmax"},
	}}
	weights, err := own.Initialize(1)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := cnn.Import(root, "grey", cnn.Foreign{Network: own, Weights: weights, Source: "a test", Classes: []string{"one", "two", "<three>"}}); err != nil {
		t.Fatal(err)
	}
	odd := cnn.Architecture{Input: cnn.Shape{32, 32, 2}, Layers: own.Layers}
	if weights, err = odd.Initialize(1); err != nil {
		t.Fatal(err)
	}
	if _, err := cnn.Import(root, "odd", cnn.Foreign{Network: odd, Weights: weights, Source: "a test"}); err != nil {
		t.Fatal(err)
	}
	for name, wants := range map[string][]string{
		"small": {", actually ", "twenty images", "The weights here have 16 bits"},
		"grey":  {"Test image 0. The network says <b>", "&lt;three&gt;", "24×20 pixels"},
	} {
		file := filepath.Join(out, name+".html")
		said, _, err := call(t, "runs", "page", name, file)
		if err != nil || !strings.Contains(said, "with weights of 16 bits\n100 images of drawn stand-in test (seed 1)") {
			t.Fatalf("%s: %v, %s", name, err, said)
		}
		data, err := os.ReadFile(file)
		if err != nil || len(data) > 2_000_000 {
			t.Fatalf("%s: %d bytes, %v", name, len(data), err)
		}
		for _, want := range wants {
			if !strings.Contains(string(data), want) {
				t.Errorf("%s: the page lacks %q", name, want)
			}
		}
		if strings.Contains(string(data), "<three>") {
			t.Errorf("%s: a name is not escaped", name)
		}
	}
	for want, args := range map[string][]string{
		"small.html: file already exists":                        {"small", filepath.Join(out, "small.html")},
		"the file is called page.htm, expected a name that ends": {"small", "page.htm"},
		"--bits is 4, expected 8 or 16":                          {"--bits", "4", "small", filepath.Join(out, "a.html")},
		"the network cannot be asked about pictures":             {"odd", filepath.Join(out, "a.html")},
		"expected a RUN and a FILE.html, got 1 arguments":        {"small"},
		"no run in ": {"none", filepath.Join(out, "a.html")},
	} {
		if _, _, err := call(t, append([]string{"runs", "page"}, args...)...); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("runs page %v: %v, want %s", args, err, want)
		}
	}
	if _, err := os.Stat(filepath.Join(out, "a.html")); !os.IsNotExist(err) {
		t.Errorf("a file was left: %v", err)
	}
	if said, _, err := call(t, "runs", "page", "--bits", "8", "small", filepath.Join(out, "eight.html")); err != nil || !strings.Contains(said, "with weights of 8 bits") {
		t.Errorf("8 bits: %v, %s", err, said)
	}
}
