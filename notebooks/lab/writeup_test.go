package lab_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// writeUpCells is the number of code cells in the write-up, and writeUpLines that of their lines without blank ones.
const writeUpCells, writeUpLines = 25, 423

// nbCell is a cell of a notebook.
type nbCell struct {
	Kind   string   `json:"cell_type"`
	Source []string `json:"source"`
}

func (c nbCell) text() string { return strings.Join(c.Source, "") }

// notebook reads the notebook with a number.
func notebook(t *testing.T, number string) (cells []nbCell) {
	t.Helper()
	found, err := filepath.Glob(filepath.Join("..", number+"-*.ipynb"))
	if err != nil || len(found) != 1 {
		t.Fatalf("%d notebooks begin with %s-, %v", len(found), number, err)
	}
	data, err := os.ReadFile(found[0])
	if err != nil {
		t.Fatal(err)
	}
	var nb struct {
		Cells []nbCell `json:"cells"`
	}
	if err := json.Unmarshal(data, &nb); err != nil {
		t.Fatalf("%s: %v", found[0], err)
	}
	return nb.Cells
}

var headingLine = regexp.MustCompile(`(?m)^(#+) (.+)$`)

// counterparts gives the code below each heading "Cell N" of notebook 01, the heading of the section it is in, and the order.
func counterparts(cells []nbCell) (code, section map[string]string, order []string) {
	code, section = map[string]string{}, map[string]string{}
	at, heading := "", ""
	for _, c := range cells {
		if c.Kind == "code" {
			code[at] += c.text() + "\n"
			continue
		}
		for _, m := range headingLine.FindAllStringSubmatch(c.text(), -1) {
			number, isCell := strings.CutPrefix(m[2], "Cell ")
			switch {
			case isCell:
				at, section[number], order = number, heading, append(order, number)
			case m[1] == "##":
				at, heading = "", m[2]
			}
		}
	}
	return code, section, order
}

// tables gives the rows of a Markdown page's tables by the heading that they are under.
func tables(page string) map[string][][]string {
	out, heading := map[string][][]string{}, ""
	for line := range strings.Lines(page) {
		line = strings.TrimSpace(line)
		if m := headingLine.FindStringSubmatch(line); m != nil {
			heading = m[2]
		}
		if strings.HasPrefix(line, "|") && !strings.HasPrefix(line, "|---") {
			fields := strings.Split(strings.Trim(line, "|"), "|")
			for i := range fields {
				fields[i] = strings.TrimSpace(fields[i])
			}
			out[heading] = append(out[heading], fields)
		}
	}
	return out
}

func readPage(t *testing.T) map[string][][]string {
	t.Helper()
	page, err := os.ReadFile(filepath.Join("..", "the-write-up-cell-by-cell.md"))
	if err != nil {
		t.Fatal(err)
	}
	return tables(string(page))
}

var quoted = regexp.MustCompile("`([^`]+)`")

// TestEachCellOfTheWriteUpHasItsCounterpart: notebook 01 has the write-up's cells in its order, each under its number and
// heading, with the calls that the page about them names, in no more lines than the write-up.
func TestEachCellOfTheWriteUpHasItsCounterpart(t *testing.T) {
	cells := notebook(t, "01")
	code, section, order := counterparts(cells)
	rows := readPage(t)["The 25 cells"][1:]
	if len(rows) != writeUpCells || len(order) != writeUpCells {
		t.Fatalf("the page lists %d cells and the notebook has %d, expected %d", len(rows), len(order), writeUpCells)
	}
	for i, row := range rows {
		number := fmt.Sprint(i + 1)
		if len(row) != 6 || row[0] != number || order[i] != number {
			t.Fatalf("row %d of the page: %q, cell %q of the notebook, expected cell %s in both", i+1, row, order[i], number)
		}
		if section[number] != row[1] {
			t.Errorf("cell %s is under %q, expected %q", number, section[number], row[1])
		}
		if row[2] == "" || strings.TrimSpace(code[number]) == "" {
			t.Errorf("cell %s: what it does is %q, and its counterpart %q", number, row[2], code[number])
		}
		calls := quoted.FindAllStringSubmatch(row[4], -1)
		if len(calls) == 0 {
			t.Errorf("cell %s: the page names no call", number)
		}
		for _, call := range calls {
			if !regexp.MustCompile(`(^|[^\w.])` + regexp.QuoteMeta(call[1]) + `\b`).MatchString(code[number]) {
				t.Errorf("cell %s does not call %s:\n%s", number, call[1], code[number])
			}
		}
	}
	lines := 0
	for _, c := range cells {
		if c.Kind == "code" {
			lines += codeLines(c)
		}
	}
	if lines > writeUpLines {
		t.Errorf("%d lines of code, more than the write-up's %d", lines, writeUpLines)
	}
}

