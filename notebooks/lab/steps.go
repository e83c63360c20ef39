package lab

import (
	"fmt"
	"math"

	"github.com/cnnbook/cnnbook/viz"
)

// Average is a series of the means of n successive values, each placed at the last of its values; of fewer than n values it
// is one mean.
func Average(values []float64, n int) viz.Series {
	n = min(n, len(values))
	s := viz.Series{Name: fmt.Sprintf("mean of %d", n), Y: must(viz.MovingAverage(values, n))}
	for i := range s.Y {
		s.X = append(s.X, float64(i+n))
	}
	return s
}

// Duration writes seconds in the unit that suits them: "106 ms", "8.5 s", "43 min", "28 h".
func Duration(seconds float64) string {
	switch {
	case seconds < 1:
		return fmt.Sprintf("%.0f ms", 1000*seconds)
	case seconds < 10:
		return fmt.Sprintf("%.1f s", seconds)
	case seconds < 120:
		return fmt.Sprintf("%.0f s", seconds)
	case seconds < 2*3600:
		return fmt.Sprintf("%.0f min", math.Round(seconds/60))
	}
	return fmt.Sprintf("%.0f h", seconds/3600)
}
