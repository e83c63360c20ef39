package book

import (
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/cnnbook/cnnbook/kernelext"
	"github.com/cnnbook/cnnbook/kernelext/internal/testkit"
)

// exerciseNotebook has one exercise, with or without the learner's answer.
func exerciseNotebook(answer string) *notebook {
	printed := multiline("old\n")
	tagged := func(tags ...string) json.RawMessage {
		data, _ := json.Marshal(map[string]any{"tags": tags, "jupyter": map[string]bool{"source_hidden": true}})
		return data
	}
	return &notebook{NBFormat: 4, NBFormatMinor: 5, Metadata: json.RawMessage(`{"cnnbook":{"data":"drawn"}}`), Cells: []notebookCell{
		{CellType: cellMarkdown, ID: "a", Source: "# Exercise"},
		{CellType: cellCode, ID: "b", Source: "func double(n int) int { return 0 }", Metadata: tagged(TagExercise)},
		{CellType: cellCode, ID: "c", Source: multiline(answer), Metadata: tagged(TagSolution, "hide-input")},
		{CellType: cellMarkdown, ID: "d", Source: "Because.", Metadata: tagged(TagSolution)},
		{
			CellType: cellCode, ID: "e", Metadata: tagged(TagCheck), Outputs: []cellOutput{{OutputType: outputStream, Name: "stdout", Text: &printed}},
			Source: "import (\n\t\"context\"\n\n\t\"github.com/cnnbook/cnnbook/kernelext\"\n)\n\n%%\nkernelext.Cell(func(ctx context.Context) error {\n" +
				"\tc := kernelext.Checks{Exercise: \"Double\"}\n\tc.Equal(\"double(21)\", double(21), 42)\n\treturn c.Report()\n})",
		},
		{CellType: cellCode, ID: "f", Source: "%%\nfmt.Println(\"after\")"},
	}}
}

func TestHandouts(t *testing.T) {
	dir := t.TempDir()
	source := filepath.Join(dir, "01-x.ipynb")
	if err := exerciseNotebook("func double(n int) int { return 2 * n }").write(source, 0o644); err != nil {
		t.Fatal(err)
	}
	before, err := os.ReadFile(source)
	if err != nil {
		t.Fatal(err)
	}
	ids := func(folder string, kind Handout) (ids []string, text string, nb *notebook) {
		if err := (Book{Dir: dir}).WriteHandouts([]string{"01-x.ipynb"}, filepath.Join(dir, folder), kind); err != nil {
			t.Fatal(err)
		}
		nb, err := readNotebook(filepath.Join(dir, folder, "01-x.ipynb"))
		if err != nil {
			t.Fatal(err)
		}
		for _, cell := range nb.Cells {
			ids = append(ids, cell.ID)
		}
		data, err := nb.encode()
		if err != nil {
			t.Fatal(err)
		}
		return ids, string(data), nb
	}
	got, text, nb := ids("student", ForStudents)
	if !slices.Equal(got, []string{"a", "b", "e", "f"}) {
		t.Errorf("the student's cells are %v", got)
	}
	for _, word := range []string{"2 * n", "Because", "old", "drawn", TagSolution} {
		if strings.Contains(text, word) {
			t.Errorf("the student's copy holds %q", word)
		}
	}
	if meta, err := readCellTags(nb.Cells[2].Metadata); err != nil || !meta.has(tagRaises) {
		t.Errorf("the student's check would stop Run All: %s, %v", nb.Cells[2].Metadata, err)
	}
	got, text, _ = ids("teacher", ForTeachers)
	if !slices.Equal(got, []string{"a", "b", "c", "d", "e", "f"}) || !strings.Contains(text, "old") || strings.Contains(text, "hide") {
		t.Errorf("the teacher's copy: %v\n%s", got, text)
	}
	err = Book{Dir: dir}.WriteHandouts([]string{"01-x.ipynb"}, filepath.Join(dir, "student"), ForStudents)
	testkit.OnePlainLine(t, err, fs.ErrExist, "01-x.ipynb exists")
	if after, err := os.ReadFile(source); err != nil || string(after) != string(before) {
		t.Error("the source was changed")
	}
	if err := (Book{Dir: dir}).WriteHandouts([]string{"none.ipynb"}, filepath.Join(dir, "new"), ForStudents); !errors.Is(err, ErrNotebook) || testkit.Exists(filepath.Join(dir, "new")) {
		t.Errorf("a missing notebook: %v", err)
	}
}

