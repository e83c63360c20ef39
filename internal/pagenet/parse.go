package pagenet

import (
	"encoding/binary"
	"errors"
	"hash/crc32"
	"math"
	"strconv"
	"unicode/utf8"
)

// What a file may ask for at most: a page computes it on anybody's machine.
const (
	MaxBytes   = 64 << 20 // of the file
	maxValues  = 1 << 22  // between two layers
	maxLayers  = 1000
	maxProduct = 1 << 30 // multiplications for one image
)

// ErrFormat is wrapped by the errors of Parse.
var ErrFormat = errors.New("not a network for a page")

// parseError says where a file is wrong.
type parseError struct {
	at    int
	where string
	what  string
}

func (e *parseError) Error() string {
	return ErrFormat.Error() + ": byte " + strconv.Itoa(e.at) + ", " + e.where + ": " + e.what
}
func (e *parseError) Unwrap() error { return ErrFormat }

// reader reads a file. After its first error it returns zeros.
type reader struct {
	data     []byte
	at       int
	where    string
	err      error
	products int
}

func (r *reader) fail(what string) {
	if r.err == nil {
		r.err = &parseError{r.at, r.where, what}
	}
}

// take returns the next n bytes, or nil.
func (r *reader) take(n int) []byte {
	if r.err != nil {
		return nil
	}
	if n > len(r.data)-r.at {
		r.fail("expected " + strconv.Itoa(n) + " more bytes, found " + strconv.Itoa(len(r.data)-r.at))
		return nil
	}
	r.at += n
	return r.data[r.at-n : r.at]
}

func (r *reader) uint8() int {
	if b := r.take(1); b != nil {
		return int(b[0])
	}
	return 0
}

func (r *reader) uint16() int {
	if b := r.take(2); b != nil {
		return int(binary.LittleEndian.Uint16(b))
	}
	return 0
}

func (r *reader) uint32() int {
	if b := r.take(4); b != nil {
		return int(binary.LittleEndian.Uint32(b))
	}
	return 0
}

// between fails unless v, which is called what, is from low to high.
func (r *reader) between(what string, v, low, high int) int {
	if v < low || v > high {
		r.fail(what + ": expected " + strconv.Itoa(low) + " to " + strconv.Itoa(high) + ", found " + strconv.Itoa(v))
	}
	return v
}

func (r *reader) text() string {
	b := r.take(r.uint16())
	if !utf8.Valid(b) {
		r.fail("a name is not UTF-8")
	}
	return string(b)
}

func (r *reader) floats(n int) []float32 {
	b := r.take(4 * n)
	if b == nil {
		return nil
	}
	out := make([]float32, n)
	for i := range out {
		out[i] = math.Float32frombits(binary.LittleEndian.Uint32(b[4*i:]))
		if v := float64(out[i]); math.IsNaN(v) || math.IsInf(v, 0) {
			r.fail("a number is a NaN or an infinity")
		}
	}
	return out
}

// weights reads n weights, whose last axis has so many channels.
func (r *reader) weights(n, channels int) []float32 {
	bits := r.uint8()
	if bits != 8 && bits != 16 {
		r.fail("weights: expected 8 or 16 bits, found " + strconv.Itoa(bits))
	}
	scales := r.floats(channels)
	b := r.take(n * bits / 8)
	if r.err != nil {
		return nil
	}
	out := make([]float32, n)
	for i := range out {
		v := float32(int8(b[i*bits/8]))
		if bits == 16 {
			v = float32(int16(binary.LittleEndian.Uint16(b[2*i:])))
		}
		out[i] = v * scales[i%channels]
	}
	return out
}

// bias returns nil where there is none.
func (r *reader) bias(n int) []float32 {
	if r.between("bias", r.uint8(), 0, 1) == 0 {
		return nil
	}
	return r.floats(n)
}

// window reads a window, and the shape of its results with so many channels.
func (r *reader) window(in shape, channels int) (w window, out shape) {
	size, stride, same := r.uint16(), r.uint16(), r.uint8()
	w = window{r.between("window", size, 1, 1024), r.between("stride", stride, 1, 1024), r.between("padding", same, 0, 1) == 1}
	if r.err != nil {
		return w, out
	}
	out.h, _ = w.over(in.h)
	out.w, _ = w.over(in.w)
	out.c = channels
	if out.h < 1 || out.w < 1 {
		r.fail("a window of side " + strconv.Itoa(size) + " does not fit into " + strconv.Itoa(in.h) + "×" + strconv.Itoa(in.w))
	}
	return w, out
}

// cost counts multiplications.
func (r *reader) cost(factors ...int) {
	n := 1
	for _, f := range factors {
		if f > 0 && n > maxProduct/f {
			n = maxProduct
			break
		}
		n *= f
	}
	if r.products += n; r.products >= maxProduct {
		r.fail("it takes too many multiplications for a page")
	}
}

