package lab

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/cnnbook/cnnbook/cifar"
	"github.com/cnnbook/cnnbook/cnn"
	"github.com/cnnbook/cnnbook/cnn/sweep"
	"github.com/cnnbook/cnnbook/kernelext"
	"github.com/cnnbook/cnnbook/viz"
)

// Comparison tries ideas, one change at a time, against the same base with the same seeds and epochs.
type Comparison struct {
	lab   *Lab
	sweep sweep.Sweep // whose first variant is the base
	base  Gathered
	tried []tried
}

// tried is an idea with what it changed.
type tried struct {
	sweep.Difference
	Gathered
	cost float64 // operations of a training step, in those of the base
}

// Comparison begins a comparison: it reads or trains the first variant of a sweep, the base, by [Lab.Gather].
func (l *Lab) Comparison(s sweep.Sweep) *Comparison {
	c := &Comparison{lab: l, sweep: s}
	s.Variants = s.Variants[:1:1]
	c.base = l.Gather(s)
	return c
}

// About says what is compared with what: the accuracy of the base, which trainings they are, and why.
func (c *Comparison) About() kernelext.Markdown {
	why := fmt.Sprintf("The sweep `%s` has been gathered on these data, and is read.", c.sweep.Name)
	if c.base.Small {
		why = fmt.Sprintf("No finished sweep `%s` of these data is in the folder of runs, so that each cell trains a small one.", c.sweep.Name)
	}
	g := sweep.Groups(c.base.Rows)[0]
	return Say("The base reaches a validation accuracy of **%s** (mean of %d seeds with its 95 %% interval). %s %s", g.Accuracy, g.Accuracy.N, why, c.base.source())
}

// Base is a run of the base, the one with the first seed.
func (c *Comparison) Base() *cnn.Run {
	return LoadRun(filepath.Join(c.lab.Runs, c.base.Rows[0].Folder))
}

// Try compares the base with one change, by [Lab.Gather], and says what it does to the validation accuracy: the mean difference
// of trainings with the same seed, its 95 % interval, and a verdict. The gathered sweep is read if it has this variant with the
// same change; a change of one's own is tried in a small one.
func (c *Comparison) Try(name string, change Set) kernelext.Markdown {
	s := c.sweep
	s.Variants = []sweep.Variant{c.sweep.Variants[0], {Name: name, Set: change}}
	g := c.lab.Gather(s)
	t := tried{Difference: sweep.Differences(g.Rows)[1], Gathered: g, cost: cost(g.Rows, c.lab.Train)}
	c.tried = slices.DeleteFunc(c.tried, func(other tried) bool { return other.name() == name }) // the cell was run again
	c.tried = append(c.tried, t)
	note := ""
	if g.Small && c.differs(s.Variants[1]) {
		note = " This is not the change that the sweep `" + c.sweep.Name + "` has under this name."
	}
	if source := g.source(); source != c.base.source() {
		note += " " + source
	}
	return Say("%s%s", t.sentence(), note)
}

// differs reports whether the sweep has another change under a variant's name.
func (c *Comparison) differs(v sweep.Variant) bool {
	i := slices.IndexFunc(c.sweep.Variants, func(other sweep.Variant) bool { return other.Name == v.Name })
	if i < 0 {
		return false
	}
	plan := func(v sweep.Variant) sweep.Training {
		s := c.sweep
		s.Variants = []sweep.Variant{v}
		return must(s.Plan())[0]
	}
	here, there := plan(v), plan(c.sweep.Variants[i])
	return JSON(here.Network()) != JSON(there.Network()) || JSON(here.Config()) != JSON(there.Config())
}

func (t tried) name() string { return t.Difference.Values[0] }

// sentence says what an idea changed.
func (t tried) sentence() string {
	if t.Accuracy.N == 0 {
		return fmt.Sprintf("No training finished, %d diverged: **%s**.", t.Diverged, t.Verdict())
	}
	change, verdict, _ := strings.Cut(t.Difference.String(), ": ")
	return fmt.Sprintf("Validation accuracy %.4f, the base has %.4f. Change over %d pairs of trainings with the same seed: %s. Verdict: **%s**.",
		t.Accuracy.Mean, sweep.Groups(t.Rows)[0].Accuracy.Mean, t.Change.N, change, verdict)
}

// Verdicts counts them.
func (c *Comparison) Verdicts() kernelext.Markdown {
	names := map[string][]string{}
	for _, t := range c.tried {
		names[t.Verdict()] = append(names[t.Verdict()], t.name())
	}
	part := func(verdict, text string) string {
		if len(names[verdict]) == 0 {
			return "none " + text
		}
		return fmt.Sprintf("%d %s (%s)", len(names[verdict]), text, strings.Join(names[verdict], ", "))
	}
	return Say("Of %d ideas, with equal numbers of epochs on these images, %s, %s, and of %s.", len(c.tried),
		part(sweep.Helps, "helped"), part(sweep.Hurts, "hurt"), part(sweep.Unclear, "nothing can be told"))
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
	interval := "unknown"
	if d.Change.N > 1 {
		low, high := d.Interval()
		interval = fmt.Sprintf("%+.4f to %+.4f", low, high)
	}
	return append(append([]any{d.Values[0], d.Change.N, mean(d.Accuracy, decimals), mean(d.Change, Signed), interval}, more...), d.Verdict())
}

// mean writes a mean without its interval, or "–" for that of no training.
func mean(m sweep.Mean, write func(float64) string) string {
	if m.N == 0 {
		return "–"
	}
	return write(m.Mean)
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
		"Each interval is for itself: among %d ideas without any effect, %.2g would be expected to show one.", ideas, 0.05*float64(ideas))
}
