package gonb

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

func TestEditRefusesAnotherVersion(t *testing.T) {
	e := edit{file: "a/b.go", old: "one", new: "two"}
	if got, err := e.apply("x one y"); err != nil || got != "x two y" {
		t.Errorf("%q, %v", got, err)
	}
	for _, source := range []string{"x", "one one"} {
		if _, err := e.apply(source); err == nil || !strings.Contains(err.Error(), "a/b.go is not as expected") {
			t.Errorf("%q: %v", source, err)
		}
	}
}

// TestEditsFitGoNB: the pinned GoNB is the one that the edits are for.
func TestEditsFitGoNB(t *testing.T) {
	if testing.Short() {
		t.Skip("GoNB's source may have to be fetched")
	}
	tools, err := filepath.Abs("../../../tools")
	if err != nil {
		t.Fatal(err)
	}
	goCommand := func(ctx context.Context, args ...string) (string, error) {
		cmd := exec.CommandContext(ctx, "go", args...)
		cmd.Dir, cmd.Env = tools, append(os.Environ(), "GOWORK=off")
		out, err := cmd.Output()
		return string(out), err
	}
	dir := t.TempDir()
	modfile, err := Source(t.Context(), goCommand, tools, dir)
	if err != nil {
		t.Fatal(err)
	}
	if data, err := os.ReadFile(modfile); err != nil || !strings.Contains(string(data), "\nreplace "+gonbModule+" => ") {
		t.Errorf("%v, no replacement in %s", err, data)
	}
	for _, e := range Edits {
		if data, err := os.ReadFile(filepath.Join(dir, "gonb", e.file)); err != nil || strings.Count(string(data), e.new) != 1 {
			t.Errorf("%s: %v, want it edited once", e.file, err)
		}
	}
}
