//go:build !linux && !darwin

package doctor

func diskFree(string) (uint64, bool) { return 0, false }

func writable(string) bool { return true }
