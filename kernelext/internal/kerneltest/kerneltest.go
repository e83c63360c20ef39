// Package kerneltest tests the kernel as Jupyter sees it, and provides the installation for the tests of other packages.
package kerneltest

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/cnnbook/cnnbook/kernelext/internal/cache"
	"github.com/cnnbook/cnnbook/kernelext/internal/process"
	"github.com/cnnbook/cnnbook/kernelext/setup"
)

// Environment is the whole installation, as the tests share it.
func Environment(t *testing.T) *setup.Environment {
	t.Helper()
	if testing.Short() {
		t.Skip("set-up takes minutes the first time")
	}
	env, err := setup.Installer{Log: os.Stderr}.Run(t.Context())
	if err != nil {
		t.Fatalf("set-up: %v", err)
	}
	return env
}

// BothWays runs a test with kernels that keep values in a session, as they do by default, and with kernels that compile each cell.
func BothWays(t *testing.T, test func(t *testing.T, compiled bool)) {
	for _, way := range []struct{ name, value string }{{"session", ""}, {"compiled", "0"}} {
		t.Run(way.name, func(t *testing.T) {
			t.Setenv(setup.EnvSession, way.value)
			test(t, way.value == "0")
		})
	}
}

// Packages installs pinned packages for a test, once, in addition to those of set-up, and returns the folder for PYTHONPATH.
func Packages(t *testing.T, env *setup.Environment, requirements string) string {
	t.Helper()
	text, err := os.ReadFile(requirements)
	if err != nil {
		t.Fatal(err)
	}
	st := cache.Folder{
		Dir:  filepath.Join(env.Cache, "test", cache.Hash(string(text), env.Python)),
		What: "Installing packages for tests",
		Build: func(ctx context.Context, dir string) (any, error) {
			pip := process.Command{Path: env.Python, Env: env.Environ(), Log: filepath.Join(env.Cache, "logs", "test.log"),
				Args: []string{"-m", "pip", "install", "--no-input", "--no-deps", "--require-hashes", "--target", dir, "-r", requirements}}
			_, err := pip.Output(ctx)
			return nil, err
		},
	}
	if _, err := st.Run(t.Context(), nil); err != nil {
		t.Fatalf("packages for the test: %v", err)
	}
	return st.Dir
}
