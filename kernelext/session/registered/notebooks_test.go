package registered

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/cnnbook/cnnbook/cnn"
	"github.com/cnnbook/cnnbook/internal/testplugin"
	"github.com/cnnbook/cnnbook/kernelext"
	"github.com/cnnbook/cnnbook/kernelext/session"
	"github.com/cnnbook/cnnbook/kernelext/session/show"
)

// envNotebooks names the notebooks that TestNotebooksBothWays runs: their numbers, separated by commas, or "all".
const envNotebooks = "CNNBOOK_SESSION_NOTEBOOKS"

// usual are the notebooks that run without it, as in CI: they take a minute, and all take some five. TestNotebooksCompile compiles
// and vets all of them, everywhere.
const usual = "02,03"

// notebooks is the folder of the notebooks.
const notebooks = "../../../notebooks"

// TestNotebooksCompile: the joined cells of every notebook are a Go program that compiles and that vet finds nothing wrong with.
func TestNotebooksCompile(t *testing.T) {
	if testing.Short() {
		t.Skip("compiles the notebooks")
	}
	for _, file := range notebookFiles(t) {
		t.Run(number(file), func(t *testing.T) { build(t, codeCells(t, file)) })
	}
}

func notebookFiles(t *testing.T) []string {
	t.Helper()
	files, err := filepath.Glob(notebooks + "/*.ipynb")
	if err != nil || len(files) == 0 {
		t.Fatalf("no notebooks, %v", err)
	}
	return files
}

// number is what a notebook's name begins with, before the first hyphen.
func number(file string) string {
	n, _, _ := strings.Cut(filepath.Base(file), "-")
	return n
}

// TestNotebooksBothWays: the cells of a notebook print the same in a session as in one compiled program. Each way trains with
// a folder of saved runs of its own, drawn data and the smoke budget. It computes with the plugin that set-up provides.
func TestNotebooksBothWays(t *testing.T) {
	if testing.Short() {
		t.Skip("trains the notebooks' networks")
	}
	if err := testplugin.Apply(); err != nil {
		t.Fatal(err)
	}
	chosen := os.Getenv(envNotebooks)
	if chosen == "" {
		chosen = usual
	}
	for _, file := range notebookFiles(t) {
		if chosen != "all" && !strings.Contains(","+chosen+",", ","+number(file)+",") {
			continue
		}
		t.Run(number(file), func(t *testing.T) {
			cells := codeCells(t, file)
			program := build(t, cells)
			copied := t.TempDir() // a notebook may read the others, and write beside them
			if err := os.CopyFS(copied, os.DirFS(notebooks)); err != nil {
				t.Fatal(err)
			}
			t.Chdir(copied)
			setNotebookParams(t)
			want := plain(compiledOutput(t, program))
			setNotebookParams(t)
			got := plain(sessionOutput(t, cells))
			if len(want) < 200 {
				t.Errorf("only %d bytes of output: %s", len(want), want)
			}
			differ(t, got, want)
		})
	}
}

func setNotebookParams(t *testing.T) {
	t.Setenv(kernelext.EnvData, "")
	t.Setenv(kernelext.EnvBudget, kernelext.BudgetSmoke)
	t.Setenv(kernelext.EnvSeed, "1")
	t.Setenv(kernelext.EnvRuns, t.TempDir())
}

// codeCells gives the sources of a notebook's code cells.
func codeCells(t *testing.T, file string) (cells []string) {
	t.Helper()
	data, err := os.ReadFile(file)
	var nb struct {
		Cells []struct {
			Type   string   `json:"cell_type"`
			Source []string `json:"source"`
		} `json:"cells"`
	}
	if err == nil {
		err = json.Unmarshal(data, &nb)
	}
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range nb.Cells {
		if c.Type == "code" {
			cells = append(cells, strings.Join(c.Source, ""))
		}
	}
	return cells
}

