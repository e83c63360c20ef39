package page

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"math"

	"github.com/cnnbook/cnnbook/cnn"
	"github.com/cnnbook/cnnbook/internal/pagenet"
)

// Encode writes a network in the file format of package internal/pagenet, with weights of 8 or 16 bits: whole numbers times a scale
// for each channel of a layer's output. A normalisation becomes one factor and one summand for each channel, in
// 32 bits like all biases. The error names a layer that a page cannot have.
func Encode(network cnn.Architecture, weights cnn.Weights, p cnn.Preprocess, classes []string, bits int) ([]byte, error) {
	if bits != 8 && bits != 16 {
		return nil, fmt.Errorf("%w: weights of %d bits: choose 8 or 16", cnn.ErrConfig, bits)
	}
	if err := weights.Check(network); err != nil {
		return nil, err
	}
	if err := network.Classifier(len(classes)); err != nil {
		return nil, err
	}
	shapes, err := network.Shapes()
	if err != nil {
		return nil, err
	}
	in := network.Input
	w := &writer{bits: bits, data: []byte(pagenet.Magic)}
	w.uint16(in...)
	if in[2] != 1 && in[2] != 3 {
		return nil, fmt.Errorf("%w: a page shows pictures with 1 or 3 channels, the network takes %d", cnn.ErrArchitecture, in[2])
	}
	w.pixels(p, in[2])
	w.uint16(len(classes))
	for _, name := range classes {
		w.text(name)
	}
	layers := w.countLater()
	for i, l := range network.Layers {
		specs := l.Weights(in)
		if err := w.layer(l, in, weights[:len(specs)]); err != nil {
			return nil, fmt.Errorf("%w: layer %d, %q: %w", cnn.ErrArchitecture, i+1, l.LayerName(), err)
		}
		in, weights = shapes[i], weights[len(specs):]
	}
	layers(w.layers)
	w.data = binary.LittleEndian.AppendUint32(w.data, crc32.ChecksumIEEE(w.data))
	if len(w.data) > pagenet.MaxBytes {
		return nil, fmt.Errorf("%w: the network takes %d bytes, a page holds at most %d", cnn.ErrArchitecture, len(w.data), pagenet.MaxBytes)
	}
	return w.data, nil
}

// writer writes the file.
type writer struct {
	data   []byte
	bits   int
	layers int
}

func (w *writer) uint8(v int) { w.data = append(w.data, byte(v)) }
func (w *writer) uint16(values ...int) {
	for _, v := range values {
		w.data = binary.LittleEndian.AppendUint16(w.data, uint16(v))
	}
}
func (w *writer) uint32(v int) { w.data = binary.LittleEndian.AppendUint32(w.data, uint32(v)) }
func (w *writer) floats(values ...float32) {
	for _, v := range values {
		w.data = binary.LittleEndian.AppendUint32(w.data, math.Float32bits(v))
	}
}

// text writes a name, cut to what the format holds.
func (w *writer) text(s string) {
	s = s[:min(len(s), 1000)]
	for len(s) > 0 && s[len(s)-1] >= 0x80 && !validEnd(s) {
		s = s[:len(s)-1]
	}
	w.uint16(len(s))
	w.data = append(w.data, s...)
}

// countLater leaves room for a number, and returns a function that fills it in.
func (w *writer) countLater() func(n int) {
	at := len(w.data)
	w.uint16(0)
	return func(n int) { binary.LittleEndian.PutUint16(w.data[at:], uint16(n)) }
}

// begin writes a layer's kind and name.
func (w *writer) begin(kind pagenet.Kind, l cnn.Layer) {
	w.layers++
	w.uint8(int(kind))
	w.text(l.LayerName())
}

// pixels writes the preprocessing.
func (w *writer) pixels(p cnn.Preprocess, channels int) {
	scale, offset := []float64{1. / 255}, []float64{0}
	switch {
	case p.Pixels != nil:
		scale, offset = p.Pixels.Scale, p.Pixels.Offset
	case !p.Raw:
		w.uint8(0)
		return
	}
	w.uint8(1)
	for _, values := range [][]float64{scale, offset} {
		for c := range channels {
			w.floats(float32(values[c%len(values)]))
		}
	}
}

// weights writes an array whose last axis has one entry for each channel of the output.
func (w *writer) weights(a cnn.Array) {
	channels := a.Shape[len(a.Shape)-1]
	w.quantised(a.Values, channels)
}

func (w *writer) quantised(values []float32, channels int) {
	largest := make([]float64, channels)
	for i, v := range values {
		largest[i%channels] = max(largest[i%channels], math.Abs(float64(v)))
	}
	limit := float64(int(1)<<(w.bits-1) - 1) // 127 or 32,767
	scales := make([]float32, channels)
	for c, v := range largest {
		scales[c] = float32(v / limit)
	}
	w.uint8(w.bits)
	w.floats(scales...)
	for i, v := range values {
		q := 0.0
		if scale := float64(scales[i%channels]); scale > 0 {
			q = min(max(math.RoundToEven(float64(v)/scale), -limit), limit)
		}
		if w.bits == 8 {
			w.data = append(w.data, byte(int8(q)))
		} else {
			w.data = binary.LittleEndian.AppendUint16(w.data, uint16(int16(q)))
		}
	}
}

// bias writes the layer's second array, or that there is none.
func (w *writer) bias(arrays cnn.Weights) {
	if len(arrays) == 0 {
		w.uint8(0)
		return
	}
	w.uint8(1)
	w.floats(arrays[0].Values...)
}

func (w *writer) window(size, stride int, padding string) {
	same := 0
	if padding == "same" {
		same = 1
	}
	w.uint16(size, max(1, stride))
	w.uint8(same)
}
