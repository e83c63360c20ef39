//go:build unix

package kernelext

import (
	"os/exec"
	"syscall"
)

// ownGroup keeps the terminal's ctrl-C from a child that this process ends in order by itself.
func ownGroup(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} }
