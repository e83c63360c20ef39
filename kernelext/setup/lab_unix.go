//go:build unix

package setup

import (
	"os"
	"syscall"
)

// askToEnd sends the signal on which JupyterLab ends its kernels and then itself, without a question.
func askToEnd(p *os.Process) { p.Signal(syscall.SIGTERM) }
