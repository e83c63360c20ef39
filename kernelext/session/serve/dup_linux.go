package serve

import "syscall"

// dup2 makes new another name of the open file old. Linux on arm64 has no system call dup2.
func dup2(old, new int) error { return syscall.Dup3(old, new, 0) }
