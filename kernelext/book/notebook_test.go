package book

import (
	"bytes"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/cnnbook/cnnbook/kernelext"
)

// jupyterNotebook is a notebook as nbformat 5.11 writes it, byte for byte.
const jupyterNotebook = `{
 "cells": [
  {
   "cell_type": "markdown",
   "id": "lead",
   "metadata": {},
   "source": [
    "# Größe & <b>\n",
    "\n",
    "A *lead* with $x < y$.\n",
    "\n",
    "More."
   ]
  },
  {
   "cell_type": "code",
   "execution_count": null,
   "id": "code",
   "metadata": {
    "tags": [
     "hide-input"
    ]
   },
   "outputs": [
    {
     "name": "stdout",
     "output_type": "stream",
     "text": [
      "1\n",
      "2\n"
     ]
    }
   ],
   "source": [
    "fmt.Println(1)\n"
   ]
  },
  {
   "cell_type": "code",
   "execution_count": null,
   "id": "empty",
   "metadata": {},
   "outputs": [],
   "source": []
  }
 ],
 "metadata": {
  "kernelspec": {
   "name": "cnnbook"
  }
 },
 "nbformat": 4,
 "nbformat_minor": 5
}
`

func TestNotebookIsWrittenAsJupyterWritesIt(t *testing.T) {
	nb, err := parseNotebook([]byte(jupyterNotebook))
	if err != nil {
		t.Fatal(err)
	}
	got, err := nb.encode()
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != jupyterNotebook {
		t.Errorf("got\n%s\nwant\n%s", got, jupyterNotebook)
	}
}

func TestNotebookTitle(t *testing.T) {
	tests := []struct{ source, title, lead string }{
		{"# Größe & <b>\n\nA *lead*.\n\nMore.", "Größe & <b>", "A *lead*."},
		{"# One\nline below", "One", "line below"},
		{"# One\n\n## Two\n\nText", "One", "Text"},
		{"no heading", "", ""},
		{"", "", ""},
	}
	for _, test := range tests {
		nb := notebook{Cells: []notebookCell{{CellType: cellCode, Source: "# x"}, {CellType: cellMarkdown, Source: multiline(test.source)}}}
		if title, lead := nb.title(); title != test.title || lead != test.lead {
			t.Errorf("%q gives %q and %q, expected %q and %q", test.source, title, lead, test.title, test.lead)
		}
	}
}

// Promise(files/hostile)
func TestReadNotebookErrors(t *testing.T) {
	dir := t.TempDir()
	tests := []struct{ name, content, want string }{
		{"empty", "", "bad notebook empty.ipynb: not JSON at byte 0: unexpected end of JSON input"},
		{"text", "hello", "bad notebook text.ipynb: not JSON at byte 1: invalid character 'h' looking for beginning of value"},
		{"list", "[]", "bad notebook list.ipynb: not a notebook: json: cannot unmarshal array into Go value of type book.notebook"},
		{"old", `{"nbformat": 3}`, "bad notebook old.ipynb: format version is 3, expected 4; open and save it in JupyterLab"},
		{"heading", `{"nbformat": 4, "cells": [{"cell_type": "heading"}]}`, `bad notebook heading.ipynb: cell 1 has type "heading", expected code, markdown or raw`},
	}
	for _, test := range tests {
		path := filepath.Join(dir, test.name+".ipynb")
		if err := os.WriteFile(path, []byte(test.content), 0o644); err != nil {
			t.Fatal(err)
		}
		_, err := readNotebook(path)
		if !errors.Is(err, ErrNotebook) || err.Error() != test.want {
			t.Errorf("got  %v\nwant %s", err, test.want)
		}
	}
	_, err := readNotebook(filepath.Join(dir, "none.ipynb"))
	if want := "bad notebook none.ipynb: no such file or directory; expected a .ipynb file"; err == nil || err.Error() != want {
		t.Errorf("got  %v\nwant %s", err, want)
	}
	if _, err := readNotebook(dir); !errors.Is(err, ErrNotebook) {
		t.Errorf("a folder gives %v", err)
	}
}

