package viz

import (
	"errors"
	"fmt"
	"math"
)

// ErrInput is wrapped by every error about data that cannot be drawn.
var ErrInput = errors.New("viz: input cannot be drawn")

// inputError names the figure and what is wrong with its data.
type inputError struct{ figure, problem string }

func (e *inputError) Error() string { return "viz: " + e.figure + ": " + e.problem }

// Is makes errors.Is(err, ErrInput) true without repeating the sentinel's text.
func (e *inputError) Is(target error) bool { return target == ErrInput }

func inputErrorf(figure, format string, args ...any) error {
	return &inputError{figure: figure, problem: fmt.Sprintf(format, args...)}
}

// largest limits the values: differences of larger ones could overflow while drawing.
const largest = 1e100

// checkFinite refuses an empty slice and one with NaN, an infinity or a value beyond largest.
func checkFinite(figure, name string, values []float64) error {
	if len(values) == 0 {
		return inputErrorf(figure, "%s is empty, expected at least one value", name)
	}
	for i, v := range values {
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return inputErrorf(figure, "%s: element %d is %v, expected a finite number; cut the data before it", name, i, v)
		}
		if math.Abs(v) > largest {
			return inputErrorf(figure, "%s: element %d is %v, expected a magnitude of at most %v; cut the data before it", name, i, v, largest)
		}
	}
	return nil
}

// checkPositive refuses what a logarithmic axis cannot show.
func checkPositive(figure, name string, values []float64) error {
	for i, v := range values {
		if v <= 0 {
			return inputErrorf(figure, "%s: element %d is %v, expected more than 0 on a logarithmic axis", name, i, v)
		}
	}
	return nil
}

// checkLength refuses a slice whose length differs from that of the slice it belongs to.
func checkLength(figure, name string, got int, other string, want int) error {
	if got != want {
		return inputErrorf(figure, "%s has %d elements, expected %d, as many as %s", name, got, want, other)
	}
	return nil
}

// checkUnit refuses values outside 0 … 1, such as percentages where fractions are expected.
func checkUnit(figure, name string, values []float64) error {
	if err := checkFinite(figure, name, values); err != nil {
		return err
	}
	for i, v := range values {
		if v < 0 || v > 1 {
			return inputErrorf(figure, "%s: element %d is %v, expected a value from 0 to 1 (0.52, not 52 %%)", name, i, v)
		}
	}
	return nil
}
