package kernelext

import (
	"errors"
	"os"
	"strings"
	"testing"
)

// TestFaultyPluginIsToldInOneLine: a person's own plugin, as the first call for one finds it, and the doctor.
func TestFaultyPluginIsToldInOneLine(t *testing.T) {
	if testing.Short() {
		t.Skip("set-up takes minutes the first time")
	}
	s := Setup{Log: os.Stderr}
	for _, c := range faultyPlugins(t) {
		t.Run(c.name, func(t *testing.T) {
			t.Setenv(backendEnv, "xla:"+c.file)
			t.Setenv(pluginPathsEnv, "")
			_, err := s.Plugin(t.Context())
			if !errors.Is(err, ErrPlugin) || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), "correct or unset") || strings.Contains(err.Error(), "\n") {
				t.Errorf("error %v, want one line of class ErrPlugin with %q and a remedy", err, c.want)
			}
			found, err := s.resolve(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			d := doctor{Setup: found, ctx: t.Context()}
			d.goToolchain()
			d.checks = nil
			d.pluginAndBackend()
			told := d.checks[0]
			if told.Name != "PJRT plugin" || told.Status != CheckFail || told.Remedy == "" || !strings.Contains(told.Detail, c.want) || strings.Contains(told.Detail, "\n") {
				t.Errorf("the doctor says %+v, want a failed check with %q", told, c.want)
			}
		})
	}
}
