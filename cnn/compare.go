package cnn

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"math"
	"time"
)

// What it takes to compare runs with one another: whether two hold the same
// weights, how long more steps would take, and how figures of several runs
// scatter.

// Fingerprint is the sha256 of names, shapes and values in hexadecimal: two
// networks have the same one when they have the same weights, bit by bit.
func (w Weights) Fingerprint() string {
	h := sha256.New()
	var buffer []byte
	for _, a := range w {
		buffer = binary.LittleEndian.AppendUint64(buffer[:0], uint64(len(a.Name)))
		buffer = append(buffer, a.Name...)
		buffer = binary.LittleEndian.AppendUint64(buffer, uint64(len(a.Shape)))
		for _, side := range a.Shape {
			buffer = binary.LittleEndian.AppendUint64(buffer, uint64(side))
		}
		for _, v := range a.Values {
			buffer = binary.LittleEndian.AppendUint32(buffer, math.Float32bits(v))
		}
		h.Write(buffer) // never fails
	}
	return hex.EncodeToString(h.Sum(nil))
}

// Estimate is how long a number of steps would take at the mean pace of this
// run's own steps, validation and saving included; 0 for a run without steps.
// Other batch sizes, optimizers or machines have another pace.
func (r *Run) Estimate(steps int) time.Duration {
	done := r.manifest.State.Step
	if done == 0 {
		return 0
	}
	return time.Duration(r.Seconds() / float64(done) * float64(steps) * float64(time.Second))
}

// MeanAccuracy is the mean accuracy of the steps that keep accepts, 0 to 1, and
// how many they are; the mean of none is 0.
func (h History) MeanAccuracy(keep func(Step) bool) (mean float64, steps int) {
	for _, s := range h.Steps {
		if keep(s) {
			mean += s.Accuracy
			steps++
		}
	}
	return mean / float64(max(1, steps)), steps
}

// Spread describes how some figures of the same kind scatter.
type Spread struct {
	N         int
	Mean      float64
	Deviation float64 // standard deviation of a sample, divisor N−1; 0 for one figure
	Low, High float64 // the smallest and the largest
}

// SpreadOf measures figures; the spread of none is the zero value.
func SpreadOf(figures []float64) Spread {
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
