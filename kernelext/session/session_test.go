package session

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	_ "github.com/goplus/ixgo/pkg"
)

// notebook runs cells one after the other.
type notebook struct {
	t *testing.T
	s *Session
	n int
}

func init() { debugSource = os.Getenv("SESSION_DEBUG") != "" }

func newNotebook(t *testing.T) *notebook {
	t.Helper()
	s, err := New(func(v ...any) error {
		for i, v := range v {
			if i > 0 {
				fmt.Print(", ")
			}
			fmt.Printf("%v", v)
		}
		fmt.Println()
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return &notebook{t: t, s: s}
}

// run runs a cell and gives what it printed.
func (nb *notebook) run(source string) (string, error) {
	nb.t.Helper()
	nb.n++
	r, w, err := os.Pipe()
	if err != nil {
		nb.t.Fatal(err)
	}
	old := os.Stdout
	os.Stdout = w
	text := make(chan string)
	go func() {
		b, _ := io.ReadAll(r)
		text <- string(b)
	}()
	err = nb.s.Eval(nb.n, source)
	os.Stdout = old
	w.Close()
	return <-text, err
}

// want runs a cell that prints want.
func (nb *notebook) want(source, want string) {
	nb.t.Helper()
	got, err := nb.run(source)
	if err != nil {
		nb.t.Errorf("cell [%d] %q: %v", nb.n, source, err)
	} else if got = strings.TrimSpace(got); got != want {
		nb.t.Errorf("cell [%d] %q: got %q, want %q", nb.n, source, got, want)
	}
}

// fails runs a cell that ends with an error that has the text.
func (nb *notebook) fails(source, want string) error {
	nb.t.Helper()
	_, err := nb.run(source)
	if err == nil || !strings.Contains(err.Error(), want) {
		nb.t.Errorf("cell [%d] %q: got the error %v, want %q", nb.n, source, err, want)
	}
	return err
}

func TestValuesLive(t *testing.T) {
	nb := newNotebook(t)
	nb.want("x := 41", "")
	nb.want("x + 1", "42")
	nb.want("x++\nfmt.Println(x)", "42")
	nb.want("import \"strings\"\nfunc up(s string) string { return strings.ToUpper(s) }\nup(\"a\")", "A")
	nb.want("y, z := up(\"b\"), 2", "")
	nb.want("y, z", "B, 2")
	nb.want("%%\nfunc twice() int { return 2 * x }\ntwice()", "84")
	nb.want("x = 1; twice()", "2")
	nb.want("func main() { fmt.Println(\"main\", x) }", "main 1")
	nb.want("var unused = 3\nfunc f() { a := 1 }\nimport \"os\"", "")
	nb.want("m := map[string]int{\"a\": x}\nfor k, v := range m { fmt.Println(k, v) }", "a 1")
	nb.want("if v := m[\"a\"]; v > 0 { fmt.Println(\"yes\") } else { fmt.Println(\"no\") }", "yes")
}

func TestDeclaredAgain(t *testing.T) {
	nb := newNotebook(t)
	nb.want("x := 1\nfunc get() int { return x }", "")
	nb.want("x := 2\nget()", "2")
	nb.want("x := fmt.Sprint(x, \"!\")\nx", "2!")
	nb.want("fmt.Println(x); x := 2.5; x", "2!\n2.5")
	nb.want("get()", "2")
	nb.want("func F() int { return 1 }\nfunc G() int { return F() }", "")
	nb.want("func F() int { return 2 }", "")
	nb.want("G()", "2")
	nb.want("type P struct { n int }\nfunc (p P) N() int { return p.n }\np := P{3}", "")
	nb.want("p.N()", "3")
	nb.want("func (p P) Twice() int { return 2 * p.n }\np.Twice()", "6")
	nb.want("type P struct { n, m int }\nq := P{1, 2}\nq.m", "2")
	nb.fails("p.n", "run the cell that sets it again")
	nb.want("func (p P) N() int { return p.n + p.m }\nq.N()", "3")
	nb.want("type P struct { k int }\nP{4}.k", "4")
	nb.want("string([]byte{'a'})", "a")
}

func TestTypeIdentity(t *testing.T) {
	nb := newNotebook(t)
	nb.want("type myErr struct{ Code int }\nfunc (e *myErr) Error() string { return fmt.Sprint(\"code \", e.Code) }", "")
	nb.want("func fail() error { return fmt.Errorf(\"wrap: %w\", &myErr{7}) }", "")
	nb.want("var target *myErr", "")
	nb.want("errors.As(fail(), &target)", "true")
	nb.want("target.Code, target.Error()", "7, code 7")
	nb.want("type shape interface { area() float64 }", "")
	nb.want("type square struct { a float64 }\nfunc (s square) area() float64 { return s.a * s.a }\nvar sh shape = square{2}", "")
	nb.want("sh.area()", "4")
	nb.want("switch v := sh.(type) { case square: fmt.Println(\"square\", v.a, v.area()); default: fmt.Println(\"other\") }", "square 2 4")
	nb.want("type pair struct { a, b int }\nm := map[pair]string{{1, 2}: \"x\"}", "")
	nb.want("m[pair{1, 2}]", "x")
	nb.want("any(pair{1, 2}) == any(pair{a: 1, b: 2})", "true")
	nb.want("fmt.Sprintf(\"%T %+v\", pair{1, 2}, pair{1, 2})", "main.pair {a:1 b:2}")
	nb.want("rows := []struct{ Name string; n int }{{\"a\", 1}}", "")
	nb.want("for _, r := range rows { fmt.Println(r.Name, r.n) }\nrows = append(rows, struct{ Name string; n int }{\"b\", 2})\nlen(rows)", "a 1\n2")
	nb.want("type emb struct { square; k int }\ne := emb{square{3}, 1}\ne.area()", "9")
	nb.want("var sh2 shape = e\nsh2.area()", "9")
}

func TestGenerics(t *testing.T) {
	nb := newNotebook(t)
	nb.want("type Num interface{ ~int | ~float64 }\nfunc Sum[T Num](xs ...T) (s T) { for _, x := range xs { s += x }; return }", "")
	nb.want("Sum(1.5, 2.5), Sum(1, 2)", "4, 3")
	nb.want("type Stack[T any] struct { items []T }\nfunc (s *Stack[T]) Push(x T) { s.items = append(s.items, x) }\nfunc (s *Stack[T]) Len() int { return len(s.items) }", "")
	nb.want("s := &Stack[int]{}\ns.Push(1)", "")
	nb.want("s.Push(2)\ns.Len()", "2")
	nb.want("var l interface{ Len() int } = s\nl.Len()", "2")
	nb.want("l.Len()", "2")
}

func TestErrors(t *testing.T) {
	nb := newNotebook(t)
	nb.want("keep := 5", "")
	nb.fails("a := 1\nfmt.Println(nope)", "cell [2] line 2: undefined: nope\nfmt.Println(nope)\n            ^")
	nb.fails("fmt.Println(", "cell [3] line 1:")
	nb.fails("var p *struct{ n int }\n\nfmt.Println(p.n)", "cell [4] line 3: panic: ")
	nb.fails("var m map[string]int\nm[\"a\"] = 1", "cell [5] line 2: panic: assignment to entry in nil map")
	nb.fails("s := []int{1}\ni := 3\nprintln(s[i])", "cell [6] line 3: panic: ")
	nb.fails("z := 0\nfmt.Println(1 / z)", "cell [7] line 2: panic: ")
	nb.fails("panic(\"own\")", "cell [8] line 1: panic: own")
	nb.fails("func deep() { panic(fmt.Errorf(\"short\")) }\n\ndeep()", "cell [9] line 1: short")
	nb.fails("log.Fatal(\"the end\")", "the end")
	var exit ExitError
	nb.want("func failing() error { return fmt.Errorf(\"no luck\") }", "")
	nb.fails("if true {\n}\nfailing()", "line 3: no luck")
	nb.fails("u := 1\n\nre := regexp.MustCompile(\"(\")", "line 3: panic: regexp: Compile")
	if err := nb.fails("os.Exit(3)", "exit status 3"); !errors.As(err, &exit) || exit != 3 {
		t.Error(err)
	}
	nb.want("os.Exit(0)", "")
	nb.fails("runtime.Goexit()", "Goexit")
	nb.fails("os.Open(\"/nowhere\")", "no such file")
	nb.fails("os.Open(\"/nowhere\")\nfmt.Println(1)", "no such file")
	nb.want("keep", "5")
	nb.fails("early := 1\nkeep := \"never\"\npanic(1)\nlate := 2", "panic: 1")
	nb.want("early, keep", "1, never")
	nb.fails("late", "undefined: late")
	nb.fails("import \"github.com/nobody/nothing\"", "not compiled into the session")
	nb.want("go func() { panic(\"in a goroutine\") }()\ntime.Sleep(10 * time.Millisecond)\n\"alive\"", "alive")
	nb.fails("return", "a return outside a function")
}

// TestInterruptedErrors: a cell that returns what its context ended with, in either form, was interrupted; the rest of the text is told.
func TestInterruptedErrors(t *testing.T) {
	nb := newNotebook(t)
	cause := errors.New("stopped from outside")
	for cell, want := range map[string]string{
		"<-ctx.Done()\nfunc() error { return fmt.Errorf(\"saved: %w\", context.Cause(ctx)) }()": "interrupted: saved",
		"<-ctx.Done()\nfunc() error { return fmt.Errorf(\"saved: %w\", ctx.Err()) }()":          "interrupted: saved",
		"<-ctx.Done()\nfunc() error { return ctx.Err() }()":                                     "interrupted",
	} {
		time.AfterFunc(100*time.Millisecond, func() { nb.s.Interrupt(cause) })
		if _, err := nb.run(cell); !errors.Is(err, ErrInterrupted) || err.Error() != want {
			t.Errorf("%q: %v, want %s", cell, err, want)
		}
	}
}

func TestInterrupt(t *testing.T) {
	Patience = 300 * time.Millisecond
	nb := newNotebook(t)
	nb.want("n := 0", "")
	for _, source := range []string{
		"for {}",
		"for { n++ }",
		"func spin() { for { n++ } }\nspin()",
		"<-ctx.Done()\nreturn_ := ctx.Err()\nfmt.Println(return_)\nfor {}",
		"time.Sleep(time.Second)",
	} {
		begin := time.Now()
		time.AfterFunc(100*time.Millisecond, func() { nb.s.Interrupt(ErrInterrupted) })
		if _, err := nb.run(source); !errors.Is(err, ErrInterrupted) {
			t.Errorf("%q: %v", source, err)
		}
		if d := time.Since(begin); d > 900*time.Millisecond {
			t.Errorf("%q ended after %v", source, d)
		}
	}
	nb.want("n > 0", "true")
	time.Sleep(time.Second)
}

// TestInterruptedLoopSaves: a loop that looks at ctx saves when it is interrupted, wherever the interrupt finds it.
func TestInterruptedLoopSaves(t *testing.T) {
	Patience = 3500 * time.Millisecond
	nb := newNotebook(t)
	nb.want("saved, n := 0, 0", "")
	nb.want("func step() { for range 1000 { n++ } }", "")
	for i, source := range []string{
		"for ctx.Err() == nil { step(); for range 1000 { n++ } }\nsaved++",
		"func() { for { step(); select { case <-ctx.Done(): saved++; return; default: for range 1000 { n++ } } } }()",
		"func(c context.Context) { for c.Err() == nil { step() }; saved++ }(ctx)",
	} {
		begin := time.Now()
		time.AfterFunc(100*time.Millisecond, func() { nb.s.Interrupt(ErrInterrupted) })
		if _, err := nb.run(source); err != nil && !errors.Is(err, ErrInterrupted) {
			t.Errorf("%q: %v", source, err)
		}
		if d := time.Since(begin); d > Patience {
			t.Errorf("%q ended after %v", source, d)
		}
		nb.want("saved", fmt.Sprint(i+1))
	}
	nb.want("for range 1000 { n++ }\nsaved", "3") // no late end of the next cell
}

// TestRecover: a cell's own recover keeps its own panics, and nothing that ends the cell.
func TestRecover(t *testing.T) {
	nb := newNotebook(t)
	nb.want(`func safe(f func()) (got any) { defer func() { got = recover() }(); f(); return nil }
func quiet(f func()) { defer func() { recover() }(); f() }
keep := 5`, "")
	nb.want("safe(func() { panic(\"own\") })", "own")
	nb.want("safe(func() {}) == nil", "true")
	nb.want("quiet(func() { var m map[int]int; m[1] = 1 }); keep", "5")
	nb.want("func() (err error) { defer func() { if e := recover(); e != nil { err = fmt.Errorf(\"as an error: %v\", e) } }(); z := 0; fmt.Println(1 / z); return nil }() != nil", "true")
	for source, want := range map[string]string{
		"os.Exit(3)": "exit status 3", "log.Fatal(\"the end\")": "the end", "runtime.Goexit()": "Goexit",
	} {
		nb.fails("safe(func() { "+source+" })\nkeep = 6", want)
		nb.fails("quiet(func() { "+source+" })\nkeep = 6", want)
	}
	time.AfterFunc(100*time.Millisecond, func() { nb.s.Interrupt(ErrInterrupted) })
	if _, err := nb.run("for { safe(func() { for {} }) }"); !errors.Is(err, ErrInterrupted) {
		t.Errorf("an interrupt within recover: %v", err)
	}
	nb.want("keep", "5")
	nb.want("func recover() int { return 7 }\nrecover()", "7")
}

// TestImportsThatCannotBe: a package that no cell can import is an error of the cell with its place; others are compiled.
func TestImportsThatCannotBe(t *testing.T) {
	nb := newNotebook(t)
	nb.s.Own("text")
	for source, want := range map[string]string{
		"x := 1\nimport \"fmtt\"": "line 2: there is no package \"fmtt\" in Go's standard library\nimport \"fmtt\"\n       ^",
		"import (\n\t\"fmt\"\n\n\t\"example.com/a/internal/b\"\n)\nfmt.Println(1)": "line 4: example.com/a/internal/b is internal",
		"import \"internal/abi\"": "line 1: internal/abi is internal",
		"import \"text/nope\"":    "there is no package \"text/nope\"",
	} {
		if err := nb.s.Qualifies(source); err != nil {
			t.Errorf("%q is compiled: %v", source, err)
		}
		nb.fails(source, want)
	}
	nb.s.Own("example.com/ours")
	nb.fails("import \"example.com/ours/nope\"", "cells have no package example.com/ours/nope; they have ")
	for _, p := range []string{"example.com/other", "C"} {
		if err := nb.s.Qualifies("import \"" + p + "\""); !errors.Is(err, ErrForeign) {
			t.Errorf("%s: %v", p, err)
		}
	}
	nb.want("fmt.Println(2)", "2")
}

// TestStandardLibrary: every package of Go's standard library is compiled in, or known not to be.
func TestStandardLibrary(t *testing.T) {
	out, err := exec.CommandContext(t.Context(), "go", "list", "std").Output()
	if err != nil {
		t.Fatal(err)
	}
	for p := range strings.FieldsSeq(string(out)) {
		if known := slices.Contains(unregistered, p); !strings.HasPrefix(p, "vendor/") && !slices.Contains(strings.Split(p, "/"), "internal") && registered(p) == known {
			t.Errorf("%s: compiled in is %v, among those that are not is %v", p, registered(p), known)
		}
	}
}

func TestVars(t *testing.T) {
	nb := newNotebook(t)
	nb.want("type P struct{ n int }\nx, ps := 41, []P{{1}, {2}}", "")
	got := nb.s.Vars()
	for _, want := range []string{"x     int   8      1     41\n", "ps    []P   40     1     [{1} {2}]\n"} {
		if !strings.Contains(got, want) {
			t.Errorf("%q lacks %q", got, want)
		}
	}
}

// TestDifferences holds what the interpreter does differently from compiled Go by itself.
func TestDifferences(t *testing.T) {
	nb := newNotebook(t)
	nb.want(`type table struct{ rows []int }
func (t *table) add() error { t.rows = append(t.rows, 1); return nil }
func ret() (table, error) { var t table; return t, t.add() }
ret()`, "{[1]}")
	nb.want(`x := 1
f := func() int { x++; return 10 }
fmt.Println(x, f())
a, b := x, f()
fmt.Println(a, b)
fmt.Println("sum", x+f())
fmt.Println([]int{x, f()})
x = 1
x += f()
fmt.Println(x)
fmt.Println(fmt.Sprint(x) + fmt.Sprint(f(), x))`, "2 10\n3 10\nsum 14\n[5 10]\n12\n1210 13")
}

func TestSwap(t *testing.T) {
	nb := newNotebook(t)
	nb.want(`func swap(n int) (int, int) { a, b := 1, 2; for i := 0; i < n; i++ { a, b = b, a }; return a, b }
fmt.Println(swap(1))
fmt.Println(swap(2))`, "2 1\n1 2")
	nb.want(`func fib(n int) int { a, b := 0, 1; for range n { a, b = b, a+b }; return a }
fib(30)`, "832040")
	nb.want(`func gcd(a, b int) int { for b != 0 { a, b = b, a%b }; return a }
gcd(84, 36)`, "12")
	nb.want(`func rot(n int) (int, int, int) { a, b, c := 1, 2, 3; for range n { a, b, c = b, c, a }; return a, b, c }
fmt.Println(rot(1)); fmt.Println(rot(2))`, "2 3 1\n3 1 2")
}

func TestDeferInRange(t *testing.T) {
	nb := newNotebook(t)
	nb.want(`func seq(n int) iter.Seq[int] { return func(yield func(int) bool) { for i := range n { if !yield(i) { return } } } }
func f() { for i := range seq(2) { defer fmt.Println("deferred", i) }; fmt.Println("end") }
f()`, "end\ndeferred 1\ndeferred 0")
	nb.want("for v := range seq(3) { if v == 1 { continue }; fmt.Println(\"seq\", v) }", "seq 0\nseq 2")
}
