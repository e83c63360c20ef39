package kernelext

import (
	"os"
	"syscall"
	"unsafe"
)

// unread is the number of bytes in a pipe that its reader has not taken yet.
func unread(pipe *os.File) (int, bool) {
	raw, err := pipe.SyscallConn()
	if err != nil {
		return 0, false
	}
	var n int32
	var errno syscall.Errno
	err = raw.Control(func(fd uintptr) {
		// TIOCINQ is FIONREAD: pipe(7) documents it for both ends of a pipe.
		_, _, errno = syscall.Syscall(syscall.SYS_IOCTL, fd, syscall.TIOCINQ, uintptr(unsafe.Pointer(&n)))
	})
	return int(n), err == nil && errno == 0
}
