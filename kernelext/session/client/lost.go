package client

import (
	"os"
	"path/filepath"
)

// living is the file in the session's folder that names what lives. It outlasts the session's process.
const living = "living"

// Keep writes down what lives in the session, for the case that its process ends. That it fails is no reason to fail a cell.
func Keep(dir, names string) {
	file := filepath.Join(dir, living)
	if os.WriteFile(file+".new", []byte(names), 0o600) == nil {
		_ = os.Rename(file+".new", file)
	}
}

// Lost says what lived in a session whose process has ended, once; it is empty if nothing did.
func Lost(dir string) string {
	file := filepath.Join(dir, living)
	names, err := os.ReadFile(file)
	_ = os.Remove(file)
	if err != nil || len(names) == 0 {
		return ""
	}
	return "the session has ended, and what the cells declared is lost: " + string(names) + ". Run these cells again."
}
