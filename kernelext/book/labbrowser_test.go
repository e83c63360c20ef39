//go:build linux

package book

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/cnnbook/cnnbook/kernelext"
	"github.com/cnnbook/cnnbook/kernelext/internal/browser"
	"github.com/cnnbook/cnnbook/kernelext/internal/cache"
	"github.com/cnnbook/cnnbook/kernelext/internal/kerneltest"
	"github.com/cnnbook/cnnbook/kernelext/internal/process"
	"github.com/cnnbook/cnnbook/kernelext/setup"
)

// Cells of the notebook that the JupyterLab test opens; testdata/browser/drive.py relies on their order.
var labCells = []string{
	`import (
	"context"
	"errors"
	"fmt"
	"image"
	"image/color"
	"os"
	"path/filepath"
	"time"

	"github.com/cnnbook/cnnbook/cifar"
	"github.com/cnnbook/cnnbook/cnn"
	"github.com/cnnbook/cnnbook/kernelext"
	"github.com/cnnbook/cnnbook/viz"
)

func gradient() image.Image {
	img := image.NewRGBA(image.Rect(0, 0, 16, 16))
	for i := range 256 {
		img.Set(i%16, i/16, color.RGBA{uint8(i % 16 * 16), uint8(i / 16 * 16), 128, 255})
	}
	return img
}`,
	`%%
kernelext.Cell(func(ctx context.Context) error {
	lines, err := viz.Lines{Title: "A line", XLabel: "x", YLabel: "y", Series: []viz.Series{{Y: []float64{1, 3, 2}}}}.Figure()
	if err != nil {
		return err
	}
	picture := kernelext.Picture{Image: gradient(), Alt: "A gradient", Caption: "A picture"}
	table := kernelext.Table{Header: []string{"word", "number"}, Rows: [][]string{{"one", "1"}, {"two", "2"}}, Caption: "A table"}
	return kernelext.Display(kernelext.Markdown("**Bold** and $x^2$"), kernelext.Row(lines, picture), table, "plain text")
})`,
	standInTraining,
	`%%
kernelext.Cell(func(ctx context.Context) error {
	return kernelext.Explorer{
		Label: "Number", Count: 10, Start: 4,
		Show: func(i int) ([]any, error) { return []any{fmt.Sprintf("The square of %d is %d", i, i*i)}, nil },
	}.Run(ctx)
})`,
	"%%\nfmt.Println(\"before\")\nfmt.Println(mistake)",
	"%%\nfmt.Println(\"this must not run\")",
}

// Cells without %% of the notebook whose values live; testdata/browser/drive.py relies on their order.
var valueCells = []string{
	"import \"github.com/cnnbook/cnnbook/cifar\"\ntrain, _ := cifar.Drawn(1, 20, 10)\nnumbers := []int{3, 1, 2}",
	"slices.Sort(numbers)\ntrain.Len(), numbers",
	"%vars",
	"fmt.Println(\"before\")\nfmt.Println(numbers[7])",
	"\"this must not run\"",
}

// standInTraining is interrupted, saved and resumed like a run, without the seconds that XLA takes to compile one.
// CNNBOOK_BROWSER_TRAINING=1 replaces it with realTraining.
const standInTraining = `%%
kernelext.Cell(func(ctx context.Context) error {
	params, err := kernelext.ParamsFromEnv()
	if err != nil {
		return err
	}
	state := filepath.Join(params.Runs, "stand-in")
	done := 0
	if data, err := os.ReadFile(state); err == nil {
		fmt.Sscan(string(data), &done)
		fmt.Println("going on after step", done)
	}
	live := &kernelext.Live{Title: "Proof"}
	train := func() error {
		const epochs, steps = 8, 20
		for ; done < epochs*steps; done++ {
			select {
			case <-ctx.Done():
				return errors.Join(fmt.Errorf("stopped, saved: %w", context.Cause(ctx)), os.WriteFile(state, []byte(fmt.Sprint(done)), 0o644))
			case <-time.After(100 * time.Millisecond):
			}
			step := done%steps + 1
			live.Update(kernelext.Progress{
				Epoch: done/steps + 1, Epochs: epochs, Step: step, Steps: steps, EpochEnd: step == steps,
				Loss: 2.3 / float64(1+done), Accuracy: float64(done) / (epochs * steps), StepTime: 100 * time.Millisecond,
			})
		}
		return nil
	}
	return live.Finish(train())
})`

