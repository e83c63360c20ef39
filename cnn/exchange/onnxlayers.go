package exchange

import (
	"fmt"
	"math"
	"slices"
	"strconv"

	"github.com/cnnbook/cnnbook/cnn"
	"github.com/cnnbook/cnnbook/cnn/exchange/internal/onnx"
)

// convert adds the layer of a node. last reports whether its output is the network's.
func (r *onnxReader) convert(n *onnxNode, last bool) error {
	if err := r.usable(n); err != nil {
		return err
	}
	switch op := n.GetOpType(); op {
	case "Identity":
		return nil
	case "Cast":
		if to := onnx.TensorProto_DataType(n.integer("to", 0)); !slices.Contains([]onnx.TensorProto_DataType{onnx.TensorProto_FLOAT, onnx.TensorProto_FLOAT16, onnx.TensorProto_BFLOAT16, onnx.TensorProto_DOUBLE}, to) {
			return fmt.Errorf("%w: to %s", ErrUnsupported, to)
		}
		r.plan.lose(n.leaf(), "it changes the type of numbers", "left out: everything is float32 here")
		return nil
	case "Dropout":
		return r.dropout(n)
	case "Conv":
		return r.convolution(n)
	case "Gemm", "MatMul":
		return r.dense(n)
	case "Add", "Sub", "Mul", "Div":
		return r.arithmetic(n)
	case "BatchNormalization":
		return r.normalization(n)
	case "MaxPool", "AveragePool":
		return r.pool(n)
	case "GlobalAveragePool", "ReduceMean":
		return r.mean(n)
	case "Pad":
		return r.pad(n)
	case "Transpose":
		return r.transpose(n)
	case "Flatten":
		if axis := n.integer("axis", 1); axis != 1 {
			return fmt.Errorf("%w: axis %d", ErrUnsupported, axis)
		}
		return r.flatten(n)
	case "Reshape":
		return r.reshape(n)
	case "Squeeze":
		return r.squeeze(n)
	case "Softmax", "LogSoftmax":
		return r.softmax(n, last)
	}
	return r.function(n)
}

func (r *onnxReader) dropout(n *onnxNode) error {
	if len(n.Input) > 2 && n.Input[2] != "" {
		if t, err := r.constant(n.Input[2]); err != nil || t.size() != 1 || t.values[0] != 0 {
			return fmt.Errorf("%w: training_mode: export the network for predictions, as after model.eval()", ErrUnsupported)
		}
	}
	rate := n.float("ratio", 0.5)
	if len(n.Input) > 1 && n.Input[1] != "" {
		t, err := r.constant(n.Input[1])
		if err != nil || t.size() != 1 {
			return fmt.Errorf("%w: its ratio is not constant", ErrUnsupported)
		}
		rate = t.values[0]
	}
	if r.state.raw != nil {
		return fmt.Errorf("%w: dropout before the first layer", ErrUnsupported)
	}
	return r.add(cnn.Dropout{Name: r.layerName(n), Rate: shortest(rate)})
}

// square returns the one number of a list for rows and columns.
func square(n *onnxNode, name string, byDefault int) (int, error) {
	list := n.ints(name)
	if list == nil {
		return byDefault, nil
	}
	if len(list) != 2 || list[0] != list[1] || list[0] < 1 || list[0] > maxONNXSide {
		return 0, fmt.Errorf("%w: %s %v: the sides must be equal", ErrUnsupported, name, list)
	}
	return list[0], nil
}

