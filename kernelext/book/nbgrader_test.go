package book

import (
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/cnnbook/cnnbook/kernelext/internal/kerneltest"
	"github.com/cnnbook/cnnbook/kernelext/internal/process"
	"github.com/cnnbook/cnnbook/kernelext/internal/testkit"
)

func TestWithSolution(t *testing.T) {
	for _, test := range []struct{ exercise, solution, want string }{
		{
			"// f doubles.\nfunc f(n int) int {\n\treturn 0 // your answer here\n}", "// f doubles.\nfunc f(n int) int {\n\tm := 2 * n\n\treturn m\n}\n",
			"// f doubles.\nfunc f(n int) int {\n\t// BEGIN SOLUTION\n\tm := 2 * n\n\treturn m\n\t// END SOLUTION\n}",
		},
		{
			"func f() int {\n\treturn 0\n}\n\nfunc g() int {\n\treturn 0\n}", "func f() int {\n\treturn 1\n}\n\nfunc g() int {\n\tfor {\n\t}\n}",
			"func f() int {\n\t// BEGIN SOLUTION\n\treturn 1\n\t// END SOLUTION\n}\n\nfunc g() int {\n\t// BEGIN SOLUTION\n\tfor {\n\t}\n\t// END SOLUTION\n}",
		},
		{"x := 0", "x := 42", "// BEGIN SOLUTION\nx := 42\n// END SOLUTION"},
		{"func f() {\n}", "func f() {\n\tprintln()\n}", "func f() {\n\t// BEGIN SOLUTION\n\tprintln()\n\t// END SOLUTION\n}"},
		{ // the exercise declares more than the solution
			"type m int\n\nfunc f(x m) m { return x } // yours\n\nfunc g() {}", "// f is\nfunc f(x m) m { return x + 1 }",
			"type m int\n\nfunc f(x m) m {\n\t// BEGIN SOLUTION\n\treturn x + 1\n\t// END SOLUTION\n} // yours\n\nfunc g() {}",
		},
		{"func f() int { return 0 }", "func f() int { return h() }\n\nfunc h() int { return 1 }", "// BEGIN SOLUTION\nfunc f() int { return h() }\n\nfunc h() int { return 1 }\n// END SOLUTION"},
	} {
		got := withSolution(test.exercise, test.solution)
		if got != test.want {
			t.Errorf("%q: got\n%s\nwant\n%s", test.exercise, got, test.want)
		}
		if _, err := withoutRegions(got); err != nil {
			t.Error(err)
		}
	}
}

// What nbgrader releases of our own exercises declares the same functions as the exercises.
func TestOurExercisesForNbgrader(t *testing.T) {
	b := Book{Dir: "../../notebooks"}
	names, err := b.Choose("")
	if err != nil {
		t.Fatal(err)
	}
	exercises := 0
	for _, name := range names {
		nb, err := readNotebook(b.path(name))
		if err != nil {
			t.Fatal(err)
		}
		stubs := map[string]string{}
		for _, cell := range nb.Cells {
			stubs["exercise-"+cell.ID] = string(cell.Source)
		}
		if _, err := nb.toNbgrader(); err != nil {
			t.Fatal(err)
		}
		for i, cell := range nb.Cells {
			var metadata struct{ Nbgrader gradeCell }
			if err := json.Unmarshal(cell.Metadata, &metadata); err != nil {
				t.Fatal(err)
			}
			if !metadata.Nbgrader.Solution {
				continue
			}
			exercises++
			released, err := withoutRegions(string(cell.Source))
			if err != nil || !strings.Contains(released, "not answered yet") {
				t.Errorf("%s, cell %d: %v, released as\n%s", name, i+1, err, released)
			}
			for signature := range declarations(stubs[metadata.Nbgrader.GradeID]) {
				if _, ok := declarations(released)[signature]; !ok {
					t.Errorf("%s, cell %d: %s is missing in\n%s", name, i+1, signature, released)
				}
			}
		}
	}
	if exercises < 9 {
		t.Errorf("%d exercises", exercises)
	}
}

