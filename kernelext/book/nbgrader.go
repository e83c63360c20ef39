package book

import (
	"encoding/json"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"

	"github.com/cnnbook/cnnbook/internal/atomicfile"
	"github.com/cnnbook/cnnbook/kernelext/setup"
)

// The delimiters of nbgrader, in comments of Go, and what stands in the student's copy for a solution between them: code
// that compiles in any function and gives no points.
const (
	beginSolution = "BEGIN SOLUTION"
	endSolution   = "END SOLUTION"
	beginHidden   = "BEGIN HIDDEN TESTS"
	endHidden     = "END HIDDEN TESTS"
	goStub        = "// YOUR CODE HERE\npanic(\"not answered yet\")"
)

// nbgraderConfig is the configuration of a course. Go programs are compiled, so cells need more than nbgrader's 30 s.
const nbgraderConfig = `# Written by "go run . handout --nbgrader". nbgrader reads it in this folder.
c = get_config()  # noqa: F821

c.CourseDirectory.course_id = %s
c.ClearSolutions.code_stub = {"go": %s}
c.Execute.timeout = 600
c.Execute.startup_timeout = 120
c.ExecutePreprocessor.timeout = 600
c.ExecutePreprocessor.startup_timeout = 120
`

// WriteNbgrader writes the source layout of nbgrader (https://nbgrader.readthedocs.io) into folder dir: the configuration
// of the course, and in source/ an assignment for each of the notebooks that has an exercise. It overwrites nothing.
func (b Book) WriteNbgrader(notebooks []string, dir string) error {
	config := filepath.Join(dir, "nbgrader_config.py")
	files := map[string][]byte{config: fmt.Appendf(nil, nbgraderConfig, strconv.QuoteToASCII(assignmentName(b.Title)), strconv.QuoteToASCII(goStub))}
	for _, name := range notebooks {
		nb, err := readNotebook(b.path(name))
		if err != nil {
			return err
		}
		exercises, err := nb.toNbgrader()
		if err != nil {
			return fmt.Errorf("copy %s: %w", name, err)
		}
		if exercises == 0 {
			continue
		}
		assignment := assignmentName(strings.TrimSuffix(name, path.Ext(name)))
		target := filepath.Join(dir, "source", assignment, assignment+".ipynb")
		if files[target] != nil {
			return fmt.Errorf("copy %s: another notebook would be the assignment %s, too; rename one", name, assignment)
		}
		if files[target], err = nb.encode(); err != nil {
			return err
		}
	}
	if len(files) == 1 {
		return fmt.Errorf("no notebook has an exercise: tag its cells %s, %s and %s", TagExercise, TagSolution, TagCheck)
	}
	for target := range files {
		if err := notThere(target); err != nil {
			return err
		}
	}
	for target, data := range files {
		if err := os.MkdirAll(filepath.Dir(target), 0o755); err != nil {
			return fmt.Errorf("copies: %w", err)
		}
		if err := atomicfile.WriteBytes(target, data, 0o644); err != nil {
			return fmt.Errorf("copies: %w", err)
		}
	}
	return nil
}

// assignmentName is a name that nbgrader allows: no plus signs, no slashes.
func assignmentName(name string) string {
	return strings.ReplaceAll(slugPath(name), "/", "-")
}

// gradeCell is nbgrader's metadata of a cell, of schema version 3.
type gradeCell struct {
	Grade         bool     `json:"grade"`
	GradeID       string   `json:"grade_id"`
	Locked        bool     `json:"locked"`
	Points        *float64 `json:"points,omitempty"` // of cells with Grade
	SchemaVersion int      `json:"schema_version"`
	Solution      bool     `json:"solution"`
	Task          bool     `json:"task"`
}

// toNbgrader turns the notebook into a source of nbgrader, in place: an exercise holds its solution between delimiters, and
// its check is a test with points. It returns the number of exercises.
func (nb *notebook) toNbgrader() (exercises int, err error) {
	if err := (normaliser{kernel: kernelspecInfo{DisplayName: setup.KernelDisplayName, Language: "go", Name: setup.KernelName}}).apply(nb); err != nil {
		return 0, err
	}
	var cells []notebookCell
	open := -1 // the exercise that has no solution yet
	for i, cell := range nb.Cells {
		tags, err := readCellTags(cell.Metadata)
		if err == nil {
			err = tags.checkSpelling()
		}
		if err != nil {
			return 0, fmt.Errorf("cell %d: %w", i+1, err)
		}
		cell.Outputs = nil
		var grade *gradeCell
		switch {
		case tags.has(TagExercise) && cell.CellType == cellCode:
			exercises++
			open = len(cells)
			grade = &gradeCell{GradeID: "exercise-" + cell.ID, SchemaVersion: 3, Solution: true}
		case tags.has(TagSolution) && cell.CellType != cellCode:
			continue
		case tags.has(TagSolution):
			if open < 0 {
				return 0, fmt.Errorf("cell %d: a solution without an exercise before it", i+1)
			}
			cells[open].Source = multiline(withSolution(string(cells[open].Source), string(cell.Source)))
			open = -1
			continue
		case tags.has(TagCheck):
			points, err := tags.points()
			if err != nil {
				return 0, fmt.Errorf("cell %d: %w", i+1, err)
			}
			grade = &gradeCell{Grade: true, GradeID: "check-" + cell.ID, Locked: true, Points: &points, SchemaVersion: 3}
			tags.add(tagRaises) // nbgrader drops nothing of a failing check, and "Run All" goes on
		}
		if err := checkRegions(string(cell.Source)); err != nil {
			return 0, fmt.Errorf("cell %d: %w", i+1, err)
		}
		if grade != nil {
			tags.unfold()
			if tags.rest == nil {
				tags.rest = map[string]json.RawMessage{}
			}
			if tags.rest["nbgrader"], err = marshal(grade, ""); err != nil {
				return 0, err
			}
		}
		if cell.Metadata, err = tags.encode(); err != nil {
			return 0, fmt.Errorf("cell %d: %w", i+1, err)
		}
		cells = append(cells, cell)
	}
	nb.Cells = cells
	return exercises, nil
}