// around returns by how many rows and columns a window goes over the edges, [top, left,
// bottom, right], and whether that is what package cnn calls "same".
func (r *onnxReader) around(n *onnxNode, size, stride int) (pads [4]int, same bool, err error) {
	var usual [4]int
	for axis := range 2 {
		both := cnn.SamePadding(r.state.shape[axis], size, stride)
		usual[axis], usual[axis+2] = both[0], both[1]
	}
	switch mode := n.text("auto_pad", "NOTSET"); mode {
	case "SAME_UPPER":
		return usual, true, nil
	case "VALID":
		return pads, usual == pads, nil
	case "NOTSET", "":
	default:
		return pads, false, fmt.Errorf("%w: auto_pad %.40q", ErrUnsupported, mode)
	}
	list := n.ints("pads")
	if list != nil && len(list) != 4 {
		return pads, false, fmt.Errorf("%w: pads %v", ErrUnsupported, list)
	}
	for i, v := range list {
		if v < 0 || v > maxONNXSide {
			return pads, false, fmt.Errorf("%w: pads %v", ErrUnsupported, list)
		}
		pads[i] = v
	}
	return pads, pads == usual, nil
}

// zeros adds a border of zeros.
func (r *onnxReader) zeros(n *onnxNode, pads [4]int) error {
	return r.add(cnn.ZeroPadding2D{Name: r.named(n, "pad"), Top: pads[0], Left: pads[1], Bottom: pads[2], Right: pads[3]})
}

// named returns a free name for a further layer of a node.
func (r *onnxReader) named(n *onnxNode, what string) string {
	name := r.layerName(n)
	delete(r.plan.names, name)
	free := name + "_" + what
	for i := 2; r.plan.names[free]; i++ {
		free = fmt.Sprintf("%s_%s_%d", name, what, i)
	}
	r.plan.names[free] = true
	return free
}

func (r *onnxReader) convolution(n *onnxNode) error {
	if len(r.state.shape) == 1 && r.state.ones == 2 { // of an averaged image
		return r.denseByConvolution(n)
	}
	if err := r.state.image(); err != nil {
		return err
	}
	if len(n.Input) < 2 {
		return fmt.Errorf("%w: it has no weights", cnn.ErrFormat)
	}
	w, err := r.constant(n.Input[1])
	if err != nil {
		return err
	}
	if len(w.shape) != 4 || w.shape[2] != w.shape[3] {
		return fmt.Errorf("%w: a kernel of shape %v: its sides must be equal", ErrUnsupported, w.shape)
	}
	size := w.shape[2]
	stride, err := square(n, "strides", 1)
	if err != nil {
		return err
	}
	if dilation := n.ints("dilations"); slices.ContainsFunc(dilation, func(d int) bool { return d != 1 }) {
		return fmt.Errorf("%w: dilations %v", ErrUnsupported, dilation)
	}
	pads, same, err := r.around(n, size, stride)
	if err != nil {
		return err
	}
	name := r.layerName(n)
	padding := ""
	switch {
	case pads == [4]int{}:
	case same:
		padding = "same"
	default:
		if err := r.zeros(n, pads); err != nil {
			return err
		}
	}
	arrays, err := r.withBias(n, w)
	if err != nil {
		return err
	}
	channels, groups := r.state.shape[2], int(n.integer("group", 1))
	start := len(r.weights)
	switch {
	case groups == 1:
		if stride == 1 {
			stride = 0
		}
		if w.shape[1] != channels {
			return fmt.Errorf("%w: a kernel of shape %v for %d channels", cnn.ErrFormat, w.shape, channels)
		}
		arrays[0] = w.transposed([]int{2, 3, 1, 0}).float32s()
		err = r.add(cnn.Conv2D{Name: name, Filters: w.shape[0], Kernel: size, Padding: padding, Stride: stride, NoBias: len(arrays) == 1}, arrays...)
	case groups == channels && w.shape[1] == 1 && w.shape[0]%groups == 0:
		multiplier := w.shape[0] / groups
		if multiplier == 1 {
			multiplier = 0
		}
		if stride == 1 {
			stride = 0
		}
		arrays[0] = w.transposed([]int{2, 3, 0, 1}).float32s() // [height, width, channel·multiplier]
		err = r.add(cnn.DepthwiseConv2D{Name: name, Kernel: size, Padding: padding, Stride: stride, Multiplier: multiplier, NoBias: len(arrays) == 1}, arrays...)
	default:
		err = fmt.Errorf("%w: group %d of %d channels: only 1 and one group for each channel", ErrUnsupported, groups, channels)
	}
	r.linear = start
	return err
}

