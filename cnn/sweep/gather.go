package sweep

import (
	"cmp"
	"encoding/csv"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/cnnbook/cnnbook/cnn"
	"github.com/cnnbook/cnnbook/internal/number"
	"github.com/cnnbook/cnnbook/internal/stats"
)

// Group is a combination of values, with the validation figures of its finished trainings over the seeds.
type Group struct {
	Values   []string // of the fields that vary
	Rung     int      // from 0
	Seeds    int      // trainings
	Diverged int
	Accuracy Mean // validation accuracy of the epoch with whose weights each run answers
	Loss     Mean // validation loss, nats
}

// Mean is a mean over seeds with its 95 % interval.
type Mean struct {
	cnn.Spread
	// Half is half the interval's width by Student's distribution: t(N−1)·Deviation/√N. It covers the choice of seeds (weights,
	// order, flips, dropout), not that of images. 0 for fewer than two figures, of which nothing is known.
	Half float64
}

// NewMean returns the mean of figures.
func NewMean(figures []float64) Mean {
	s := cnn.NewSpread(figures)
	return Mean{s, stats.StudentHalf(s.Deviation, s.N)}
}

// String is "0.4370 ± 0.0031", the mean alone where there is only one figure, or "–".
func (m Mean) String() string {
	switch m.N {
	case 0:
		return "–"
	case 1:
		return fmt.Sprintf("%.4f", m.Mean)
	}
	return fmt.Sprintf("%.4f ± %.4f", m.Mean, m.Half)
}

// Groups puts together the rows that differ only by their seed, in their order.
func Groups(rows []Row) (out []Group) {
	for _, combination := range combined(rows) {
		g := Group{Values: combination[0].Values, Rung: combination[0].Rung, Seeds: len(combination)}
		var accuracy, loss []float64
		for _, r := range combination {
			switch r.State {
			case Diverged:
				g.Diverged++
			case Finished:
				accuracy = append(accuracy, r.Final().ValidAccuracy)
				loss = append(loss, r.Final().ValidLoss)
			}
		}
		g.Accuracy, g.Loss = NewMean(accuracy), NewMean(loss)
		out = append(out, g)
	}
	return out
}

// Label names a group in a figure: its values, with its epochs in a sweep with [Halving], or the sweep's name if nothing varies.
func (s Sweep) Label(g Group) string {
	var parts []string
	for i, field := range s.fieldNames() {
		v := g.Values[i]
		if needsField(v) {
			v = field + " " + v
		}
		parts = append(parts, v)
	}
	if s.Halving != nil {
		parts = append(parts, number.Counted(s.Halving.Epochs[g.Rung], "epoch"))
	}
	if len(parts) == 0 {
		return s.Name
	}
	return strings.Join(parts, ", ")
}

// fieldNames are the columns of the fields that vary.
func (s Sweep) fieldNames() (names []string) {
	for _, f := range s.axes() {
		names = append(names, f.Field)
	}
	return names
}

// WriteCSV writes a line for each training, which in a sweep with [Halving] says its rung, from 1. A column without a value is empty,
// such as the figures of one that has not begun.
func (s Sweep) WriteCSV(w io.Writer, rows []Row) error {
	c := csv.NewWriter(w)
	header := []string{"index", "name", "seed"}
	if s.Halving != nil {
		header = append(header, "rung")
	}
	header = append(header, s.fieldNames()...)
	header = append(header, "state", "epochs", "of", "epoch", "loss", "accuracy", "valid_loss", "valid_accuracy", "seconds",
		"data", "train_images", "valid_images", "budget", "precision", "backend", "processor", "threads", "run")
	if err := c.Write(header); err != nil {
		return err
	}
	for _, r := range rows {
		line := []string{strconv.Itoa(r.Index), r.Name, strconv.FormatUint(r.Seed, 10)}
		if s.Halving != nil {
			line = append(line, strconv.Itoa(r.Rung+1))
		}
		line = append(line, r.Values...)
		if err := c.Write(append(line, r.figures(s.BudgetName())...)); err != nil {
			return err
		}
	}
	c.Flush()
	return c.Error()
}

// figures are the columns after the fields.
func (r Row) figures(budget string) []string {
	rec, known := r.Record, r.State != Waiting && r.State != Damaged
	exact := func(v float64) string { return strconv.FormatFloat(v, 'g', -1, 64) }
	out := []string{string(r.State)}
	add := func(has bool, values ...string) {
		for _, v := range values {
			if !has {
				v = ""
			}
			out = append(out, v)
		}
	}
	e := r.Final()
	add(known, strconv.Itoa(rec.Epochs), strconv.Itoa(rec.Total))
	add(e.Epoch > 0, strconv.Itoa(e.Epoch), exact(e.Loss), exact(e.Accuracy), exact(e.ValidLoss), exact(e.ValidAccuracy))
	add(known, exact(rec.Seconds), rec.Data, strconv.Itoa(rec.TrainImages), strconv.Itoa(rec.ValidImages), budget,
		cmp.Or(string(r.Config().Precision), "float32"), rec.Backend, rec.Processor)
	add(rec.Threads > 0, strconv.Itoa(rec.Threads))
	return append(out, r.Folder)
}

