package doctor

import (
	"context"
	"strings"
	"testing"

	"github.com/cnnbook/cnnbook/kernelext/internal/cache"
	"github.com/cnnbook/cnnbook/kernelext/setup"
)

func TestAllocatorIsDiagnosed(t *testing.T) {
	t.Setenv(setup.PreloadEnv, "")
	examine := func(compiler string, compile bool) Check {
		d := doctor{Installer: setup.Installer{Cache: t.TempDir()}, goFound: &setup.Toolchain{OS: "linux", Arch: "amd64", CC: compiler}}
		if compile {
			f := d.AllocatorFolder(*d.goFound, func(context.Context, string) error { return nil })
			if _, err := f.Run(t.Context(), cache.NewReporter(nil)); err != nil {
				t.Fatal(err)
			}
		}
		d.allocator()
		return d.checks[0]
	}
	if c := examine("gcc", false); c.Status != Warn || c.Remedy != setupCommand {
		t.Errorf("before set-up: %+v", c)
	}
	if c := examine("true", true); c.Status != OK || !strings.Contains(c.Detail, "libcnnbook_keep.so") {
		t.Errorf("after set-up: %+v", c)
	}
	if c := examine("false", true); c.Status != Warn || !strings.Contains(c.Detail, "exit status 1") || !strings.Contains(c.Remedy, "remove ") {
		t.Errorf("after a compiler that failed: %+v", c)
	}
	t.Setenv(setup.PreloadEnv, "/own.so")
	if c := examine("gcc", false); c.Status != OK || !strings.Contains(c.Detail, "/own.so") {
		t.Errorf("with the user's own: %+v", c)
	}
}
