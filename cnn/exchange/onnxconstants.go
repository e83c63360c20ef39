package exchange

import (
	"math"
	"slices"

	"github.com/cnnbook/cnnbook/cnn/exchange/internal/onnx"
)

// maxFolded limits the values of a constant that is computed, other than by Transpose.
const maxFolded = 1 << 10

// shapesAsked computes the nodes that ask for the shape of the current tensor, and reports
// whether there were any.
func (r *onnxReader) shapesAsked() bool {
	asked := false
	for _, n := range r.readers[r.current] {
		if n.GetOpType() == "Shape" && len(n.Input) == 1 && len(n.Output) == 1 && n.attribute("start") == nil && n.attribute("end") == nil {
			r.known[n.Output[0]] = intsTensor(r.state.dims()...)
			r.nodes = slices.DeleteFunc(r.nodes, func(other *onnxNode) bool { return other == n })
			asked = true
		}
	}
	return asked
}

// constantOf computes a node whose inputs are constants; nil if it is not one of those that
// exporters write around shapes and weights.
func (r *onnxReader) constantOf(n *onnxNode) *onnxTensor {
	if n.GetOpType() == "Constant" {
		return listedConstant(n)
	}
	var in []*onnxTensor
	for _, name := range n.Input {
		if name == "" {
			in = append(in, nil)
			continue
		}
		if !r.isConstant(name) {
			return nil
		}
		t, err := r.constant(name)
		if err != nil {
			return nil
		}
		in = append(in, t)
	}
	if len(in) == 0 || in[0] == nil {
		return nil
	}
	switch n.GetOpType() {
	case "Identity", "Cast":
		return in[0]
	case "Transpose":
		if perm := n.ints("perm"); isPermutation(perm, len(in[0].shape)) {
			return in[0].transposed(perm)
		}
	}
	for _, t := range in {
		if t != nil && t.size() > maxFolded {
			return nil
		}
	}
	return foldedShape(n, in)
}

// listedConstant returns the value of a Constant that is not a tensor.
func listedConstant(n *onnxNode) *onnxTensor {
	for _, a := range n.Attribute {
		switch a.GetType() {
		case onnx.AttributeProto_INT:
			return &onnxTensor{values: []float64{float64(a.GetI())}}
		case onnx.AttributeProto_FLOAT:
			return &onnxTensor{values: []float64{float64(a.GetF())}}
		case onnx.AttributeProto_INTS:
			return intsTensor(n.ints(a.GetName())...)
		case onnx.AttributeProto_FLOATS:
			t := &onnxTensor{shape: []int{len(a.Floats)}}
			for _, v := range a.Floats {
				t.values = append(t.values, float64(v))
			}
			return t
		}
	}
	return nil
}

// foldedShape computes the operators on small tensors of whole numbers, as around the
// target of a Reshape or the sides of a Pad.
func foldedShape(n *onnxNode, in []*onnxTensor) *onnxTensor {
	switch first := in[0]; n.GetOpType() {
	case "Unsqueeze", "Squeeze": // only single numbers
		switch {
		case first.size() != 1:
			return nil
		case n.GetOpType() == "Squeeze":
			return &onnxTensor{values: first.values}
		}
		return &onnxTensor{shape: []int{1}, values: first.values}
	case "Gather":
		if len(in) != 2 || in[1] == nil || len(first.shape) != 1 || n.integer("axis", 0) != 0 {
			return nil
		}
		out := &onnxTensor{shape: in[1].shape}
		for _, i := range in[1].ints() {
			if i < 0 {
				i += first.size()
			}
			if i < 0 || i >= first.size() {
				return nil
			}
			out.values = append(out.values, first.values[i])
		}
		return out
	case "Concat":
		out := &onnxTensor{}
		for _, t := range in {
			if t == nil || len(t.shape) != 1 {
				return nil
			}
			out.values = append(out.values, t.values...)
		}
		out.shape = []int{len(out.values)}
		return out
	case "ConstantOfShape":
		count := 1
		for _, d := range first.ints() {
			if d < 0 || d > maxFolded || count*d > maxFolded {
				return nil
			}
			count *= d
		}
		out := &onnxTensor{shape: first.ints(), values: make([]float64, count)}
		if a := n.attribute("value"); a != nil && a.T != nil {
			b := &onnxBytes{left: 1}
			if v, err := b.tensor(a.T); err == nil && v.size() == 1 {
				for i := range out.values {
					out.values[i] = v.values[0]
				}
			}
		}
		return out
	case "Reshape":
		if len(in) != 2 || in[1] == nil {
			return nil
		}
		shape, open, known := in[1].ints(), -1, 1
		for i, d := range shape {
			switch {
			case d == -1 && open < 0:
				open = i
			case d < 1 || d > maxFolded || known*d > maxFolded:
				return nil
			default:
				known *= d
			}
		}
		if open >= 0 {
			shape[open] = first.size() / known
			known *= shape[open]
		}
		if known != first.size() {
			return nil
		}
		return &onnxTensor{shape: shape, values: first.values}
	case "Slice":
		return sliced(in)
	}
	return nil
}

// sliced computes a Slice along the first axis, of a vector or a matrix.
func sliced(in []*onnxTensor) *onnxTensor {
	first := in[0]
	if len(in) < 3 || len(first.shape) < 1 || first.shape[0] < 1 {
		return nil
	}
	numbers := [3]float64{0, 0, 1} // start, end, step
	for i, at := range []int{1, 2, 4} {
		if at < len(in) {
			if in[at] == nil || in[at].size() != 1 {
				return nil
			}
			numbers[i] = in[at].values[0]
		}
	}
	if len(in) > 3 && (in[3] == nil || in[3].size() != 1 || in[3].values[0] != 0) {
		return nil
	}
	n, step := float64(first.shape[0]), numbers[2]
	if step != 1 && step != -1 {
		return nil
	}
	within := func(v, least, most float64) float64 {
		if v < 0 {
			v += n
		}
		return math.Min(math.Max(v, least), most)
	}
	start, end := within(numbers[0], 0, n), within(numbers[1], 0, n)
	if step < 0 {
		start, end = within(numbers[0], 0, n-1), within(numbers[1], -1, n-1)
	}
	width := first.size() / first.shape[0]
	out := &onnxTensor{shape: slices.Clone(first.shape)}
	rows := 0
	for i := start; (end-i)*step > 0; i += step {
		out.values = append(out.values, first.values[int(i)*width:int(i+1)*width]...)
		rows++
	}
	out.shape[0] = rows
	return out
}

func isPermutation(perm []int, rank int) bool {
	seen := make([]bool, rank)
	for _, p := range perm {
		if p < 0 || p >= rank || seen[p] {
			return false
		}
		seen[p] = true
	}
	return len(perm) == rank
}
