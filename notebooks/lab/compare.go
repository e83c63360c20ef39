package lab

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"github.com/cnnbook/cnnbook/cifar"
	"github.com/cnnbook/cnnbook/cnn"
	"github.com/cnnbook/cnnbook/cnn/sweep"
	"github.com/cnnbook/cnnbook/kernelext"
	"github.com/cnnbook/cnnbook/viz"
)

// Set is a change: fields of package cnn/sweep with their values.
type Set = map[string]any

// Gathered are the trainings of a sweep with what they have recorded.
type Gathered struct {
	Sweep sweep.Sweep
	Rows  []sweep.Row
	Small bool // trained by a cell instead of read
}

// Gather reads a sweep whose trainings have all finished in the folder of runs, on the notebook's data; "sweep run" trains it.
// Where they have not, it trains a small one instead, with the notebook's images: [Lab.Smaller]. The reader sees the same cell.
// Trainings of the small one that are finished are not trained again.
func (l *Lab) Gather(s sweep.Sweep) Gathered {
	if rows := l.finished(s); rows != nil {
		return Gathered{Sweep: s, Rows: rows}
	}
	small := l.Smaller(s)
	trainings := must(small.Plan())
	for _, t := range trainings {
		interruptible(func(ctx context.Context) (struct{}, error) { return struct{}{}, l.trainOne(ctx, t) })
	}
	return Gathered{Sweep: small, Rows: must(sweep.Read(l.Runs, trainings, l.Train, l.Valid)), Small: true}
}

// trainOne trains a training of a small sweep, if it has not finished. Divergence is a result.
func (l *Lab) trainOne(ctx context.Context, t sweep.Training) error {
	if err := t.Train(ctx, l.Runs, l.Train, l.Valid, nil, nil); !errors.Is(err, cnn.ErrDiverged) {
		return err
	}
	return nil
}

// finished are the trainings of a sweep, if all of them have finished or diverged; nil if not.
func (l *Lab) finished(s sweep.Sweep) []sweep.Row {
	trainings := must(s.Plan())
	for _, t := range trainings { // before any image is read: is there a run of each name?
		if found, err := filepath.Glob(filepath.Join(l.Runs, t.Name+"-*")); err != nil || len(found) == 0 {
			return nil
		}
	}
	budget := must(ParseBudget(s.BudgetName()))
	images, _, err := budget.Images(l.Data, s.ImagesSeed())
	check(err)
	train, valid := Split(images, 0.8, s.ImagesSeed())
	rows := must(sweep.Read(l.Runs, trainings, train, valid))
	if sweep.Count(rows, sweep.Finished)+sweep.Count(rows, sweep.Diverged) < len(rows) {
		return nil
	}
	return rows
}

// Smaller is a sweep that a cell can train: with the notebook's images and, but for the budgets hours and full, with an eighth of
// the write-up's filters and units and without dropout, batches of 50, as many epochs as the budget gives to a comparison of
// optimizers, and five seeds, beginning with the notebook's.
func (l *Lab) Smaller(s sweep.Sweep) sweep.Sweep {
	s.Name += "-small"
	s.Budget, s.Images = l.Budget.Name, l.Seed
	if !l.short() {
		return s
	}
	s.Base = maps.Clone(s.Base)
	s.Base["batch"], s.Base["epochs"] = smallBatch, l.Budget.Compare
	if s.Network == nil {
		network := eighth(cnn.WriteUp())
		s.Network = &network
	}
	s.Seeds = nil
	for i := range uint64(smallSeeds) {
		s.Seeds = append(s.Seeds, l.Seed+i)
	}
	return s
}

// smallBatch and smallSeeds are the batch and the number of seeds of a small sweep.
const smallBatch, smallSeeds = 50, 5

// eighth is a network with an eighth of the filters and units, but for its last dense layer, that drops nothing out: it learns
// something in few steps.
func eighth(a cnn.Architecture) cnn.Architecture {
	a.Name, a.Layers = a.Name+" with an eighth of its filters and no dropout", slices.Clone(a.Layers)
	for i, layer := range a.Layers {
		switch l := layer.(type) {
		case cnn.Conv2D:
			l.Filters /= 8
			a.Layers[i] = l
		case cnn.Dropout:
			l.Rate = 0
			a.Layers[i] = l
		case cnn.Dense:
			if l.Units > cifar.Classes {
				l.Units /= 8
			}
			a.Layers[i] = l
		}
	}
	return a
}

// Comparison tries ideas, one change at a time, against the same base with the same seeds and epochs.
type Comparison struct {
	lab   *Lab
	sweep sweep.Sweep // whose first variant is the base
	tried []tried
}

// tried is an idea with what it changed.
type tried struct {
	sweep.Difference
	Gathered
	cost float64 // operations of a training step, in those of the base
}

// Compare begins a comparison with the first variant of a sweep.
func (l *Lab) Compare(s sweep.Sweep) *Comparison { return &Comparison{lab: l, sweep: s} }

