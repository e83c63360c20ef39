package client

import "testing"

// TestCrashReason: the first lines of what Go 1.26 and glibc print as a process ends.
func TestCrashReason(t *testing.T) {
	for trace, want := range map[string]string{
		"": "killed (for want of memory?), or a crash in C",
		"runtime: goroutine stack exceeds 268435456-byte limit\nfatal error: stack overflow\n":                                                         "endless recursion (stack overflow)",
		"fatal error: concurrent map writes\n\ngoroutine 7":                                                                                            "concurrent map writes",
		"runtime: out of memory: cannot allocate 33554432-byte block (1 in use)\nfatal error: out of memory\n":                                         "out of memory",
		"fatal error: unexpected signal during runtime execution\n[signal SIGSEGV: segmentation violation code=0x1 addr=0x8 pc=0x7f]\n\nruntime stack": "a crash in C (SIGSEGV)",
		"unexpected fault address 0xdead000\nfatal error: fault\n[signal SIGSEGV: segmentation violation code=0x1 addr=0xdead000 pc=0x1]\n":            "a pointer to memory that is not the program's",
		"SIGABRT: abort\nPC=0x48 m=0 sigcode=0\n":                                                                                                      "SIGABRT: abort",
	} {
		if got := crashReason(trace); got != want {
			t.Errorf("%q is %q, want %q", trace, got, want)
		}
	}
}
