//go:build !linux

package process

import "io/fs"

// List is empty where there is no /proc: nothing is then reported as left over.
func List() []Info { return nil }

func OwnedByMe(fs.FileInfo) bool { return false }
