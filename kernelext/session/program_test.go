package session

import (
	"slices"
	"strings"
	"testing"
)

func TestProgram(t *testing.T) {
	for _, c := range []struct{ cell, want string }{
		{"x := 3\nfunc f() int {\n\treturn 4\n}\nfmt.Println(x, f())", "func f() int {\n\treturn 4\n}\n--\nx := 3\nfmt.Println(x, f())"},
		{"import \"image\"\n\n// T is.\ntype T int\nvar a = 1 // first\na++\nvar b = a\nb\n// end", "import \"image\"\n\n// T is.\ntype T int\nvar a = 1 // first\n// end\n--\na++\nvar b = a\nb"},
		{"for i := range 3 {\n\tfmt.Println(i)\n}", "--\nfor i := range 3 {\n\tfmt.Println(i)\n}"},
		{"func main() { }", "func main() { }\n--"},
		{"func main() { }\nx := 1", "none"},
		{"x := 1; type T int", "none"},
		{"type T int; x := 1", "none"},
		{"x := (", "none"},
	} {
		got := "none"
		if declarations, statements, ok := Program(c.cell); ok {
			lines := strings.Split(c.cell, "\n")
			var out []string
			for _, i := range declarations {
				out = append(out, lines[i])
			}
			out = append(out, "--")
			for _, i := range statements {
				out = append(out, lines[i])
			}
			got = strings.Join(out, "\n")
			all := slices.Sorted(slices.Values(slices.Concat(declarations, statements)))
			if len(all) != len(lines) || len(slices.Compact(all)) != len(lines) {
				t.Errorf("%q: lines %v", c.cell, all)
			}
		}
		if got != c.want {
			t.Errorf("%q becomes\n%s\nwant\n%s", c.cell, got, c.want)
		}
	}
}
