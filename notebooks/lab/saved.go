package lab

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/cnnbook/cnnbook/cnn"
	"github.com/cnnbook/cnnbook/kernelext"
)

// Files lists the files of a run's latest save, what they hold, and the sizes of those that every training with this result
// writes alike. The save before it depends on how fast the training was, and is left out.
func Files(run *cnn.Run) *kernelext.Table {
	t := NewTable("The folder "+filepath.Base(run.Dir)+", without the save before the latest", "file", "bytes", "contents")
	entries := must(os.ReadDir(run.Dir))
	latest := map[string]string{} // by kind
	for _, e := range entries {
		kind, _, _ := strings.Cut(e.Name(), "-")
		latest[kind] = max(latest[kind], e.Name())
	}
	for _, e := range entries {
		if kind, _, _ := strings.Cut(e.Name(), "-"); e.Name() != latest[kind] {
			continue
		}
		var size any = must(e.Info()).Size()
		if e.Name() == "manifest.json" || e.Name() == "lock" { // they hold times and the number of a process
			size = "–"
		}
		t.Add(e.Name(), size, holds(e.Name()))
	}
	return t
}

// holds describes a file of a run.
func holds(name string) string {
	kind, _, _ := strings.Cut(name, "-")
	return map[string]string{
		"manifest.json":   "what the run is, its progress, each file's size and SHA-256",
		"weights":         "the weights after the step in its name",
		"best":            "the weights after the epoch in its name, the best one so far",
		"optimizer":       "the optimizer's state after that step; plain SGD has none",
		"history.jsonl":   "one line for every step and every epoch",
		"telemetry.jsonl": "one line for every watched step",
		"lock":            "held by the process that trains the run",
	}[kind]
}

// CopyRun copies a run's folder to a temporary one.
func CopyRun(run *cnn.Run) string {
	dir := must(os.MkdirTemp("", "run"))
	check(os.CopyFS(dir, os.DirFS(run.Dir)))
	return dir
}

// FlipBit inverts one bit in the middle of the latest weights in a run's folder.
func FlipBit(dir string) {
	files := must(filepath.Glob(filepath.Join(dir, "weights-*")))
	if len(files) == 0 {
		check(fmt.Errorf("%s holds no weights: %w", dir, fs.ErrNotExist))
	}
	latest := slices.Max(files)
	data := must(os.ReadFile(latest))
	data[len(data)/2] ^= 1
	check(os.WriteFile(latest, data, 0o644))
}

// Loading loads the run in a folder and says what came of it: that it is intact, that an earlier save had to be used and
// why, or why it was refused.
func Loading(dir string) string {
	run, err := cnn.LoadRun(dir)
	hide := func(text string) string { return strings.ReplaceAll(text, dir, "COPY") }
	if err != nil {
		return "refused: " + hide(err.Error())
	}
	finished, total := run.Epochs()
	if run.Recovered == "" {
		return fmt.Sprintf("intact: %d of %d epochs", finished, total)
	}
	return fmt.Sprintf("falls back to %d of %d epochs, because %s", finished, total, hide(run.Recovered))
}
