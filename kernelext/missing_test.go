package kernelext

import (
	"path/filepath"
	"slices"
	"testing"
)

func TestMissingThings(t *testing.T) {
	module := checkout(t, "1.26.5")
	empty := t.TempDir()
	installer := Setup{Cache: filepath.Join(empty, "cache"), Module: module}
	goEnv := func(version, cgo, cc string) string {
		return script(t, "go", `echo '{"GOROOT":"/opt/go","GOVERSION":"`+version+`","CGO_ENABLED":"`+cgo+`","CC":"`+cc+`","GOOS":"linux","GOARCH":"amd64"}'`)
	}
	t.Setenv(pythonEnv, "")
	t.Setenv(backendEnv, "")
	t.Setenv(pluginPathsEnv, "")
	for _, c := range []struct {
		name  string
		path  string
		class error
		words []string
	}{
		{"no Go", empty, ErrNoGo, []string{"not on PATH", "go.dev/dl"}},
		{"old Go", goEnv("go1.24.1", "1", "sh"), ErrNoGo, []string{"1.26.5", "go1.24.1", "/opt/go"}},
		{"no C compiler", goEnv("go1.26.5", "1", "gcc-none"), ErrNoCompiler, []string{"gcc-none", "apt install gcc"}},
		{"no cgo", goEnv("go1.26.5", "0", "sh"), ErrNoCompiler, []string{"switched off", "CGO_ENABLED"}},
		{"no Python", goEnv("go1.26.5", "1", "sh"), ErrNoPython, []string{"no python3 on PATH", "3.11"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Setenv("PATH", c.path)
			if c.name == "no cgo" || c.name == "no Python" { // "sh" plays the C compiler
				t.Setenv("PATH", c.path+string(filepath.ListSeparator)+script(t, "sh", ""))
			}
			_, err := installer.Run(t.Context())
			onePlainLine(t, err, c.class, c.words...)
			fails := slices.ContainsFunc(Doctor(t.Context(), installer, ""), func(k Check) bool { return k.Status == CheckFail && k.Remedy != "" })
			if !fails {
				t.Error("the doctor does not see it")
			}
		})
	}
}
