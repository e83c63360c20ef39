package kernelext

import (
	"errors"
	"fmt"
	"math"
	"reflect"

	"github.com/cnnbook/cnnbook/kernelext/internal/text"
)

// ErrUnsolved is wrapped by the error of an exercise that is not solved yet.
var ErrUnsolved = errors.New("not solved yet")

// Checks shows a learner which parts of an exercise are solved:
//
//	%%
//	kernelext.Cell(func(ctx context.Context) error {
//		c := kernelext.Checks{Exercise: "Area"}
//		c.Equal("area(2, 3)", area(2, 3), 6)
//		c.Near("area(0.1, 0.1)", area(0.1, 0.1), 0.01, 1e-9)
//		return c.Report()
//	})
//
// It shows the results of the learner's code and whether they are right, never the answer. The zero value is ready for use.
type Checks struct {
	Exercise string // its name

	rows  [][]string
	wrong int
}

// Equal checks that got equals the wanted value, by reflect.DeepEqual. what names the expression.
func (c *Checks) Equal(what string, got, want any) {
	c.add(what, got, reflect.DeepEqual(got, want))
}

// Near checks that got differs from want by no more than within. NaN is never right.
func (c *Checks) Near(what string, got, want, within float64) {
	c.add(what, fmt.Sprintf("%.6g", got), math.Abs(got-want) <= within)
}

// True checks that a condition holds.
func (c *Checks) True(what string, holds bool) { c.add(what, holds, holds) }

func (c *Checks) add(what string, got any, right bool) {
	verdict := "✓ right"
	if !right {
		verdict = "✗ not yet"
		c.wrong++
	}
	c.rows = append(c.rows, []string{what, text.Shorten(text.CleanLine(fmt.Sprint(got)), 80), verdict})
}

// Report shows the checks. Its error wraps ErrUnsolved when one of them failed or there were none.
func (c *Checks) Report() error {
	if len(c.rows) == 0 {
		return fmt.Errorf("exercise %q: %w: nothing was checked", text.CleanLine(c.Exercise), ErrUnsolved)
	}
	table := Table{
		Header: []string{"check", "yours", ""}, Rows: c.rows,
		Caption: fmt.Sprintf("Exercise: %s. %d of %s right.", c.Exercise, len(c.rows)-c.wrong, text.Counted(len(c.rows), "check")),
	}
	if err := Display(table); err != nil {
		return err
	}
	if c.wrong > 0 {
		return fmt.Errorf("exercise %q: %w: %d of %s right; the hint above may help", text.CleanLine(c.Exercise), ErrUnsolved, len(c.rows)-c.wrong, text.Counted(len(c.rows), "check"))
	}
	return nil
}
