package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"text/tabwriter"

	"github.com/cnnbook/cnnbook/cnn"
	"github.com/cnnbook/cnnbook/cnn/exchange"
	"github.com/cnnbook/cnnbook/kernelext"
)

const runsUsage = `Usage: go run . runs list            all saved runs
       go run . runs show   RUN      one run: what it is, and its epochs
       go run . runs verify RUN      read every file of a run and check it
       go run . runs rm     RUN      remove a run
       go run . runs export RUN -out PATH [-format FORMAT]
                                     write a run for others; -out NAME.zip makes an archive
       go run . runs import [-name NAME] [-network JSON] [-preprocess HOW] FILE
                                     save a network from Keras as a run

FORMAT is
%s
RUN is a run's folder name, or its beginning if only one run begins so.
The runs lie in $CNNBOOK_RUNS, by default in the cache folder.
`

func runs(_ context.Context, args []string, stdout, stderr io.Writer) error {
	stdout, stderr = printable{stdout}, printable{stderr} // names come from files that others may have made
	params, err := kernelext.ParamsFrom(func(name string) string {
		if name != kernelext.EnvRuns {
			return "" // of the parameters, only where the runs lie matters here
		}
		return os.Getenv(name)
	})
	if err != nil {
		return err
	}
	switch {
	case len(args) == 1 && args[0] == "list":
		return listRuns(params.Runs, stdout, stderr)
	case len(args) == 2 && (args[0] == "show" || args[0] == "verify" || args[0] == "rm"):
		dir, err := findRunFolder(params.Runs, args[1])
		if err != nil {
			return err
		}
		return map[string]func(string, io.Writer) error{"show": showRun, "verify": verifyRun, "rm": removeRun}[args[0]](dir, stdout)
	case len(args) >= 2 && args[0] == "export":
		dir, err := findRunFolder(params.Runs, args[1])
		if err != nil {
			return err
		}
		return exportRun(dir, args[2:], stdout, stderr)
	case len(args) >= 1 && args[0] == "import":
		return importRun(params.Runs, args[1:], stdout, stderr)
	case len(args) == 0, args[0] == "-h", args[0] == "-help", args[0] == "--help":
		var formats strings.Builder
		for _, f := range cnn.ExportFormats() {
			fmt.Fprintf(&formats, "  %-14s %s\n", f.Name, f.About)
		}
		for _, f := range exchange.Formats() {
			fmt.Fprintf(&formats, "  %-14s %s\n", f.Name, f.About)
		}
		_, err := fmt.Fprintf(stdout, runsUsage, formats.String())
		return err
	}
	return fmt.Errorf("runs: expected list, show RUN, verify RUN, rm RUN, export RUN or import FILE: go run . runs -help tells more")
}

// runFolders are the folders below root that hold a run, whole or damaged.
func runFolders(root string) ([]string, error) {
	return filepath.Glob(filepath.Join(root, "*", "manifest.json"))
}

func findRunFolder(root, name string) (string, error) {
	manifests, err := runFolders(root)
	if err != nil {
		return "", err
	}
	var found []string
	for _, m := range manifests {
		dir := filepath.Dir(m)
		if filepath.Base(dir) == name {
			return dir, nil
		}
		if len(name) > 0 && len(filepath.Base(dir)) > len(name) && filepath.Base(dir)[:len(name)] == name {
			found = append(found, dir)
		}
	}
	if len(found) != 1 {
		return "", fmt.Errorf("runs: %d runs in %s begin with %q: go run . runs list shows them", len(found), root, name)
	}
	return found[0], nil
}

func listRuns(root string, stdout, stderr io.Writer) error {
	manifests, err := runFolders(root)
	if err != nil {
		return err
	}
	if len(manifests) == 0 {
		fmt.Fprintf(stderr, "no runs in %s yet: a notebook that trains saves one\n", root)
		return nil
	}
	w := tabwriter.NewWriter(stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "RUN\tEPOCHS\tVALIDATION\tTIME\tDATA")
	for _, m := range manifests {
		dir := filepath.Dir(m)
		r, err := cnn.LoadRun(dir)
		if err != nil {
			fmt.Fprintf(w, "%s\tdamaged: %v\n", filepath.Base(dir), err)
			continue
		}
		finished, total := r.Epochs()
		valid := "-"
		if n := len(r.History.Epochs); n > 0 {
			valid = fmt.Sprintf("%.4f", r.History.Epochs[n-1].ValidAccuracy)
		}
		fmt.Fprintf(w, "%s\t%d/%d\t%s\t%.0f s\t%s\n", filepath.Base(dir), finished, total, valid, r.Seconds(), r.Data())
	}
	return w.Flush()
}

func showRun(dir string, stdout io.Writer) error {
	r, err := cnn.LoadRun(dir)
	if err != nil {
		return err
	}
	fmt.Fprintf(stdout, "%s\n%s\npreprocessing: %s\n", r.Dir, r, r.Preprocess())
	for _, note := range r.Notes() {
		fmt.Fprintln(stdout, "note:", note)
	}
	fmt.Fprintf(stdout, "\n%s\n", r.Network.Summary())
	for _, e := range r.History.Epochs {
		fmt.Fprintf(stdout, "epoch %d: loss %.4f, accuracy %.4f, validation loss %.4f, validation accuracy %.4f\n", e.Epoch, e.Loss, e.Accuracy, e.ValidLoss, e.ValidAccuracy)
	}
	return nil
}

func verifyRun(dir string, stdout io.Writer) error {
	r, err := cnn.LoadRun(dir)
	if err != nil {
		return err
	}
	if r.Recovered != "" {
		return fmt.Errorf("the latest save is damaged, the one before it is good: %s", r.Recovered)
	}
	fmt.Fprintf(stdout, "%s: every file is there and has its sha256\n", filepath.Base(dir))
	return nil
}

func removeRun(dir string, stdout io.Writer) error {
	if err := cnn.RemoveRun(dir); err != nil {
		return err
	}
	fmt.Fprintf(stdout, "removed %s\n", filepath.Base(dir))
	return nil
}

func exportRun(dir string, args []string, stdout, stderr io.Writer) error {
	f := flags("runs export", "RUN [flags]\n\nWrites a run for others to open.", stderr)
	out := f.String("out", "", "file, folder or .zip to write, which must not exist")
	format := f.String("format", cnn.ExportFormats()[0].Name, "form to write it in: go run . runs -help lists them")
	if err := parse(f, args); err != nil {
		return err
	}
	if *out == "" {
		return errors.New("runs export: where to? give a name by -out")
	}
	r, err := cnn.LoadRun(dir)
	if err != nil {
		return err
	}
	if r.Recovered != "" {
		fmt.Fprintf(stderr, "the latest save is damaged, the one before it is exported: %s\n", r.Recovered)
	}
	if other, ok := exchange.FormatNamed(*format); ok {
		err = exportAs(other, r, *out)
	} else {
		err = r.Export(*format, *out)
	}
	if err != nil {
		return err
	}
	fmt.Fprintf(stdout, "%s: %s, as %s\n", *out, r, *format)
	return nil
}
