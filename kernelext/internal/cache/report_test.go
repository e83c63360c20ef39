package cache

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"time"
)

func TestReporter(t *testing.T) {
	var out bytes.Buffer
	r := NewReporter(&out)
	endA, endB := r.begin("Building A"), r.begin("Fetching B")
	if got, want := r.status(r.active[0].since.Add(34*time.Second)), "Building A … 34 s · Fetching B … 34 s"; got != want {
		t.Errorf("status %q, want %q", got, want)
	}
	endA(nil)
	endB(errors.New("no luck"))
	for _, want := range []string{"Building A …\n", "Building A: done in 0.0 s\n", "Fetching B: failed after 0.0 s\n"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("output %q lacks %q", &out, want)
		}
	}
	NewReporter(nil).begin("nobody listens")(nil)
}
