package number

import (
	"math"
	"testing"
)

func TestShort(t *testing.T) {
	for v, want := range map[float64]string{
		0: "0", 1: "1", -1: "-1", 0.5: "0.5", 2.333: "2.33", 0.004321: "0.00432", 0.0001: "0.0001", 0.00042: "0.00042",
		99.96: "100", 123.4: "123", 24000: "24000", 9_999_999: "9999999",
		8e-9: "8 × 10⁻⁹", 1e-5: "10⁻⁵", -1e-5: "-10⁻⁵", 4.321e-6: "4.32 × 10⁻⁶", 5e7: "5 × 10⁷", 2e12: "2 × 10¹²", 1e-10: "10⁻¹⁰",
		math.Inf(1): "+Inf",
	} {
		if got := Short(v); got != want {
			t.Errorf("Short(%g) = %q, want %q", v, got, want)
		}
	}
	if got := Short(math.NaN()); got != "NaN" {
		t.Errorf("NaN is %q", got)
	}
}
