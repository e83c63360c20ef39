package lab

import (
	"os"
	"strings"
	"testing"
)

// A copy of a run is intact, and is not once a bit of its weights is flipped; the run itself stays as it was.
func TestAFlippedBitIsFound(t *testing.T) {
	run, _ := trainedRun(t)
	dir := CopyRun(run)
	defer os.RemoveAll(dir)
	if got := Loading(dir); got != "intact: 3 of 3 epochs" {
		t.Errorf("the copy is %q", got)
	}
	FlipBit(dir)
	got := Loading(dir)
	if !strings.HasPrefix(got, "falls back to 0 of 3 epochs, because ") || !strings.Contains(got, "sha256") || strings.Contains(got, dir) {
		t.Errorf("the damaged copy is %q", got)
	}
	if got := Loading(run.Dir); got != "intact: 3 of 3 epochs" {
		t.Errorf("the run itself is %q", got)
	}
	if err := ended(func() { FlipBit(t.TempDir()) }); err == nil {
		t.Error("a folder without weights does not end the cell")
	}
}

func TestFilesSaysWhatEachHolds(t *testing.T) {
	run, _ := trainedRun(t)
	table := Files(run)
	for _, row := range table.Rows {
		if len(row) != 3 || row[2] == "" {
			t.Errorf("nothing is said of %v", row)
		}
		if varies := row[0] == "manifest.json" || row[0] == "lock"; varies != (row[1] == "–") {
			t.Errorf("the size of %s is %s", row[0], row[1])
		}
	}
	if len(table.Rows) < 3 {
		t.Errorf("only %d files", len(table.Rows))
	}
}
