package compiled

import (
	"fmt"
	"io"
	"os"
	"strings"
	"testing"

	_ "github.com/goplus/ixgo/pkg"

	"github.com/cnnbook/cnnbook/kernelext/session"
)

// TestCompiledFunctions: a marked function is compiled, takes and gives values of the session's types, is called by interpreted
// functions of its own and later cells, and can be written again. What it cannot use is an error with its place.
func TestCompiledFunctions(t *testing.T) {
	module, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	b := Builder{Module: module, Dir: t.TempDir()} // with the flags of this test's own program: none
	s, err := session.New(func(v ...any) error { _, err := fmt.Println(v...); return err })
	if err != nil {
		t.Fatal(err)
	}
	s.Compile(b.Build)
	n := 0
	run := func(source string) (string, error) {
		n++
		r, w, err := os.Pipe()
		if err != nil {
			t.Fatal(err)
		}
		text := make(chan string)
		go func() {
			b, _ := io.ReadAll(r)
			text <- string(b)
		}()
		old := os.Stdout
		os.Stdout = w
		err = s.Eval(n, source)
		os.Stdout = old
		w.Close()
		return strings.TrimSpace(<-text), err
	}
	want := func(source, want string) {
		t.Helper()
		if got, err := run(source); err != nil || got != want {
			t.Errorf("cell [%d] %q: got %q, %v; want %q", n, source, got, err, want)
		}
	}
	fails := func(source, want string) {
		t.Helper()
		if _, err := run(source); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("cell [%d] %q: got %v, want %q", n, source, err, want)
		}
	}
	const sum = `//cnnbook:compile
func sum(n int) (total int) {
	for i := range n {
		total += i
	}
	return total
}
`
	want("k := 3\n"+sum+"sum(1000)", "499500")
	want("func twice(n int) int { return 2 * sum(n) }\ntwice(k), sum(100_000_000)", "6 4999999950000000")
	want("var e error = &os.PathError{Op: \"x\", Path: \"y\", Err: os.ErrNotExist}", "")
	want(`// op names the operation that failed.
//
//cnnbook:compile
func op(err error) (string, *os.PathError) {
	var path *os.PathError
	if errors.As(err, &path) {
		return path.Op, path
	}
	return "", nil
}
name, path := op(e)
name, path == e`, "x true")
	want(strings.Replace(sum, "i\n", "2 * i\n", 1)+"twice(k)", "12")
	want("twice(k)", "12")
	built := len(b.built)
	want("k := 3\n"+sum+"sum(10)", "45")
	if len(b.built) != built {
		t.Error("a source that was built is built again")
	}
	fails("//cnnbook:compile\nfunc bad() int {\n\tx := 1\n\treturn k\n}", fmt.Sprintf("cell [%d] line 3: declared and not used: x", n+1))
	fails("//cnnbook:compile\nfunc bad() int {\n\treturn k\n}", "line 3: undefined: k (a compiled function has its arguments and packages, and nothing that cells declare)")
	fails("//cnnbook:compile\nfunc g[T any](x T) T { return x }", "line 2: a function with type parameters cannot be compiled")
	fails("type P struct{}\n//cnnbook:compile\nfunc (p P) M() {}", "line 3: only functions without a receiver")
	fails("sum(1) + nope", "undefined: nope")
	fails("//cnnbook:compile\nfunc divide(a, b int) int {\n\treturn a / b\n}\n\ndivide(1, 0)", "line 6: panic: ")
	want("divide(6, 3), sum(3)", "2 3")
}