// realTraining trains a network for some seconds.
const realTraining = `%%
kernelext.Cell(func(ctx context.Context) error {
	params, err := kernelext.ParamsFromEnv()
	if err != nil {
		return err
	}
	images, _ := cifar.Drawn(1, 400, 10)
	train, valid, err := images.Split(0.8, 1)
	if err != nil {
		return err
	}
	run, err := cnn.OpenRun(params.Runs, cnn.Spec{
		Name: "proof", Network: cnn.WriteUp(), Train: train, Valid: valid,
		Config: cnn.Config{Optimizer: cnn.SGD{}, Batch: 20, Epochs: 8, Seed: 1},
	})
	if err != nil {
		return err
	}
	defer run.Close()
	live := kernelext.Live{Title: "Proof"}
	err = run.Train(ctx, func(p cnn.Progress) { live.Update(kernelext.Progress(p)) })
	return live.Finish(err)
})`

// labSight is one observation in the browser: a line of the driver's output.
type labSight struct {
	Step    string
	Cells   int
	Ran     int
	Images  json.RawMessage
	Shares  []int
	Text    json.RawMessage
	Before  string
	After   [][]string
	Scripts int
	Widgets int
	Seconds float64
	Found   []string
	Figures int
	Errors  []string
}

// labSights collects the driver's lines as they are written.
type labSights struct {
	t    *testing.T
	rest []byte
	seen map[string]labSight
}

func (l *labSights) Write(p []byte) (int, error) {
	l.rest = append(l.rest, p...)
	for {
		line, rest, whole := bytes.Cut(l.rest, []byte("\n"))
		if !whole {
			return len(p), nil
		}
		l.rest = rest
		l.t.Logf("%s", line)
		var s labSight
		if err := json.Unmarshal(line, &s); err != nil {
			return 0, fmt.Errorf("%w in %q", err, line)
		}
		l.seen[s.Step] = s
	}
}

// TestJupyterLab drives a real JupyterLab in a real browser, whose console must show no errors. CNNBOOK_SCREENSHOTS names a folder for screenshots.
//
// Promise(kernel/jupyterlab): In JupyterLab, "Run All", live training, interrupting and continuing,
// completion, inspection, restart and the widgets work, with no error in the browser's console.
// Promise(kernel/jupyterlab) in Chromium
func TestJupyterLab(t *testing.T) {
	chromium := browser.Find(t)
	t.Run("a training", func(t *testing.T) {
		kerneltest.BothWays(t, func(t *testing.T, compiled bool) {
			t.Setenv(kernelext.EnvRuns, t.TempDir())
			cells := slices.Clone(labCells)
			if os.Getenv("CNNBOOK_BROWSER_TRAINING") != "" {
				cells[slices.Index(cells, standInTraining)] = realTraining
			}
			place := "line 3: undefined: mistake"
			if compiled {
				place = "Line 3"
			}
			checkLab(t, driveLab(t, chromium, notebookOf(cells), "train"), place)
		})
	})
	t.Run("values", func(t *testing.T) {
		checkValues(t, driveLab(t, chromium, notebookOf(valueCells), "values"))
	})
	t.Run("asked", func(t *testing.T) {
		const ask = "var name string\nfmt.Print(\"Who? \")\nfmt.Scanln(&name)\nfmt.Println(\"hello\", name)"
		seen := driveLab(t, chromium, notebookOf([]string{ask, "%compiled\n%%\n" + ask, "// unanswered\n" + ask}), "asked")["answered"]
		if len(seen.After) != 3 || strings.Contains(strings.Join(seen.After[2], ""), "hello") {
			t.Errorf("the cells show %q", seen.After)
		}
	})
	t.Run("exploring", func(t *testing.T) {
		nb, err := readNotebook(filepath.Join("..", "..", "notebooks", "08-explore-live.ipynb"))
		if err != nil {
			t.Fatal(err)
		}
		checkExploring(t, driveLab(t, chromium, nb, "explore"))
	})
}

