package kernelext

import (
	"context"
	"os"
	"path/filepath"
	"testing"
)

// testEnvironment is the whole installation, as the tests share it.
func testEnvironment(t *testing.T) *Environment {
	t.Helper()
	if testing.Short() {
		t.Skip("set-up takes minutes the first time")
	}
	env, err := Setup{Log: os.Stderr}.Run(t.Context())
	if err != nil {
		t.Fatalf("set-up: %v", err)
	}
	return env
}

// pythonPackages installs pinned packages for a test, once, beside those of set-up, and gives the folder for PYTHONPATH.
func pythonPackages(t *testing.T, env *Environment, requirements string) string {
	t.Helper()
	text, err := os.ReadFile(requirements)
	if err != nil {
		t.Fatal(err)
	}
	st := step{
		dir:  filepath.Join(env.Cache, "test", hashOf(string(text), env.Python)),
		what: "Installing packages for tests",
		build: func(ctx context.Context, dir string) (any, error) {
			pip := command{Path: env.Python, Env: env.Environ(), Log: filepath.Join(env.Cache, "logs", "test.log"),
				Args: []string{"-m", "pip", "install", "--no-input", "--no-deps", "--require-hashes", "--target", dir, "-r", requirements}}
			_, err := pip.output(ctx)
			return nil, err
		},
	}
	if _, err := st.run(t.Context(), nil); err != nil {
		t.Fatalf("packages for the test: %v", err)
	}
	return st.dir
}
