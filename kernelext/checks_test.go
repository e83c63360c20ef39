package kernelext

import (
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"
)

func ExampleChecks() {
	c := Checks{Exercise: "Doubling"}
	double := func(n int) int { return n + 2 } // the learner's
	c.Equal("double(2)", double(2), 4)
	c.Equal("double(3)", double(3), 6)
	fmt.Println(c.Report())
	// Output:
	// check      yours
	// ─────────  ─────  ─────────
	// double(2)      4  ✓ right
	// double(3)      5  ✗ not yet
	// Exercise: Doubling. 1 of 2 checks right.
	// exercise "Doubling": not solved yet: 1 of 2 checks right; the hint above may help
}

func TestChecks(t *testing.T) {
	var none Checks
	if err := none.Report(); !errors.Is(err, ErrUnsolved) {
		t.Errorf("without a check: %v", err)
	}
	c := Checks{Exercise: "All kinds"}
	c.Near("near", 1.0001, 1, 0.001)
	c.True("true", true)
	c.Equal("slices", []int{1}, []int{1})
	if c.wrong != 0 {
		t.Errorf("%v, want all right", c.rows)
	}
	c.Near("NaN", math.NaN(), 1, math.Inf(1))
	c.Equal("type", 1, 1.0)
	c.True("hostile", "<b>\n" == "")
	if err := c.Report(); !errors.Is(err, ErrUnsolved) || c.wrong != 3 || strings.Contains(err.Error(), "\n") {
		t.Errorf("%d wrong, %v; want 3", c.wrong, err)
	}
}
