package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"text/tabwriter"

	"github.com/cnnbook/cnnbook/cifar"
	"github.com/cnnbook/cnnbook/cnn"
	"github.com/cnnbook/cnnbook/cnn/sweep"
	"github.com/cnnbook/cnnbook/internal/atomicfile"
	"github.com/cnnbook/cnnbook/internal/cli"
	"github.com/cnnbook/cnnbook/internal/number"
	"github.com/cnnbook/cnnbook/kernelext"
	course "github.com/cnnbook/cnnbook/notebooks/lab"
	"github.com/cnnbook/cnnbook/viz"
	"github.com/spf13/cobra"
)

const sweepAbout = `FILE is a small JSON file that names trainings: every combination of some settings, or random ones, each with several seeds. With
"halving" it trains all for a few epochs, and goes on with the best.
docs/SCALE.md describes it; docs/sweeps has examples. Each training is an ordinary run.`

func sweepCommand() *cobra.Command {
	c := cli.Group(&cobra.Command{
		Use: "sweep COMMAND", Short: "train many networks from one file: here, on Slurm or on Kubernetes",
		Long:    "Trains many networks from one file, here or on an engine, and compares them.\n\n" + sweepAbout,
		Example: "sweep run docs/sweeps/optimizers.json\nsweep gather docs/sweeps/optimizers.json",
		PersistentPreRun: func(c *cobra.Command, _ []string) { // names come from files that may be untrusted
			c.SetOut(printable{c.OutOrStdout()})
			c.SetErr(printable{c.ErrOrStderr()})
		},
	})
	c.AddCommand(sweepPlanCommand(), sweepRunCommand(), sweepStatusCommand(), sweepGatherCommand(), sweepSubmitCommand())
	return c
}

// ofSweep is a command on one sweep.
func ofSweep(name, short, about string) *cobra.Command {
	return &cobra.Command{
		Use: name + " FILE", Short: short, Long: about + "\n\n" + sweepAbout,
		Example: "sweep " + name + " docs/sweeps/optimizers.json", Args: cli.OneArg("FILE"),
	}
}

func sweepPlanCommand() *cobra.Command {
	c := ofSweep("plan", "list the trainings of a sweep", "Lists the trainings: index, name, and what differs. It reads no images, but for a sweep with halving: "+
		"who is in a later rung depends on what has been found, and it shows what is known.")
	var places sweepPlaces
	places.flags(c)
	c.RunE = func(c *cobra.Command, args []string) error {
		s, trainings, err := planned(args[0])
		if err != nil {
			return err
		}
		if s.Halving != nil {
			return planHalving(places, args[0], c.OutOrStdout())
		}
		w := tabwriter.NewWriter(c.OutOrStdout(), 0, 0, 2, ' ', 0)
		fmt.Fprintln(w, "INDEX\tNAME\tDIFFERS")
		for _, t := range trainings {
			fmt.Fprintf(w, "%d\t%s\t%s\n", t.Index, t.Name, s.Describe(t))
		}
		return w.Flush()
	}
	return c
}

func planned(file string) (sweep.Sweep, []sweep.Training, error) {
	s, err := sweep.Load(file)
	if err != nil {
		return s, nil, fmt.Errorf("sweep: %w", err)
	}
	trainings, err := s.Plan()
	if err != nil {
		return s, nil, fmt.Errorf("sweep: %s: %w", file, err)
	}
	return s, trainings, nil
}

// sweepPlaces are the flags that say where images and runs are. Everything else is in the file.
type sweepPlaces struct{ data, runs string }

func (p *sweepPlaces) flags(c *cobra.Command) {
	f := c.Flags()
	f.StringVar(&p.data, "data", os.Getenv(kernelext.EnvData), "dataset in CIFAR-10's binary layout: a folder or a .tar.gz (default: drawn images)")
	f.StringVar(&p.runs, "runs", os.Getenv(kernelext.EnvRuns), "folder of the saved runs (default: runs in the cache folder)")
}

// opened is a sweep with its trainings and images.
type opened struct {
	sweep.Sweep
	trainings    []sweep.Training
	params       kernelext.Params
	train, valid *cifar.Dataset
}

