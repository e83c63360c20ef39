package setup

import (
	"os"
	"path/filepath"
	"runtime"
)

// EnvPreload is where the dynamic linker is told of libraries that come before all others, ld.so(8).
const EnvPreload = "LD_PRELOAD"

// Allocator gives the path of tcmalloc (https://github.com/gperftools/gperftools) where the system has it and the person
// preloads nothing else, or "".
//
// XLA's CPU client asks for the memory of each execution anew, 400 MB for a training step at batch 500. glibc gets
// pieces of that size from the system and gives them back at once, which is 100,000 page faults a step; tcmalloc keeps
// them for the next. A step then takes about a fifth less time, for the same peak of memory: see
// docs/PERFORMANCE.md. PyTorch's tuning guide recommends the same, for the same reason. glibc told by GLIBC_TUNABLES to
// keep memory (mmap_max, trim_threshold, arena_max, with or without huge pages) makes a step as short, but takes 0.1 to 0.4 GB
// more and half a second longer to the first step.
//
// It has to be there when a process starts: in the environment of a kernel, or by [os.StartProcess] and its like.
func Allocator() string {
	if runtime.GOOS != "linux" || os.Getenv(EnvPreload) != "" {
		return ""
	}
	return FindAllocator("/")
}

// FindAllocator looks where Linux distributions put libraries, below root.
func FindAllocator(root string) string {
	machine := map[string]string{"amd64": "x86_64-linux-gnu", "arm64": "aarch64-linux-gnu"}[runtime.GOARCH]
	for _, folder := range []string{"usr/local/lib", filepath.Join("usr/lib", machine), "usr/lib64", "usr/lib"} {
		for _, name := range []string{"libtcmalloc_minimal.so.4", "libtcmalloc.so.4"} {
			path := filepath.Join(root, folder, name)
			if info, err := os.Stat(path); err == nil && info.Mode().IsRegular() {
				return path
			}
		}
	}
	return ""
}

// AllocatorEnviron gives the variable that makes a child process use [Allocator], as "NAME=value", or nothing.
func AllocatorEnviron() []string {
	if library := Allocator(); library != "" {
		return []string{EnvPreload + "=" + library}
	}
	return nil
}
