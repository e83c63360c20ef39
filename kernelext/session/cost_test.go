package session

import (
	"fmt"
	"testing"
	"time"
)

// TestCostOfManyCells: the 300th cell costs what the fifth did, and none much.
func TestCostOfManyCells(t *testing.T) {
	nb := newNotebook(t)
	var first, last time.Duration
	for i := range 300 {
		source := fmt.Sprintf("type t%d struct{ n int }\nfunc (t t%d) String() string { return fmt.Sprint(t.n) }\nv%d := t%d{%d}\nfmt.Println(v%d)", i, i, i, i, i, i)
		begin := time.Now()
		nb.want(source, fmt.Sprint(i))
		switch d := time.Since(begin); {
		case i >= 5 && i < 25:
			first += d / 20
		case i >= 280:
			last += d / 20
		}
	}
	t.Logf("cells 6 to 25: %v each; cells 281 to 300: %v each", first, last)
	if last > first+25*time.Millisecond {
		t.Errorf("cells get slower: %v, then %v", first, last)
	}
}
