package cnn

import "testing"

func TestNewSpread(t *testing.T) {
	for _, c := range []struct {
		figures []float64
		want    Spread
	}{
		{nil, Spread{}},
		{[]float64{0.5}, Spread{1, 0.5, 0, 0.5, 0.5}},
		{[]float64{4, 2, 6}, Spread{3, 4, 2, 2, 6}},
	} {
		if got := NewSpread(c.figures); got != c.want {
			t.Errorf("%v: %+v, expected %+v", c.figures, got, c.want)
		}
	}
}