// Parse reads a network's file. Errors wrap [ErrFormat] and name the byte and the layer.
func Parse(data []byte) (*Network, error) {
	r := &reader{data: data, where: "header"}
	if len(data) > MaxBytes {
		r.fail("more than " + strconv.Itoa(MaxBytes) + " bytes")
	}
	if magic := r.take(len(Magic)); string(magic) != Magic {
		r.fail("it does not begin with " + Magic)
	}
	if n := len(data) - 4; r.err == nil && (n < r.at || crc32.ChecksumIEEE(data[:n]) != binary.LittleEndian.Uint32(data[n:])) {
		r.fail("the checksum is wrong: the file is damaged")
	} else if r.err == nil {
		r.data = data[:n]
	}
	n := &Network{}
	n.Height, n.Width = r.between("height", r.uint16(), 1, 1024), r.between("width", r.uint16(), 1, 1024)
	if n.Channels = r.uint16(); n.Channels != 1 && n.Channels != 3 {
		r.fail("expected 1 or 3 channels, found " + strconv.Itoa(n.Channels))
	}
	if n.standardise = r.between("pixels", r.uint8(), 0, 1) == 0; !n.standardise && r.err == nil {
		n.scale, n.offset = r.floats(n.Channels), r.floats(n.Channels)
	}
	for range r.between("classes", r.uint16(), 1, 1000) {
		if r.err != nil {
			break
		}
		n.Classes = append(n.Classes, r.text())
	}
	at, largest := shape{n.Height, n.Width, n.Channels}, n.Pixels()
	for i := range r.between("layers", r.uint16(), 1, maxLayers) {
		if r.err != nil {
			break
		}
		r.where = "layer " + strconv.Itoa(i+1)
		l := r.layer(at)
		if l.out.size() < 1 || l.out.size() > maxValues {
			r.fail("its output is too large")
		}
		r.cost(l.out.size())
		n.layers = append(n.layers, l)
		at, largest = l.out, max(largest, l.out.size())
	}
	if r.where = "end"; at != (shape{1, 1, len(n.Classes)}) {
		r.fail("the network does not end in one number for each class")
	}
	if r.err == nil && r.at != len(r.data) {
		r.fail(strconv.Itoa(len(r.data)-r.at) + " bytes are left over")
	}
	if r.err != nil {
		return nil, r.err
	}
	n.Products = r.products
	n.a, n.b = make([]float32, largest), make([]float32, largest)
	return n, nil
}

// layer reads a layer on values of a shape.
func (r *reader) layer(in shape) layer {
	kind := Kind(r.uint8())
	l := layer{name: r.text(), in: in, out: in}
	if l.name != "" {
		r.where += " (" + strconv.Quote(l.name) + ")"
	}
	if r.err != nil {
		return l
	}
	switch kind {
	case Convolution, Depthwise:
		r.convolution(&l, kind)
	case Dense:
		units := r.between("units", r.uint32(), 1, maxValues)
		if in.h != 1 || in.w != 1 {
			r.fail("a dense layer needs a flat vector")
		}
		l.out = shape{1, 1, units}
		if r.cost(in.c, units); r.err == nil {
			kernel := r.weights(in.c*units, units)
			l.run = dense(kernel, r.bias(units))
		}
	case Affine:
		scale := r.floats(in.c)
		l.run = affine(scale, r.floats(in.c))
	case MaxPool, MeanPool:
		var w window
		w, l.out = r.window(in, in.c)
		if r.cost(l.out.h, l.out.w, l.out.c, w.size, w.size); r.err == nil {
			l.run = pool(w, in, l.out, kind == MeanPool)
		}
	case Zeros:
		top, bottom, left, right := r.uint16(), r.uint16(), r.uint16(), r.uint16()
		l.out = shape{in.h + r.between("rows", top+bottom, 0, 1024), in.w + r.between("columns", left+right, 0, 1024), in.c}
		l.run = zeros(in, l.out, top, left)
	case Activation:
		f := Function(r.uint8())
		slope := r.floats(1)
		if r.err == nil {
			if l.run = function(f, slope[0], in.c); l.run == nil {
				r.fail("activation " + strconv.Itoa(int(f)) + " is unknown")
			}
		}
	case GlobalMean:
		l.out = shape{1, 1, in.c}
		l.run = globalMean(in)
	case Flatten:
		l.out = shape{1, 1, in.size()}
		l.run = func(x, y []float32) { copy(y, x) }
	default:
		r.fail("kind " + strconv.Itoa(int(kind)) + " is unknown")
	}
	return l
}

// convolution reads a convolution, or one of each channel separately.
func (r *reader) convolution(l *layer, kind Kind) {
	in := l.in
	w, out := r.window(in, 1)
	n := r.between("filters", r.uint32(), 1, maxValues)
	if r.err != nil {
		return
	}
	out.c = n
	inputs := in.c
	if kind == Depthwise {
		out.c, inputs = in.c*n, 1
	}
	if out.size() > maxValues { // each factor is small
		r.fail("its output is too large")
		return
	}
	if r.cost(out.h, out.w, out.c, inputs, w.size, w.size); r.err != nil {
		return
	}
	kernel := r.weights(w.size*w.size*inputs*out.c, out.c)
	bias := r.bias(out.c)
	if l.out = out; kind == Depthwise {
		l.run = depthwise(w, in, out, kernel, bias)
	} else {
		l.run = convolve(w, in, out, kernel, bias)
	}
}
