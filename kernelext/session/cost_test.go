package session

import (
	"fmt"
	"runtime"
	"testing"
)

// TestCostOfManyCells: the 300th cell takes about as much work as the fifth. Work is counted in allocations, which a busy machine
// does not change; `go run . bench --cells` measures the time.
func TestCostOfManyCells(t *testing.T) {
	nb := newNotebook(t)
	var first, last uint64
	for i := range 300 {
		source := fmt.Sprintf("type t%d struct{ n int }\nfunc (t t%d) String() string { return fmt.Sprint(t.n) }\nv%d := t%d{%d}\nfmt.Println(v%d)", i, i, i, i, i, i)
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		nb.want(source, fmt.Sprint(i))
		runtime.ReadMemStats(&after)
		switch n := after.Mallocs - before.Mallocs; {
		case i >= 5 && i < 25:
			first += n / 20
		case i >= 280:
			last += n / 20
		}
	}
	t.Logf("cells 6 to 25: %d allocations each; cells 281 to 300: %d each", first, last)
	if last > first+first/2 {
		t.Errorf("cells take more work: %d allocations, then %d", first, last)
	}
}
