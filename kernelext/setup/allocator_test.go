package setup

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"

	"github.com/cnnbook/cnnbook/kernelext/internal/cache"
)

// Promise(setup/allocator): Memory that a training step frees is kept for the next one, and no block is ever given to two.
func TestAllocator(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("libraries are preloaded on Linux only")
	}
	s := Installer{Cache: t.TempDir()}
	toolchain := Toolchain{OS: runtime.GOOS, Arch: runtime.GOARCH}
	f := s.allocatorFolder(toolchain, func(context.Context, string) error { return nil })
	note, err := f.Run(t.Context(), cache.NewReporter(nil))
	if err != nil {
		t.Fatal(err)
	}
	library, err := libraryFromNote(note, f.Dir, "the allocator")
	if err != nil {
		t.Fatal(err)
	}
	program := filepath.Join(t.TempDir(), "stress")
	if out, err := exec.Command("gcc", "-O1", "-o", program, "testdata/keepstress.c", "-lpthread").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	faults := func(preload string) int {
		cmd := exec.Command(program)
		cmd.Env = append(os.Environ(), EnvPreload+"="+preload)
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("with %q: %v: %s", preload, err, out)
		}
		n, err := strconv.Atoi(strings.TrimSpace(string(out)))
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	// Without the library each of the 65,536 pages, or each of 128 where pages are huge, is new.
	if with, without := faults(library), faults(""); with > 64 || without < 100 {
		t.Errorf("a block of 256 MB that was just freed takes %d new pages, and %d without the library; want none and many", with, without)
	}
}

// A compiler that fails is reported once, remembered, and stops nothing.
func TestAllocatorThatDoesNotCompile(t *testing.T) {
	s := Installer{Cache: t.TempDir()}
	f := s.allocatorFolder(Toolchain{OS: "linux", Arch: runtime.GOARCH, CC: "false"}, nil)
	note, err := f.Run(t.Context(), cache.NewReporter(nil))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := libraryFromNote(note, f.Dir, "the allocator"); !isPluginFault(err) || !strings.Contains(err.Error(), "false: exit status 1") {
		t.Errorf("got %v, want what the compiler said", err)
	}
}

func TestPreloadLeavesTheUsersOwn(t *testing.T) {
	p := Plugin{Backend: "xla:cpu", Allocator: "/cache/libcnnbook_keep.so"}
	t.Setenv(EnvPreload, "")
	if got := p.Preload(); len(got) != 1 || got[0] != EnvPreload+"=/cache/libcnnbook_keep.so" {
		t.Errorf("Preload() = %q", got)
	}
	t.Setenv(EnvPreload, "/own.so")
	if got := p.Preload(); got != nil {
		t.Errorf("the user's own %s is replaced by %q", EnvPreload, got)
	}
}

func TestExamineAllocator(t *testing.T) {
	t.Setenv(EnvPreload, "")
	examine := func(compiler string, compile bool) (string, string, error) {
		s, toolchain := Installer{Cache: t.TempDir()}, Toolchain{OS: "linux", Arch: "amd64", CC: compiler}
		if compile {
			f := s.allocatorFolder(toolchain, func(context.Context, string) error { return nil })
			if _, err := f.Run(t.Context(), cache.NewReporter(nil)); err != nil {
				t.Fatal(err)
			}
		}
		return s.ExamineAllocator(toolchain)
	}
	if _, _, err := examine("gcc", false); !errors.Is(err, ErrNotMade) {
		t.Errorf("before set-up: %v", err)
	}
	if library, detail, err := examine("true", true); err != nil || !strings.HasSuffix(library, allocatorFile) || !strings.Contains(detail, library) {
		t.Errorf("after set-up: %q, %q, %v", library, detail, err)
	}
	if _, _, err := examine("false", true); !isPluginFault(err) || !strings.Contains(err.Error(), "exit status 1") {
		t.Errorf("after a compiler that failed: %v", err)
	} else if _, remedy := RemedyOf(err); !strings.Contains(remedy, "remove ") {
		t.Errorf("after a compiler that failed: remedy %q", remedy)
	}
	t.Setenv(EnvPreload, "/own.so")
	if library, detail, err := examine("gcc", false); err != nil || library != "" || !strings.Contains(detail, "/own.so") {
		t.Errorf("with the user's own: %q, %q, %v", library, detail, err)
	}
}
