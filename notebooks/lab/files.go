package lab

import (
	"fmt"
	"os"
	"strings"

	"github.com/cnnbook/cnnbook/cnn"
	"github.com/cnnbook/cnnbook/cnn/exchange"
)

// TempDir returns a new, empty folder for the files of a cell.
func TempDir() string { return must(os.MkdirTemp("", "cnnbook")) }

// ReadFile is [os.ReadFile], and ends the cell on an error.
func ReadFile(path string) []byte { return must(os.ReadFile(path)) }

// LoadRun is [cnn.LoadRun], and ends the cell on an error.
func LoadRun(dir string) *cnn.Run { return must(cnn.LoadRun(dir)) }

// Export gives a network and its weights as the file of another program: formats are those of [exchange.Formats] that
// describe a network.
func Export(run *cnn.Run, format string) []byte {
	var names []string
	for _, f := range exchange.Formats() {
		if f.Write == nil {
			continue
		}
		if f.Name == format {
			return must(f.Write(exchange.Model{Network: run.Network, Weights: run.Weights()}))
		}
		names = append(names, f.Name)
	}
	panic(fmt.Errorf("%w: no format %q for a network: choose one of %s", cnn.ErrConfig, format, strings.Join(names, ", ")))
}

// ImportKeras makes a run of a Keras model, a .keras file or a whole model's .h5, and keeps it under that name.
func (l *Lab) ImportKeras(name string, file []byte) *cnn.Run {
	model := must(exchange.ReadKeras(file))
	return must(cnn.ImportRun(l.Runs, name, model.Network, model.Weights, name))
}
