//go:build !linux

package serve

import "syscall"

// dup2 makes new another name of the open file old.
func dup2(old, new int) error { return syscall.Dup2(old, new) }
