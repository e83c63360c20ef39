package viz_test

import (
	"image"
	"image/color"
	"math"
	"math/rand/v2"

	"github.com/cnnbook/cnnbook/viz"
)

// This file makes all data that the tests draw, from fixed seeds.

func classes() []string {
	return []string{"plane", "car", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"}
}

// picture is a 32 × 32 image: a gradient with a shape that depends on the class.
func picture(class, sample int) image.Image {
	r := rand.New(rand.NewPCG(uint64(class), uint64(sample)))
	base, shape := r.IntN(128), r.IntN(200)+55
	cx, cy, size := 12+r.Float64()*8, 12+r.Float64()*8, 6+r.Float64()*6
	img := image.NewRGBA(image.Rect(0, 0, 32, 32))
	for y := range 32 {
		for x := range 32 {
			c := color.RGBA{uint8(base + 2*y), uint8(base + 3*x/2), uint8(160 - base/2), 255}
			if inside(class, float64(x)-cx, float64(y)-cy, size) {
				c = color.RGBA{uint8(shape), uint8(25 * class), uint8(255 - shape), 255}
			}
			img.SetRGBA(x, y, c)
		}
	}
	return img
}

func inside(class int, dx, dy, size float64) bool {
	switch class % 4 {
	case 0:
		return math.Hypot(dx, dy) < size
	case 1:
		return math.Abs(dx) < size && math.Abs(dy) < size*0.6
	case 2:
		return math.Abs(dx)+math.Abs(dy) < size*1.2
	}
	return math.Abs(dx) < size*0.3 || math.Abs(dy) < size*0.3
}

func pictures(n, perClass int) [][]image.Image {
	out := make([][]image.Image, n)
	for class := range out {
		for sample := range perClass {
			out[class] = append(out[class], picture(class, sample))
		}
	}
	return out
}

// ratios are those of six layers in n watched steps; one gradient is 0.
func ratios(n int) viz.Ratios {
	var r viz.Ratios
	for i, layer := range []string{"First-Convolution", "Second-Convolution", "Third-Convolution", "Fourth-Convolution", "First-Affine", "Final-Connected-Layer"} {
		s := viz.Series{Name: layer}
		for k, y := range noisy(uint64(i), n, -1-0.2*float64(i), -1.3-0.2*float64(i), 0.05) {
			s.X, s.Y = append(s.X, float64(max(1, 10*k))), append(s.Y, math.Pow(10, y))
		}
		update := s
		update.Y = nil
		for _, y := range s.Y {
			update.Y = append(update.Y, y*0.01)
		}
		if i == 2 {
			s.Y[1] = 0
		}
		r.Gradient, r.Update = append(r.Gradient, s), append(r.Update, update)
		if i < 5 {
			r.Dead = append(r.Dead, viz.Series{Name: layer, X: s.X, Y: noisy(uint64(i), n, 0.1, 0.3, 0.02)})
		}
	}
	return r
}

// predictions returns n labelled images per class, class by class; every sixth is misclassified.
func predictions(perClass int) []viz.Labelled {
	names := classes()
	var out []viz.Labelled
	for class := range names {
		for sample := range perClass {
			predicted := names[class]
			if (7*class+5*sample)%6 == 0 {
				predicted = names[(class+sample+2)%10]
			}
			out = append(out, viz.Labelled{Image: picture(class, sample), Actual: names[class], Predicted: predicted})
		}
	}
	return out
}

// history resembles n epochs of plain SGD.
func history(n int) viz.History {
	r := rand.New(rand.NewPCG(1, 2))
	var h viz.History
	for i := range n {
		t := float64(i) / float64(max(n-1, 1))
		loss := 2.33 - 1.0*math.Pow(t, 0.6) + 0.012*r.NormFloat64()
		h.Loss = append(h.Loss, loss)
		h.ValidLoss = append(h.ValidLoss, loss-0.06*math.Sqrt(t)+0.02*r.NormFloat64())
		h.Accuracy = append(h.Accuracy, 0.10+0.42*math.Pow(t, 0.6)+0.004*r.NormFloat64())
		h.ValidAccuracy = append(h.ValidAccuracy, 0.12+0.44*math.Pow(t, 0.6)+0.008*r.NormFloat64())
	}
	return h
}

// confusion resembles a network with an accuracy of 75 %.
func confusion() viz.Confusion {
	r := rand.New(rand.NewPCG(3, 4))
	counts := make([][]int, 10)
	for i := range counts {
		counts[i] = make([]int, 10)
		left := 1000
		for j := range counts[i] {
			if i == j {
				continue
			}
			n := int(20 * r.ExpFloat64())
			if i == 3 && j == 5 || i == 5 && j == 3 {
				n += 130
			}
			if i == 0 && j == 8 || i == 1 && j == 9 || i == 9 && j == 1 {
				n += 60
			}
			counts[i][j] = min(n, left)
			left -= counts[i][j]
		}
		counts[i][i] = left
	}
	return viz.Confusion{Counts: counts, Labels: classes()}
}

// rangeTest resembles a learning-rate range test: loss falls, then diverges.
func rangeTest(n int) (rates, loss, smooth []float64) {
	r := rand.New(rand.NewPCG(5, 6))
	average := 2.33
	for i := range n {
		t := float64(i) / float64(n-1)
		rate := 1e-5 * math.Pow(1e5, t)
		l := 2.33 - 0.9/(1+math.Exp(-14*(t-0.62))) + 6*math.Pow(max(t-0.86, 0)/0.14, 3) + 0.03*r.NormFloat64()
		average = 0.9*average + 0.1*l
		rates, loss, smooth = append(rates, rate), append(loss, l), append(smooth, average)
	}
	return rates, loss, smooth
}

// triangular is Smith's triangular rate between two bounds.
func triangular(steps, stepSize int, low, high float64) []float64 {
	rates := make([]float64, steps)
	for i := range rates {
		cycle := math.Floor(1 + float64(i)/float64(2*stepSize))
		x := math.Abs(float64(i)/float64(stepSize) - 2*cycle + 1)
		rates[i] = low + (high-low)*max(0, 1-x)
	}
	return rates
}

// noisy is a noisy curve that rises from a to b, one value for each step.
func noisy(seed uint64, steps int, a, b, noise float64) []float64 {
	r := rand.New(rand.NewPCG(seed, 7))
	out := make([]float64, steps)
	for i := range out {
		t := float64(i) / float64(steps)
		out[i] = a + (b-a)*(1-math.Exp(-3*t)) + noise*r.NormFloat64()
	}
	return out
}

// kernels returns count random 3 × 3 × inputs filters with some structure.
func kernels(inputs, count int) []float64 {
	r := rand.New(rand.NewPCG(8, 9))
	out := make([]float64, 9*inputs*count)
	for i := range out {
		filter, place := i%count, i/count/inputs
		out[i] = 0.08*r.NormFloat64() + 0.2*math.Sin(float64(filter)*0.7+float64(place%3)*float64(filter%5)/2+float64(place/3)*float64(filter%3))
	}
	return out
}

// maps returns activations of 16 × 16 pixels for each channel.
func maps(channels int) []float64 {
	out := make([]float64, 16*16*channels)
	for i := range out {
		k, x, y := i%channels, float64(i/channels%16), float64(i/channels/16)
		out[i] = max(0, math.Sin(x*float64(k%5+1)/6+float64(k))*math.Cos(y*float64(k%3+1)/5))
	}
	return out
}

// confidences returns the predictions of an overconfident network.
func confidences(n int) (confidence []float64, correct []bool) {
	r := rand.New(rand.NewPCG(10, 11))
	for range n {
		p := 0.25 + 0.75*math.Sqrt(r.Float64())
		confidence = append(confidence, p)
		correct = append(correct, r.Float64() < p*p*0.9+0.05)
	}
	return confidence, correct
}
