package lab

import (
	"fmt"

	"github.com/cnnbook/cnnbook/cnn"
	"github.com/cnnbook/cnnbook/kernelext"
)

// ScoreColumns are the columns that [Scores] fills.
func ScoreColumns(first ...string) []string {
	return append(first, "images", "accuracy", "95 % interval", "loss")
}

// Scores gives the values of a row of a table: labels, and then what [ScoreColumns] names.
func Scores(r *cnn.Result, labels ...any) []any {
	return append(labels, len(r.Actual), decimals(r.Accuracy), fromTo(r.Interval()), decimals(r.Loss))
}

// decimals keeps four of them, zeros too, so that the rows of a column can be compared.
func decimals(v float64) string { return fmt.Sprintf("%.4f", v) }

// fromTo writes an interval.
func fromTo(low, high float64) string { return decimals(low) + " to " + decimals(high) }

// TwoWays compares the results of one network for the same images, evaluated in two ways: their scores and, in the caption,
// how many predictions differ.
func TwoWays(firstName string, first *cnn.Result, secondName string, second *cnn.Result) *kernelext.Table {
	changed, n := len(first.Changed(second)), len(first.Predicted)
	t := NewTable(fmt.Sprintf("%d of %d predictions differ (%s)", changed, n, share(changed, n)), ScoreColumns("")...).From(first.Receipt(), second.Receipt())
	t.Add(Scores(first, firstName)...)
	t.Add(Scores(second, secondName)...)
	return t
}

// Some is the result for some of the images: [cnn.Result.Subset]. It ends the cell on an error.
func Some(r *cnn.Result, indices ...int) *cnn.Result { return must(r.Subset(indices)) }
