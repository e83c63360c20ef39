package promises

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
)

func TestPageIsUpToDate(t *testing.T) {
	module := filepath.Join("..", "..")
	all, err := Collect(os.DirFS(module))
	if err != nil {
		t.Fatal(err)
	}
	page, err := os.ReadFile(filepath.Join(module, Page))
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(page, Markdown(all)) {
		t.Errorf("%s is not what the tests say; run go generate ./internal/promises", Page)
	}
}

func TestMarkdown(t *testing.T) {
	module := fstest.MapFS{
		"cnn/a_test.go": {Data: []byte(`package cnn

// TestKilled ends processes.
//
// Promise(runs/resume) at 20 random moments,
// some in the middle of a save
func TestKilled(t *testing.T) {}

// Promise(runs/resume): A stopped training
// goes on.
// Promise(files/full): A full disk is an error.
//
// It takes a while.
func TestResume(t *testing.T) {}
`)},
		"main_test.go":            {Data: []byte("package main\n\n// Promise(runs/resume)\nfunc FuzzRuns(f *testing.F) {}\n")},
		"testdata/other_test.go":  {Data: []byte("no Go // Promise(x)")},
		"cnn/without_test.go":     {Data: []byte("package cnn\n\nfunc TestX(t *testing.T) {}\n")},
		"cnn/notatest.go":         {Data: []byte("// Promise(x/y)")},
		".hidden/deep/a_test.go":  {Data: []byte("no Go // Promise(x)")},
		"_site/deep/down_test.go": {Data: []byte("no Go // Promise(x)")},
	}
	all, err := Collect(module)
	if err != nil {
		t.Fatal(err)
	}
	_, page, _ := strings.Cut(string(Markdown(all)), "\n## ")
	want := `Runs

**A stopped training goes on.**

- ` + "`cnn`" + `: [TestKilled](../cnn/a_test.go) (at 20 random moments, some in the middle of a save), [TestResume](../cnn/a_test.go)
- the commands: [FuzzRuns](../main_test.go)

## Files and data

**A full disk is an error.**

- ` + "`cnn`" + `: [TestResume](../cnn/a_test.go)
`
	if page != want {
		t.Errorf("got\n%s\nwant\n%s", page, want)
	}
}

func TestCollectRefuses(t *testing.T) {
	tests := map[string]string{
		"// Promise(runs/x)\nfunc TestX(t *testing.T) {}":                                                                   "names Promise(runs/x), which no test states",
		"// Promise(runs/x): Once.\nfunc TestX(t *testing.T) {}\n\n// Promise(runs/x): Twice.\nfunc TestY(t *testing.T) {}": "x_test.go:6:1: Promise(runs/x) is stated twice",
		"// Promise(weather/x): Sun.\nfunc TestX(t *testing.T) {}":                                                          "want section/name",
		"// Promise(runs): Sun.\nfunc TestX(t *testing.T) {}":                                                               "want section/name",
		"// Promise(runs/x): Sun.\nfunc helper(t *testing.T) {}":                                                            "not in the doc comment of a test",
		"// Promise(runs/x): Sun.\n\nfunc TestX(t *testing.T) {}":                                                           "not in the doc comment of a test",
		"func TestX(t *testing.T) {\n\t// Promise(runs/x): Sun.\n}":                                                         "x_test.go:4:2: Promise(runs/x) is not in the doc comment of a test",
		"// Promise(runs/x): Sun.\nfunc TestX(":                                                                             "expected",
	}
	for source, want := range tests {
		module := fstest.MapFS{"x_test.go": {Data: []byte("package x\n\n" + source + "\n")}}
		if _, err := Collect(module); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s\ngives %v, want %q", source, err, want)
		}
	}
}