var pointsTag = regexp.MustCompile(`^points-(.*)$`)

// points is the number of points of a check: that of its tag points-N, or 1.
func (c *cellTags) points() (float64, error) {
	for _, tag := range c.tags {
		if m := pointsTag.FindStringSubmatch(tag); m != nil {
			n, err := strconv.ParseFloat(m[1], 64)
			if err != nil || !(n >= 0 && n <= 1e6) {
				return 0, fmt.Errorf("tag %q: expected a number of points, such as points-2", tag)
			}
			return n, nil
		}
	}
	return 1, nil
}

// withSolution returns the code of an exercise in which the functions that the solution declares again have its bodies,
// between delimiters, where nbgrader writes its stub. If the solution is more than functions of the exercise, all of it is
// between delimiters.
func withSolution(exercise, solution string) string {
	stubs, answers := declarations(exercise), declarations(solution)
	var edits []linkEdit
	for name, answer := range answers {
		stub, ok := stubs[name]
		switch {
		case ok && stub.text == answer.text:
		case !ok || stub.body == "" || answer.body == "" || stub.signature != answer.signature:
			stubs = nil
		default:
			edits = append(edits, linkEdit{stub.from, stub.to, between(answer.body)})
		}
	}
	if len(stubs) == 0 || len(edits) == 0 {
		return "// " + beginSolution + "\n" + strings.TrimSpace(solution) + "\n// " + endSolution
	}
	return applyEdits(strings.TrimRight(exercise, "\n"), edits)
}

// between puts the body of a function between delimiters.
func between(body string) string {
	body = strings.Trim(body, "\n")
	if !strings.Contains(body, "\n") {
		body = "\t" + strings.TrimSpace(body)
	}
	return "\n\t// " + beginSolution + "\n" + strings.TrimRight(body, " \t") + "\n\t// " + endSolution + "\n"
}

// declared is a declaration of a cell.
type declared struct {
	text      string
	signature string // of a function, up to its body
	body      string // of a function, between its braces
	from, to  int    // of the body
}

// declarations returns what a cell declares, by name; nothing if it holds statements.
func declarations(source string) map[string]declared {
	const head = "package cell;"
	files := token.NewFileSet()
	file, err := parser.ParseFile(files, "", head+source, parser.SkipObjectResolution)
	if err != nil {
		return nil
	}
	at := func(pos token.Pos) int { return files.Position(pos).Offset - len(head) }
	found := map[string]declared{}
	for _, d := range file.Decls {
		text := source[at(d.Pos()):at(d.End())]
		f, ok := d.(*ast.FuncDecl)
		if !ok || f.Body == nil {
			found[text] = declared{text: text}
			continue
		}
		from, to := at(f.Body.Lbrace)+1, at(f.Body.Rbrace)
		signature := strings.TrimSpace(source[at(d.Pos()):at(f.Body.Lbrace)])
		found[signature] = declared{text: text, signature: signature, body: source[from:to], from: from, to: to}
	}
	return found
}

// regions are nbgrader's delimiters: what begins with one ends with the other.
var regions = map[string]string{beginSolution: endSolution, beginHidden: endHidden}

// checkRegions returns an error for a delimiter without its counterpart.
func checkRegions(source string) error {
	_, err := withoutRegions(source)
	return err
}

// withoutRegions returns a cell's source as students get it: without what is between delimiters for hidden tests, and with
// a stub for what is between those for solutions. Like nbgrader, it takes every line that contains a delimiter for one.
func withoutRegions(source string) (string, error) {
	var out []string
	closing := ""
	for n, line := range strings.Split(source, "\n") {
		begins, ends := "", ""
		for begin, end := range regions {
			if strings.Contains(line, begin) {
				begins = begin
			}
			if strings.Contains(line, end) {
				ends = end
			}
		}
		switch {
		case begins != "" && closing != "":
			return "", fmt.Errorf("line %d: %q inside another region", n+1, begins)
		case begins != "":
			closing = regions[begins]
			if begins == beginSolution {
				indent := line[:len(line)-len(strings.TrimLeft(line, " \t"))]
				for stub := range strings.SplitSeq(goStub, "\n") {
					out = append(out, indent+stub)
				}
			}
		case ends != "" && ends != closing:
			return "", fmt.Errorf("line %d: %q without a beginning", n+1, ends)
		case ends != "":
			closing = ""
		case closing == "":
			out = append(out, line)
		}
	}
	if closing != "" {
		return "", fmt.Errorf("expected a line // %s, found the end of the cell", closing)
	}
	return strings.Join(out, "\n"), nil
}
