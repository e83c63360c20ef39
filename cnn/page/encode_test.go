package page

import "testing"

// A difference is never stated smaller than it is.
func TestWithin(t *testing.T) {
	for v, want := range map[float64]string{0: "0", 4.31e-05: "0.000044", 0.0123: "0.013", 0.5: "0.50", 0.1: "0.10", 1: "1.0", 0.00999: "0.0100", 0.00991: "0.0100"} {
		if got := (&Page{Largest: v}).Within(); got != want {
			t.Errorf("%g is written %s, want %s", v, got, want)
		}
	}
}
