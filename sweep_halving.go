package main

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/cnnbook/cnnbook/cnn/sweep"
	"github.com/cnnbook/cnnbook/internal/number"
)

// planHalving lists the trainings of all rungs that are decided, and says of the others what is known.
func planHalving(places sweepPlaces, file string, stdout io.Writer) error {
	o, err := places.open(file)
	if err != nil {
		return err
	}
	rows, err := o.read()
	if err != nil {
		return err
	}
	w := tabwriter.NewWriter(stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "INDEX\tRUNG\tEPOCHS\tNAME\tDIFFERS")
	for _, r := range rows {
		fmt.Fprintf(w, "%d\t%d\t%d\t%s\t%s\n", r.Index, r.Rung+1, o.Halving.Epochs[r.Rung], r.Name, o.Describe(r.Training))
	}
	if err := w.Flush(); err != nil {
		return err
	}
	lines := append(o.rungLines(rows), o.cost())
	_, err = fmt.Fprintln(stdout, "\n"+strings.Join(lines, "\n"))
	return err
}

// rungLines says how far each rung is, and which combination has won; nothing for a sweep without halving.
func (o opened) rungLines(rows []sweep.Row) (lines []string) {
	if o.Halving == nil {
		return nil
	}
	rungs := o.Rungs()
	byRung := make([][]sweep.Row, len(rungs))
	for _, r := range rows {
		byRung[r.Rung] = append(byRung[r.Rung], r)
	}
	for i, rung := range rungs {
		line := fmt.Sprintf("Rung %d, up to epoch %d: ", i+1, rung.Epochs)
		switch trained := byRung[i]; {
		case len(trained) > 0:
			line += sweepSummary(trained)
		case o.waiting(rows) == nil:
			line += "none, as all combinations diverged."
		default:
			line += fmt.Sprintf("%s, %s, of the best %d of %d combinations: known once rung %d has ended.", number.Counted(rung.Trainings, "training"), indices(rung), rung.Combinations, rungs[i-1].Combinations, i)
		}
		lines = append(lines, line)
	}
	if winner := o.Winner(rows); winner != nil {
		g := sweep.Groups(winner)[0]
		lines = append(lines, fmt.Sprintf("The winner is %s: validation accuracy %s.", o.Label(g), g.Accuracy))
	}
	return lines
}

// indices are those of a rung's trainings.
func indices(r sweep.Rung) string {
	if r.Trainings == 1 {
		return fmt.Sprintf("index %d", r.First)
	}
	return fmt.Sprintf("indices %d to %d", r.First, r.First+r.Trainings-1)
}

// cost says how many epochs all rungs train.
func (o opened) cost() string {
	anew := 0
	for _, t := range o.trainings {
		if t.Config().SpansTraining() {
			anew++
		}
	}
	rungs := o.Rungs()
	last := rungs[len(rungs)-1].Epochs
	goingOn, repeated, before := 0, 0, 0
	for _, r := range rungs {
		goingOn += r.Trainings * (r.Epochs - before)
		repeated += r.Trainings * r.Epochs
		before = r.Epochs
	}
	without := fmt.Sprintf("all combinations for %d epochs would be %d", last, len(o.trainings)*last)
	switch anew {
	case 0:
		return fmt.Sprintf("A rung goes on from the one before: %d epochs of training in all; %s.", goingOn, without)
	case len(o.trainings):
		return fmt.Sprintf("The schedule spans the training, so that each rung trains anew: %d epochs of training in all; %s.", repeated, without)
	}
	return fmt.Sprintf("A rung goes on from the one before, but trains anew where the schedule spans the training, as in %d of the %s: %d to %d epochs of training in all; %s.",
		anew, number.Counted(len(o.trainings), "training"), goingOn, repeated, without)
}

// at is the training with an index. If there is nothing to train, it says why.
func (o opened) at(index int) (t sweep.Training, why string, err error) {
	rungs := o.Rungs()
	last := rungs[len(rungs)-1]
	if index < 0 || index >= last.First+last.Trainings {
		return t, "", fmt.Errorf("sweep run: --index %d: the sweep has the trainings 0 to %d", index, last.First+last.Trainings-1)
	}
	if index < len(o.trainings) {
		return o.trainings[index], "", nil
	}
	rows, err := o.read()
	if err != nil {
		return t, "", err
	}
	for _, r := range rows {
		if r.Index == index {
			return r.Training, "", nil
		}
	}
	if err := o.waiting(rows); err != nil && index >= rungs[rows[len(rows)-1].Rung+1].First {
		return t, "", fmt.Errorf("sweep run: --index %d: %w", index, err)
	}
	return t, fmt.Sprintf("training %d is not needed: too many diverged before its rung", index), nil
}

// waiting is the error that a rung has not ended and the next one is not decided; nil if all have ended.
func (o opened) waiting(rows []sweep.Row) error {
	last := rows[len(rows)-1].Rung
	if o.Halving == nil || last+1 == len(o.Halving.Epochs) {
		return nil
	}
	left := 0
	for _, r := range rows {
		if !r.Ended() {
			left++
		}
	}
	if left == 0 {
		return nil
	}
	return fmt.Errorf("rung %d is decided once rung %d has ended, of which %s: sweep status says which, sweep run trains them",
		last+2, last+1, isLeft(left))
}

func isLeft(n int) string {
	if n == 1 {
		return "1 training is left"
	}
	return fmt.Sprintf("%d trainings are left", n)
}
