package exchange

import (
	"encoding/binary"
	"fmt"
	"io"
	"io/fs"
	"math"
	"path"
	"strconv"

	"github.com/cnnbook/cnnbook/cnn"
	"github.com/cnnbook/cnnbook/cnn/exchange/internal/onnx"
	"github.com/cnnbook/cnnbook/internal/hdf5"
)

// onnxTensor is a constant of an ONNX file, row by row. Integers are exact up to 2⁵³.
type onnxTensor struct {
	shape  []int
	values []float64
}

// maxONNXValues limits the number of values in one constant, and in all of them.
const maxONNXValues = 1 << 28

func (t *onnxTensor) size() int { return len(t.values) }

// ints returns the values as whole numbers.
func (t *onnxTensor) ints() []int {
	out := make([]int, len(t.values))
	for i, v := range t.values {
		out[i] = int(v)
	}
	return out
}

// float32s returns the values as a weight's.
func (t *onnxTensor) float32s() []float32 {
	out := make([]float32, len(t.values))
	for i, v := range t.values {
		out[i] = float32(v)
	}
	return out
}

func intsTensor(values ...int) *onnxTensor {
	t := &onnxTensor{shape: []int{len(values)}}
	for _, v := range values {
		t.values = append(t.values, float64(v))
	}
	return t
}

// onnxBytes holds the files of external weights.
type onnxBytes struct {
	folder fs.FS // nil: only the file's bytes are at hand
	files  map[string][]byte
	left   int // how many values may still be read
}

// tensor decodes a constant. The error does not name it.
func (b *onnxBytes) tensor(t *onnx.TensorProto) (*onnxTensor, error) {
	out, n := &onnxTensor{}, 1
	for _, d := range t.Dims {
		if d < 0 || d > maxONNXValues || (d > 0 && n > maxONNXValues/int(d)) {
			return nil, fmt.Errorf("%w: shape %v", cnn.ErrFormat, t.Dims)
		}
		out.shape, n = append(out.shape, int(d)), n*int(d)
	}
	if b.left -= n; b.left < 0 {
		return nil, fmt.Errorf("%w: more than %d weights", ErrUnsupported, maxONNXValues)
	}
	raw := t.RawData
	if t.GetDataLocation() == onnx.TensorProto_EXTERNAL {
		var err error
		if raw, err = b.external(t); err != nil {
			return nil, err
		}
	}
	var err error
	if raw == nil {
		out.values, err = listedValues(t)
	} else {
		out.values, err = rawValues(raw, t.GetDataType())
	}
	if err == nil && len(out.values) != n {
		err = fmt.Errorf("%w: %d values for shape %v", cnn.ErrFormat, len(out.values), t.Dims)
	}
	return out, err
}

// external reads a tensor's bytes from the file that it names.
func (b *onnxBytes) external(t *onnx.TensorProto) ([]byte, error) {
	entries := map[string]string{}
	for _, e := range t.ExternalData {
		entries[e.GetKey()] = e.GetValue()
	}
	name := path.Clean(entries["location"])
	if b.folder == nil {
		return nil, fmt.Errorf("%w: its weights are in the file %.80q, which is not at hand: import it by its path, with that file beside it", cnn.ErrFormat, name)
	}
	data, ok := b.files[name]
	if !ok {
		var err error
		if data, err = readBounded(b.folder, name); err != nil {
			return nil, fmt.Errorf("%w: its weights are in the file %.80q, which must be beside it: %w", cnn.ErrFormat, name, err)
		}
		b.files[name] = data
	}
	offset, length := int64(0), int64(len(data))
	for key, v := range map[string]*int64{"offset": &offset, "length": &length} {
		if text := entries[key]; text != "" {
			n, err := strconv.ParseInt(text, 10, 64)
			if err != nil || n < 0 {
				return nil, fmt.Errorf("%w: %s %.40q of external weights", cnn.ErrFormat, key, text)
			}
			*v = n
		}
	}
	if entries["length"] == "" {
		length -= offset
	}
	if offset > int64(len(data)) || length < 0 || length > int64(len(data))-offset {
		return nil, fmt.Errorf("%w: %.80q has %d bytes, needed are %d from byte %d: download or copy it again", cnn.ErrFormat, name, len(data), length, offset)
	}
	return data[offset : offset+length], nil
}

