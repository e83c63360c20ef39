package doctor

import (
	"path/filepath"
	"slices"
	"testing"

	"github.com/cnnbook/cnnbook/kernelext/internal/testkit"
	"github.com/cnnbook/cnnbook/kernelext/setup"
)

func TestMissingThings(t *testing.T) {
	module := testkit.Checkout(t, "1.26.5")
	empty := t.TempDir()
	installer := setup.Installer{Cache: filepath.Join(empty, "cache"), Module: module}
	goEnv := func(version, cgo, cc string) string {
		return testkit.Script(t, "go", `echo '{"GOROOT":"/opt/go","GOVERSION":"`+version+`","CGO_ENABLED":"`+cgo+`","CC":"`+cc+`","GOOS":"linux","GOARCH":"amd64"}'`)
	}
	t.Setenv(setup.EnvPython, "")
	t.Setenv(setup.EnvBackend, "")
	t.Setenv(setup.EnvPluginPaths, "")
	for _, c := range []struct {
		name  string
		path  string
		class error
		words []string
	}{
		{"no Go", empty, setup.ErrNoGo, []string{"not on PATH", "go.dev/dl"}},
		{"old Go", goEnv("go1.24.1", "1", "sh"), setup.ErrNoGo, []string{"1.26.5", "go1.24.1", "/opt/go"}},
		{"no C compiler", goEnv("go1.26.5", "1", "gcc-none"), setup.ErrNoCompiler, []string{"gcc-none", "apt install gcc"}},
		{"no cgo", goEnv("go1.26.5", "0", "sh"), setup.ErrNoCompiler, []string{"switched off", "CGO_ENABLED"}},
		{"no Python", goEnv("go1.26.5", "1", "sh"), setup.ErrNoPython, []string{"no python3 on PATH", "3.11"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Setenv("PATH", c.path)
			if c.name == "no cgo" || c.name == "no Python" { // "sh" plays the C compiler
				t.Setenv("PATH", c.path+string(filepath.ListSeparator)+testkit.Script(t, "sh", ""))
			}
			_, err := installer.Run(t.Context())
			testkit.OnePlainLine(t, err, c.class, c.words...)
			fails := slices.ContainsFunc(Run(t.Context(), installer, ""), func(k Check) bool { return k.Status == Fail && k.Remedy != "" })
			if !fails {
				t.Error("the doctor does not see it")
			}
		})
	}
}
