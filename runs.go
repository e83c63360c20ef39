package main

import (
	"cmp"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/cnnbook/cnnbook/cnn"
	"github.com/cnnbook/cnnbook/internal/cli"
	"github.com/cnnbook/cnnbook/kernelext"
	"github.com/cnnbook/cnnbook/kernelext/book"
	"github.com/spf13/cobra"
)

const runsAbout = `RUN is a run's folder name, or the beginning of only one run's name.
The runs are stored in $CNNBOOK_RUNS, by default in the cache folder.`

func runsCommand() *cobra.Command {
	c := cli.Group(&cobra.Command{
		Use: "runs COMMAND", Short: "list, show, verify, remove, export or import saved runs, or write a page with one",
		Long:    "Manages the saved runs, each of which holds one training.\n\n" + runsAbout + "\n\n" + formatsAbout(),
		Example: "runs list\nruns export base --format keras --out base.keras",
		PersistentPreRun: func(c *cobra.Command, _ []string) { // names come from files that may be untrusted
			c.SetOut(printable{c.OutOrStdout()})
			c.SetErr(printable{c.ErrOrStderr()})
		},
	})
	c.AddCommand(runsListCommand(),
		ofRun("show", "show one run: its network and its epochs", "Shows one run: its network and its epochs.", showRun),
		runsVerifyCommand(),
		ofRun("rm", "remove a run", "Removes a run, unless a process is training it.", removeRun),
		runsExportCommand(), runsImportCommand(), runsPageCommand())
	return c
}

// ofRun is a command on one run.
func ofRun(name, short, about string, do func(c *cobra.Command, dir string) error) *cobra.Command {
	c := &cobra.Command{
		Use: name + " RUN", Short: short, Long: about + "\n\n" + runsAbout,
		Example: "runs " + name + " base", Args: cli.OneArg("RUN"),
		RunE: func(c *cobra.Command, args []string) error {
			dir, err := findRunFolder(args[0])
			if err != nil {
				return err
			}
			return do(c, dir)
		},
	}
	cli.CompleteArg(c, runNames)
	return c
}

// runsRoot is the folder of the saved runs.
func runsRoot() (string, error) {
	params, err := kernelext.ParamsFrom(func(name string) string {
		if name != kernelext.EnvRuns {
			return "" // only the folder of the runs matters here
		}
		return os.Getenv(name)
	})
	return params.Runs, err
}

// runFolders returns the folders that hold a run, intact or damaged, and their parent folder.
func runFolders() (root string, dirs []string, err error) {
	if root, err = runsRoot(); err != nil {
		return "", nil, err
	}
	dirs, err = filepath.Glob(filepath.Join(root, "*", "manifest.json"))
	for i, manifest := range dirs {
		dirs[i] = filepath.Dir(manifest)
	}
	return root, dirs, err
}

// runNames returns the names of all runs, for shell completion.
func runNames() (names []string) {
	_, dirs, _ := runFolders()
	for _, dir := range dirs {
		names = append(names, kernelext.Printable(filepath.Base(dir)))
	}
	return names
}

func findRunFolder(name string) (string, error) {
	root, dirs, err := runFolders()
	if err != nil {
		return "", err
	}
	var found []string
	for _, dir := range dirs {
		if filepath.Base(dir) == name {
			return dir, nil
		}
		if name != "" && strings.HasPrefix(filepath.Base(dir), name) {
			found = append(found, dir)
		}
	}
	switch len(found) {
	case 0:
		return "", fmt.Errorf("runs: no run in %s begins with %q%s go run . runs list shows all", root, name, cli.DidYouMean(name, "", shortNames(dirs)))
	case 1:
		return found[0], nil
	}
	return "", fmt.Errorf("runs: %d runs in %s begin with %q: go run . runs list shows them", len(found), root, name)
}

// shortNames returns the names of runs without the identities with which their folders' names end, each once.
func shortNames(dirs []string) (names []string) {
	for _, dir := range dirs {
		name := filepath.Base(dir)
		if i := strings.LastIndex(name, "-"); i > 0 {
			name = name[:i]
		}
		names = append(names, name)
	}
	slices.Sort(names)
	return slices.Compact(names)
}

func runsListCommand() *cobra.Command {
	return &cobra.Command{
		Use: "list", Short: "list all saved runs",
		Long:    "Lists all saved runs: epochs done and planned, validation accuracy of the epoch whose weights are in use, time spent, data.",
		Example: "runs list", Args: cli.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			root, dirs, err := runFolders()
			if err != nil {
				return err
			}
			if len(dirs) == 0 {
				fmt.Fprintf(c.ErrOrStderr(), "no runs in %s yet: a notebook that trains saves one\n", root)
				return nil
			}
			w := tabwriter.NewWriter(c.OutOrStdout(), 0, 0, 2, ' ', 0)
			fmt.Fprintln(w, "RUN\tEPOCHS\tVALIDATION\tTIME\tDATA")
			for _, dir := range dirs {
				fmt.Fprintf(w, "%s\t%s\n", filepath.Base(dir), runColumns(dir))
			}
			return w.Flush()
		},
	}
}

