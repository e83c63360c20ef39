package registered

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/cnnbook/cnnbook/cnn"
	"github.com/cnnbook/cnnbook/internal/testplugin"
	"github.com/cnnbook/cnnbook/kernelext"
	"github.com/cnnbook/cnnbook/kernelext/session"
	"github.com/cnnbook/cnnbook/kernelext/session/show"
)

// notebooks is the folder of the notebooks.
const notebooks = "../../../notebooks"

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

// trainedTwice is the notebook whose compiled program trains anew.
const trainedTwice = "03"

// TestNotebooksBothWays: the joined cells of every notebook are a Go program that compiles, that vet finds nothing wrong with, and that
// prints the same as the cells do in a session, with drawn data and the smoke budget.
//
// The sessions train, and the programs find their runs. That is no weaker than training twice: a run is found by what it is
// made from, so that a program that asks for another training makes a folder of its own, which is an error. The program of one
// notebook trains all the same, in a folder of its own. Notebook 01 comes first; the write-up's recipe asks for exactly its runs.
func TestNotebooksBothWays(t *testing.T) {
	if testing.Short() {
		t.Skip("compiles the notebooks and trains their networks")
	}
	if err := testplugin.Apply(); err != nil {
		t.Fatal(err)
	}
	files := notebookFiles(t)
	programs := build(t, files)
	setNotebookParams(t)
	runs := os.Getenv(kernelext.EnvRuns)
	for _, file := range files {
		t.Run(number(file), func(t *testing.T) {
			cells := codeCells(t, file)
			copied := t.TempDir() // a notebook may read the others, and write beside them
			if err := os.CopyFS(copied, os.DirFS(notebooks)); err != nil {
				t.Fatal(err)
			}
			t.Chdir(copied)
			session := sessionOutput(t, cells)
			if number(file) == "01" {
				trainedTheWriteUp(t)
			}
			if number(file) == trainedTwice {
				t.Setenv(kernelext.EnvRuns, t.TempDir())
			}
			before := folders(t, runs)
			compiled := compiledOutput(t, programs[file])
			if after := folders(t, runs); !slices.Equal(after, before) {
				t.Errorf("the session trained %q, and the compiled program %q", before, after)
			}
			if number(file) != trainedTwice {
				session, compiled = liveDisplays.ReplaceAllString(session, ""), liveDisplays.ReplaceAllString(compiled, "")
			}
			if len(compiled) < 200 {
				t.Errorf("only %d bytes of output: %s", len(compiled), compiled)
			}
			differ(t, plain(session), plain(compiled))
		})
	}
}

// folders names what is in a folder.
func folders(t *testing.T, dir string) (names []string) {
	t.Helper()
	list, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range list {
		names = append(names, e.Name())
	}
	return names
}

func setNotebookParams(t *testing.T) {
	t.Helper()
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

// build vets and compiles the joined cells of the notebooks, all at once, and gives the programs' paths. They are a module of their own,
// in a workspace with this one, as in the kernel.
func build(t *testing.T, files []string) map[string]string {
	t.Helper()
	dir := t.TempDir()
	root, err := filepath.Abs("../../..")
	if err != nil {
		t.Fatal(err)
	}
	write := func(name, text string) {
		t.Helper()
		if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	language := "go " + strings.TrimPrefix(runtime.Version(), "go") + "\n"
	write("go.mod", "module joined\n\n"+language)
	write("go.work", fmt.Sprintf("%s\nuse .\nuse %q\n", language, root))
	programs := map[string]string{}
	for _, file := range files {
		joined, err := session.Join(codeCells(t, file), "github.com/cnnbook/cnnbook/kernelext/session/show")
		if err != nil {
			t.Fatalf("%s: %v", filepath.Base(file), err)
		}
		name := "notebook" + number(file)
		write(filepath.Join(name, "main.go"), joined)
		programs[file] = filepath.Join(dir, "bin", name)
	}
	for _, args := range [][]string{{"build", "-ldflags=-s -w", "-o", "bin/", "./..."}, {"vet", "./..."}} {
		cmd := exec.CommandContext(t.Context(), "go", args...)
		cmd.Dir, cmd.Env = dir, append(os.Environ(), "GOWORK="+filepath.Join(dir, "go.work"))
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("go %s: %v\n%s", args[0], err, out)
		}
	}
	return programs
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
	// What only a training shows: where it begins, its live display's title and the lines of its epochs.
	liveDisplays = regexp.MustCompile(`(?m)^(run \S+ (goes on from|starts from the beginning|was trained) .*|Run \S+|Epoch \d+/\d+ +\d+/\d+ \[.*)\n`)
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