func TestRegions(t *testing.T) {
	for source, want := range map[string]string{
		"a\n  // BEGIN SOLUTION\n42\n  // END SOLUTION\nb":       "a\n  // YOUR CODE HERE\n  panic(\"not answered yet\")\nb",
		"a\n### BEGIN HIDDEN TESTS\n42\n### END HIDDEN TESTS\nb": "a\nb",
		"plain":                   "plain",
		"// BEGIN SOLUTION\n42":   "!expected a line // END SOLUTION",
		"// END HIDDEN TESTS\n42": "!line 1: \"END HIDDEN TESTS\" without a beginning",
		"// BEGIN SOLUTION\n// BEGIN HIDDEN TESTS\n42\n": "!line 2: \"BEGIN HIDDEN TESTS\" inside another region",
		"// BEGIN SOLUTION\n// END HIDDEN TESTS\n42\n":   "!line 2: \"END HIDDEN TESTS\" without a beginning",
	} {
		got, err := withoutRegions(source)
		if failure, fails := strings.CutPrefix(want, "!"); fails {
			if err == nil || !strings.Contains(err.Error(), failure) || got != "" {
				t.Errorf("%q: %q, %v, want an error %q", source, got, err, failure)
			}
		} else if err != nil || got != want {
			t.Errorf("%q: %q, %v, want %q", source, got, err, want)
		}
	}
}

// gradedNotebook is the exercise of exerciseNotebook with points, and with a hidden test that a guess does not pass.
func gradedNotebook(answer string) *notebook {
	nb := exerciseNotebook(answer)
	check := &nb.Cells[4]
	check.Source = "import \"github.com/cnnbook/cnnbook/kernelext\"\n\nc := kernelext.Checks{Exercise: \"Double\"}\nc.Equal(\"double(21)\", double(21), 42)\n" +
		"// BEGIN HIDDEN TESTS\nc.Equal(\"double(4)\", double(4), 8)\n// END HIDDEN TESTS\nc.Report()"
	check.Metadata = json.RawMessage(`{"tags": ["check", "points-3"]}`)
	nb.Cells[5].Source = `"after"`
	return nb
}

func TestHiddenTestsStayHidden(t *testing.T) {
	nb := gradedNotebook("func double(n int) int { return 2 * n }")
	if err := nb.handOut(ForStudents); err != nil {
		t.Fatal(err)
	}
	data, err := nb.encode()
	if err != nil || strings.Contains(string(data), "double(4)") || !strings.Contains(string(data), "double(21)") {
		t.Errorf("%v: the student's copy is\n%s", err, data)
	}
}

func TestNbgraderRefusals(t *testing.T) {
	for want, change := range map[string]func(nb *notebook){
		`cell 3: tag "Solution": expected "solution"`:          func(nb *notebook) { nb.Cells[2].Metadata = json.RawMessage(`{"tags": ["Solution"]}`) },
		"cell 2: a solution without an exercise":               func(nb *notebook) { nb.Cells[1].Metadata = json.RawMessage(`{"tags": ["solution"]}`) },
		`cell 5: tag "points-many": expected a number`:         func(nb *notebook) { nb.Cells[4].Metadata = json.RawMessage(`{"tags": ["check", "points-many"]}`) },
		"cell 5: expected a line // END HIDDEN TESTS":          func(nb *notebook) { nb.Cells[4].Source = "// BEGIN HIDDEN TESTS\n" },
		"no notebook has an exercise: tag its cells exercise,": func(nb *notebook) { nb.Cells = nb.Cells[:1] },
	} {
		dir := t.TempDir()
		nb := gradedNotebook("func double(n int) int { return 2 * n }")
		change(nb)
		if err := nb.write(filepath.Join(dir, "week 1.ipynb"), 0o644); err != nil {
			t.Fatal(err)
		}
		out := filepath.Join(dir, "course")
		if err := (Book{Dir: dir, Title: "Course"}).WriteNbgrader([]string{"week 1.ipynb"}, out); err == nil || !strings.Contains(err.Error(), want) || testkit.Exists(out) {
			t.Errorf("got %v, want %q and no file", err, want)
		}
	}
}

