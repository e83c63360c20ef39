package kernelext

import (
	"errors"
	"fmt"
	"math"
	"reflect"

	"github.com/cnnbook/cnnbook/internal/number"
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
//		c.Mistake(5, "that is the sum of the sides")
//		c.Near("area(0.1, 0.1)", area(0.1, 0.1), 0.01, 1e-9)
//		return c.Report()
//	})
//
// It shows the results of the learner's code, whether they are right, and in which way one is wrong, never the answer. The
// zero value is ready for use.
type Checks struct {
	Exercise string // its name

	rows  [][]string
	last  any  // what the last check got
	right bool // whether it was right
	wrong int
}

// Equal checks that got equals the wanted value, by reflect.DeepEqual. what names the expression.
func (c *Checks) Equal(what string, got, want any) {
	c.add(what, got, got, reflect.DeepEqual(got, want), whyNotEqual(got, want))
}

// Near checks that got differs from want by no more than within. NaN is never right.
func (c *Checks) Near(what string, got, want, within float64) {
	why := compared(got, want)
	if math.IsNaN(got) {
		why = "not a number"
	}
	c.add(what, fmt.Sprintf("%.6g", got), got, math.Abs(got-want) <= within, why)
}

// True checks that a condition holds.
func (c *Checks) True(what string, holds bool) { c.add(what, holds, holds, holds, "") }

// Mistake says why the last check failed if its result is that of a mistake that learners make: wrong is what they get then.
// Numbers may differ from it by a millionth of their size.
func (c *Checks) Mistake(wrong any, why string) {
	if len(c.rows) == 0 || c.right || !alike(c.last, wrong) {
		return
	}
	c.rows[len(c.rows)-1][2] = notYet + ": " + text.CleanLine(why)
}

const notYet = "✗ not yet"

func (c *Checks) add(what string, shown, got any, right bool, why string) {
	verdict := "✓ right"
	if !right {
		verdict = notYet
		if why != "" {
			verdict += ": " + why
		}
		c.wrong++
	}
	c.last, c.right = got, right
	c.rows = append(c.rows, []string{what, text.Shorten(text.CleanLine(fmt.Sprint(shown)), 80), verdict})
}

// whyNotEqual describes in which way a value is not the wanted one, without giving that away.
func whyNotEqual(got, want any) string {
	g, w := reflect.ValueOf(got), reflect.ValueOf(want)
	switch {
	case !g.IsValid() || !w.IsValid():
		return ""
	case g.Type() != w.Type():
		return fmt.Sprintf("of type %s, expected %s", g.Type(), w.Type())
	case g.CanInt() || g.CanUint() || g.CanFloat():
		x, _ := toFloat(got)
		y, _ := toFloat(want)
		return compared(x, y)
	case g.Kind() != reflect.Slice && g.Kind() != reflect.Array && g.Kind() != reflect.Map && g.Kind() != reflect.String:
		return ""
	case g.Len() < w.Len():
		return "too short"
	case g.Len() > w.Len():
		return "too long"
	case g.Kind() == reflect.Slice || g.Kind() == reflect.Array:
		for i := range g.Len() {
			if !reflect.DeepEqual(g.Index(i).Interface(), w.Index(i).Interface()) {
				return fmt.Sprintf("the first difference is at index %d", i)
			}
		}
	}
	return ""
}

// compared says on which side of the wanted number one is.
func compared(got, want float64) string {
	switch {
	case got != 0 && got == -want:
		return "the sign is wrong"
	case got < want:
		return "too small"
	case got > want:
		return "too large"
	}
	return ""
}

// alike reports whether two values are equal, or numbers that are nearly so.
func alike(got, wrong any) bool {
	x, isX := toFloat(got)
	y, isY := toFloat(wrong)
	if isX && isY {
		return math.Abs(x-y) <= 1e-6*math.Abs(y)
	}
	return reflect.DeepEqual(got, wrong)
}

func toFloat(v any) (float64, bool) {
	switch r := reflect.ValueOf(v); {
	case !r.IsValid():
		return 0, false
	case r.CanInt():
		return float64(r.Int()), true
	case r.CanUint():
		return float64(r.Uint()), true
	case r.CanFloat():
		return r.Float(), true
	}
	return 0, false
}

// Report shows the checks. Its error wraps ErrUnsolved when one of them failed or there were none.
func (c *Checks) Report() error {
	if len(c.rows) == 0 {
		return fmt.Errorf("exercise %q: %w: nothing was checked", text.CleanLine(c.Exercise), ErrUnsolved)
	}
	table := Table{
		Header: []string{"check", "yours", ""}, Rows: c.rows,
		Caption: fmt.Sprintf("Exercise: %s. %d of %s right.", c.Exercise, len(c.rows)-c.wrong, number.Counted(len(c.rows), "check")),
	}
	if err := Display(table); err != nil {
		return err
	}
	if c.wrong > 0 {
		return fmt.Errorf("exercise %q: %w: %d of %s right; the hint above may help", text.CleanLine(c.Exercise), ErrUnsolved, len(c.rows)-c.wrong, number.Counted(len(c.rows), "check"))
	}
	return nil
}
