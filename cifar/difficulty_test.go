package cifar

import (
	"math"
	"math/rand/v2"
	"testing"
)

// BenchmarkDrawnDifficulty reports how far raw pixels alone get on drawn images:
// the accuracy of one nearest neighbour and of a linear classifier, trained on
// 4,000 images and tested on 1,000. Both should stay between 0.15 and 0.40: above
// chance (0.1), far below a CNN. Run it once after a change to these settings:
//
//	go test -run '^$' -bench Difficulty -benchtime 1x ./cifar
func BenchmarkDrawnDifficulty(b *testing.B) {
	train, test := Drawn(1, 4000, 1000)
	for b.Loop() {
		b.ReportMetric(nearestAccuracy(train, test), "nearest")
		b.ReportMetric(linearAccuracy(train, test), "linear")
	}
}

// TestDrawnDifficulty checks the same on fewer images: not trivial, not hopeless.
func TestDrawnDifficulty(t *testing.T) {
	train, test := Drawn(1, 1000, 300)
	if got := nearestAccuracy(train, test); got < 0.11 || got > 0.35 {
		t.Errorf("one nearest neighbour gets %.3f, want 0.11 to 0.35", got)
	}
	if got := linearAccuracy(train, test); got < 0.15 || got > 0.45 {
		t.Errorf("a linear classifier gets %.3f, want 0.15 to 0.45", got)
	}
}

// nearestAccuracy gives each test image the label of the training image with
// the smallest squared distance.
func nearestAccuracy(train, test *Dataset) float64 {
	right := 0
	for i := range test.Len() {
		best, label := math.MaxInt, uint8(0)
		for j := range train.Len() {
			if d := squaredDistance(test.Pixels(i), train.Pixels(j), best); d < best {
				best, label = d, train.Labels[j]
			}
		}
		if label == test.Labels[i] {
			right++
		}
	}
	return float64(right) / float64(test.Len())
}

// squaredDistance stops early when the sum is beyond limit.
func squaredDistance(a, b []byte, limit int) int {
	sum := 0
	for start := 0; start < len(a) && sum < limit; start += PlaneBytes {
		for k, v := range a[start : start+PlaneBytes] {
			d := int(v) - int(b[start+k])
			sum += d * d
		}
	}
	return sum
}

// linearAccuracy trains multinomial logistic regression on centred pixels by
// stochastic gradient descent, one image per step, with weight decay.
func linearAccuracy(train, test *Dataset) float64 {
	const epochs, rate, decay = 6, 2e-4, 1e-3
	mean := train.Stats().Mean
	weights := make([][PixelBytes + 1]float32, Classes)
	rng := rand.New(rand.NewPCG(1, 1))
	var x [PixelBytes + 1]float32
	for epoch := range epochs {
		step := float32(rate / float64(1+epoch))
		for _, i := range rng.Perm(train.Len()) {
			centred(&x, train.Pixels(i), mean)
			for c, p := range softmax(scores(weights, &x)) {
				if c == int(train.Labels[i]) {
					p--
				}
				w := &weights[c]
				for k, v := range x {
					w[k] -= step * (float32(p)*v + decay*w[k])
				}
			}
		}
	}
	right := 0
	for i := range test.Len() {
		centred(&x, test.Pixels(i), mean)
		best := 0
		s := scores(weights, &x)
		for c := range s {
			if s[c] > s[best] {
				best = c
			}
		}
		if best == int(test.Labels[i]) {
			right++
		}
	}
	return float64(right) / float64(test.Len())
}

// centred returns the pixels minus their channel's mean, in units of 64, and a 1
// for the bias.
func centred(x *[PixelBytes + 1]float32, pixels []byte, mean [Channels]float64) {
	for k, v := range pixels {
		x[k] = (float32(v) - float32(mean[k/PlaneBytes])) / 64
	}
	x[PixelBytes] = 1
}

func scores(weights [][PixelBytes + 1]float32, x *[PixelBytes + 1]float32) (out [Classes]float64) {
	for c := range weights {
		var sum float32
		for k, v := range x {
			sum += weights[c][k] * v
		}
		out[c] = float64(sum)
	}
	return out
}

func softmax(s [Classes]float64) [Classes]float64 {
	top, sum := s[0], 0.0
	for _, v := range s {
		top = max(top, v)
	}
	for c, v := range s {
		s[c] = math.Exp(v - top)
		sum += s[c]
	}
	for c := range s {
		s[c] /= sum
	}
	return s
}