// notebookOf is a notebook with code cells.
func notebookOf(cells []string) *notebook {
	nb := &notebook{NBFormat: 4, NBFormatMinor: 5}
	for _, source := range cells {
		nb.Cells = append(nb.Cells, notebookCell{CellType: cellCode, ID: cache.Hash(source), Source: multiline(source)})
	}
	return nb
}

// driveLab opens a notebook in JupyterLab and returns the observations of each step.
func driveLab(t *testing.T, chromium string, nb *notebook, scenario string) map[string]labSight {
	t.Helper()
	env := kerneltest.Environment(t)
	packages := kerneltest.Packages(t, env, filepath.Join("testdata", "browser", "requirements.txt"))
	shots := os.Getenv("CNNBOOK_SCREENSHOTS")
	if shots == "" {
		shots = t.TempDir()
	}
	url := startLab(t, env, nb)
	cmd := exec.CommandContext(t.Context(), env.Python, filepath.Join("testdata", "browser", "drive.py"), scenario, url, chromium, shots)
	cmd.Env = process.MergeEnv(env.Environ(), "PYTHONPATH="+packages)
	out := labSights{t: t, seen: map[string]labSight{}}
	var stderr process.Tail
	cmd.Stdout, cmd.Stderr = &out, &stderr
	err := process.RunContained(cmd)
	for _, message := range out.seen["end"].Errors {
		t.Errorf("the browser's console: %s", message)
	}
	if err != nil {
		t.Fatalf("%v\n%s", err, stderr.String())
	}
	return out.seen
}

// checkValues checks what the notebook whose values live has shown.
func checkValues(t *testing.T, seen map[string]labSight) {
	after := seen["values"].After
	if len(after) != 4 {
		t.Fatalf("values: %q", after)
	}
	texts := make([]string, len(after))
	for i, outputs := range after {
		texts[i] = strings.Join(outputs, "\n")
	}
	for i, want := range []string{"20, [1 2 3]", "numbers  []int", "cell [4] line 2: panic: runtime error: index out of range [7] with length 3"} {
		if !strings.Contains(texts[i], want) {
			t.Errorf("values: cell %d shows %q, want %q", i+2, texts[i], want)
		}
	}
	if texts[3] != "" {
		t.Errorf("values: Run All went on: %q", texts[3])
	}
	t.Logf("the first completion took %.2f s", seen["completed"].Seconds)
	if found := strings.Join(seen["completed"].Found, "\n"); !strings.Contains(found, "SplitStratified") || !strings.Contains(found, "Len") {
		t.Errorf("completed: %q", found)
	}
	if text := string(seen["inspected"].Text); !strings.Contains(text, "var train *cifar.Dataset") || !strings.Contains(text, "train of cell") {
		t.Errorf("inspected: %s", text)
	}
	if n := seen["half a name"].Widgets; n != 0 {
		t.Errorf("half a name has %d tooltips", n)
	}
}

