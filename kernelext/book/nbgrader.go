package book

import (
	"encoding/json"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
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

// withSolution returns the code of a solution with delimiters around what differs from the exercise: in each function, from
// the first line that differs to the last. Between the delimiters nbgrader writes its stub.
func withSolution(exercise, solution string) string {
	from, to := functions(exercise), functions(solution)
	if len(from) != len(to) {
		from, to = [][]string{slices.Concat(from...)}, [][]string{slices.Concat(to...)}
	}
	var out []string
	for i, lines := range to {
		stub := from[i]
		same := 0
		for same < min(len(lines), len(stub)) && lines[same] == stub[same] {
			same++
		}
		end := 0
		for end < min(len(lines), len(stub))-same && lines[len(lines)-1-end] == stub[len(stub)-1-end] {
			end++
		}
		if same == len(lines) && same == len(stub) {
			out = append(out, lines...)
			continue
		}
		differ := lines[same : len(lines)-end]
		indent := ""
		for _, line := range slices.Concat(differ, stub[same:len(stub)-end]) {
			if trimmed := strings.TrimLeft(line, " \t"); trimmed != "" {
				indent = line[:len(line)-len(trimmed)]
				break
			}
		}
		out = append(out, lines[:same]...)
		out = append(out, indent+"// "+beginSolution)
		out = append(out, differ...)
		out = append(out, indent+"// "+endSolution)
		out = append(out, lines[len(lines)-end:]...)
	}
	return strings.Join(out, "\n")
}

// functions splits code into its lines, in groups that end with a closing brace at the beginning of a line.
func functions(code string) (groups [][]string) {
	var group []string
	for _, line := range strings.Split(strings.TrimRight(code, "\n"), "\n") {
		group = append(group, line)
		if line == "}" {
			groups, group = append(groups, group), nil
		}
	}
	if len(group) > 0 {
		groups = append(groups, group)
	}
	return groups
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
