package kernelext

import (
	"encoding/json"
	"os/exec"
	"strings"
	"testing"
)

// testEnvironment is the whole installation, as the tests share it.
func testEnvironment(t *testing.T) *Environment {
	t.Helper()
	env, err := testSetup(t).Run(t.Context())
	if err != nil {
		t.Fatalf("set-up: %v", err)
	}
	return env
}

// session runs testdata/session.py, which drives the kernel, and reads what it saw.
func session(t *testing.T, scenario string, result any) {
	t.Helper()
	env := testEnvironment(t)
	cmd := exec.CommandContext(t.Context(), env.Python, "testdata/session.py", env.Kernel, scenario)
	cmd.Env = env.Environ()
	var stderr tail
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v: %s", err, stderr.String())
	}
	if err := json.Unmarshal(out, result); err != nil {
		t.Fatalf("%v in %q", err, out)
	}
}

func TestInterruptInTheKernel(t *testing.T) {
	var result struct {
		Runs []struct {
			Ended   bool
			Seconds float64
			Seen    []struct{ Kind, Text string }
		}
	}
	session(t, "interrupt", &result)
	for i, run := range result.Runs {
		if !run.Ended || run.Seconds >= 5 {
			t.Errorf("run %d ended: %v after %.1f s, expected under 5 s", i+1, run.Ended, run.Seconds)
		}
		var all []string
		for _, seen := range run.Seen {
			all = append(all, seen.Kind+": "+seen.Text)
		}
		text := strings.Join(all, "\n")
		for _, want := range []string{
			"display_data: last figure",
			"interrupted: stopped, saved. Run this cell again to go on.",
			"error: exit status 130",
		} {
			if !strings.Contains(text, want) {
				t.Errorf("run %d shows no %q in:\n%s", i+1, want, text)
			}
		}
	}
}

func TestNoProcessOutlivesItsKernel(t *testing.T) {
	for _, how := range []string{"kill", "restart"} {
		t.Run(how, func(t *testing.T) {
			var result struct {
				Processes int
				Seconds   float64
				Left      []string
			}
			session(t, how, &result)
			if result.Processes < 2 {
				t.Fatalf("found %d processes, expected kernel and cell at least", result.Processes)
			}
			if len(result.Left) > 0 || result.Seconds >= 10 {
				t.Errorf("after %.1f s there is %q, expected nothing within 10 s", result.Seconds, result.Left)
			}
		})
	}
}
