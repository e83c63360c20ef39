package stats

import (
	"math"
	"testing"
)

// The quantiles are those of scipy 1: scipy.stats.t.ppf(0.975, n).
func TestStudentQuantile(t *testing.T) {
	for nu, want := range map[int]float64{
		1: 12.706204736174694, 2: 4.302652729749462, 3: 3.1824463052837078, 4: 2.7764451051977934, 9: 2.262157162798205,
		30: 2.0422724563012378, 999: 1.9623414611334493,
	} {
		if got := studentQuantile(0.95, nu); math.Abs(got/want-1) > 1e-9 {
			t.Errorf("%d degrees of freedom: %.12f, scipy has %.12f", nu, got, want)
		}
	}
	if got := StudentHalf(0.5, 4); math.Abs(got-3.1824463052837078*0.25) > 1e-9 {
		t.Errorf("half the interval of four figures: %g", got)
	}
	if StudentHalf(0, 1) != 0 || StudentHalf(0, 0) != 0 {
		t.Error("fewer than two figures have no interval")
	}
}
