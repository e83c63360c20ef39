package setup

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/cnnbook/cnnbook/kernelext/internal/cache"
	"github.com/cnnbook/cnnbook/kernelext/internal/process"
)

// EnvPreload names libraries that the dynamic linker loads before all others, ld.so(8). A value that the user has set
// stays as it is.
const EnvPreload = "LD_PRELOAD"

// allocatorFile is the library's name in its folder.
const allocatorFile = "libcnnbook_keep.so"

// allocatorSource is the library. Its first comment explains what it does and why.
//
// Alternatives that were measured: tcmalloc makes a step equally fast but has to be installed by hand; glibc with
// GLIBC_TUNABLES (mmap_max, trim_threshold, arena_max, with or without huge pages) works as well, but takes 0.1 to 0.4 GB more
// and half a second longer to the first step; raising its mmap_threshold alone does not help, because glibc caps it at 32 MB.
//
//go:embed allocator/keep.c
var allocatorSource []byte

// withAllocator compiles the library that keeps large blocks of memory and tests it together with the plugin. Without it
// the plugin works, but steps take about a fifth longer; the reason is reported.
func (s Installer) withAllocator(ctx context.Context, t Toolchain, r *cache.Reporter, probe string, p Plugin) (Plugin, error) {
	if t.OS != "linux" || !p.OnCPU() {
		return p, nil
	}
	f := s.allocatorFolder(t, func(ctx context.Context, library string) error {
		try := process.Command{Path: probe, Args: []string{p.Path}, Env: process.MergeEnv(os.Environ(), EnvPreload+"="+library)}
		_, err := try.Output(ctx)
		return err
	})
	note, err := f.Run(ctx, r)
	if err != nil {
		return p, err
	}
	if p.Allocator, err = libraryFromNote(note, f.Dir, "the allocator"); isPluginFault(err) {
		r.Say("Memory comes from the system's allocator, with which a training step takes about a fifth longer: %v (remove %s to try again)", err, f.Dir)
		return p, nil
	}
	return p, err
}

// allocatorFolder compiles the library into a folder of the cache. try loads it into a process.
func (s Installer) allocatorFolder(t Toolchain, try func(ctx context.Context, library string) error) cache.Folder {
	cc := t.compiler()
	return cache.Folder{
		Dir:  filepath.Join(s.Cache, "allocator", cache.Hash(string(allocatorSource), t.Arch, strings.Join(cc, " "))),
		What: "Compiling the library that keeps memory between training steps",
		Build: func(ctx context.Context, dir string) (any, error) {
			source, library := filepath.Join(dir, "keep.c"), filepath.Join(dir, allocatorFile)
			if err := os.WriteFile(source, allocatorSource, 0o644); err != nil {
				return nil, err
			}
			args := append(cc[1:len(cc):len(cc)], "-O2", "-fPIC", "-shared", "-o", library, source, "-lpthread", "-ldl")
			_, err := process.Command{Path: cc[0], Args: args, Env: os.Environ(), Log: s.log("allocator")}.Output(ctx)
			if err == nil {
				err = try(ctx, library)
			}
			if fault, ok := errors.AsType[*process.Error](err); ok {
				return probed{Fault: fault.Error()}, nil // remembered, so that it is not tried at every start
			}
			return probed{File: allocatorFile}, err
		},
	}
}

// Preload returns the variable that makes a child process keep large blocks of memory, as "NAME=value", or nothing. It takes
// effect when a process starts: in the environment of a kernel, or with [os.StartProcess] and similar functions.
func (p Plugin) Preload() []string {
	if p.Allocator == "" || os.Getenv(EnvPreload) != "" {
		return nil
	}
	return []string{EnvPreload + "=" + p.Allocator}
}

// Restart replaces this process by a new one of the same program with [Plugin.Preload], unless it already has it. It returns
// only if there is nothing to preload or the start fails.
func (p Plugin) Restart() error {
	preload := p.Preload()
	if len(preload) == 0 {
		return nil
	}
	self, err := os.Executable()
	if err != nil {
		return err
	}
	if err := syscall.Exec(self, os.Args, process.MergeEnv(os.Environ(), preload...)); err != nil {
		return fmt.Errorf("start %s again with %s: %w", self, preload[0], err)
	}
	return nil
}
