package session

import (
	"slices"
	"strings"
	"testing"
)

// TestComplete: the session completes what it knows, before a language server has read anything.
//
// Promise(kernel/completion) by the session itself
func TestComplete(t *testing.T) {
	s := newNotebook(t).s
	for i, cell := range []string{
		"import tt \"time\"\nwords, later := []string{\"a\"}, tt.Second",
		"type base struct{ Name string }\ntype point struct {\n\tbase\n\tX, Y int\n}\nfunc (p *point) Sum() int { return p.X + p.Y }\norigin := point{}",
		"func twice[T int | float64](v T) T { return 2 * v }",
	} {
		if err := s.Eval(i+1, cell); err != nil {
			t.Fatal(err)
		}
	}
	for _, test := range []struct {
		cell  string // with a mark at the place
		names string // the first ones
		typed string
	}{
		{"strings.ToUp|", "ToUpper ToUpperSpecial", "ToUp"},
		{"strings.toup|", "ToUpper ToUpperSpecial", "toup"},
		{"origin.|", "Name Sum X Y base", ""},
		{"(&origin).S|", "Sum", "S"},
		{"fmt.Println(origin.base.N|", "Name", "N"},
		{"for i := range 3 {\n\tfmt.Println(later.Sec|", "Seconds", "Sec"},
		{"fmt.Println(wo|rds)", "words", "wo"},
		{"é := \"é\"; tw|", "twice", "tw"},
		{"func f(number int) int {\n\treturn num|", "number", "num"},
		{"p := point{X|: 1}", "X", "X"},
		{"a := 1\nb := |\nz := 2", "a", ""},
		{"if x := strings.NewReader(\"\"); x.Le|", "Len", "Le"},
		{"import \"math\"\nmath.Sqr|", "Sqrt SqrtPi Sqrt2", "Sqr"},
		{"time.|", "ANSIC", ""},
		{"\"wo|", "", ""},
		{"// wo|", "", ""},
		{"nothing.|", "", ""},
		{"wörter := 1\nwö|", "wörter", "wö"},
	} {
		before, after, _ := strings.Cut(test.cell, "|")
		line, col := strings.Count(before, "\n"), len(before)-strings.LastIndex(before, "\n")-1
		names, typed := s.Complete(before+after, line, col, true)
		want := strings.Fields(test.names)
		if typed != test.typed || len(want) == 0 && len(names) > 0 || len(names) < len(want) {
			t.Errorf("%q: %q after %q, want %q after %q", test.cell, names, typed, want, test.typed)
			continue
		}
		for _, name := range want {
			if !slices.Contains(names, name) {
				t.Errorf("%q: %q, want %q", test.cell, names, want)
				break
			}
		}
	}
	if names, _ := s.Complete("wo", 0, 2, false); slices.Contains(names, "words") {
		t.Errorf("a compiled cell sees what lives: %q", names)
	}
}
