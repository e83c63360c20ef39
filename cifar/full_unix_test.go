//go:build unix

package cifar

import (
	"errors"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// fullDisk makes this test binary a process that cannot write files of more than
// 100,000 bytes, as if the disk were full then.
const fullDisk = "CNNBOOK_TEST_FULL_DISK"

// TestFullDisk saves and downloads in such a process. There must be one clear error and nothing under a
// final name. The part of a download stays, so that it can be resumed.
//
// Promise(files/full-disk)
func TestFullDisk(t *testing.T) {
	if dir := os.Getenv(fullDisk); dir != "" {
		onFullDisk(t, dir)
		return
	}
	dir := t.TempDir()
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestFullDisk$", "-test.v")
	cmd.Env = append(os.Environ(), fullDisk+"="+dir)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	onlyEntry(t, dir, ArchiveName+".part")
	if info, err := os.Stat(filepath.Join(dir, ArchiveName+".part")); err != nil || info.Size() != 100_000 {
		t.Errorf("the part: %v, %v; want 100000 bytes to resume from", info, err)
	}
}

func onFullDisk(t *testing.T, dir string) {
	signal.Ignore(syscall.SIGXFSZ) // so that writing fails instead of ending the process
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &syscall.Rlimit{Cur: 100_000, Max: 100_000}); err != nil {
		t.Fatal(err)
	}
	refused := func(what string, err error) {
		if !errors.Is(err, syscall.EFBIG) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: %v, want one line with the system's refusal", what, err)
		}
	}
	refused("saving", Save(dir, tiny(300), tiny(1)))
	onlyEntry(t, dir)
	data := payload()
	url, _ := serve(t, func(w http.ResponseWriter, r *http.Request) { content(w, r, data) })
	_, err := downloadOf(url, data).Fetch(t.Context(), dir)
	refused("downloading", err)
}
