package exchange

import (
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"unicode"

	"github.com/cnnbook/cnnbook/cnn"
	"github.com/cnnbook/cnnbook/cnn/exchange/internal/onnx"
	"google.golang.org/protobuf/proto"
)

// The versions of ONNX's operators that are read, and the limits of a file.
const (
	oldestOpset, newestOpset = 7, 26
	maxONNXNodes             = 4096
	maxONNXSide              = 1 << 14 // of an image
)

// isONNX reports whether bytes may be an ONNX file: it begins with the version of the
// format.
func isONNX(data []byte) bool { return len(data) > 2 && data[0] == 8 && data[1] > 0 && data[1] < 32 }

// importONNX reads an ONNX file: see [Import]. folder holds the files of external
// weights, or is nil.
func importONNX(data []byte, folder fs.FS, preprocess string) (out Imported, err error) {
	model := &onnx.ModelProto{}
	if err := proto.Unmarshal(data, model); err != nil {
		return out, fmt.Errorf("%w: it begins like an ONNX file, but is damaged or cut short after %d bytes: download or copy it again", cnn.ErrFormat, len(data))
	}
	r, err := newONNXReader(model, folder)
	if err != nil {
		return out, err
	}
	if err := r.walk(); err != nil {
		return out, err
	}
	note, err := r.plan.finish("")
	if err != nil {
		return out, err
	}
	out.Network, out.Weights = r.plan.net, r.weights
	if err := out.Weights.Check(out.Network); err != nil {
		return out, err
	}
	out.Notes = notes(r.plan.lost)
	stated := map[string]string{}
	for _, p := range model.MetadataProps {
		stated[p.GetKey()] = p.GetValue()
	}
	classes, err := toldClasses(stated[classesKey])
	if err != nil {
		return out, err
	}
	if err := out.named(classes); err != nil {
		return out, err
	}
	told, err := toldPreprocess(stated[preprocessKey], model.GetDocString())
	if err != nil {
		return out, err
	}
	before, said, err := r.plan.input(told, preprocess)
	if err != nil {
		return out, err
	}
	out.Preprocess = before
	for _, n := range []string{note, said} {
		if n != "" {
			out.Notes = append(out.Notes, n)
		}
	}
	return out, nil
}

// onnxNode is an operator of the graph.
type onnxNode struct {
	*onnx.NodeProto
	place int // from 1
}

func (n *onnxNode) title() string {
	name := n.GetName()
	if name == "" && len(n.Output) > 0 {
		name = n.Output[0]
	}
	return fmt.Sprintf("%.80q (%.40s)", name, printable(n.GetOpType()))
}

// wrap adds the node to an error.
func (n *onnxNode) wrap(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("node %d, %s: %w", n.place, n.title(), err)
}

// onnxReader follows the only path of the data through a graph, and collects its
// layers.
type onnxReader struct {
	opset   int64
	graph   *onnx.GraphProto
	nodes   []*onnxNode // that are not constants
	readers map[string][]*onnxNode
	stored  map[string]*onnx.TensorProto // constants, not decoded
	known   map[string]*onnxTensor       // computed constants
	bytes   *onnxBytes

	current string // the tensor that has been reached
	state   onnxState
	plan    *plan
	weights cnn.Weights
	linear  int // index of the array of the last layer's kernel, if arithmetic can become part of it; or -1
}

// onnxState is the meaning of a tensor's axes.
type onnxState struct {
	batch int
	raw   []int     // sides of the file's input, without the batch, until its axes are known
	shape cnn.Shape // of package cnn: [height, width, channels] or [values]; nil if not known yet
	axes  []int     // of a tensor of rank 4: axis i+1 is axis axes[i] of shape, or of raw
	ones  int       // of an averaged image: how many axes of length 1 follow its channels
	from  *onnxFlat // of a flattened image: the order of its values, if it differs from package cnn's
}

// onnxFlat is the order of a flattened image: axes of shape, slowest first.
type onnxFlat struct {
	shape cnn.Shape
	axes  []int
}

