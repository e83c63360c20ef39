package register

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
)

// TestRegisteredPackagesAreComplete fails when a registered package has another exported name than its file registers.
func TestRegisteredPackagesAreComplete(t *testing.T) {
	files, err := Files("../..")
	if err != nil {
		t.Fatal(err)
	}
	if len(files) != len(Paths) {
		t.Errorf("%d files for %d packages", len(files), len(Paths))
	}
	for name, want := range files {
		got, err := os.ReadFile(filepath.Join("../../registered", name))
		if err != nil || !bytes.Equal(got, want) {
			t.Errorf("registered/%s is not up to date (%v): go generate ./kernelext/session", name, err)
		}
		if len(want) > 1<<20 {
			t.Errorf("registered/%s has %d bytes", name, len(want))
		}
	}
}
