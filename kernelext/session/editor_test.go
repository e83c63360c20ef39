package session

import (
	"go/ast"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"strings"
	"testing"
)

// TestEditorFile: what a language server reads declares what lives, and has the place that it is asked about.
func TestEditorFile(t *testing.T) {
	s := newNotebook(t).s
	for i, cell := range []string{
		"x, names := 3, []string{\"a\"}",
		"// point is a place.\ntype point struct{ X, Y int }\nfunc (p point) sum() int { return p.X + p.Y }\norigin := point{}",
		"const limit = 1 << 3\nfunc twice[T int | float64](v T) T { return 2 * v }\nimport tt \"time\"\nlater := tt.Second",
	} {
		if err := s.Eval(i+1, cell); err != nil {
			t.Fatal(err)
		}
	}
	for _, test := range []struct {
		cell  string // with a mark at the place
		valid bool
		has   string
	}{
		{"origin.|", false, "// origin of cell [2]\nvar origin point\n"},
		{"x|", true, "// x of cell [1]: 3\nvar x int\n"},
		{"fmt.Println(names[|0], strings.ToUpper(\"a\"))", true, "var names []string\n"},
		{"func f(n int) int {\n\treturn x + n + y|\n}\ny := len(names)", true, "\nvar y = len(names)\n"},
		{"%vars\n_ = twice(li|mit)\n", true, "const limit = 8\n"},
		{"import \"os\"\n\nos.Args|\n", true, "// point is a place.\ntype point struct{ X, Y int }\nfunc (p point) sum() int"},
		{"import \"o|s\"\n", true, "func twice[T int | float64](v T) T { return 2 * v }\n"},
		{"func (p point) minus() int { return p.|", false, ""},
		{"fmt.Println(late|r.\nz := 3", false, "import time \"time\"\n"},
		{"// fmt\nx := fmt.Sprint(1)\nx[|0]", true, "import fmt \"fmt\"\n"},
		{"\"open|", false, "var x int\n"},
		{"|", true, "var ctx context.Context\n"},
	} {
		before, after, _ := strings.Cut(test.cell, "|")
		line, col := strings.Count(before, "\n"), len(before)-strings.LastIndex(before, "\n")-1
		file, fileLine := s.EditorFile(before+after, line, col, true)
		lines := strings.Split(file, "\n")
		want := strings.Split(before+after, "\n")[line]
		if got := lines[fileLine]; len(got) < col || strings.TrimSpace(got[:col]) != strings.TrimSpace(want[:col]) && !strings.HasPrefix(want, "%") {
			t.Errorf("%q: the place is in %q, want %q", test.cell, got, want)
		}
		if !strings.Contains(file, test.has) {
			t.Errorf("%q: no %q in\n%s", test.cell, test.has, file)
		}
		fset := token.NewFileSet()
		f, err := parser.ParseFile(fset, "cell.go", file, 0)
		if (err == nil) != test.valid {
			t.Errorf("%q: %v in\n%s", test.cell, err, file)
		}
		if test.valid {
			config := types.Config{Importer: importer.Default(), Error: func(err error) {
				if text := err.Error(); !strings.Contains(text, "declared and not used") && !strings.Contains(text, "imported as") && !strings.Contains(text, "imported and not used") && !strings.Contains(text, "is not used") && !strings.Contains(text, "could not import") {
					t.Errorf("%q: %v in\n%s", test.cell, err, file)
				}
			}}
			config.Check("main", fset, []*ast.File{f}, nil)
		}
	}
	file, _ := s.EditorFile("x", 0, 1, false)
	if strings.Contains(file, "names") {
		t.Errorf("a compiled cell sees what lives:\n%s", file)
	}
}

// FuzzEditorFile: whatever is being typed, neither composing the file nor completing nor ordering the lines ends the session.
func FuzzEditorFile(f *testing.F) {
	for _, cell := range []string{"x := 1\nfunc f() int { return x }", "fmt.Println(", "type T struct {", "a, b := 1", "//line x:9\nx := 1", "import \"", "%vars\n!ls", "var x = `"} {
		f.Add(cell, 0, 3)
	}
	s, err := New(nil)
	if err != nil {
		f.Fatal(err)
	}
	if err := s.Eval(1, "type T struct{ n int }\nfunc (t T) m() {}\nx, y := T{}, 2"); err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, cell string, line, col int) {
		s.EditorFile(cell, line, col, true)
		s.Complete(cell, line, col, true)
		Program(cell)
	})
}