func (p *sweepPlaces) open(file string) (o opened, err error) {
	if o.Sweep, o.trainings, err = planned(file); err != nil {
		return o, err
	}
	values := map[string]string{
		kernelext.EnvData: p.data, kernelext.EnvRuns: p.runs,
		kernelext.EnvBudget: o.BudgetName(), kernelext.EnvSeed: fmt.Sprint(o.ImagesSeed()),
	}
	if o.params, err = kernelext.ParamsFrom(func(name string) string { return values[name] }); err != nil {
		return o, err
	}
	b, err := course.ParseBudget(o.params.Budget)
	if err != nil {
		return o, err
	}
	images, _, err := b.Images(o.params.Data, o.params.Seed)
	if err != nil {
		return o, err
	}
	o.train, o.valid, err = images.Split(0.8, o.params.Seed)
	return o, err
}

func (o opened) read() ([]sweep.Row, error) {
	return o.Read(o.params.Runs, o.trainings, o.train, o.valid)
}

func sweepStatusCommand() *cobra.Command {
	c := ofSweep("status", "show how far the trainings of a sweep are", "Shows how far each training is, and how many are in each state.")
	var places sweepPlaces
	places.flags(c)
	c.RunE = func(c *cobra.Command, args []string) error {
		o, err := places.open(args[0])
		if err != nil {
			return err
		}
		rows, err := o.read()
		if err != nil {
			return err
		}
		w := tabwriter.NewWriter(c.OutOrStdout(), 0, 0, 2, ' ', 0)
		fmt.Fprintln(w, "INDEX\tNAME\tSTATE\tEPOCHS\tVALIDATION\tTIME")
		for _, r := range rows {
			fmt.Fprintln(w, statusLine(r))
		}
		if err := w.Flush(); err != nil {
			return err
		}
		_, err = fmt.Fprintln(c.OutOrStdout(), "\n"+o.summary(rows))
		return err
	}
	return c
}

func statusLine(r sweep.Row) string {
	epochs, valid := "-", "-"
	if r.Record.Total > 0 {
		epochs = fmt.Sprintf("%d/%d", r.Record.Epochs, r.Record.Total)
	}
	if e := r.Final(); e.Epoch > 0 {
		valid = fmt.Sprintf("%.4f", e.ValidAccuracy)
	}
	line := fmt.Sprintf("%d\t%s\t%s\t%s\t%s\t%.0f s", r.Index, r.Name, r.State, epochs, valid, r.Record.Seconds)
	if r.Problem != "" {
		line += "\t" + kernelext.Printable(r.Problem)
	}
	return line
}

// summary counts the trainings in each state, and says how far the rungs are.
func (o opened) summary(rows []sweep.Row) string {
	text := sweepSummary(rows)
	for _, line := range o.rungLines(rows) {
		text += "\n" + line
	}
	return text
}

// sweepSummary counts the trainings in each state.
func sweepSummary(rows []sweep.Row) string {
	text := number.Counted(len(rows), "training")
	for _, s := range []sweep.State{sweep.Finished, sweep.Begun, sweep.Waiting, sweep.Diverged, sweep.Damaged} {
		if n := sweep.Count(rows, s); n > 0 {
			text += fmt.Sprintf(", %d %s", n, s)
		}
	}
	return text + "."
}

func sweepGatherCommand() *cobra.Command {
	c := ofSweep("gather", "write what a sweep has found: CSV, a table, a figure",
		"Writes NAME.csv with a line for each training, NAME-epochs.csv with a line for each of their epochs, NAME.md with a table of means and intervals over the seeds, and NAME.svg with the same as a figure. It works while trainings run.")
	var places sweepPlaces
	places.flags(c)
	out := c.Flags().String("out", ".", "folder for the files")
	c.RunE = func(c *cobra.Command, args []string) error {
		o, err := places.open(args[0])
		if err != nil {
			return err
		}
		rows, err := o.read()
		if err != nil {
			return err
		}
		if err := o.gather(rows, *out, c.ErrOrStderr()); err != nil {
			return err
		}
		return o.WriteMarkdown(c.OutOrStdout(), rows)
	}
	return c
}

