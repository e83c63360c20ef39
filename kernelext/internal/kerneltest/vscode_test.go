package kerneltest

import (
	"os/exec"
	"testing"
)

func TestVSCode(t *testing.T) {
	env := Environment(t)
	cmd := exec.CommandContext(t.Context(), env.Python, "testdata/vscode.py", env.Kernel)
	cmd.Env = env.Environ()
	out, err := cmd.CombinedOutput()
	t.Logf("%v\n%s", err, out)
}
