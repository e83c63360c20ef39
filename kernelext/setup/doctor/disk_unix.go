//go:build linux || darwin

package doctor

import "syscall"

// diskFree is the space in bytes that this user may still use on dir's disk.
func diskFree(dir string) (uint64, bool) {
	var st syscall.Statfs_t
	if err := syscall.Statfs(dir, &st); err != nil {
		return 0, false
	}
	return st.Bavail * uint64(st.Bsize), true
}

// writable reports whether files can be made in dir, without making one.
func writable(dir string) bool {
	const w, x = 2, 1
	return syscall.Access(dir, w|x) == nil
}