// TestNbgrader lets the real nbgrader release and grade an assignment: a blank copy has no points, the solution all, and a
// guess that passes only the visible test none.
//
// Promise(courses/nbgrader): `handout --nbgrader` writes a course that nbgrader releases and grades: without the solution and
// hidden tests in the students' copies, no points for a blank copy, and all for the solution.
func TestNbgrader(t *testing.T) {
	env := kerneltest.Environment(t)
	packages := kerneltest.Packages(t, env, filepath.Join("testdata", "nbgrader", "requirements.txt"))
	dir := t.TempDir()
	course := filepath.Join(dir, "course")
	const solution = "func double(n int) int {\n\treturn 2 * n\n}"
	nb := gradedNotebook(solution)
	nb.Cells[1].Source = "func double(n int) int {\n\treturn 0\n}"
	if err := nb.write(filepath.Join(dir, "week 1.ipynb"), 0o644); err != nil {
		t.Fatal(err)
	}
	b := Book{Dir: dir, Title: "A course"}
	if err := b.WriteNbgrader([]string{"week 1.ipynb"}, course); err != nil {
		t.Fatal(err)
	}
	testkit.OnePlainLine(t, b.WriteNbgrader([]string{"week 1.ipynb"}, course), fs.ErrExist, "exists")
	nbgrader := func(args ...string) string {
		t.Helper()
		cmd := exec.CommandContext(t.Context(), env.Python, append([]string{"-m", "nbgrader"}, args...)...)
		cmd.Dir = course
		path := filepath.Join(packages, "bin") + string(os.PathListSeparator) // nbgrader runs alembic
		for _, variable := range env.Environ() {
			if value, ok := strings.CutPrefix(variable, "PATH="); ok {
				path += value
			}
		}
		cmd.Env = process.MergeEnv(env.Environ(), "PYTHONPATH="+packages, "PATH="+path)
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("nbgrader %v: %v\n%s", args, err, out)
		}
		return string(out)
	}
	nbgrader("generate_assignment", "week-1")
	release := filepath.Join(course, "release", "week-1", "week-1.ipynb")
	released, err := readNotebook(release)
	if err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(release)
	if err != nil {
		t.Fatal(err)
	}
	for _, word := range []string{"2 * n", "Because", "double(4)", "old"} {
		if strings.Contains(string(data), word) {
			t.Errorf("the students' copy holds %q", word)
		}
	}
	if !strings.Contains(string(data), "not answered yet") {
		t.Errorf("no stub in\n%s", data)
	}
	for student, answer := range map[string]string{"blank": "", "solved": solution, "guessed": "func double(n int) int {\n\treturn 42\n}", "broken": "func double(n int) int {\n\treturn x\n}"} {
		copied := *released
		copied.Cells = append([]notebookCell{}, released.Cells...)
		if answer != "" {
			copied.Cells[1].Source = multiline(answer)
		}
		target := filepath.Join(course, "submitted", student, "week-1", "week-1.ipynb")
		if err := os.MkdirAll(filepath.Dir(target), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := copied.write(target, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	nbgrader("autograde", "week-1")
	nbgrader("export", "--to", "grades.csv")
	grades, err := os.ReadFile(filepath.Join(course, "grades.csv"))
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(string(grades)), "\n")
	header := strings.Split(strings.TrimSpace(lines[0]), ",")
	found := map[string]string{}
	for _, line := range lines[1:] {
		row := map[string]string{}
		for i, value := range strings.Split(strings.TrimSpace(line), ",") {
			row[header[i]] = value
		}
		found[row["student_id"]] = row["score"] + " of " + row["max_score"]
	}
	for student, want := range map[string]string{"blank": "0.0 of 3.0", "solved": "3.0 of 3.0", "guessed": "0.0 of 3.0", "broken": "0.0 of 3.0"} {
		if found[student] != want {
			t.Errorf("%s: %q, want %q", student, found[student], want)
		}
	}
	if t.Failed() {
		t.Logf("%s", grades)
	}
	if _, err := os.Stat(filepath.Join(course, "gradebook.db")); errors.Is(err, fs.ErrNotExist) {
		t.Error("no gradebook")
	}
}