// gather writes the files.
func (o opened) gather(rows []sweep.Row, dir string, stderr io.Writer) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	base := filepath.Join(dir, o.Name)
	if err := atomicfile.Write(base+".csv", 0o644, func(w io.Writer) error { return o.WriteCSV(w, rows) }); err != nil {
		return err
	}
	if err := atomicfile.Write(base+"-epochs.csv", 0o644, func(w io.Writer) error { return o.WriteEpochs(w, rows) }); err != nil {
		return err
	}
	if err := atomicfile.Write(base+".md", 0o644, func(w io.Writer) error { return o.WriteMarkdown(w, rows) }); err != nil {
		return err
	}
	files := fmt.Sprintf("%s.csv, %s-epochs.csv and %s.md", base, base, base)
	if o.drawable(rows) {
		svg, err := o.figure(rows)
		if err != nil {
			return err
		}
		if err := atomicfile.WriteBytes(base+".svg", svg, 0o644); err != nil {
			return err
		}
		files = fmt.Sprintf("%s.csv, %s-epochs.csv, %s.md and %s.svg", base, base, base, base)
	}
	_, err := fmt.Fprintf(stderr, "wrote %s\n", files)
	return err
}

// drawable says whether there is anything for a figure: a finished training, or with variants one of another than the first
// beside one of that.
func (o opened) drawable(rows []sweep.Row) bool {
	if !o.Compares() {
		return sweep.Count(rows, sweep.Finished) > 0
	}
	return slices.ContainsFunc(sweep.Differences(rows)[1:], func(d sweep.Difference) bool { return d.Change.N > 0 })
}

// maxBars is how many groups a figure shows: the best ones.
const maxBars = 40

// figure draws the mean validation accuracy of each group, with its interval.
func (o opened) figure(rows []sweep.Row) ([]byte, error) {
	if o.Compares() {
		return o.changes(rows)
	}
	bars := viz.ClassBars{Title: "Sweep " + o.Name, Quantity: "Validation accuracy"}
	for _, g := range o.best(rows) {
		bars.Labels = append(bars.Labels, o.Label(g))
		bars.Values = append(bars.Values, g.Accuracy.Mean)
		bars.Low = append(bars.Low, max(0, g.Accuracy.Mean-g.Accuracy.Half))
		bars.High = append(bars.High, min(1, g.Accuracy.Mean+g.Accuracy.Half))
	}
	figure, err := bars.Figure()
	if err != nil {
		return nil, err
	}
	return figure.Note(o.Caption(rows)).SVG()
}

// best are the groups of a figure, the best one first. With halving one with more epochs comes before one with fewer.
func (o opened) best(rows []sweep.Row) []sweep.Group {
	if o.Halving == nil {
		return sweep.Best(sweep.Groups(rows), maxBars)
	}
	groups := slices.DeleteFunc(sweep.Groups(sweep.Standings(rows)), func(g sweep.Group) bool { return g.Accuracy.N == 0 })
	return groups[:min(maxBars, len(groups))]
}

// changes draws what each combination changes against the first one.
func (o opened) changes(rows []sweep.Row) ([]byte, error) {
	intervals := viz.Intervals{Title: "Sweep " + o.Name, Quantity: fmt.Sprintf("Change of the validation accuracy against %q", o.Variants[0].Name)}
	for _, d := range sweep.Differences(rows)[1:] {
		if d.Change.N == 0 || len(intervals.Labels) == maxBars {
			continue
		}
		low, high := d.Interval()
		intervals.Add(o.Label(d.Group), d.Change.Mean, low, high)
	}
	figure, err := intervals.Figure()
	if err != nil {
		return nil, err
	}
	return figure.Note(o.Caption(rows)).SVG()
}

// divergedError is the error for trainings that diverged; nil if none did.
func divergedError(rows []sweep.Row) error {
	if n := sweep.Count(rows, sweep.Diverged); n > 0 {
		return fmt.Errorf("sweep: %d of %d trainings diverged: %w: sweep status says where", n, len(rows), cnn.ErrDiverged)
	}
	return nil
}