// readBounded reads a file of at most maxWeights bytes.
func readBounded(folder fs.FS, name string) ([]byte, error) {
	f, err := folder.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxWeights+1))
	if err == nil && int64(len(data)) > maxWeights {
		err = fmt.Errorf("it has more than %d MiB", maxWeights>>20)
	}
	return data, err
}

// rawValues decodes little-endian bytes.
func rawValues(raw []byte, kind int32) ([]float64, error) {
	var width int
	var value func(b []byte) float64
	order := binary.LittleEndian
	switch onnx.TensorProto_DataType(kind) {
	case onnx.TensorProto_FLOAT:
		width, value = 4, func(b []byte) float64 { return float64(math.Float32frombits(order.Uint32(b))) }
	case onnx.TensorProto_DOUBLE:
		width, value = 8, func(b []byte) float64 { return math.Float64frombits(order.Uint64(b)) }
	case onnx.TensorProto_FLOAT16:
		width, value = 2, func(b []byte) float64 { return float64(hdf5.Float16(order.Uint16(b))) }
	case onnx.TensorProto_BFLOAT16:
		width, value = 2, func(b []byte) float64 { return float64(hdf5.BFloat16(order.Uint16(b))) }
	case onnx.TensorProto_INT64:
		width, value = 8, func(b []byte) float64 { return float64(int64(order.Uint64(b))) }
	case onnx.TensorProto_INT32:
		width, value = 4, func(b []byte) float64 { return float64(int32(order.Uint32(b))) }
	case onnx.TensorProto_BOOL, onnx.TensorProto_UINT8:
		width, value = 1, func(b []byte) float64 { return float64(b[0]) }
	default:
		return nil, fmt.Errorf("%w: values of type %s", ErrUnsupported, onnx.TensorProto_DataType(kind))
	}
	out := make([]float64, 0, len(raw)/width)
	for ; len(raw) >= width; raw = raw[width:] {
		out = append(out, value(raw))
	}
	if len(raw) > 0 {
		return nil, fmt.Errorf("%w: %d bytes too many for values of type %s", cnn.ErrFormat, len(raw), onnx.TensorProto_DataType(kind))
	}
	return out, nil
}

// listedValues returns the values that a tensor lists one by one.
func listedValues(t *onnx.TensorProto) (out []float64, err error) {
	switch kind := onnx.TensorProto_DataType(t.GetDataType()); kind {
	case onnx.TensorProto_FLOAT:
		for _, v := range t.FloatData {
			out = append(out, float64(v))
		}
	case onnx.TensorProto_DOUBLE:
		out = t.DoubleData
	case onnx.TensorProto_INT64:
		for _, v := range t.Int64Data {
			out = append(out, float64(v))
		}
	case onnx.TensorProto_INT32, onnx.TensorProto_BOOL, onnx.TensorProto_UINT8:
		for _, v := range t.Int32Data {
			out = append(out, float64(v))
		}
	case onnx.TensorProto_FLOAT16:
		for _, v := range t.Int32Data {
			out = append(out, float64(hdf5.Float16(uint16(v))))
		}
	case onnx.TensorProto_BFLOAT16:
		for _, v := range t.Int32Data {
			out = append(out, float64(hdf5.BFloat16(uint16(v))))
		}
	default:
		return nil, fmt.Errorf("%w: values of type %s", ErrUnsupported, kind)
	}
	return out, nil
}

// transposed permutes the axes: axis i of the result is axis perm[i].
func (t *onnxTensor) transposed(perm []int) *onnxTensor {
	rank := len(t.shape)
	strides, step := make([]int, rank), 1
	for i := rank - 1; i >= 0; i-- {
		strides[i], step = step, step*t.shape[i]
	}
	out := &onnxTensor{shape: make([]int, rank), values: make([]float64, 0, len(t.values))}
	for i, p := range perm {
		out.shape[i] = t.shape[p]
	}
	at := make([]int, rank)
	for range t.values {
		from := 0
		for i, n := range at {
			from += n * strides[perm[i]]
		}
		out.values = append(out.values, t.values[from])
		for i := rank - 1; i >= 0; i-- {
			if at[i]++; at[i] < out.shape[i] {
				break
			}
			at[i] = 0
		}
	}
	return out
}