// build compiles and vets the joined cells, and gives the program's path.
func build(t *testing.T, cells []string) (program string) {
	t.Helper()
	dir := t.TempDir()
	source := filepath.Join(dir, "main.go")
	program = filepath.Join(dir, "program")
	joined, err := session.Join(cells, "github.com/cnnbook/cnnbook/kernelext/session/show")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(source, []byte(joined), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{{"vet", source}, {"build", "-o", program, source}} {
		cmd := exec.CommandContext(t.Context(), "go", args...)
		cmd.Dir = "../../.."
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("go %s: %v\n%s", args[0], err, out)
		}
	}
	return program
}

// compiledOutput gives what the program prints.
func compiledOutput(t *testing.T, program string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), program)
	var out, problems bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &problems
	if err := cmd.Run(); err != nil {
		t.Fatalf("the compiled cells: %v\n%s%s", err, out.Bytes(), problems.Bytes())
	}
	return out.String()
}

// sessionOutput runs the cells in a session and gives what they print.
func sessionOutput(t *testing.T, cells []string) string {
	t.Helper()
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
	err = evalAll(cells)
	os.Stdout = old
	w.Close()
	out := <-text
	if err != nil {
		t.Fatalf("in the session: %v\n%s", err, out)
	}
	return out
}

func evalAll(cells []string) error {
	s, err := session.New(show.Values)
	if err != nil {
		return err
	}
	cache := cnn.NewCache() // as in a kernel; the compiled program has none
	defer cache.Close()
	s.WithValues(cnn.WithCache(context.Background(), cache))
	kernelext.InSession(s.Context)
	s.Override("github.com/cnnbook/cnnbook/kernelext.Cell", func(body func(context.Context) error) {
		if err := body(s.Context()); err != nil {
			session.Fail(err)
		}
	})
	for i, source := range cells {
		if err := s.Eval(i+1, source); err != nil {
			return err
		}
	}
	return nil
}

var (
	// A number with a unit of time, and speeds.
	timesInText  = regexp.MustCompile(`(\d+h)?(\d+m)?\d+(\.\d+)? ?(ns|µs|us|ms|min|s|h)\b(\d+(\.\d+)?s\b)?|\b\d+:\d\d\b`)
	speedsInText = regexp.MustCompile(`\d[\d,.]* (images|steps|MB)(/s| a second| per second)`)
	// A manifest names the versions of what a program was built from, which a test's program does not know.
	// Whether there is an earlier save depends on how fast the training was.
	fallbacks = regexp.MustCompile(`With one bit flipped: .*`)
	manifests = regexp.MustCompile(`manifest\.json\s+\d+`)
	spaces    = regexp.MustCompile(`[ \t]+|[-─]{2,}`)
)

// plain is output without what depends on how long things took. Tables are padded, and live displays end their lines early
// where a time is longer.
func plain(text string) string {
	text = timesInText.ReplaceAllString(text, "TIME")
	text = speedsInText.ReplaceAllString(text, "SPEED")
	text = fallbacks.ReplaceAllString(text, "With one bit flipped: FALLBACK")
	text = manifests.ReplaceAllString(text, "manifest.json SIZE")
	return spaces.ReplaceAllString(text, " ")
}

// differ reports the first lines in which two texts differ.
func differ(t *testing.T, got, want string) {
	t.Helper()
	a, b := strings.Split(got, "\n"), strings.Split(want, "\n")
	for i := range max(len(a), len(b)) {
		switch {
		case i >= len(a):
			t.Fatalf("line %d: the session lacks %q", i+1, b[i])
		case i >= len(b):
			t.Fatalf("line %d: only the session prints %q", i+1, a[i])
		case a[i] != b[i]:
			t.Fatalf("line %d: the session prints\n%s\nand the compiled program\n%s", i+1, a[i], b[i])
		}
	}
	t.Logf("%d lines are the same", len(a))
}
