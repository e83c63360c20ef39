package kerneltest

import (
	"encoding/json"
	"fmt"
	"os/exec"
	"strings"
	"testing"

	"github.com/cnnbook/cnnbook/kernelext/internal/process"
)

// session runs testdata/session.py, which drives the kernel, and reads what it saw.
func session(t *testing.T, scenario string, result any) {
	t.Helper()
	env := Environment(t)
	cmd := exec.CommandContext(t.Context(), env.Python, "testdata/session.py", env.Kernel, scenario)
	cmd.Env = env.Environ()
	var stderr process.Tail
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v: %s", err, stderr.String())
	}
	if err := json.Unmarshal(out, result); err != nil {
		t.Fatalf("%v in %q", err, out)
	}
}

// busy is how many seconds later than promised something may be seen: tests run beside others.
const busy = 4

// stopped is a cell that was interrupted.
type stopped struct {
	Ended   bool
	Seconds float64
	Seen    []struct{ Kind, Text string }
	Saved   int // the step that a training has saved
}

// Check wants the cell to have ended in time and to have shown the texts.
func (s stopped) check(t *testing.T, compiled bool, name string, texts ...string) {
	t.Helper()
	end := "error: interrupted"
	if compiled {
		end = "error: exit status 130"
	}
	t.Logf("%s: ended after %.1f s", name, s.Seconds)
	if !s.Ended || s.Seconds >= 5+busy {
		t.Errorf("%s ended: %v after %.1f s, expected under 5 s and %d s for a busy machine", name, s.Ended, s.Seconds, busy)
	}
	var all []string
	for _, seen := range s.Seen {
		all = append(all, seen.Kind+": "+seen.Text)
	}
	for _, want := range append(texts, "Run this cell again to go on.", end) {
		if text := strings.Join(all, "\n"); !strings.Contains(text, want) {
			t.Errorf("%s shows no %q in:\n%s", name, want, text)
		}
	}
}

// Promise(kernel/interrupt) through a real kernel
func TestInterruptInTheKernel(t *testing.T) {
	BothWays(t, func(t *testing.T, compiled bool) {
		var result struct{ Runs []stopped }
		session(t, "interrupt", &result)
		for i, run := range result.Runs {
			run.check(t, compiled, fmt.Sprint("run ", i+1), "display_data: last figure", "interrupted: stopped, saved.")
		}
	})
}

// TestInterruptedTrainingInTheKernel stops a training while its graph compiles, which takes longer
// than a kernel waits, and one that trains. The latter goes on with the next step
// when its cell is run again.
//
// Promise(kernel/interrupt) through a real kernel
func TestInterruptedTrainingInTheKernel(t *testing.T) {
	BothWays(t, interruptedTraining)
}

func interruptedTraining(t *testing.T, compiled bool) {
	var result struct{ Runs []stopped }
	session(t, "train", &result)
	compiling, first, second := result.Runs[0], result.Runs[1], result.Runs[2]
	told := "interrupted: busy with what cannot be stopped; its result is dropped."
	if compiled {
		told = "interrupted: busy with work that cannot be interrupted, such as compiling; saved work is kept."
	}
	compiling.check(t, compiled, "compiling", told)
	first.check(t, compiled, "training", "first step 1\n", "Stopped at epoch ")
	second.check(t, compiled, "going on", fmt.Sprintf("first step %d\n", first.Saved+1), "Stopped at epoch ")
	if compiling.Saved != 0 || first.Saved == 0 || second.Saved <= first.Saved {
		t.Errorf("saved steps %d, then %d and %d", compiling.Saved, first.Saved, second.Saved)
	}
}

// Promise(kernel/processes): A kernel that is restarted or killed leaves no process behind after 10 s.
func TestNoProcessOutlivesItsKernel(t *testing.T) {
	BothWays(t, func(t *testing.T, compiled bool) {
		for _, how := range []string{"kill", "restart"} {
			t.Run(how, func(t *testing.T) { noProcessOutlives(t, how, compiled) })
		}
	})
}

func noProcessOutlives(t *testing.T, how string, compiled bool) {
	var result struct {
		Processes, Sessions int
		Seconds             float64
		Left, Files         []string
	}
	session(t, how, &result)
	if result.Processes < 2 || (result.Sessions == 0) != compiled {
		t.Fatalf("found %d processes and %d sessions, expected kernel and cell at least", result.Processes, result.Sessions)
	}
	t.Logf("%d processes gone after %.1f s", result.Processes, result.Seconds)
	if len(result.Left) > 0 || result.Seconds >= 10+busy {
		t.Errorf("after %.1f s there is %q, expected nothing within 10 s", result.Seconds, result.Left)
	}
	if len(result.Files) > 0 && !compiled {
		t.Errorf("%q is left, expected no file", result.Files)
	}
}
