package pagenet

import "math"

// window is a moving window over an image.
type window struct {
	size, stride int
	same         bool
}

// over returns the number of windows along an axis, 0 if none fits, and how far the first begins before the axis.
func (w window) over(n int) (windows, before int) {
	if w.same {
		windows = (n-1)/w.stride + 1
		return windows, max(0, (windows-1)*w.stride+w.size-n) / 2 // TensorFlow's rule
	}
	if w.size > n {
		return 0, 0
	}
	return (n-w.size)/w.stride + 1, 0
}

// within is the part of a window that begins at start which lies on an axis of n.
func (w window) within(start, n int) (from, to int) {
	return max(0, -start), min(w.size, n-start)
}

// convolve adds, for each window, the products of its values with the kernels [size, size, in.c, out.c] to the bias.
func convolve(w window, in, out shape, kernel, bias []float32) func(x, y []float32) {
	_, top := w.over(in.h)
	_, left := w.over(in.w)
	return func(x, y []float32) {
		for row := range out.h {
			for column := range out.w {
				sums := y[(row*out.w+column)*out.c:][:out.c]
				start(sums, bias)
				y0, x0 := row*w.stride-top, column*w.stride-left
				fromY, toY := w.within(y0, in.h)
				fromX, toX := w.within(x0, in.w)
				for ky := fromY; ky < toY; ky++ {
					values := x[((y0+ky)*in.w+x0+fromX)*in.c:][:(toX-fromX)*in.c]
					weighted(sums, values, kernel[(ky*w.size+fromX)*in.c*out.c:])
				}
			}
		}
	}
}

// weighted adds to sums the values times their rows of weights, as many as there are sums each.
func weighted(sums, values, weights []float32) {
	n := len(sums)
	at := 0
	for ; at+4 <= len(values); at += 4 {
		a, b, c, d := values[at], values[at+1], values[at+2], values[at+3]
		if a == 0 && b == 0 && c == 0 && d == 0 { // common after a ReLU
			continue
		}
		rows := weights[at*n:][:4*n]
		wa, wb, wc, wd := rows[:n], rows[n:][:n], rows[2*n:][:n], rows[3*n:][:n]
		for i := range sums {
			sums[i] += a*wa[i] + b*wb[i] + c*wc[i] + d*wd[i]
		}
	}
	for ; at < len(values); at++ {
		row := weights[at*n:][:n]
		for i := range sums {
			sums[i] += values[at] * row[i]
		}
	}
}

// start sets sums to a bias, or to zeros.
func start(sums, bias []float32) {
	if bias == nil {
		clear(sums)
	} else {
		copy(sums, bias)
	}
}

// depthwise convolves each channel with kernels of its own [size, size, in.c·m]: output channel c·m+i is channel c with its kernel i.
func depthwise(w window, in, out shape, kernel, bias []float32) func(x, y []float32) {
	_, top := w.over(in.h)
	_, left := w.over(in.w)
	multiplier := out.c / in.c
	return func(x, y []float32) {
		for row := range out.h {
			for column := range out.w {
				sums := y[(row*out.w+column)*out.c:][:out.c]
				start(sums, bias)
				y0, x0 := row*w.stride-top, column*w.stride-left
				fromY, toY := w.within(y0, in.h)
				fromX, toX := w.within(x0, in.w)
				for ky := fromY; ky < toY; ky++ {
					for kx := fromX; kx < toX; kx++ {
						values := x[((y0+ky)*in.w+x0+kx)*in.c:][:in.c]
						weights := kernel[(ky*w.size+kx)*out.c:][:out.c]
						for i := range sums {
							sums[i] += values[i/multiplier] * weights[i]
						}
					}
				}
			}
		}
	}
}

// dense is a weighted sum of all values, for each unit.
func dense(kernel, bias []float32) func(x, y []float32) {
	return func(x, y []float32) {
		start(y, bias)
		weighted(y, x, kernel)
	}
}

