package process

import (
	"os"
	"path/filepath"
	"runtime"
)

// VenvPython is the interpreter of the environment in dir.
func VenvPython(dir string) string {
	if runtime.GOOS == "windows" {
		return filepath.Join(dir, "Scripts", "python.exe")
	}
	return filepath.Join(dir, "bin", "python")
}

// PythonEnviron is the environment of our Python commands: the user's, without variables that lead an interpreter to
// packages of other environments, and without prompts or writes outside the cache.
func PythonEnviron() []string {
	return MergeEnv(os.Environ(), "PYTHONHOME", "PYTHONPATH", "PYTHONSTARTUP", "PIP_TARGET", "PIP_PREFIX", "PIP_REQUIRE_VIRTUALENV",
		"PIP_USER=0", "PIP_NO_INPUT=1", "PIP_NO_CACHE_DIR=1", "PIP_DISABLE_PIP_VERSION_CHECK=1", "PIP_PROGRESS_BAR=off", "PYTHONNOUSERSITE=1")
}
