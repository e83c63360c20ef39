package bench

import "testing"

// The table says by which means each framework computes in another precision than float32.
func TestContendersNameTheirPrecision(t *testing.T) {
	for framework, want := range map[string]string{"pytorch": ", autocast to bfloat16", "keras-tf": ", mixed_bfloat16", "keras-jax": ", mixed_bfloat16"} {
		b := Benchmark{Workload: Workload{Precision: "bfloat16"}}
		if got := b.means(framework); got != want {
			t.Errorf("%s: got %q, want %q", framework, got, want)
		}
		if got := (Benchmark{}).means(framework); got != "" {
			t.Errorf("%s in float32: got %q", framework, got)
		}
	}
}
