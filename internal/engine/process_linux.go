package engine

import (
	"os"
	"os/exec"
	"syscall"

	"golang.org/x/sys/unix"
)

// restrict limits this thread, and the processes that it starts, to the processors of a slot. The function that it returns
// lifts the limit.
func restrict(slot, slots int) (lift func()) {
	var all, own unix.CPUSet
	if slots < 2 || unix.SchedGetaffinity(0, &all) != nil || all.Count() < slots {
		return func() {}
	}
	share, seen := all.Count()/slots, 0
	for cpu := 0; seen < all.Count(); cpu++ {
		if all.IsSet(cpu) {
			if seen/share == slot {
				own.Set(cpu)
			}
			seen++
		}
	}
	if unix.SchedSetaffinity(0, &own) != nil {
		return func() {}
	}
	return func() { _ = unix.SchedSetaffinity(0, &all) }
}

// ownGroup keeps a terminal's ctrl-C from the command, which is asked once by this process instead of twice, and ends it when
// this process dies.
func ownGroup(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGTERM}
}

func askToStop(p *os.Process) error { return p.Signal(syscall.SIGTERM) }