// runColumns are a run's columns after its name.
func runColumns(dir string) string {
	r, err := cnn.LoadRun(dir)
	if err != nil {
		return "damaged: " + err.Error()
	}
	finished, total := r.Epochs()
	valid := "-"
	if n := len(r.History.Epochs); n > 0 {
		valid = fmt.Sprintf("%.4f", r.History.Epochs[cmp.Or(r.KeptEpoch(), n)-1].ValidAccuracy)
	}
	early := ""
	if r.StoppedEarly() {
		early = ", stopped early"
	}
	return fmt.Sprintf("%d/%d%s\t%s\t%.0f s\t%s", finished, total, early, valid, r.Seconds(), r.Data())
}

func showRun(c *cobra.Command, dir string) error {
	r, err := cnn.LoadRun(dir)
	if err != nil {
		return err
	}
	out := c.OutOrStdout()
	fmt.Fprintf(out, "%s\n%s\npreprocessing: %s\n", r.Dir, r, r.Preprocess())
	if from := r.GoesOnFrom(); from != "" {
		fmt.Fprintln(out, "went on from", from)
	}
	if start := r.Start(); start != "" {
		fmt.Fprintln(out, start)
	}
	for _, note := range r.Notes() {
		fmt.Fprintln(out, "note:", note)
	}
	fmt.Fprintf(out, "\n%s\n", r.Network.Summary())
	for _, e := range r.History.Epochs {
		fmt.Fprintf(out, "epoch %d: loss %.4f, accuracy %.4f, validation loss %.4f, validation accuracy %.4f\n", e.Epoch, e.Loss, e.Accuracy, e.ValidLoss, e.ValidAccuracy)
	}
	return showTelemetry(out, r)
}

func steps(n int) string {
	if n == 1 {
		return "1 step"
	}
	return fmt.Sprintf("%d steps", n)
}

// showTelemetry lists what a run has recorded of its layers in its last watched step.
func showTelemetry(out io.Writer, r *cnn.Run) error {
	seen, err := r.Telemetry()
	if err != nil || len(seen) == 0 {
		return err
	}
	last := seen[len(seen)-1]
	fmt.Fprintf(out, "\ntelemetry of %s; in step %d (a rule of thumb: update / weights about 0.001):\n", steps(len(seen)), last.Step)
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "LAYER\tWEIGHTS\tGRADIENT / WEIGHTS\tUPDATE / WEIGHTS")
	for _, l := range last.Layers {
		fmt.Fprintf(w, "%s\t%.4g\t%.2e\t%.2e\n", l.Layer, l.Weights, l.Gradient/l.Weights, l.Update/l.Weights)
	}
	if len(last.ReLUs) > 0 {
		fmt.Fprintln(w, "\nRELU\tUNITS\tDEAD\tDEAD CHANNELS")
	}
	for _, l := range last.ReLUs {
		fmt.Fprintf(w, "%s\t%d\t%.2f %%\t%d of %d\n", l.Layer, l.Units, 100*float64(l.Dead)/float64(l.Units), l.DeadChannels, l.Channels)
	}
	return w.Flush()
}

// runsVerifyCommand checks a run's files and, on request, what they hold.
func runsVerifyCommand() *cobra.Command {
	var again *bool
	var params func() (kernelext.Params, error)
	c := ofRun("verify", "read every file of a run and check it",
		"Reads every file of a run and checks its sha256. With --again, it also trains what the run has saved again, from the save before and from the beginning, and compares the bits; "+
			"the images are those of --data, --budget and --seed. The run's files are only read.",
		func(c *cobra.Command, dir string) error {
			if err := verifyRun(c, dir); err != nil || !*again {
				return err
			}
			p, err := params()
			if err != nil {
				return err
			}
			return verifyAgain(c, p, dir)
		})
	params = paramFlags(c)
	again = c.Flags().Bool("again", false, "also train what the run has saved again, on the same kind of machine, and compare the bits")
	return c
}

// verifyAgain trains all stretches of a run again.
func verifyAgain(c *cobra.Command, params kernelext.Params, dir string) error {
	run, err := cnn.LoadRun(dir)
	if err != nil {
		return err
	}
	params.Runs = filepath.Dir(dir)
	v := &verifier{params: params, stretches: 1 << 20, seed: 1, log: c.ErrOrStderr()}
	found, err := v.verify(c.Context(), []book.Receipt{run.Receipt()})
	if err != nil {
		return err
	}
	if err := found.Err(); err != nil {
		return err
	}
	if len(found.Stretches) == 0 {
		return fmt.Errorf("runs: nothing of %s was trained again; the lines above say why", filepath.Base(dir))
	}
	_, err = fmt.Fprintf(c.OutOrStdout(), "%s: %s\n", filepath.Base(dir), found)
	return err
}

func verifyRun(c *cobra.Command, dir string) error {
	r, err := cnn.LoadRun(dir)
	if err != nil {
		return err
	}
	if r.Recovered != "" {
		return fmt.Errorf("the latest save is damaged, the previous one is intact: %s", r.Recovered)
	}
	if _, err := r.Telemetry(); err != nil {
		return err
	}
	_, err = fmt.Fprintf(c.OutOrStdout(), "%s: every file is present and matches its sha256\n", filepath.Base(dir))
	return err
}

func removeRun(c *cobra.Command, dir string) error {
	if err := cnn.RemoveRun(dir); err != nil {
		return err
	}
	_, err := fmt.Fprintf(c.OutOrStdout(), "removed %s\n", filepath.Base(dir))
	return err
}
