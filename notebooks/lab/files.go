package lab

import (
	"os"

	"github.com/cnnbook/cnnbook/cnn"
)

// TempDir returns a new, empty folder for the files of a cell.
func TempDir() string { return must(os.MkdirTemp("", "cnnbook")) }

// ReadFile is [os.ReadFile], and ends the cell on an error.
func ReadFile(path string) []byte { return must(os.ReadFile(path)) }

// LoadRun is [cnn.LoadRun], and ends the cell on an error.
func LoadRun(dir string) *cnn.Run { return must(cnn.LoadRun(dir)) }
