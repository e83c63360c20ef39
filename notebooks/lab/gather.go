package lab

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"slices"

	"github.com/cnnbook/cnnbook/cifar"
	"github.com/cnnbook/cnnbook/cnn"
	"github.com/cnnbook/cnnbook/cnn/sweep"
	"github.com/cnnbook/cnnbook/kernelext"
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
// Trainings of the small one that are finished are not trained again. A sweep with halving is refused: its trainings differ in their epochs.
func (l *Lab) Gather(s sweep.Sweep) Gathered {
	if s.Halving != nil {
		check(fmt.Errorf("%w: the sweep %s has halving, and a cell compares trainings of equal epochs: go run . sweep gather shows it", cnn.ErrConfig, s.Name))
	}
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
	err := t.Train(ctx, l.Runs, l.Train, l.Valid, nil, func(p cnn.Progress) {
		if p.EpochEnd && !l.short() { // which takes hours: say that it goes on
			fmt.Printf("%s: epoch %d of %d, validation accuracy %.4f\n", t.Name, p.Epoch, p.Epochs, p.ValidAccuracy)
		}
	})
	if errors.Is(err, cnn.ErrDiverged) {
		return nil
	}
	return err
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

// Smaller is a sweep that a cell can train on any processor: in float32, with the notebook's images and, but for the budgets hours
// and full, with an eighth of the write-up's filters and units and without dropout, batches of 50, twice as many epochs as the
// budget gives to a comparison of optimizers, and four seeds, beginning with the notebook's.
func (l *Lab) Smaller(s sweep.Sweep) sweep.Sweep {
	s.Name += "-small"
	s.Budget, s.Images = l.Budget.Name, l.Seed
	s.Base = maps.Clone(s.Base)
	if s.Base == nil {
		s.Base = Set{}
	}
	delete(s.Base, "precision") // bfloat16 is refused where it is slower
	if !l.short() {
		return s
	}
	s.Base["batch"], s.Base["epochs"] = smallBatch, 2*l.Budget.Compare
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
const smallBatch, smallSeeds = 50, 4

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

// source says what the figures are from.
func (g Gathered) source() string {
	first := g.Rows[0]
	what := "Read from the gathered sweep"
	if g.Small {
		what = "Small sweep"
	}
	return fmt.Sprintf("%s: the network %s, %d training and %d validation images of %s, %s in batches of %d, budget %s.", what, first.Network().Name,
		first.Record.TrainImages, first.Record.ValidImages, first.Record.Data, epochs(first.Record.Total), first.Config().Batch, g.Sweep.BudgetName())
}

func epochs(n int) string {
	if n == 1 {
		return "1 epoch"
	}
	return fmt.Sprintf("%d epochs", n)
}

// Optimizers is the sweep of docs/sweeps/optimizers.json: the write-up's four optimizers from new weights, each at its default rate.
func Optimizers() sweep.Sweep {
	var names []any
	for _, o := range ComparedOptimizers() {
		names = append(names, o.Kind())
	}
	return sweep.Sweep{
		Name: "optimizers", Budget: kernelext.BudgetSmoke, Seeds: []uint64{1, 2, 3},
		Base: Set{"epochs": 1, "batch": 50, "preprocess": Set{"flip": true}},
		Vary: []sweep.Field{{Field: "optimizer", Values: names}},
	}
}

// Table lists each combination of a sweep with the means over its seeds and their 95 % intervals, and says what they are from.
func (g Gathered) Table() *kernelext.Table {
	t := NewTable("Mean over the seeds ± 95 % interval (Student's t). "+g.source(), "trained with", "seeds", "validation accuracy", "validation loss")
	for _, group := range sweep.Groups(g.Rows) {
		t.Add(g.Sweep.Label(group), group.Accuracy.N, group.Accuracy.String(), group.Loss.String())
	}
	return t
}
