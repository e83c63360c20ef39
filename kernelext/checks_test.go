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
	// ─────────  ─────  ────────────────────
	// double(2)      4  ✓ right
	// double(3)      5  ✗ not yet: too small
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

// A check says in which way a result is wrong, and never what is right.
func TestChecksSayWhy(t *testing.T) {
	for _, test := range []struct {
		name  string
		check func(c *Checks)
		want  string
	}{
		{"small", func(c *Checks) { c.Equal("x", 3, 7777) }, "too small"},
		{"large", func(c *Checks) { c.Near("x", 9, 7777e-3, 0.1) }, "too large"},
		{"sign", func(c *Checks) { c.Near("x", -7777, 7777, 0.1) }, "the sign is wrong"},
		{"NaN", func(c *Checks) { c.Near("x", math.NaN(), 7777, 0.1) }, "not a number"},
		{"type", func(c *Checks) { c.Equal("x", 7777.0, 7777) }, "of type float64, expected int"},
		{"short", func(c *Checks) { c.Equal("x", []int{1}, []int{1, 7777}) }, "too short"},
		{"long", func(c *Checks) { c.Equal("x", "7777 and more", "7777") }, "too long"},
		{"element", func(c *Checks) { c.Equal("x", []int{1, 3}, []int{1, 7777}) }, "the first difference is at index 1"},
		{"nil", func(c *Checks) { c.Equal("x", nil, 7777) }, "✗ not yet"},
		{"mistake", func(c *Checks) { c.Near("x", 5.0000001, 7777, 0.1); c.Mistake(5, "the sum of the sides") }, "✗ not yet: the sum of the sides"},
		{"other mistake", func(c *Checks) { c.Equal("x", 6, 7777); c.Mistake(5, "the sum") }, "too small"},
		{"a mistake's words", func(c *Checks) { c.Equal("x", "a", "b"); c.Mistake("a", "the first\nletter") }, "the first letter"},
	} {
		c := &Checks{}
		test.check(c)
		if verdict := c.rows[0][2]; !strings.HasSuffix(verdict, test.want) || strings.Contains(verdict, "7777") || c.wrong != 1 {
			t.Errorf("%s: %q, want %q", test.name, verdict, test.want)
		}
	}
	c := &Checks{}
	c.Equal("x", 5, 5)
	c.Mistake(5, "no mistake")
	if c.wrong != 0 || c.rows[0][2] != "✓ right" {
		t.Errorf("a right result is called a mistake: %v", c.rows)
	}
}
