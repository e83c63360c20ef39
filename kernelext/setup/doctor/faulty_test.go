package doctor

import (
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/cnnbook/cnnbook/kernelext/internal/testkit"
	"github.com/cnnbook/cnnbook/kernelext/setup"
)

// TestFaultyPluginIsToldInOneLine: a user's own plugin, as the first use and the doctor report it.
//
// Promise(setup/plugin)
func TestFaultyPluginIsToldInOneLine(t *testing.T) {
	if testing.Short() {
		t.Skip("set-up takes minutes the first time")
	}
	s := setup.Installer{Log: os.Stderr}
	for _, c := range testkit.FaultyPlugins(t) {
		t.Run(c.Name, func(t *testing.T) {
			t.Setenv(setup.EnvBackend, "xla:"+c.File)
			t.Setenv(setup.EnvPluginPaths, "")
			_, err := s.Plugin(t.Context())
			if !errors.Is(err, setup.ErrPlugin) || !strings.Contains(err.Error(), c.Want) || !strings.Contains(err.Error(), "correct or unset") || strings.Contains(err.Error(), "\n") {
				t.Errorf("error %v, want one line of class ErrPlugin with %q and a remedy", err, c.Want)
			}
			found, err := s.Resolve(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			d := doctor{Installer: found, ctx: t.Context()}
			d.goToolchain()
			d.checks = nil
			d.pluginAndBackend()
			told := d.checks[0]
			if told.Name != "PJRT plugin" || told.Status != Fail || told.Remedy == "" || !strings.Contains(told.Detail, c.Want) || strings.Contains(told.Detail, "\n") {
				t.Errorf("the doctor says %+v, want a failed check with %q", told, c.Want)
			}
		})
	}
}
