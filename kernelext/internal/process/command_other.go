//go:build !unix

package process

import "os/exec"

// Contain leaves cmd unchanged: os/exec kills the process itself when its context ends.
func Contain(*exec.Cmd) {}