// TestExercisesOfTheNotebooks: each exercise of the book has its parts in order, so that both kinds of copy work.
func TestExercisesOfTheNotebooks(t *testing.T) {
	paths, err := filepath.Glob("../../notebooks/[0-9]*.ipynb")
	if err != nil || len(paths) == 0 {
		t.Fatalf("no notebooks: %v", err)
	}
	exercises := 0
	for _, path := range paths {
		nb, err := readNotebook(path)
		if err != nil {
			t.Fatal(err)
		}
		last := ""
		for i, cell := range nb.Cells {
			meta, err := readCellTags(cell.Metadata)
			if err != nil {
				t.Fatalf("%s, cell %d: %v", path, i+1, err)
			}
			source := string(cell.Source)
			switch {
			case meta.has(TagExercise):
				exercises++
				if text := string(nb.Cells[i-1].Source); !strings.Contains(text, "xercise") || !strings.Contains(text, "<details>") {
					t.Errorf("%s, cell %d: no text with a hint before the exercise", path, i+1)
				}
				last = TagExercise
			case meta.has(TagSolution):
				if last != TagExercise {
					t.Errorf("%s, cell %d: a solution without an exercise before it", path, i+1)
				}
				last = TagSolution
			case meta.has(TagCheck):
				if last != TagSolution || !strings.Contains(source, "kernelext.Checks{") {
					t.Errorf("%s, cell %d: a check without exercise and solution before it", path, i+1)
				}
				last = ""
			default:
				if last != "" {
					t.Errorf("%s, cell %d is inside an exercise", path, i+1)
				}
			}
		}
	}
	if exercises < 3 {
		t.Errorf("%d exercises, expected at least 3", exercises)
	}
}

// TestExerciseInTheKernel runs the whole notebook and the student's copy of it.
func TestExerciseInTheKernel(t *testing.T) {
	e := execution(t)
	dir := t.TempDir()
	e.Notebook = filepath.Join(dir, "01-x.ipynb")
	run := func(answer string) error {
		if err := exerciseNotebook(answer).write(e.Notebook, 0o644); err != nil {
			t.Fatal(err)
		}
		_, err := Execute(t.Context(), e)
		return err
	}
	if err := run("func double(n int) int { return 2 * n }"); err != nil {
		t.Errorf("with the right answer: %v", err)
	}
	if err := run("func double(n int) int { return n }"); err == nil || !strings.Contains(err.Error(), kernelext.ErrUnsolved.Error()) {
		t.Errorf("with a wrong answer: %v", err)
	}
	if err := (Book{Dir: filepath.Dir(e.Notebook)}).WriteHandouts([]string{filepath.Base(e.Notebook)}, filepath.Join(dir, "student"), ForStudents); err != nil {
		t.Fatal(err)
	}
	e.Notebook = filepath.Join(dir, "student", "01-x.ipynb")
	if _, err := Execute(t.Context(), e); err != nil {
		t.Fatalf("an unsolved exercise stops the student's copy: %v", err)
	}
	data, err := os.ReadFile(e.Out)
	if err != nil || !strings.Contains(string(data), "✗ not yet") || !strings.Contains(string(data), "after") || strings.Contains(string(data), "42") && strings.Contains(string(data), "yours\\t42") {
		t.Errorf("%v in\n%s", err, data)
	}
}

// TestHandoutRefusesMisspeltTags: a solution whose tag is written otherwise never reaches the students.
func TestHandoutRefusesMisspeltTags(t *testing.T) {
	for _, tag := range []string{"Solution", "solutions", " solution", "SOLUTION"} {
		metadata, err := json.Marshal(map[string]any{"tags": []string{tag}})
		if err != nil {
			t.Fatal(err)
		}
		nb := notebook{NBFormat: 4, NBFormatMinor: 5, Cells: []notebookCell{{CellType: cellCode, ID: "a", Source: "42", Metadata: metadata}}}
		if err := nb.handOut(ForStudents); err == nil || !strings.Contains(err.Error(), `cell 1: tag "`+tag+`": expected "solution"`) {
			t.Errorf("tag %q: %v", tag, err)
		}
	}
}