// withBias returns room for the kernel, and the bias if there is one.
func (r *onnxReader) withBias(n *onnxNode, w *onnxTensor) ([][]float32, error) {
	arrays := [][]float32{nil}
	if len(n.Input) > 2 && n.Input[2] != "" {
		b, err := r.constant(n.Input[2])
		if err != nil {
			return nil, err
		}
		arrays = append(arrays, b.float32s())
	}
	return arrays, nil
}

// denseByConvolution reads a convolution of side 1 of an averaged image as a dense layer.
func (r *onnxReader) denseByConvolution(n *onnxNode) error {
	if len(n.Input) < 2 || n.integer("group", 1) != 1 {
		return fmt.Errorf("%w: a convolution with groups after an average", ErrUnsupported)
	}
	w, err := r.constant(n.Input[1])
	if err != nil {
		return err
	}
	pads := n.ints("pads")
	if len(w.shape) != 4 || w.shape[2] != 1 || w.shape[3] != 1 || slices.ContainsFunc(pads, func(v int) bool { return v != 0 }) {
		return fmt.Errorf("%w: a kernel of shape %v after an average", ErrUnsupported, w.shape)
	}
	arrays, err := r.withBias(n, w)
	if err != nil {
		return err
	}
	if w.shape[1] != r.state.shape[0] {
		return fmt.Errorf("%w: a kernel of shape %v for %v", cnn.ErrFormat, w.shape, r.state.shape)
	}
	arrays[0] = w.transposed([]int{2, 3, 1, 0}).float32s()
	start := len(r.weights)
	err = r.add(cnn.Dense{Name: r.layerName(n), Units: w.shape[0], NoBias: len(arrays) == 1}, arrays...)
	r.linear = start
	return err
}

func (r *onnxReader) dense(n *onnxNode) error {
	if len(n.Input) < 2 || n.Input[0] != r.current {
		return fmt.Errorf("%w: its first input must be the data", ErrUnsupported)
	}
	if len(r.state.shape) != 1 || r.state.ones > 0 || r.state.raw != nil {
		return fmt.Errorf("%w: it needs flat values", ErrUnsupported)
	}
	w, err := r.constant(n.Input[1])
	if err != nil {
		return err
	}
	if len(w.shape) != 2 {
		return fmt.Errorf("%w: a matrix of shape %v", ErrUnsupported, w.shape)
	}
	var bias *onnxTensor
	if n.GetOpType() == "Gemm" {
		if n.integer("transA", 0) != 0 {
			return fmt.Errorf("%w: transA", ErrUnsupported)
		}
		if n.integer("transB", 0) != 0 {
			w = w.transposed([]int{1, 0})
		}
		if len(n.Input) > 2 && n.Input[2] != "" {
			if bias, err = r.constant(n.Input[2]); err != nil {
				return err
			}
		}
	}
	if w.shape[0] != r.state.shape[0] {
		return fmt.Errorf("%w: a matrix of shape %v for %d values", cnn.ErrFormat, w.shape, r.state.shape[0])
	}
	units := w.shape[1]
	kernel := r.state.inOrder(w.float32s())
	scaled(kernel, n.float("alpha", 1))
	arrays := [][]float32{kernel}
	if bias != nil {
		values := bias.float32s()
		if len(values) == 1 {
			values = slices.Repeat(values, units)
		}
		scaled(values, n.float("beta", 1))
		arrays = append(arrays, values)
	}
	start := len(r.weights)
	err = r.add(cnn.Dense{Name: r.layerName(n), Units: units, NoBias: bias == nil}, arrays...)
	r.linear, r.state.from = start, nil
	return err
}

func scaled(values []float32, factor float64) {
	if factor == 1 {
		return
	}
	for i := range values {
		values[i] *= float32(factor)
	}
}

