//go:build !unix

package process

import "os/exec"

// OwnGroup leaves cmd unchanged.
func OwnGroup(*exec.Cmd) {}