// checkLab checks the observations. place is how the error of the broken cell tells its place.
func checkLab(t *testing.T, seen map[string]labSight, place string) {
	holds := func(step, where string, text json.RawMessage, words ...string) {
		for _, word := range words {
			if !strings.Contains(string(text), word) {
				t.Errorf("%s: %s lacks %q: %s", step, where, word, text)
			}
		}
	}
	if s := seen["opened"]; s.Cells != len(labCells) || s.Ran != 0 {
		t.Errorf("opened: %d cells, %d outputs; want %d and none before the user runs one", s.Cells, s.Ran, len(labCells))
	}
	holds("figures", "images", seen["figures"].Images, "A gradient", "A line")
	if s := seen["training"].Shares; len(s) < 4 || !slices.IsSorted(s) {
		t.Errorf("training: the bar's positions were %v, want them to grow", s)
	}
	interrupted := seen["interrupted"]
	holds("interrupted", "the cell", interrupted.Text, "Stopped at epoch", "interrupted: ", "Run this cell again to go on")
	if after := slices.Concat(interrupted.After...); len(after) > 0 {
		t.Errorf("interrupted: Run All went on: %q", after)
	}
	continued := seen["continued"]
	holds("continued", "the cell", continued.Text, "Finished")
	if continued.Scripts != 0 {
		t.Errorf("continued: %d scripts in the final block", continued.Scripts)
	}
	holds("chosen", "the cell", seen["chosen"].Text, "square of 9 is 81", "Number 9. Run this cell again")
	if n := seen["chosen"].Widgets; n != 0 {
		t.Errorf("chosen: %d widgets are left", n)
	}
	holds("broken", "the cell", seen["broken"].Text, "undefined: mistake", place)
	if strings.Contains(string(seen["broken"].Text), "goroutine") {
		t.Errorf("broken: a stack: %s", seen["broken"].Text)
	}
	if after := slices.Concat(seen["broken"].After...); len(after) > 0 {
		t.Errorf("broken: Run All went on: %q", after)
	}
	holds("completed", "the completer", json.RawMessage(strings.Join(seen["completed"].Found, "\n")), "Adam", "OpenRun", "WriteUp")
	holds("inspected", "the tooltip", seen["inspected"].Text, "OpenRun", "opens the run that spec describes")
	if s := seen["dark"]; s.Figures < 2 {
		t.Errorf("after the restart there are %d figures, want 2", s.Figures)
	}
}

// checkExploring checks what the choices in notebook 08 showed.
func checkExploring(t *testing.T, seen map[string]labSight) {
	for _, step := range []string{"listed", "slid"} {
		s := seen[step]
		if len(s.Found) != 3 {
			t.Errorf("%s: %d choices were shown, want 3", step, len(s.Found))
		}
		for i, alt := range s.Found {
			if !strings.Contains(alt, "Probabilities: plane ") || slices.Contains(s.Found[:i], alt) {
				t.Errorf("%s: choice %d shows %q after %q, want different probabilities", step, i, alt, s.Found[:i])
			}
		}
		if s.Widgets != 0 {
			t.Errorf("%s: %d widgets are left", step, s.Widgets)
		}
	}
}

// startLab starts JupyterLab on a notebook without outputs and returns its URL. It ends with the test.
func startLab(t *testing.T, env *setup.Environment, nb *notebook) (url string) {
	t.Helper()
	folder, settings := t.TempDir(), t.TempDir()
	if err := nb.handOut(ForStudents); err != nil {
		t.Fatal(err)
	}
	if err := nb.write(filepath.Join(folder, "proof.ipynb"), 0o644); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	read, write := io.Pipe()
	ended := make(chan error, 1)
	go func() {
		ended <- setup.Lab(ctx, env, setup.LabOptions{
			Folder: folder, NoBrowser: true, AllowRoot: true, Output: write,
			Args: []string{"--LabApp.expose_app_in_browser=True", "--LabApp.workspaces_dir=" + settings, "--LabApp.user_settings_dir=" + settings},
		})
		write.Close()
	}()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("JupyterLab: %v", err)
		}
	})
	address := regexp.MustCompile(`(http://127\.0\.0\.1:\d+/lab)\?token=(\w+)`)
	found, lines := make(chan string, 1), bufio.NewScanner(read)
	go func() {
		var said process.Tail
		for lines.Scan() {
			io.WriteString(&said, lines.Text()+"\n")
			if m := address.FindStringSubmatch(lines.Text()); m != nil {
				select {
				case found <- m[1] + "/tree/proof.ipynb?reset&token=" + m[2]:
				default:
				}
			}
		}
		select {
		case found <- "":
			t.Log(said.String())
		default:
		}
		io.Copy(io.Discard, read)
	}()
	if url = <-found; url == "" {
		t.Fatal("JupyterLab named no address")
	}
	return url
}
