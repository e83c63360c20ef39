package book

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestCellThatGoCannotLink: a thread-local variable is one of the things that only the C compiler's linker supports.
func TestCellThatGoCannotLink(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{
		"go.mod":   "module example.com/thread\n\ngo 1.26\n",
		"count.go": "package thread\n\n// static __thread int calls;\n// static int count() { return ++calls; }\nimport \"C\"\n\nfunc Count() int { return int(C.count()) }\n",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	e := execution(t, "!*go work use "+dir+"\n%goworkfix", "import \"example.com/thread\"\n\n%%\nfmt.Println(\"counted\", thread.Count())")
	if _, err := Execute(t.Context(), e); err != nil {
		t.Fatal(err)
	}
	if out, err := os.ReadFile(e.Out); err != nil || !strings.Contains(string(out), "counted 1") {
		t.Errorf("%v, output %s", err, out)
	}
}

// TestCellGetsAModule: a package that a cell imports is fetched if neither the standard library nor the checkout has it.
func TestCellGetsAModule(t *testing.T) {
	e := execution(t, "import \"golang.org/x/text/width\"\n\n%%\nfmt.Println(width.Narrow.String(\"ｇｏｔ\"))")
	if _, err := Execute(t.Context(), e); err != nil {
		t.Fatal(err)
	}
	if out, err := os.ReadFile(e.Out); err != nil || !strings.Contains(string(out), "\"got") {
		t.Errorf("%v, output %s", err, out)
	}
}