// newONNXReader checks a model and finds its input.
func newONNXReader(model *onnx.ModelProto, folder fs.FS) (*onnxReader, error) {
	r := &onnxReader{
		graph: model.Graph, readers: map[string][]*onnxNode{}, stored: map[string]*onnx.TensorProto{}, known: map[string]*onnxTensor{},
		bytes: &onnxBytes{folder: folder, files: map[string][]byte{}, left: maxONNXValues}, plan: &plan{names: map[string]bool{}}, linear: -1,
	}
	if r.graph == nil {
		return nil, fmt.Errorf("%w: it begins like an ONNX file, but holds no network", cnn.ErrFormat)
	}
	for _, o := range model.OpsetImport {
		if o.GetDomain() == "" || o.GetDomain() == "ai.onnx" {
			r.opset = o.GetVersion()
		}
	}
	if r.opset < oldestOpset || r.opset > newestOpset {
		return nil, fmt.Errorf("%w: an ONNX file of opset %d: %d to %d are read: export it with one of them", ErrUnsupported, r.opset, oldestOpset, newestOpset)
	}
	if n := len(r.graph.Node); n > maxONNXNodes {
		return nil, fmt.Errorf("%w: an ONNX file of %d nodes: at most %d are read", ErrUnsupported, n, maxONNXNodes)
	}
	for _, t := range r.graph.Initializer {
		r.stored[t.GetName()] = t
	}
	for i, n := range r.graph.Node {
		node := &onnxNode{n, i + 1}
		if len(n.Output) == 0 {
			return nil, node.wrap(fmt.Errorf("%w: it has no output", cnn.ErrFormat))
		}
		if n.GetOpType() == "Constant" && len(n.Output) == 1 {
			if t := node.attribute("value"); t != nil && t.T != nil {
				r.stored[n.Output[0]] = t.T
				continue
			}
		}
		r.nodes = append(r.nodes, node)
	}
	if err := r.takeInput(); err != nil {
		return nil, err
	}
	if len(r.graph.Output) != 1 {
		return nil, fmt.Errorf("%w: the network has %d outputs: only a plain chain of layers is read", ErrUnsupported, len(r.graph.Output))
	}
	r.fold()
	return r, nil
}

// takeInput finds the images among the graph's inputs; old files also list the weights there.
func (r *onnxReader) takeInput() error {
	var inputs []*onnx.ValueInfoProto
	for _, in := range r.graph.Input {
		if r.stored[in.GetName()] == nil {
			inputs = append(inputs, in)
		}
	}
	if len(inputs) != 1 {
		return fmt.Errorf("%w: the network has %d inputs: only one, of images, is supported", ErrUnsupported, len(inputs))
	}
	in := inputs[0]
	tensor := in.GetType().GetTensorType()
	dims := tensor.GetShape().GetDim()
	if len(dims) != 4 {
		return fmt.Errorf("%w: the input %.80q has %d axes: images have 4, with that of the batch", ErrUnsupported, in.GetName(), len(dims))
	}
	r.state = onnxState{batch: int(dims[0].GetDimValue()), axes: []int{0, 1, 2}}
	for _, d := range dims[1:] {
		n := d.GetDimValue()
		if n < 1 {
			return fmt.Errorf("%w: the images of the input %.80q may have any size: export it with a fixed size", ErrUnsupported, in.GetName())
		}
		if n > maxONNXSide {
			return fmt.Errorf("%w: images of %d rows, columns or channels: at most %d", ErrUnsupported, n, maxONNXSide)
		}
		r.state.raw = append(r.state.raw, int(n))
	}
	r.current = in.GetName()
	return nil
}

// fold computes the nodes whose inputs are constants, and lists who reads what among
// the rest.
func (r *onnxReader) fold() {
	rest := r.nodes[:0]
	clear(r.readers)
	for _, n := range r.nodes {
		if t := r.constantOf(n); t != nil && len(n.Output) > 0 {
			r.known[n.Output[0]] = t
			continue
		}
		rest = append(rest, n)
		for i, in := range n.Input {
			if in != "" && !slices.Contains(n.Input[:i], in) {
				r.readers[in] = append(r.readers[in], n)
			}
		}
	}
	r.nodes = rest
}

// isConstant reports whether a tensor does not depend on the images.
func (r *onnxReader) isConstant(name string) bool {
	return r.known[name] != nil || r.stored[name] != nil
}

// constant returns a tensor that does not depend on the images.
func (r *onnxReader) constant(name string) (*onnxTensor, error) {
	if t := r.known[name]; t != nil {
		return t, nil
	}
	t := r.stored[name]
	if t == nil {
		return nil, fmt.Errorf("%w: its input %.80q is not constant", ErrUnsupported, name)
	}
	out, err := r.bytes.tensor(t)
	if err != nil {
		return nil, fmt.Errorf("%.80q: %w", name, err)
	}
	return out, nil
}

