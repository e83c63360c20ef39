//go:build !linux

package kernelext

import "os"

// unread is not known on this system.
func unread(*os.File) (int, bool) { return 0, false }