// WriteEpochs writes a CSV with a line for each finished epoch of each training: its curve. In a sweep with [Halving] they are those of
// [Standings]: what a training goes on from is the beginning of its own curve.
func (s Sweep) WriteEpochs(w io.Writer, rows []Row) error {
	if s.Halving != nil {
		rows = Standings(rows)
	}
	c := csv.NewWriter(w)
	header := append([]string{"index", "seed"}, s.fieldNames()...)
	if err := c.Write(append(header, "epoch", "loss", "accuracy", "valid_loss", "valid_accuracy")); err != nil {
		return err
	}
	exact := func(v float64) string { return strconv.FormatFloat(v, 'g', -1, 64) }
	for _, r := range rows {
		for _, e := range r.Record.History.Epochs {
			line := append([]string{strconv.Itoa(r.Index), strconv.FormatUint(r.Seed, 10)}, r.Values...)
			line = append(line, strconv.Itoa(e.Epoch), exact(e.Loss), exact(e.Accuracy), exact(e.ValidLoss), exact(e.ValidAccuracy))
			if err := c.Write(line); err != nil {
				return err
			}
		}
	}
	c.Flush()
	return c.Error()
}

// WriteMarkdown writes a table with a line for each group: mean and 95 % interval over the seeds. In a sweep with [Halving] the groups are
// those of [Standings].
func (s Sweep) WriteMarkdown(w io.Writer, rows []Row) error {
	var b strings.Builder
	columns := s.fieldNames()
	shown := rows
	if s.Halving != nil {
		columns, shown = append(columns, "rung", "epochs"), Standings(rows)
	}
	columns = append(columns, "trainings", "validation accuracy", "validation loss")
	if s.Compares() {
		columns = append(columns, "change, paired by seed")
	}
	fmt.Fprintf(&b, "| %s |\n|%s\n", strings.Join(columns, " | "), strings.Repeat("---|", len(columns)))
	changes := s.changes(rows)
	for i, g := range Groups(shown) {
		var cells []string
		for _, v := range g.Values {
			cells = append(cells, strings.ReplaceAll(v, "|", `\|`))
		}
		if s.Halving != nil {
			cells = append(cells, strconv.Itoa(g.Rung+1), strconv.Itoa(s.Halving.Epochs[g.Rung]))
		}
		cells = append(cells, g.trainings(), g.Accuracy.String(), g.Loss.String())
		if s.Compares() {
			cells = append(cells, changes[i])
		}
		fmt.Fprintf(&b, "| %s |\n", strings.Join(cells, " | "))
	}
	fmt.Fprintf(&b, "\n%s\n", s.Caption(rows))
	_, err := io.WriteString(w, b.String())
	return err
}

// Compares says whether the sweep's combinations are compared with the first one: it has variants, all of them with equal epochs.
func (s Sweep) Compares() bool { return len(s.Variants) > 1 && s.Halving == nil }

// changes are the cells of a table that say what each combination changes: nothing for the first one.
func (s Sweep) changes(rows []Row) (cells []string) {
	if !s.Compares() {
		return nil
	}
	for i, d := range Differences(rows) {
		cells = append(cells, d.String())
		if i == 0 {
			cells[0] = ""
		}
	}
	return cells
}

func (g Group) trainings() string {
	s := strconv.Itoa(g.Seeds)
	if g.Accuracy.N < g.Seeds {
		s = fmt.Sprintf("%d of %d", g.Accuracy.N, g.Seeds)
	}
	if g.Diverged > 0 {
		s += fmt.Sprintf(", %d diverged", g.Diverged)
	}
	return s
}

// Caption says what the figures of a sweep are from: images, budget, seeds, backends and processors.
func (s Sweep) Caption(rows []Row) string {
	var data, machines []string
	add := func(list *[]string, v string) {
		for _, known := range *list {
			if v == known {
				return
			}
		}
		if v != "" {
			*list = append(*list, v)
		}
	}
	trained, images := 0, 0
	for _, r := range rows {
		if r.State != Finished {
			continue
		}
		add(&data, r.Record.Data)
		add(&machines, strings.Trim(fmt.Sprintf("%s on %s, %s", r.Record.Backend, r.Record.Processor, threadCount(r.Record.Threads)), ", "))
		trained, images = r.Record.TrainImages, r.Record.ValidImages
	}
	text := fmt.Sprintf("Sweep %s: %d of %d trainings finished", s.Name, Count(rows, Finished), len(rows))
	if n := Count(rows, Diverged); n > 0 {
		text += fmt.Sprintf(", %d diverged", n)
	}
	if len(data) == 0 {
		return text + "."
	}
	text += "; mean ± 95 % interval over the seeds (Student's t)" + s.halvingCaption(rows)
	if s.Compares() {
		text += fmt.Sprintf("; the change is the mean difference to %q with the same seed, with its own interval", s.Variants[0].Name)
	}
	return text + fmt.Sprintf("; trained on %d and validated on %d images of %s, budget %s; %s.",
		trained, images, strings.Join(data, " and "), s.BudgetName(), strings.Join(machines, "; "))
}

func threadCount(n int) string {
	if n == 0 {
		return ""
	}
	return number.Counted(n, "thread")
}

// Best sorts groups, all of the same epochs, by their mean validation accuracy, the highest first, and returns at most so many of them. Groups without a
// finished training are left out.
func Best(groups []Group, most int) []Group {
	groups = slices.DeleteFunc(slices.Clone(groups), func(g Group) bool { return g.Accuracy.N == 0 })
	slices.SortStableFunc(groups, func(a, b Group) int { return cmp.Compare(b.Accuracy.Mean, a.Accuracy.Mean) })
	return groups[:min(most, len(groups))]
}
