// Package owncache gives Graphviz a cache folder of this account's own. It is imported for its effect on the packages that Go
// initializes after it, by the order of their import paths (Go's specification, "Package initialization").
//
// github.com/goccy/go-graphviz compiles its WebAssembly while it is initialized, and keeps the result in go-graphviz below
// os.TempDir, which all accounts of a machine share: the first one owns the folder, in the others' programs the initialization panics
// because they may not read it, and whoever makes the folder first could give the others code to run.
package owncache

import (
	"os"
	"path/filepath"
)

const variable = "TMPDIR"

// before is how things were until Restore. Initialization can hand it to nobody.
var before, wasSet = os.LookupEnv(variable)

func init() { os.Setenv(variable, folder()) }

// Restore ends the effect. Package diagram calls it, which Go initializes after Graphviz.
func Restore() {
	if wasSet {
		os.Setenv(variable, before)
	} else {
		os.Unsetenv(variable)
	}
}

// folder is the first of the caches that can be written. Without one it does not exist, and Graphviz keeps nothing.
func folder() string {
	caches := []string{os.Getenv("CNNBOOK_CACHE")}
	if user, err := os.UserCacheDir(); err == nil {
		caches = append(caches, filepath.Join(user, "cnnbook"))
	}
	for _, cache := range caches {
		if dir := filepath.Join(cache, "graphviz"); cache != "" && writable(dir) {
			return dir
		}
	}
	return filepath.Join(os.DevNull, "none")
}

// writable makes the folder unless it exists, and reports whether files can be made in it.
func writable(dir string) bool {
	if os.MkdirAll(dir, 0o700) != nil {
		return false
	}
	try, err := os.CreateTemp(dir, "try-*")
	if err != nil {
		return false
	}
	try.Close()
	return os.Remove(try.Name()) == nil
}