func (r *onnxReader) normalization(n *onnxNode) error {
	if err := n.only("training_mode", 0, 0); err != nil {
		return err
	}
	if err := n.only("spatial", 1, 1); err != nil {
		return err
	}
	if len(n.Input) != 5 {
		return fmt.Errorf("%w: %d inputs, expected 5", cnn.ErrFormat, len(n.Input))
	}
	if r.state.axes != nil {
		if err := r.state.image(); err != nil {
			return err
		}
	}
	var arrays [][]float32
	channels := r.state.shape[len(r.state.shape)-1]
	for _, name := range n.Input[1:] {
		t, err := r.constant(name)
		if err != nil {
			return err
		}
		if t.size() != channels {
			return fmt.Errorf("%w: %.80q has %d values for %d channels", cnn.ErrFormat, name, t.size(), channels)
		}
		arrays = append(arrays, r.state.inOrder(t.float32s()))
	}
	b := cnn.BatchNormalization{Name: r.layerName(n), Momentum: shortest(n.float("momentum", 0.9)), Epsilon: shortest(n.float("epsilon", 1e-5))}
	if b.Epsilon == 0 {
		return fmt.Errorf("%w: epsilon 0", ErrUnsupported)
	}
	return r.add(b, arrays...)
}

// shortest returns the shortest decimal of a float32, as 0.9 instead of 0.8999999761581421.
func shortest(v float64) float64 {
	var out float64
	if _, err := fmt.Sscan(fmt.Sprint(float32(v)), &out); err != nil {
		return v
	}
	return out
}

func (r *onnxReader) pool(n *onnxNode) error {
	if err := r.state.image(); err != nil {
		return err
	}
	size, err := square(n, "kernel_shape", 0)
	if err != nil {
		return err
	}
	stride, err := square(n, "strides", 1)
	if err != nil {
		return err
	}
	if d := n.ints("dilations"); slices.ContainsFunc(d, func(d int) bool { return d != 1 }) {
		return fmt.Errorf("%w: dilations %v", ErrUnsupported, d)
	}
	pads, same, err := r.around(n, size, stride)
	if err != nil {
		return err
	}
	if n.integer("ceil_mode", 0) != 0 {
		for axis := range 2 {
			if rest := (r.state.shape[axis] + pads[axis] + pads[axis+2] - size) % stride; rest != 0 {
				return fmt.Errorf("%w: ceil_mode, where the windows do not fill %d rows or columns", ErrUnsupported, r.state.shape[axis])
			}
		}
	}
	average := n.GetOpType() == "AveragePool"
	var edges [4]int // of windows that neither zeros nor "same" stand for
	padding := ""
	switch {
	case pads == [4]int{}:
	case average && n.integer("count_include_pad", 0) != 0, !average && !same && r.positive():
		if err := r.zeros(n, pads); err != nil {
			return err
		}
	case same:
		padding = "same"
	case average:
		return fmt.Errorf("%w: pads %v that the average leaves out: average without padding, or with count_include_pad", ErrUnsupported, pads)
	default:
		edges = pads
	}
	name := r.layerName(n)
	if stride == size {
		stride = 0
	}
	switch {
	case average:
		return r.add(cnn.AveragePooling2D{Name: name, Size: size, Stride: stride, Padding: padding})
	case stride == 0 && padding == "" && edges == [4]int{}:
		return r.add(cnn.MaxPooling2D{Name: name, Size: size})
	}
	return r.add(cnn.WindowMaxPooling2D{Name: name, Size: size, Stride: stride, Padding: padding, Top: edges[0], Left: edges[1], Bottom: edges[2], Right: edges[3]})
}

// positive reports whether no value is below 0, so that a border of zeros never is the
// largest.
func (r *onnxReader) positive() bool {
	for _, layer := range slices.Backward(r.plan.net.Layers) {
		switch l := layer.(type) {
		case cnn.Dropout, cnn.MaxPooling2D, cnn.WindowMaxPooling2D, cnn.AveragePooling2D, cnn.ZeroPadding2D:
			continue
		case cnn.Activation:
			return slices.Contains([]string{"relu", "relu6", "sigmoid", "softplus", "softmax"}, l.Function)
		}
		return false
	}
	return false
}

