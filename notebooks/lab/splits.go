package lab

import (
	"fmt"
	"slices"

	"github.com/cnnbook/cnnbook/cifar"
	"github.com/cnnbook/cnnbook/cnn"
	"github.com/cnnbook/cnnbook/kernelext"
)

// Parts are the two sides of a split.
type Parts struct {
	Name         string // how the images were chosen
	Train, Valid *cifar.Dataset
}

// Cut divides images by one of the ways of [cifar.Dataset] to split, or ends the cell:
//
//	lab.Cut("disjoint", images.Split, 0.8, seed)
func Cut(name string, by func(fraction float64, seed uint64) (train, valid *cifar.Dataset, err error), fraction float64, seed uint64) Parts {
	train, valid, err := by(fraction, seed)
	check(err)
	return Parts{name, train, valid}
}

// ClassTable counts the images of each class in one or several datasets. Its caption says how good a network looks that
// always names the most frequent class of the first.
func ClassTable(sets ...*cifar.Dataset) *kernelext.Table {
	columns := []string{"class"}
	for _, d := range sets {
		columns = append(columns, d.Name, "share")
	}
	first := sets[0].Stats()
	t := NewTable(fmt.Sprintf("Always naming the most frequent class is right for %s of the %d images of %s",
		share(slices.Max(first.PerClass), first.Images), first.Images, first.Name), columns...)
	for class, name := range first.Classes {
		row := []any{name}
		for _, d := range sets {
			s := d.Stats()
			row = append(row, s.PerClass[class], share(s.PerClass[class], s.Images))
		}
		t.Add(row...)
	}
	return t
}

// ClassShares gives the smallest and the largest share of a class in d: "9.20 % to 10.80 %".
func ClassShares(d *cifar.Dataset) string {
	s := d.Stats()
	return share(slices.Min(s.PerClass), s.Images) + " to " + share(slices.Max(s.PerClass), s.Images)
}

// share writes part of whole as a percentage.
func share(part, whole int) string { return Percent(float64(part) / float64(max(1, whole))) }

// Trials are what many splits with replacement did to n images each, a value for each split.
type Trials struct {
	Shared   []float64 // the fraction of the validation images that are training images too
	Lost     []float64 // the fraction of the images that are on neither side
	Distinct []float64 // the number of different training images
}

// LeakTrials splits n blank images with replacement, four fifths to one, with the seeds 0 to splits-1.
func LeakTrials(n, splits int) Trials {
	blank := &cifar.Dataset{
		Name: "blank", Names: []string{"blank"}, Labels: make([]uint8, n),
		Images: make([]byte, n*cifar.PixelBytes),
	}
	var t Trials
	for seed := range uint64(splits) {
		p := Cut("with replacement", blank.SplitWithReplacement, 0.8, seed)
		leak := cifar.CountLeak(p.Train, p.Valid)
		t.Shared = append(t.Shared, leak.Fraction())
		t.Lost = append(t.Lost, leak.LostFraction())
		t.Distinct = append(t.Distinct, float64(p.Train.Distinct()))
	}
	return t
}

// MeanAndRange writes the mean of fractions, and the smallest and the largest: "55.08 % (53.30 to 56.90)".
func MeanAndRange(fractions []float64) string {
	s := cnn.NewSpread(fractions)
	return fmt.Sprintf("%.2f %% (%.2f to %.2f)", 100*s.Mean, 100*s.Low, 100*s.High)
}

// Few returns images that are few enough to be memorised, and how many times to go through them for that.
func (l *Lab) Few() (images *cifar.Dataset, passes int) {
	if l.Budget.Name == kernelext.BudgetSmoke {
		return l.Images.Head(1000), l.Budget.Quick
	}
	return l.Images.Head(2500), max(l.Budget.Quick, 30)
}

// Seen divides the result for the validation images of a split: the images that are training images too, and the others. It
// ends the cell if there are none of either.
func (p Parts) Seen(valid *cnn.Result) (seen, unseen *cnn.Result) {
	in, out := cifar.Seen(p.Train, p.Valid)
	return must(valid.Subset(in)), must(valid.Subset(out))
}
