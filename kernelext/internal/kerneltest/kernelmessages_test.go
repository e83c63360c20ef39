package kerneltest

import (
	"encoding/json"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"

	"github.com/cnnbook/cnnbook/kernelext/internal/process"
)

// TestKernelMessages runs Jupyter's own test of kernels. What GoNB cannot do stands in testdata/kerneltest/messages.py, and
// here as the tests that are skipped.
//
// Promise(kernel/protocol): The kernel answers as Jupyter's own `jupyter_kernel_test` expects. What
// GoNB cannot do is listed.
// Promise(kernel/protocol) with testdata/kerneltest/messages.py
func TestKernelMessages(t *testing.T) {
	env := Environment(t)
	packages := Packages(t, env, filepath.Join("testdata", "kerneltest", "requirements.txt"))
	cmd := exec.CommandContext(t.Context(), env.Python, filepath.Join("testdata", "kerneltest", "messages.py"), env.Kernel)
	cmd.Env = process.MergeEnv(env.Environ(), "PYTHONPATH="+packages)
	var stderr process.Tail
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	var result struct {
		Passed, Skipped []string
		Failed          map[string]string
	}
	if err != nil || json.Unmarshal(out, &result) != nil {
		t.Fatalf("%v: %s%s", err, out, stderr.String())
	}
	for name, why := range result.Failed {
		t.Errorf("%s: %s", name, why)
	}
	slices.Sort(result.Passed)
	slices.Sort(result.Skipped)
	want := []string{"test_completion", "test_display_data", "test_error", "test_execute_stderr", "test_execute_stdout", "test_inspect", "test_is_complete", "test_kernel_info"}
	if !slices.Equal(result.Passed, want) {
		t.Errorf("passed %v, want %v", result.Passed, want)
	}
	cannot := []string{"test_clear_output", "test_execute_result", "test_history", "test_pager"}
	if !slices.Equal(result.Skipped, cannot) {
		t.Errorf("skipped %v, want %v", result.Skipped, cannot)
	}
}
