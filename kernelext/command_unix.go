//go:build unix && !linux

package kernelext

import (
	"os/exec"
	"syscall"
)

// contain starts cmd in its own process group and kills that whole group when cmd's context ends.
func contain(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
}
