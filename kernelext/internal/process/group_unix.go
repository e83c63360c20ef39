//go:build unix

package process

import (
	"os/exec"
	"syscall"
)

// OwnGroup keeps the terminal's ctrl-C from a child that this process shuts down itself.
func OwnGroup(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} }