// TestThePlacesOfThePageExist: each section that the page names is in the notebook that it names.
func TestThePlacesOfThePageExist(t *testing.T) {
	page := readPage(t)
	for table, columns := range map[string]int{"What the write-up has no cell for": 3, "The write-up's figures": 4} {
		rows := page[table]
		if len(rows) < 2 {
			t.Errorf("no table under %q", table)
			continue
		}
		for _, row := range rows[1:] {
			if len(row) != columns {
				t.Fatalf("%q: %d columns, expected %d", row, len(row), columns)
			}
			number, want := row[columns-2], row[columns-1]
			found := false
			for _, c := range notebook(t, number) {
				for _, m := range headingLine.FindAllStringSubmatch(c.text(), -1) {
					found = found || c.Kind == "markdown" && m[2] == want
				}
			}
			if !found {
				t.Errorf("%s: no section %q in notebook %s", row[0], want, number)
			}
		}
	}
}

// TestCellsReadLikeSentences: the notebooks' cells are short and say what they do, and not how errors travel.
func TestCellsReadLikeSentences(t *testing.T) {
	const total, median, most = 1100, 5, 20
	files, err := filepath.Glob(filepath.Join("..", "[0-9][0-9]-*.ipynb"))
	if err != nil || len(files) < 9 {
		t.Fatalf("%d notebooks, %v", len(files), err)
	}
	var all []int
	for _, file := range files {
		name := filepath.Base(file)
		exercises := 0
		for _, c := range notebook(t, name[:2]) {
			if c.Kind != "code" {
				continue
			}
			n := codeLines(c)
			all = append(all, n)
			if n > most {
				t.Errorf("%s: a cell of %d lines, at most %d:\n%s", name, n, most, c.text())
			}
			for _, word := range []string{"err != nil", "context.Context", "kernelext.Cell", "\n%%", "open()"} {
				if strings.Contains("\n"+c.text(), word) {
					t.Errorf("%s: a cell has %q:\n%s", name, word, c.text())
				}
			}
			if strings.Contains(c.text(), "// your answer here") {
				exercises++
			}
		}
		if exercises == 0 {
			t.Errorf("%s has no exercise", name)
		}
	}
	sum := 0
	for _, n := range all {
		sum += n
	}
	slices.Sort(all)
	if sum > total || all[len(all)/2] > median {
		t.Errorf("%d lines in %d cells with a median of %d, at most %d with %d", sum, len(all), all[len(all)/2], total, median)
	}
}

// TestWhatAnExplorerNeedsIsShort: each thing on the list of what people try first takes no more lines than given.
func TestWhatAnExplorerNeedsIsShort(t *testing.T) {
	cells := notebook(t, "08")
	for begin, most := range map[string]int{
		"cats := ":                        3,  // five cats with their class name
		"small := ":                       10, // a network of one's own with its summary
		"config := ":                      4,  // two epochs with a cosine schedule and Adam
		"config.Schedule = ":              4,  // another rate, and both curves in one figure
		"kernelext.Display(lab.Confusion": 2,  // confusion matrix and the six worst mistakes
		"p := plot.New()":                 8,  // a plot of one's own
	} {
		found := false
		for _, c := range cells {
			if c.Kind == "code" && strings.HasPrefix(c.text(), begin) {
				found = true
				if n := codeLines(c); n > most {
					t.Errorf("%d lines, at most %d:\n%s", n, most, c.text())
				}
			}
		}
		if !found {
			t.Errorf("no cell begins with %q", begin)
		}
	}
}

func codeLines(c nbCell) (n int) {
	for line := range strings.Lines(c.text()) {
		if strings.TrimSpace(line) != "" {
			n++
		}
	}
	return n
}
