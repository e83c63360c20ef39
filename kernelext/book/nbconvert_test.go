package book

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestLiveInNbconvert runs a training with a live display and converts the notebook to HTML by nbconvert: the result shows the
// last state of the display, once, with its curves, and no script.
//
// Promise(kernel/live): A live display leaves one figure without scripts, also in nbconvert's HTML.
func TestLiveInNbconvert(t *testing.T) {
	e := execution(t, `import (
	"context"
	"time"

	"github.com/cnnbook/cnnbook/kernelext"
)`, `%%
kernelext.Cell(func(ctx context.Context) error {
	live := kernelext.Live{Title: "Proof", Every: 10 * time.Millisecond}
	for step := range 20 {
		live.Update(kernelext.Progress{
			Epoch: 1, Epochs: 1, Step: step + 1, Steps: 20, EpochEnd: step == 19, Loss: 1 / float64(step+1), Accuracy: 0.5,
		})
		time.Sleep(20 * time.Millisecond)
	}
	return live.Finish(nil)
})`)
	if _, err := Execute(t.Context(), e); err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), e.Python, "-m", "nbconvert", "--to", "html", "--template", "basic", e.Out)
	cmd.Env = e.Environ
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("nbconvert: %v: %s", err, out)
	}
	data, err := os.ReadFile(strings.TrimSuffix(e.Out, filepath.Ext(e.Out)) + ".html")
	if err != nil {
		t.Fatal(err)
	}
	page := string(data)
	for want, n := range map[string]int{
		`class="cnnbook-live`: 1, "Finished: 1 epoch": 1, `role="progressbar"`: 1, `aria-valuenow="100"`: 1,
		`alt="Curve of the loss: from 1 to 0.0294."`: 1, `src="data:image/svg+xml;base64,`: 2, "<script": 0, "javascript": 0,
	} {
		if got := strings.Count(page, want); got != n {
			t.Errorf("%q occurs %d times, want %d", want, got, n)
		}
	}
	if t.Failed() {
		t.Log(page)
	}
}