// walk follows the data from the input to the output.
func (r *onnxReader) walk() error {
	end := r.graph.Output[0].GetName()
	for r.current != end {
		if r.shapesAsked() {
			r.fold()
		}
		users := r.readers[r.current]
		switch len(users) {
		case 0:
			return fmt.Errorf("%w: no node makes the output %.80q out of %.80q", cnn.ErrFormat, end, r.current)
		case 1:
			n := users[0]
			if err := r.convert(n, n.Output[0] == end); err != nil {
				return n.wrap(err)
			}
			if len(r.plan.net.Layers) > maxONNXNodes {
				return n.wrap(fmt.Errorf("%w: more than %d layers", ErrUnsupported, maxONNXNodes))
			}
			r.current = n.Output[0]
		default:
			next, err := r.branched(users, end)
			if err != nil {
				return err
			}
			r.current = next
		}
	}
	if f := r.state.from; f != nil && !f.natural() {
		return fmt.Errorf("%w: the network ends in a flattened image: expected one number per class", ErrUnsupported)
	}
	if len(r.plan.net.Layers) == 0 {
		return fmt.Errorf("%w: the network has no layers", ErrUnsupported)
	}
	return nil
}

// usable checks what all operators have in common: their domain, one path in, one path out.
func (r *onnxReader) usable(n *onnxNode) error {
	if d := n.GetDomain(); d != "" && d != "ai.onnx" {
		return fmt.Errorf("%w: an operator of the domain %.40q", ErrUnsupported, d)
	}
	if len(n.Output) == 0 || n.Output[0] == "" || len(n.Input) == 0 {
		return fmt.Errorf("%w: it has no output or no input", cnn.ErrFormat)
	}
	for _, out := range n.Output[1:] {
		if len(r.readers[out]) > 0 || out != "" && out == r.graph.Output[0].GetName() {
			return fmt.Errorf("%w: its second output is used: only a plain chain of layers is read", ErrUnsupported)
		}
	}
	own := 0
	for _, in := range n.Input {
		if in == r.current {
			own++
		}
	}
	if own > 1 {
		return fmt.Errorf("%w: it takes %d inputs of the network: only a plain chain of layers is read", ErrUnsupported, own)
	}
	return nil
}

// attribute returns the attribute of that name, or nil.
func (n *onnxNode) attribute(name string) *onnx.AttributeProto {
	for _, a := range n.Attribute {
		if a.GetName() == name {
			return a
		}
	}
	return nil
}

func (n *onnxNode) integer(name string, byDefault int64) int64 {
	if a := n.attribute(name); a != nil && a.I != nil {
		return a.GetI()
	}
	return byDefault
}

func (n *onnxNode) float(name string, byDefault float64) float64 {
	if a := n.attribute(name); a != nil && a.F != nil {
		return float64(a.GetF())
	}
	return byDefault
}

func (n *onnxNode) text(name, byDefault string) string {
	if a := n.attribute(name); a != nil && a.S != nil {
		return string(a.S)
	}
	return byDefault
}

// ints returns a list of whole numbers, or nil.
func (n *onnxNode) ints(name string) (out []int) {
	if a := n.attribute(name); a != nil {
		for _, v := range a.Ints {
			out = append(out, int(v))
		}
	}
	return out
}

// only refuses attributes with other values than these.
func (n *onnxNode) only(name string, value, byDefault int64) error {
	if v := n.integer(name, byDefault); v != value {
		return fmt.Errorf("%w: %s %d", ErrUnsupported, name, v)
	}
	return nil
}

// leaf stands for the node in notes.
func (n *onnxNode) leaf() *leaf {
	return &leaf{kerasLayer: kerasLayer{Class: n.GetOpType(), Config: object{"name": n.GetName()}}}
}

// layerName returns a free name for a layer: that of its weights, or of its node.
func (r *onnxReader) layerName(n *onnxNode) string {
	name := ""
	if len(n.Input) > 1 {
		for _, end := range []string{".weight", "/kernel", "/gamma", "/depthwise_kernel"} {
			if base, ok := strings.CutSuffix(n.Input[1], end); ok && name == "" {
				name = base
			}
		}
	}
	if name == "" {
		name = strings.Trim(n.GetName(), "/")
	}
	if name == "" {
		name = fmt.Sprintf("%s_%d", strings.ToLower(n.GetOpType()), n.place)
	}
	name = printable(name)
	if len(name) > 100 {
		name = strings.ToValidUTF8(name[:100], "")
	}
	free := name
	for i := 2; r.plan.names[free]; i++ {
		free = fmt.Sprintf("%s_%d", name, i)
	}
	r.plan.names[free] = true
	return free
}

// printable replaces what would break a line.
func printable(s string) string {
	return strings.Map(func(c rune) rune {
		if !unicode.IsPrint(c) {
			return '_'
		}
		return c
	}, s)
}

