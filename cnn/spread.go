package cnn

import "math"

// Spread describes the spread of several figures of the same kind.
type Spread struct {
	N         int
	Mean      float64
	Deviation float64 // standard deviation of a sample, divisor N−1; 0 for one figure
	Low, High float64 // the smallest and the largest
}

// NewSpread returns the spread of figures; that of none is the zero value.
func NewSpread(figures []float64) Spread {
	if len(figures) == 0 {
		return Spread{}
	}
	s := Spread{N: len(figures), Low: figures[0], High: figures[0]}
	for _, v := range figures {
		s.Mean += v / float64(s.N)
		s.Low, s.High = min(s.Low, v), max(s.High, v)
	}
	for _, v := range figures {
		s.Deviation += (v - s.Mean) * (v - s.Mean)
	}
	s.Deviation = math.Sqrt(s.Deviation / float64(max(1, s.N-1)))
	return s
}
