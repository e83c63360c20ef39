//go:build unix && !linux

package process

import (
	"os/exec"
	"syscall"
)

// Contain starts cmd in its own process group and kills that whole group when cmd's context ends.
func Contain(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
}