// Try compares the base with one change, by [Lab.Gather], and says what it does to the validation accuracy: the mean difference
// of runs with the same seed, its 95 % interval, and a verdict. The gathered sweep is read if it has this variant, with the same
// change; a change of one's own is tried in a small one.
func (c *Comparison) Try(name string, change Set) kernelext.Markdown {
	s := c.sweep
	s.Variants = []sweep.Variant{c.sweep.Variants[0], {Name: name, Set: change}}
	g := c.lab.Gather(s)
	d := sweep.Differences(g.Rows)[1]
	t := tried{Difference: d, Gathered: g, cost: cost(g.Rows, c.lab.Train)}
	c.tried = slices.DeleteFunc(c.tried, func(other tried) bool { return other.Values[0] == name }) // the cell was run again
	c.tried = append(c.tried, t)
	return Say("%s", t.sentence())
}

// sentence says what an idea changed.
func (t tried) sentence() string {
	base := sweep.Groups(t.Rows)[0].Accuracy
	text := fmt.Sprintf("Validation accuracy %.4f instead of %.4f", t.Accuracy.Mean, base.Mean)
	if t.Accuracy.N == 0 {
		text = "No training finished"
	}
	return fmt.Sprintf("%s, over %d pairs of trainings with the same seed: %s. %s", text, t.Change.N, emphasised(t.Difference), t.source())
}

// emphasised is a difference with its verdict in bold.
func emphasised(d sweep.Difference) string {
	change, verdict, _ := strings.Cut(d.String(), ": ")
	return fmt.Sprintf("%s, **%s**", change, verdict)
}

// source says what the figures are from.
func (g Gathered) source() string {
	first := g.Rows[0]
	what := "Read from the gathered sweep"
	if g.Small {
		what = "A small sweep"
	}
	return fmt.Sprintf("%s: %s, %d training and %d validation images of %s, %d epochs in batches of %d, budget %s.", what, first.Network().Name,
		first.Record.TrainImages, first.Record.ValidImages, first.Record.Data, first.Record.Total, first.Config().Batch, g.Sweep.BudgetName())
}

// cost is the number of operations of a variant's training step, in those of the base.
func cost(rows []sweep.Row, images *cifar.Dataset) float64 {
	operations := func(r sweep.Row) float64 {
		_, training, err := r.Spec(images, nil).Network.Operations()
		check(err)
		return float64(training)
	}
	return operations(rows[len(rows)-1]) / operations(rows[0])
}

// Table lists what was tried, in order.
func (c *Comparison) Table() *kernelext.Table {
	t := NewTable(c.caption(), "idea", "pairs", "validation accuracy", "change", "95 % interval", "operations of a step", "verdict")
	for _, x := range c.tried {
		t.Add(row(x.Difference, fmt.Sprintf("× %.2f", x.cost))...)
	}
	return t
}

// row are the cells of a difference, with more of them before the verdict.
func row(d sweep.Difference, more ...any) []any {
	low, high := d.Interval()
	interval := fmt.Sprintf("%+.4f to %+.4f", low, high)
	if d.Change.N < 2 {
		interval = "unknown"
	}
	return append(append([]any{d.Values[0], d.Change.N, decimals(d.Accuracy.Mean), Signed(d.Change.Mean), interval}, more...), d.Verdict())
}

// Figure draws what each idea changed, with its interval.
func (c *Comparison) Figure() *viz.Figure {
	all := make([]sweep.Difference, len(c.tried))
	for i, x := range c.tried {
		all[i] = x.Difference
	}
	return changes("What each idea changes", all, c.caption())
}

// changes draws differences that are known.
func changes(title string, all []sweep.Difference, caption string) *viz.Figure {
	v := viz.Intervals{Title: title, Quantity: "Change of the validation accuracy"}
	for _, d := range all {
		if d.Change.N > 0 {
			low, high := d.Interval()
			v.Add(d.Values[0], d.Change.Mean, low, high)
		}
	}
	return Figure(v, caption)
}

// caption says how the changes were measured, and on what.
func (c *Comparison) caption() string {
	var sources []string
	for _, x := range c.tried {
		if s := x.source(); !slices.Contains(sources, s) {
			sources = append(sources, s)
		}
	}
	return method(len(c.tried)) + " " + strings.Join(sources, " ")
}

// method says how changes were measured.
func method(ideas int) string {
	return fmt.Sprintf("Mean difference to the base over trainings with the same seed, with Student's 95 %% interval, which covers the seeds but not the choice of images. "+
		"Each interval is for itself: among %d ideas without any effect, %.1f would be expected to show one.", ideas, 0.05*float64(ideas))
}

// Base is a run of the base, the one with the first seed.
func (c *Comparison) Base() *cnn.Run {
	s := c.sweep
	s.Variants = s.Variants[:1]
	return LoadRun(filepath.Join(c.lab.Runs, c.lab.Gather(s).Rows[0].Folder))
}
