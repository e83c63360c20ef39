//go:build darwin || dragonfly || freebsd || illumos || linux || netbsd || openbsd

package cifar

import (
	"errors"
	"os"
	"syscall"
)

func tryLock(name string) (unlock func(), err error) {
	f, err := os.OpenFile(name, os.O_RDWR|os.O_CREATE, 0o666)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		f.Close()
		if errors.Is(err, syscall.EWOULDBLOCK) || errors.Is(err, syscall.EINTR) {
			return nil, errLocked
		}
		return nil, err
	}
	// The one before may have removed the file between our open and our lock:
	// then we hold a lock that nobody else will see.
	if !stillThere(f, name) {
		f.Close()
		return nil, errLocked
	}
	return func() {
		os.Remove(name)
		f.Close()
	}, nil
}

func stillThere(f *os.File, name string) bool {
	held, err := f.Stat()
	if err != nil {
		return false
	}
	there, err := os.Stat(name)
	return err == nil && os.SameFile(held, there)
}
