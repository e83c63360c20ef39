package kerneltest

import (
	"encoding/json"
	"strings"
	"testing"
)

// askedAbout is what a kernel answers to a request for completion or inspection.
type askedAbout struct {
	Seconds float64
	Matches []string
	Start   int // of what a match replaces
	Text    string
	Found   bool
}

// ask runs cells in a fresh kernel and then asks about texts, at their ends: those that begin with "?" are inspected.
func ask(t *testing.T, cells, texts []string) (answers []askedAbout) {
	t.Helper()
	in, err := json.Marshal(map[string]any{"cells": cells, "texts": texts})
	if err != nil {
		t.Fatal(err)
	}
	out := pythonOutput(t, `import json, time
from jupyter_client.manager import start_new_kernel
wanted = json.loads(r"""`+string(in)+`""")
manager, client = start_new_kernel(kernel_name="cnnbook", startup_timeout=120)
answers = []
try:
    for cell in wanted["cells"] or []:
        client.execute_interactive(cell, timeout=120, output_hook=lambda message: None)
    for text in wanted["texts"]:
        began = time.monotonic()
        if text.startswith("?"):
            reply = client.inspect(text[1:], reply=True, timeout=120)["content"]
        else:
            reply = client.complete(text, reply=True, timeout=120)["content"]
        answers.append({
            "seconds": time.monotonic() - began, "matches": reply.get("matches"), "start": reply.get("cursor_start", 0),
            "found": reply.get("found", False), "text": "".join(reply.get("data", {}).values()),
        })
    print(json.dumps(answers))
finally:
    client.stop_channels()
    manager.shutdown_kernel()`)
	if err := json.Unmarshal(out, &answers); err != nil || len(answers) != len(texts) {
		t.Fatalf("%v in %s", err, out)
	}
	return answers
}

// TestFirstCompletion: the first Tab in a fresh kernel does not wait for gopls, which starts with the kernel.
//
// Promise(kernel/completion) at once after the kernel's start, and later by gopls
func TestFirstCompletion(t *testing.T) {
	a := ask(t, nil, []string{"cifar.Dra", "kernelext.Explo"})
	t.Logf("%.2f s and %.2f s", a[0].Seconds, a[1].Seconds)
	if len(a[0].Matches) == 0 || a[0].Matches[0] != "Drawn" || a[0].Start != len("cifar.") {
		t.Errorf("the first completion is %+v", a[0])
	}
	if len(a[1].Matches) == 0 || a[1].Matches[0] != "Explorer" {
		t.Errorf("the second completion is %+v", a[1])
	}
}

// TestCompletionKnowsValues: names of earlier cells are completed and explained, in cells with and without %%; a cell that is compiled
// sees none of them; half a name shows nothing.
//
// Promise(kernel/completion): Tab and Shift-Tab know what earlier cells have declared, and the first Tab does not wait.
func TestCompletionKnowsValues(t *testing.T) {
	cells := []string{
		"import \"github.com/cnnbook/cnnbook/cifar\"\ntrain, _ := cifar.Drawn(1, 20, 10)",
		"type place struct{ Row, Column int }\n// half halves a number.\nfunc half(n int) int { return n / 2 }\nhere := place{1, 2}",
		"count := 42",
	}
	tests := []struct{ text, match, found string }{
		{"train.SplitS", "SplitStratified", ""},
		{"%%\ntrain.SplitS", "SplitStratified", ""},
		{"for i := range 3 {\n\tfmt.Println(here.Col", "Column", ""},
		{"é := \"é\"; hal", "half", ""},
		{"func f() {\n\tstrings.Rep", "Repeat", ""},
		{"%compiled\ntrain.SplitS", "", ""},
		{"?train", "", "var train *cifar.Dataset"},
		{"?count", "", "count of cell \\[3]: 42"},
		{"?half", "", "half halves a number."},
		{"?cifar.Drawn(1, ", "", "a training and a test set"},
		{"?trai", "", ""},
		{"?cifar.Dra", "", ""},
	}
	var texts []string
	for _, test := range tests {
		texts = append(texts, test.text)
	}
	answers := ask(t, cells, texts)
	for i, test := range tests {
		a := answers[i]
		switch {
		case test.match != "" && (len(a.Matches) == 0 || a.Matches[0] != test.match):
			t.Errorf("%q has the matches %q, want %q", test.text, a.Matches, test.match)
		case test.match == "" && len(a.Matches) > 0:
			t.Errorf("%q has the matches %q", test.text, a.Matches)
		case a.Found != (test.found != "") || !strings.Contains(a.Text, test.found):
			t.Errorf("%q is %q, want %q", test.text, a.Text, test.found)
		}
	}
}
