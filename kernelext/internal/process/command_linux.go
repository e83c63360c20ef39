package process

import (
	"os/exec"
	"syscall"
)

// Contain starts cmd in its own process group and kills that whole group when cmd's context ends. The kernel
// kills cmd when this process dies, so that a killed set-up leaves no process that writes into the cache.
func Contain(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
}
