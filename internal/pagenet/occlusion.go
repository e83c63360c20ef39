package pagenet

// Occlusion hides one part of an image after the other and asks what becomes of an answer (Zeiler and Fergus 2014, arXiv
// 1311.2901, section 4.2). The parts are squares with a side of a quarter of the image, half a side apart; those at the
// edges lie half outside, so that all pixels are hidden about equally often. A hidden pixel has the image's mean colour.
type Occlusion struct {
	Side, Step    int // of a part, in pixels
	Rows, Columns int // of parts

	n    *Network
	mean []byte // of each channel
	copy []byte
}

// Occlude returns the parts of the network's images.
func (n *Network) Occlude() *Occlusion {
	side := max(2, min(n.Height, n.Width)/4)
	o := &Occlusion{Side: side, Step: (side + 1) / 2, n: n, mean: make([]byte, n.Channels), copy: make([]byte, n.Pixels())}
	o.Rows, o.Columns = (n.Height-1)/o.Step+2, (n.Width-1)/o.Step+2
	return o
}

// Parts is the number of parts.
func (o *Occlusion) Parts() int { return o.Rows * o.Columns }

// part returns where part i lies on the image.
func (o *Occlusion) part(i int) (top, bottom, left, right int) {
	top, left = (i/o.Columns-1)*o.Step, (i%o.Columns-1)*o.Step
	return max(0, top), min(o.n.Height, top+o.Side), max(0, left), min(o.n.Width, left+o.Side)
}

// Hide returns the image with part i hidden. The result is valid until the next call.
func (o *Occlusion) Hide(pixels []byte, i int) []byte {
	for c := range o.mean {
		sum := 0
		for at := c; at < len(pixels); at += len(o.mean) {
			sum += int(pixels[at])
		}
		n := len(pixels) / len(o.mean)
		o.mean[c] = byte((sum + n/2) / n)
	}
	copy(o.copy, pixels)
	top, bottom, left, right := o.part(i)
	for y := top; y < bottom; y++ {
		for x := left; x < right; x++ {
			copy(o.copy[(y*o.n.Width+x)*len(o.mean):], o.mean)
		}
	}
	return o.copy
}

// Drop is how much the probability of a class falls when part i is hidden, from what it is for the whole image.
func (o *Occlusion) Drop(pixels []byte, class int, whole float32, i int) float32 {
	return whole - o.n.Ask(o.Hide(pixels, i))[class]
}

// Map returns for each pixel the mean fall over the parts that cover it, [height, width], from the fall for each part.
func (o *Occlusion) Map(drops []float32) []float32 {
	sums, counts := make([]float32, o.n.Height*o.n.Width), make([]float32, o.n.Height*o.n.Width)
	for i, drop := range drops {
		top, bottom, left, right := o.part(i)
		for y := top; y < bottom; y++ {
			for x := left; x < right; x++ {
				sums[y*o.n.Width+x] += drop
				counts[y*o.n.Width+x]++
			}
		}
	}
	for i, n := range counts {
		if n > 0 {
			sums[i] /= n
		}
	}
	return sums
}

// Lit returns the image with its parts as bright as the answer hangs on them: where the map is largest as it is, where hiding
// changes nothing or helps at an eighth. Without a fall of at least one hundredth anywhere, all of it is dark. It returns
// red, green and blue of each pixel.
func (n *Network) Lit(pixels []byte, fall []float32) []byte {
	largest := float32(0.01)
	for _, v := range fall {
		largest = max(largest, v)
	}
	out := make([]byte, 0, 3*len(fall))
	for i, v := range fall {
		light := 0.125 + 0.875*max(0, v)/largest
		for c := range 3 {
			out = append(out, byte(float32(pixels[i*n.Channels+min(c, n.Channels-1)])*light))
		}
	}
	return out
}