// Promise(files/hostile)
func FuzzParseNotebook(f *testing.F) {
	f.Add([]byte(jupyterNotebook))
	f.Add([]byte(`{"nbformat":4,"cells":[{"cell_type":"code","source":"x","outputs":[{"output_type":"error","traceback":["a"]},{"output_type":"stream"},{"output_type":"display_data","data":{"text/html":1}}]}]}`))
	f.Add([]byte(`{"nbformat":4,"metadata":null,"cells":[{"cell_type":"raw","metadata":[1]}]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		nb, err := parseNotebook(data)
		if err != nil {
			return
		}
		hash := nb.sourceSHA256()
		nb.title()
		for _, cell := range nb.Cells {
			errorText(cell.Outputs)
		}
		if (normaliser{record: &Record{}}).apply(nb) != nil {
			return
		}
		once, err := nb.encode()
		if err != nil {
			t.Fatal(err)
		}
		again, err := parseNotebook(once)
		if err != nil {
			t.Fatalf("the written notebook cannot be read: %v\n%s", err, once)
		}
		if again.sourceSHA256() != hash {
			t.Error("the source has changed")
		}
		if err := (normaliser{record: &Record{}}).apply(again); err != nil {
			t.Fatal(err)
		}
		if twice, err := again.encode(); err != nil || !bytes.Equal(once, twice) {
			t.Errorf("normal form is not stable (%v):\n%s\n%s", err, once, twice)
		}
	})
}

func TestNormalise(t *testing.T) {
	const source = `{"nbformat": 4, "nbformat_minor": 4, "metadata": {"kernelspec": {"name": "other"}, "widgets": {}, "signature": "x"}, "cells": [
	{"cell_type": "markdown", "id": "good", "metadata": {"tags": ["a"], "execution": {"iopub.status.busy": "now"}}, "source": "x"},
	{"cell_type": "code", "id": "good", "execution_count": 7, "metadata": {"scrolled": true}, "source": ["a\n", "b"], "outputs": [
		{"output_type": "stream", "name": "stdout", "text": ["one /home/me/work\n"]},
		{"output_type": "stream", "name": "stdout", "text": "10%\r50%\r100%\ntwo \u001b[31mred\u001b[0m\n"},
		{"output_type": "stream", "name": "stderr", "text": "/tmp/gonb_12ab34cd/main.go:3: oops\n"},
		{"output_type": "execute_result", "execution_count": 3, "data": {"text/plain": "/home/me/work/x", "image/png": "iVBOR/home/me/work"}, "metadata": {}},
		{"output_type": "display_data", "data": {"text/html": ["<img src=\"data:image/png;base64,AAA/home/meBBB=\">", "/home/me"]}, "metadata": {}},
		{"output_type": "stream", "name": "stdout", "text": "three\n"},
		{"output_type": "stream", "name": "stdout", "text": ""},
		{"output_type": "error", "ename": "ERROR", "evalue": "\u001b[31mexit status 1\u001b[0m", "traceback": ["in /tmp/gonb_12ab34cd"]}
	]},
	{"cell_type": "code", "id": "no good!", "source": "c"}
	]}`
	nb, err := parseNotebook([]byte(source))
	if err != nil {
		t.Fatal(err)
	}
	n := normaliser{
		kernel: kernelspecInfo{"Go (cnnbook)", "go", "cnnbook"},
		scrub:  scrubbers([]Replacement{{"/home/me", "~"}, {"/home/me/work/", "WORK"}}),
		record: &Record{Data: "drawn", Budget: "smoke", Seed: 1},
	}
	if err := n.apply(nb); err != nil {
		t.Fatal(err)
	}
	if ids := []string{nb.Cells[0].ID, nb.Cells[1].ID, nb.Cells[2].ID}; ids[0] != "good" || ids[1] != "cell-002" || ids[2] != "cell-003" {
		t.Errorf("ids are %v", ids)
	}
	if got := string(nb.Cells[0].Metadata); got != `{"tags":["a"]}` {
		t.Errorf("metadata of a cell: %s", got)
	}
	outputs, err := json.Marshal(nb.Cells[1].Outputs)
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		`"one WORK\n","100%\n","two red\n"`, // merged, collapsed, without colour
		`"main.go:3: oops\n"`,
		`"text/plain":["WORK/x"]`,
		`"image/png":"iVBOR/home/me/work"`, // data is not text
		`base64,AAA/home/meBBB=`,           // nor is this
		`\u003e~"`,                         // but what follows is
		`"three\n"`,                        // not merged across other outputs
		`"evalue":"exit status 1"`,
	}
	for _, w := range want {
		if !bytes.Contains(outputs, []byte(w)) {
			t.Errorf("no %s in\n%s", w, outputs)
		}
	}
	if n := len(nb.Cells[1].Outputs); n != 6 {
		t.Errorf("%d outputs, expected 6", n)
	}
	data, err := nb.encode()
	if err != nil {
		t.Fatal(err)
	}
	for _, gone := range []string{"widgets", "signature", "gonb_", "scrolled", `"execution_count": 7`, "execute_result", "/home/me\\n"} {
		if bytes.Contains(data, []byte(gone)) {
			t.Errorf("%s is still there", gone)
		}
	}
	if !bytes.Contains(data, []byte(`"pygments_lexer": "go"`)) {
		t.Error("no lexer, so that Go would be coloured as Python")
	}
}

func TestCollapse(t *testing.T) {
	tests := [][2]string{
		{"a\nb", "a\nb"}, {"a\rb", "b"}, {"a\rb\n", "b\n"}, {"a\r\nb\r\n", "a\nb\n"}, {"a\r", "a"}, {"10%\r20%\r\n", "20%\n"}, {"", ""},
	}
	for _, test := range tests {
		if got := collapse(test[0]); got != test[1] {
			t.Errorf("collapse(%q) = %q, expected %q", test[0], got, test[1])
		}
	}
}

func TestRecord(t *testing.T) {
	dir := t.TempDir()
	source, executed := filepath.Join(dir, "source.ipynb"), filepath.Join(dir, "executed.ipynb")
	if err := os.WriteFile(source, []byte(jupyterNotebook), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := ReadRecord(source); !errors.Is(err, ErrStale) {
		t.Errorf("record of a source: %v, expected ErrStale", err)
	}
	nb, err := readNotebook(source)
	if err != nil {
		t.Fatal(err)
	}
	want := NewRecord(kernelext.Params{Seed: 3, Budget: kernelext.BudgetCPU})
	want.SourceSHA256, want.CodeSHA256 = nb.sourceSHA256(), "abc"
	if err := (normaliser{record: &want}).apply(nb); err != nil {
		t.Fatal(err)
	}
	if err := nb.write(executed, 0o644); err != nil {
		t.Fatal(err)
	}
	got, err := ReadRecord(executed)
	if err != nil || got.Seed != 3 || got.Data != "drawn" || got.CodeSHA256 != "abc" {
		t.Errorf("got %+v, %v", got, err)
	}
	if err := CheckRecord(executed, source, "abc"); err != nil {
		t.Errorf("fresh: %v", err)
	}
	if err := CheckRecord(executed, source, "def"); !errors.Is(err, ErrStale) {
		t.Errorf("other code: %v, expected ErrStale", err)
	}
	if err := os.WriteFile(source, bytes.Replace([]byte(jupyterNotebook), []byte("Println(1)"), []byte("Println(2)"), 1), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := CheckRecord(executed, source, ""); !errors.Is(err, ErrStale) {
		t.Errorf("other cells: %v, expected ErrStale", err)
	}
}

func TestCodeSHA256(t *testing.T) {
	dir := t.TempDir()
	write := func(name, content string) {
		t.Helper()
		if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	hash := func() string {
		t.Helper()
		h, err := CodeSHA256(os.DirFS(dir), "a")
		if err != nil {
			t.Fatal(err)
		}
		return h
	}
	write("go.mod", "module m")
	write("go.sum", "")
	write("a/a.go", "package a")
	first := hash()
	write("a/a_test.go", "package a")
	write("b/b.go", "package b")
	write("a/notes.md", "x")
	if hash() != first {
		t.Error("tests, other folders or other files count")
	}
	write("a/deep/d.go", "package deep")
	second := hash()
	write("go.sum", "x")
	if first == second || hash() == second {
		t.Error("a new file or a new dependency does not count")
	}
	if _, err := CodeSHA256(os.DirFS(dir), "nowhere"); err == nil || !strings.Contains(err.Error(), "nowhere") {
		t.Errorf("missing folder: %v", err)
	}
	write("a/deep/d.go", "package other")
	top := func() string {
		t.Helper()
		h, err := CodeSHA256(os.DirFS(dir), "a/*.go", "b")
		if err != nil {
			t.Fatal(err)
		}
		return h
	}
	third := top()
	write("a/deep/d.go", "package deep")
	if top() != third {
		t.Error("a folder below the files of a pattern counts")
	}
	write("a/a.go", "package a // changed")
	if top() == third {
		t.Error("a file of a pattern does not count")
	}
	if _, err := CodeSHA256(os.DirFS(dir), "a", "gone/*.go"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a pattern without a file: %v", err)
	}
}