func (r *onnxReader) mean(n *onnxNode) error {
	if err := r.state.image(); err != nil {
		return err
	}
	keep := int64(1)
	if n.GetOpType() == "ReduceMean" {
		axes, err := r.imageAxes(n)
		if err != nil {
			return err
		}
		if !slices.Equal(axes, []int{2, 3}) {
			return fmt.Errorf("%w: a mean over the axes %v: only over rows and columns", ErrUnsupported, axes)
		}
		keep = n.integer("keepdims", 1)
	}
	err := r.add(cnn.GlobalAveragePooling2D{Name: r.layerName(n)})
	r.state.axes, r.state.ones = nil, 2*int(keep&1)
	return err
}

func (r *onnxReader) pad(n *onnxNode) error {
	if err := r.state.image(); err != nil {
		return err
	}
	if mode := n.text("mode", "constant"); mode != "constant" {
		return fmt.Errorf("%w: mode %.40q", ErrUnsupported, mode)
	}
	pads, value := n.ints("pads"), n.float("value", 0)
	if len(n.Input) > 3 && n.Input[3] != "" {
		return fmt.Errorf("%w: axes", ErrUnsupported)
	}
	for i, name := range n.Input[1:] {
		if name == "" {
			continue
		}
		t, err := r.constant(name)
		if err != nil {
			return err
		}
		if i == 0 {
			pads = t.ints()
		} else if t.size() == 1 {
			value = t.values[0]
		}
	}
	if len(pads) != 8 || value != 0 || pads[0] != 0 || pads[1] != 0 || pads[4] != 0 || pads[5] != 0 || slices.Min(pads) < 0 {
		return fmt.Errorf("%w: pads %v with the value %g", ErrUnsupported, pads, value)
	}
	return r.zeros(n, [4]int{pads[2], pads[3], pads[6], pads[7]})
}

func (r *onnxReader) transpose(n *onnxNode) error {
	perm := n.ints("perm")
	if !isPermutation(perm, 4) || perm[0] != 0 || len(r.state.axes) != 3 {
		return fmt.Errorf("%w: perm %v", ErrUnsupported, perm)
	}
	var axes []int
	for _, p := range perm[1:] {
		axes = append(axes, r.state.axes[p-1])
	}
	r.state.axes = axes
	return nil
}

func (r *onnxReader) flatten(n *onnxNode) error {
	s := &r.state
	if s.axes == nil { // of an averaged image, or flat
		s.ones = 0
		return nil
	}
	if err := s.guess(); err != nil {
		return err
	}
	from := &onnxFlat{shape: slices.Clone(s.shape), axes: s.axes}
	err := r.add(cnn.Flatten{Name: r.layerName(n)})
	s.axes = nil
	if s.from = from; from.natural() {
		s.from = nil
	}
	return err
}

func (r *onnxReader) reshape(n *onnxNode) error {
	target := n.ints("shape")
	if len(n.Input) > 1 {
		t, err := r.constant(n.Input[1])
		if err != nil {
			return err
		}
		target = t.ints()
	}
	dims := r.state.dims()
	size := 1
	for _, d := range dims[1:] {
		size *= d
	}
	for i, d := range target {
		if d == 0 && i < len(dims) {
			target[i] = dims[i]
		}
	}
	if slices.Equal(target, dims) {
		return nil
	}
	if len(target) != 2 || (target[0] != dims[0] && target[0] != -1 && target[1] != size) || (target[1] != size && target[1] != -1) || target[0] == target[1] {
		return fmt.Errorf("%w: to the shape %v: only to one row of values for each image", ErrUnsupported, dimsText(target))
	}
	return r.flatten(n)
}