// add adds a layer with its arrays.
func (r *onnxReader) add(layer cnn.Layer, arrays ...[]float32) error {
	s := &r.state
	out, err := layer.Output(s.shape)
	if err != nil {
		return fmt.Errorf("%w: %w", cnn.ErrArchitecture, err)
	}
	size := 1
	for _, n := range out {
		if n > maxONNXValues || size > maxONNXValues/max(n, 1) {
			return fmt.Errorf("%w: an output of %v", ErrUnsupported, []int(out))
		}
		size *= n
	}
	specs := layer.Weights(s.shape)
	if len(specs) != len(arrays) {
		return fmt.Errorf("%w: %d arrays, expected %d", cnn.ErrFormat, len(arrays), len(specs))
	}
	for i, spec := range specs {
		if len(arrays[i]) != spec.Size() {
			return fmt.Errorf("%w: %d values for %s %v", cnn.ErrFormat, len(arrays[i]), spec.Name, spec.Shape)
		}
		r.weights = append(r.weights, cnn.Array{Name: spec.Name, Shape: spec.Shape, Values: arrays[i]})
	}
	if len(r.plan.net.Layers) == 0 {
		r.plan.net.Input = s.shape
	}
	r.plan.net.Layers, s.shape, r.linear = append(r.plan.net.Layers, layer), out, -1
	return nil
}

// decide takes an axis of the file's input as its channels; the others are rows and
// columns, in that order.
func (s *onnxState) decide(channels int) {
	var image []int
	for i := range s.raw {
		if i != channels {
			image = append(image, i)
		}
	}
	s.shape = cnn.Shape{s.raw[image[0]], s.raw[image[1]], s.raw[channels]}
	to := map[int]int{image[0]: 0, image[1]: 1, channels: 2}
	for i, axis := range s.axes {
		s.axes[i] = to[axis]
	}
	s.raw = nil
}

// image requires a tensor [batch, channels, height, width], as ONNX's operators on images do.
func (s *onnxState) image() error {
	if s.raw != nil {
		s.decide(s.axes[0])
	}
	if len(s.shape) != 3 {
		return fmt.Errorf("%w: it needs an image, and gets %v", ErrUnsupported, s.shape)
	}
	if !slices.Equal(s.axes, []int{2, 0, 1}) {
		return fmt.Errorf("%w: its image has the axes in another order than channels, rows, columns", ErrUnsupported)
	}
	return nil
}

// guess decides which axis of the file's input holds the channels, if no operator has said it.
func (s *onnxState) guess() error {
	if s.raw == nil {
		return nil
	}
	few := func(i int) bool { return s.raw[i] <= 4 }
	if few(0) == few(2) {
		return fmt.Errorf("%w: it is not clear which axis of the images %v holds the channels", ErrUnsupported, s.raw)
	}
	if few(0) {
		s.decide(0)
	} else {
		s.decide(2)
	}
	return nil
}

// dims returns the tensor's shape in the file, with batchSize for the batch.
func (s *onnxState) dims() []int {
	out := []int{batchSize}
	if s.batch > 0 {
		out[0] = s.batch
	}
	for _, axis := range s.axes {
		if s.raw != nil {
			out = append(out, s.raw[axis])
		} else {
			out = append(out, s.shape[axis])
		}
	}
	if s.axes == nil {
		out = append(out, s.shape[0])
		for range s.ones {
			out = append(out, 1)
		}
	}
	return out
}

// batchSize stands for the number of images where it is open.
const batchSize = -1 << 40

// natural reports whether the values are in package cnn's order.
func (f *onnxFlat) natural() bool {
	last := -1
	for _, axis := range f.axes {
		if f.shape[axis] == 1 {
			continue
		}
		if axis < last {
			return false
		}
		last = axis
	}
	return true
}

// places returns, for each value of package cnn's order, its place in the file's.
func (f *onnxFlat) places() []int {
	stride, step := make([]int, 3), 1
	for i := 2; i >= 0; i-- {
		stride[f.axes[i]], step = step, step*f.shape[f.axes[i]]
	}
	var out []int
	for y := range f.shape[0] {
		for x := range f.shape[1] {
			for c := range f.shape[2] {
				out = append(out, y*stride[0]+x*stride[1]+c*stride[2])
			}
		}
	}
	return out
}

// inOrder brings rows of values into package cnn's order.
func (s *onnxState) inOrder(values []float32) []float32 {
	if s.from == nil || s.from.natural() {
		return values
	}
	width := len(values) / s.from.shape.Size()
	out := make([]float32, 0, len(values))
	for _, place := range s.from.places() {
		out = append(out, values[place*width:(place+1)*width]...)
	}
	return out
}
