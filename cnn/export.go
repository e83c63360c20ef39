package cnn

import (
	"archive/zip"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/cnnbook/cnnbook/internal/atomicfile"
)

// ExportFormat is a format in which a run can be exported.
type ExportFormat struct {
	Name  string
	About string // description of the output for users
	files func(*Run) ([]exportedFile, error)
}

// exportedFile is one file of an export. write is called once, after all checks of
// the run.
type exportedFile struct {
	name  string
	write func(io.Writer) error
}

// ExportFormats lists the formats of [Run.Export], the default first. A new one needs a
// row here and a function that returns its files.
func ExportFormats() []ExportFormat {
	return []ExportFormat{
		{"run", "all of it: a run folder that this program opens, with architecture.json, steps.csv and epochs.csv beside", runFiles},
		{"safetensors", "the weights, as one safetensors file in Keras's layout; pytorch is for PyTorch", weightFiles},
		{"csv", "the history, as steps.csv and epochs.csv", historyFiles},
	}
}

// Export writes the run to out, which must not exist. A format with one file writes the
// file out, one with several the folder out; if the name ends in .zip, either becomes
// an archive. The output is written atomically.
func (r *Run) Export(format, out string) error {
	files, err := r.exported(format)
	if err != nil {
		return err
	}
	switch {
	case strings.HasSuffix(filepath.Clean(out), ".zip"):
		err = atomicfile.WriteNew(out, 0o644, func(w io.Writer) error { return zipFiles(w, files) })
	case len(files) == 1:
		err = atomicfile.WriteNew(out, 0o644, files[0].write)
	default:
		err = writeFolder(out, files)
	}
	if err != nil {
		return fmt.Errorf("exporting to %s: %w", out, err)
	}
	return nil
}

func (r *Run) exported(format string) ([]exportedFile, error) {
	var names []string
	for _, f := range ExportFormats() {
		if f.Name == format {
			return f.files(r)
		}
		names = append(names, f.Name)
	}
	return nil, fmt.Errorf("%w: unknown export format %q: known are %s", ErrConfig, format, strings.Join(names, ", "))
}

// writeFolder makes the folder out with its files, or nothing.
func writeFolder(out string, files []exportedFile) error {
	return atomicfile.NewFolder(out, 0o755, func(aside string) error {
		for _, f := range files {
			if err := atomicfile.Write(filepath.Join(aside, f.name), 0o644, f.write); err != nil {
				return err
			}
		}
		return nil
	})
}

func zipFiles(w io.Writer, files []exportedFile) error {
	z := zip.NewWriter(w)
	for _, f := range files {
		member, err := z.Create(f.name)
		if err != nil {
			return err
		}
		if err := f.write(member); err != nil {
			return err
		}
	}
	return z.Close()
}

// runFiles returns the files of the current state in the manifest, each checked again,
// and the same content in formats that do not depend on a run's layout.
func runFiles(r *Run) ([]exportedFile, error) {
	m := r.manifest
	m.State, m.Previous = r.saved, nil
	files := []exportedFile{{manifestName, jsonWriter(m)}, {"architecture.json", jsonWriter(m.Architecture)}}
	for _, f := range m.State.files() {
		data, err := readSaved(r.Dir, f, f.Bytes) // as long as it was for LoadRun
		if err != nil {
			return nil, err
		}
		files = append(files, exportedFile{f.Name, func(w io.Writer) error { _, err := w.Write(data); return err }})
	}
	telemetry, err := readTelemetryFile(r.Dir)
	if err != nil {
		return nil, err
	}
	if len(telemetry) > 0 {
		files = append(files, exportedFile{telemetryName, func(w io.Writer) error { _, err := w.Write(telemetry); return err }})
	}
	tables, err := historyFiles(r)
	return append(files, tables...), err
}

func weightFiles(r *Run) ([]exportedFile, error) {
	about := map[string]string{"format": "cnnbook", "layout": "NHWC", "run": r.manifest.Identity}
	if kept := r.KeptEpoch(); kept > 0 {
		about["epoch"] = strconv.Itoa(kept)
	}
	write := func(w io.Writer) error { return WriteSafetensors(w, r.inUse(), about) }
	return []exportedFile{{"weights.safetensors", write}}, nil
}

func historyFiles(r *Run) ([]exportedFile, error) {
	number := func(v float64) string { return strconv.FormatFloat(v, 'g', -1, 64) }
	steps := [][]string{{"step", "epoch", "rate", "images", "loss", "accuracy"}}
	for _, s := range r.History.Steps {
		steps = append(steps, []string{strconv.Itoa(s.Step), strconv.Itoa(s.Epoch), number(s.Rate), strconv.Itoa(s.Images), number(s.Loss), number(s.Accuracy)})
	}
	epochs := [][]string{{"epoch", "loss", "accuracy", "valid_loss", "valid_accuracy"}}
	for _, e := range r.History.Epochs {
		epochs = append(epochs, []string{strconv.Itoa(e.Epoch), number(e.Loss), number(e.Accuracy), number(e.ValidLoss), number(e.ValidAccuracy)})
	}
	return []exportedFile{{"steps.csv", csvWriter(steps)}, {"epochs.csv", csvWriter(epochs)}}, nil
}

func csvWriter(rows [][]string) func(io.Writer) error {
	return func(w io.Writer) error { return csv.NewWriter(w).WriteAll(rows) }
}

func jsonWriter(v any) func(io.Writer) error {
	return func(w io.Writer) error {
		e := json.NewEncoder(w)
		e.SetIndent("", "  ")
		return e.Encode(v)
	}
}