// dimsText returns a shape for messages: an open number of images is "batch", another open side "?".
func dimsText(dims []int) (out []string) {
	for _, d := range dims {
		switch {
		case d == batchSize:
			out = append(out, "batch")
		case d < 0:
			out = append(out, "?")
		default:
			out = append(out, strconv.Itoa(d))
		}
	}
	return out
}

// imageAxes gives the sorted axes of an operator on images, which are an attribute or, in later operator sets, a constant; those
// that count from the end are turned into those from the beginning.
func (r *onnxReader) imageAxes(n *onnxNode) ([]int, error) {
	axes := n.ints("axes")
	if len(n.Input) > 1 && n.Input[1] != "" {
		t, err := r.constant(n.Input[1])
		if err != nil {
			return nil, err
		}
		axes = t.ints()
	}
	for i, axis := range axes {
		if axis < 0 {
			axes[i] += 4
		}
	}
	slices.Sort(axes)
	return axes, nil
}

func (r *onnxReader) squeeze(n *onnxNode) error {
	axes, err := r.imageAxes(n)
	if err != nil {
		return err
	}
	dims := r.state.dims()
	if !slices.Equal(axes, []int{2, 3}) || len(dims) != 4 || dims[2] != 1 || dims[3] != 1 {
		return fmt.Errorf("%w: axes %v of a tensor %v", ErrUnsupported, axes, dims[1:])
	}
	return r.flatten(n)
}

func (r *onnxReader) softmax(n *onnxNode, last bool) error {
	dims := r.state.dims()
	byDefault := int64(-1)
	if r.opset < 13 {
		byDefault = 1
	}
	axis := n.integer("axis", byDefault)
	if axis < 0 {
		axis += int64(len(dims))
	}
	switch {
	case axis != 1:
		return fmt.Errorf("%w: axis %d", ErrUnsupported, axis)
	case r.state.axes != nil && r.opset < 13:
		return fmt.Errorf("%w: of a whole image, as in opset %d", ErrUnsupported, r.opset)
	case r.state.axes != nil:
		if err := r.state.image(); err != nil {
			return err
		}
	}
	if n.GetOpType() == "LogSoftmax" {
		if !last {
			return fmt.Errorf("%w: before other nodes", ErrUnsupported)
		}
		r.plan.lose(n.leaf(), "it gives logarithms", "read as a softmax, which gives the probabilities themselves")
	}
	return r.add(cnn.Activation{Name: r.layerName(n), Function: "softmax"})
}

// function adds the layer of a function of single values.
func (r *onnxReader) function(n *onnxNode) error {
	if n.GetOpType() == "PRelu" {
		t, err := r.constant(n.Input[len(n.Input)-1])
		if err != nil {
			return err
		}
		if t.size() < 1 || slices.Max(t.values) != slices.Min(t.values) {
			return fmt.Errorf("%w: a slope for each channel", ErrUnsupported)
		}
		return r.activation(n, func(x float64) float64 { return math.Max(x, 0) + t.values[0]*math.Min(x, 0) })
	}
	if alpha := shortest(n.float("alpha", 1)); n.GetOpType() == "Elu" && alpha != 1 && alpha != 0 {
		return fmt.Errorf("%w: alpha %g, expected 1", ErrUnsupported, alpha)
	}
	f, err := r.numeric(n)
	if err != nil {
		return err
	}
	return r.activation(n, func(x float64) float64 { return f(map[string]float64{r.current: x}) })
}

// activation adds the activation of package cnn that is this function.
func (r *onnxReader) activation(n *onnxNode, f func(float64) float64) error {
	if r.state.raw != nil {
		return fmt.Errorf("%w: before the first layer", ErrUnsupported)
	}
	name := r.layerName(n)
	if layer := sameFunction(name, f); layer != nil {
		return r.add(layer)
	}
	delete(r.plan.names, name)
	return fmt.Errorf("%w: it is none of the activations %v", ErrUnsupported, append(cnn.Activations(), "leaky ReLU"))
}

