//go:build !linux

package engine

import (
	"os"
	"os/exec"
)

func restrict(slot, slots int) (lift func()) { return func() {} }

func ownGroup(*exec.Cmd) {}

func askToStop(p *os.Process) error { return p.Signal(os.Interrupt) }
