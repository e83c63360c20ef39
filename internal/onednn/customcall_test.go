package onednn

import (
	"errors"
	"os"
	"runtime/debug"
	"strings"
	"testing"

	"github.com/gomlx/compute"
)

// All versions of go-xla are refused except the one whose internals are known.
func TestRefusesUnknownGoXLA(t *testing.T) {
	module := func(version string, replace *debug.Module) *debug.BuildInfo {
		return &debug.BuildInfo{Deps: []*debug.Module{{Path: "github.com/gomlx/compute", Version: "v0.1.2"}, {Path: goXLA, Version: version, Replace: replace}}}
	}
	for _, c := range []struct {
		name string
		info *debug.BuildInfo
		want string // "" if it is known
	}{
		{"known", module(goXLAVersion, nil), ""},
		{"later", module("v0.4.2", nil), "is v0.4.2, not v0.4.1"},
		{"replaced", module(goXLAVersion, &debug.Module{Path: "../go-xla"}), "is replaced by ../go-xla"},
		{"a test", &debug.BuildInfo{Path: "github.com/cnnbook/cnnbook/cnn.test"}, ""},
		{"no such module", &debug.BuildInfo{Path: "github.com/cnnbook/cnnbook"}, "does not state the version of " + goXLA},
		{"no modules", nil, "does not list the modules"},
	} {
		t.Run(c.name, func(t *testing.T) {
			err := checkBuild(c.info)
			if c.want == "" {
				if err != nil {
					t.Error(err)
				}
				return
			}
			if !errors.Is(err, ErrUnsupported) || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "\n") {
				t.Errorf("error %v, want one line of class ErrUnsupported with %q", err, c.want)
			}
		})
	}
}

// The known version is the one that go.mod requires: with another, everything would be
// computed without oneDNN.
func TestKnowsThisGoXLA(t *testing.T) {
	mod, err := os.ReadFile("../../go.mod")
	if err != nil {
		t.Fatal(err)
	}
	if want := goXLA + " " + goXLAVersion + "\n"; !strings.Contains(string(mod), want) {
		t.Errorf("go.mod does not require %s: try the tests of cnn with the version that it does, then change goXLAVersion", want)
	}
}

// A field that is missing, or has another type, is refused.
func TestRefusesUnknownFields(t *testing.T) {
	node := struct{ value, shape int }{1, 2}
	if v, err := field[int](&node, "shape"); err != nil || v != &node.shape {
		t.Errorf("field %v, error %v, want the address of shape", v, err)
	}
	if _, err := field[int](&node, "stmt"); !errors.Is(err, ErrUnsupported) || !strings.Contains(err.Error(), "no field stmt of type int") {
		t.Errorf("a missing field: error %v", err)
	}
	if _, err := field[string](&node, "value"); !errors.Is(err, ErrUnsupported) || !strings.Contains(err.Error(), "no field value of type string") {
		t.Errorf("a field of another type: error %v", err)
	}
}

// A backend that is not go-xla's is refused before anything is opened.
func TestRefusesOtherBackends(t *testing.T) {
	if _, err := Wrap(struct{ compute.Backend }{}, "/nonexistent/libdnnl.so.3", "/nonexistent/plugin.so"); !errors.Is(err, ErrUnsupported) {
		t.Errorf("error %v, want one of class ErrUnsupported", err)
	}
}