// arithmetic reads an operation with a constant: it belongs to the preprocessing, or to the
// layer before it.
func (r *onnxReader) arithmetic(n *onnxNode) error {
	if len(n.Input) != 2 {
		return fmt.Errorf("%w: %d inputs", cnn.ErrFormat, len(n.Input))
	}
	other, first := n.Input[1], n.Input[0] == r.current
	if !first {
		other = n.Input[0]
	}
	if !r.isConstant(other) {
		return fmt.Errorf("%w: it takes 2 inputs of the network: only a plain chain of layers is read", ErrUnsupported)
	}
	t, err := r.constant(other)
	if err != nil {
		return err
	}
	channels, err := r.channels(t)
	if err != nil {
		return err
	}
	s := step{leaf: n.leaf(), scale: make([]float64, len(channels)), offset: make([]float64, len(channels))}
	for i, v := range channels {
		s.scale[i] = 1
		switch op := n.GetOpType(); {
		case op == "Add":
			s.offset[i] = v
		case op == "Mul":
			s.scale[i] = v
		case op == "Sub" && first:
			s.offset[i] = -v
		case op == "Sub":
			s.scale[i], s.offset[i] = -1, v
		case first && v != 0:
			s.scale[i] = 1 / v
		default:
			return fmt.Errorf("%w: a division by the data or by 0", ErrUnsupported)
		}
	}
	if len(r.plan.net.Layers) == 0 {
		r.plan.steps = append(r.plan.steps, s)
		return nil
	}
	if r.linear < 0 {
		return fmt.Errorf("%w: arithmetic is read only before the first layer, as preprocessing, or right after a convolution or dense layer", ErrUnsupported)
	}
	return r.absorb(s)
}

// channels returns a constant's values, one for all channels or one for each.
func (r *onnxReader) channels(t *onnxTensor) ([]float64, error) {
	if t.size() == 1 {
		return t.values, nil
	}
	rank := len(r.state.dims())
	bad := fmt.Errorf("%w: a constant of shape %v: one number, or one for each channel", ErrUnsupported, t.shape)
	if t.size() == 0 || len(t.shape) > rank {
		return nil, bad
	}
	at := -1 // the axis of the tensor along which it varies
	for i, d := range t.shape {
		if d != 1 {
			if at >= 0 {
				return nil, bad
			}
			at = i + rank - len(t.shape)
		}
	}
	if at < 1 || r.state.from != nil {
		return nil, bad
	}
	if r.state.raw != nil && len(t.values) == r.state.raw[r.state.axes[at-1]] && len(t.values) <= 4 {
		r.state.decide(r.state.axes[at-1])
	}
	if r.state.raw != nil || r.state.dims()[at] != len(t.values) || (r.state.axes != nil && r.state.axes[at-1] != 2) {
		return nil, bad
	}
	return t.values, nil
}

// absorb makes a scale and an offset part of the last layer's weights.
func (r *onnxReader) absorb(s step) error {
	layers := r.plan.net.Layers
	last := len(layers) - 1
	kernel := r.weights[r.linear]
	out := r.state.shape[len(r.state.shape)-1]
	biased := len(r.weights) > r.linear+1
	if !biased {
		name := layers[last].LayerName() + "/bias"
		switch l := layers[last].(type) {
		case cnn.Conv2D:
			l.NoBias = false
			layers[last] = l
		case cnn.DepthwiseConv2D:
			l.NoBias = false
			layers[last] = l
		case cnn.Dense:
			l.NoBias = false
			layers[last] = l
		}
		r.weights = append(r.weights, cnn.Array{Name: name, Shape: []int{out}, Values: make([]float32, out)})
	}
	of := func(v []float64, i int) float64 { return v[i%len(v)] }
	for i, v := range kernel.Values {
		kernel.Values[i] = float32(float64(v) * of(s.scale, i%out))
	}
	bias := r.weights[r.linear+1]
	for i, v := range bias.Values {
		bias.Values[i] = float32(float64(v)*of(s.scale, i) + of(s.offset, i))
	}
	return nil
}
