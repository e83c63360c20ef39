package book

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/cnnbook/cnnbook/kernelext/internal/kerneltest"
	"github.com/cnnbook/cnnbook/kernelext/internal/process"
)

// TestPapermill runs a notebook by papermill with parameters of all kinds, and checks the error for a wrong one.
func TestPapermill(t *testing.T) {
	env := kerneltest.Environment(t)
	packages := kerneltest.Packages(t, env, filepath.Join("testdata", "papermill", "requirements.txt"))
	dir := t.TempDir()
	source, out := filepath.Join(dir, "in.ipynb"), filepath.Join(dir, "out.ipynb")
	nb := notebook{NBFormat: 4, NBFormatMinor: 5, Cells: []notebookCell{{CellType: cellCode, ID: "a", Source: cellImport +
		"%%\np, err := kernelext.ParamsFromEnv()\nif err != nil {\n\tpanic(err)\n}\nfmt.Println(p, p.Runs)"}}}
	if err := nb.handOut(ForStudents); err != nil { // sets the kernel's name
		t.Fatal(err)
	}
	if err := nb.write(source, 0o644); err != nil {
		t.Fatal(err)
	}
	papermill := func(args ...string) (string, error) {
		cmd := exec.CommandContext(t.Context(), env.Python, append([]string{"../../notebooks/papermill_go.py", source, out, "--no-progress-bar"}, args...)...)
		cmd.Env = process.MergeEnv(env.Environ(), "PYTHONPATH="+packages)
		text, err := cmd.CombinedOutput()
		return string(text), err
	}
	runs := filepath.Join(dir, `a "b" \c`)
	if text, err := papermill("-p", "budget", "cpu", "-p", "seed", "3", "-p", "runs", runs); err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	executed, err := readNotebook(out)
	if err != nil {
		t.Fatal(err)
	}
	last := executed.Cells[len(executed.Cells)-1].Outputs
	if want := "drawn data, reduced budget cpu, seed 3 " + runs; len(last) != 1 || !strings.Contains(string(textOf(last[0].Text)), want) {
		t.Errorf("the notebook ran with %+v, want %q", last, want)
	}
	const unknown = "unknown parameter 'epochs': expected one of data, budget, seed, runs"
	if text, err := papermill("-p", "epochs", "3"); err == nil || !strings.Contains(text, unknown) {
		t.Errorf("%v, want %q in\n%s", err, unknown, text)
	}
	if text, err := papermill("-p", "budget", "huge"); err == nil {
		t.Errorf("an unknown budget is accepted:\n%s", text)
	}
	const wrong = "CNNBOOK_BUDGET=huge: expected smoke, minutes, cpu, hours or full" // papermill writes it into the notebook
	if data, err := os.ReadFile(out); err != nil || !strings.Contains(string(data), wrong) {
		t.Errorf("%v, want %q in\n%s", err, wrong, data)
	}
}