// pool takes the largest value of each window or, if mean, the mean of those on the image.
func pool(w window, in, out shape, mean bool) func(x, y []float32) {
	_, top := w.over(in.h)
	_, left := w.over(in.w)
	return func(x, y []float32) {
		for row := range out.h {
			for column := range out.w {
				results := y[(row*out.w+column)*out.c:][:out.c]
				y0, x0 := row*w.stride-top, column*w.stride-left
				fromY, toY := w.within(y0, in.h)
				fromX, toX := w.within(x0, in.w)
				first := true
				for ky := fromY; ky < toY; ky++ {
					for kx := fromX; kx < toX; kx++ {
						values := x[((y0+ky)*in.w+x0+kx)*in.c:][:in.c]
						switch {
						case first:
							copy(results, values)
							first = false
						case mean:
							for i, v := range values {
								results[i] += v
							}
						default:
							for i, v := range values {
								results[i] = max(results[i], v)
							}
						}
					}
				}
				if mean {
					scale := 1 / float32((toY-fromY)*(toX-fromX))
					for i := range results {
						results[i] *= scale
					}
				}
			}
		}
	}
}

// globalMean is the mean of each channel.
func globalMean(in shape) func(x, y []float32) {
	return func(x, y []float32) {
		clear(y)
		for i, v := range x {
			y[i%in.c] += v
		}
		for i := range y {
			y[i] /= float32(in.h * in.w)
		}
	}
}

// affine scales and shifts each channel.
func affine(scale, shift []float32) func(x, y []float32) {
	return func(x, y []float32) {
		for i, v := range x {
			c := i % len(scale)
			y[i] = v*scale[c] + shift[c]
		}
	}
}

// zeros puts zeros around an image.
func zeros(in, out shape, top, left int) func(x, y []float32) {
	return func(x, y []float32) {
		clear(y)
		for row := range in.h {
			copy(y[((row+top)*out.w+left)*in.c:], x[row*in.w*in.c:][:in.w*in.c])
		}
	}
}

// softmax makes probabilities of the last axis of n values.
func softmax(n int) func(x, y []float32) {
	return func(x, y []float32) {
		for at := 0; at < len(x); at += n {
			in, out := x[at:][:n], y[at:][:n]
			largest := in[0]
			for _, v := range in {
				largest = max(largest, v)
			}
			var sum float64
			for i, v := range in {
				e := math.Exp(float64(v - largest))
				sum += e
				out[i] = float32(e)
			}
			for i := range out {
				out[i] = float32(float64(out[i]) / sum)
			}
		}
	}
}

// each applies a function to each value.
func each(f func(x float64) float64) func(x, y []float32) {
	return func(x, y []float32) {
		for i, v := range x {
			y[i] = float32(f(float64(v)))
		}
	}
}

// leaky scales negative values; a slope of 0 is a ReLU.
func leaky(slope float32) func(x, y []float32) {
	return func(x, y []float32) {
		for i, v := range x {
			if v < 0 {
				v *= slope
			}
			y[i] = v
		}
	}
}

// function returns the activation, or nil for one that the file may not have.
func function(f Function, slope float32, last int) func(x, y []float32) {
	switch f {
	case ReLU:
		return leaky(0)
	case LeakyReLU:
		return leaky(slope)
	case Softmax:
		return softmax(last)
	case ELU:
		return each(func(x float64) float64 {
			if x > 0 {
				return x
			}
			return math.Exp(x) - 1
		})
	case GELU:
		return each(func(x float64) float64 { return x / 2 * (1 + math.Erf(x*math.Sqrt2/2)) })
	case ReLU6:
		return each(func(x float64) float64 { return min(max(x, 0), 6) })
	case SELU:
		const alpha, scale = 1.6732632423543772, 1.0507009873554805
		return each(func(x float64) float64 {
			if x > 0 {
				return scale * x
			}
			return scale * alpha * (math.Exp(x) - 1)
		})
	case Sigmoid:
		return each(sigmoid)
	case SiLU:
		return each(func(x float64) float64 { return x * sigmoid(x) })
	case Softplus:
		return each(func(x float64) float64 { return max(x, 0) + math.Log1p(math.Exp(-math.Abs(x))) })
	case Softsign:
		return each(func(x float64) float64 { return x / (1 + math.Abs(x)) })
	case Tanh:
		return each(math.Tanh)
	}
	return nil
}

func sigmoid(x float64) float64 { return 1 / (1 + math.Exp(-x)) }
