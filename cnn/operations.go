package cnn

// Operations counts the floating-point operations of the convolutions and dense
// layers for one image, a multiplication and an addition as two: forward, and
// in a training step, which adds the gradients with respect to each kernel and
// to each layer's input but the image. A frozen kernel needs no gradient, and neither does
// the input of a layer before which nothing is trained. Multiplications by padding zeros are
// not counted, and neither are other layers.
func (a Architecture) Operations() (forward, training int64, err error) {
	shapes, err := a.Shapes()
	if err != nil {
		return 0, 0, err
	}
	c := counted{in: a.Input}
	for i, l := range a.Layers {
		c = c.layer(l, shapes[i], a.IsFrozen(l.LayerName()))
	}
	return c.forward, c.training, nil
}

// counted is what has been counted up to some layer, whose output has the shape in.
type counted struct {
	in                Shape
	forward, training int64
	trained           bool // a layer before this one
}

// layer adds a layer to the count.
func (c counted) layer(l Layer, out Shape, frozen bool) counted {
	if r, ok := l.(Residual); ok {
		return c.residual(r, frozen)
	}
	n := operations(l, c.in, out)
	c.forward += n
	c.training += n
	if c.trained {
		c.training += n // the gradient with respect to the input
	}
	if _, fixed := l.(ZCAWhitening); len(l.Weights(c.in)) > 0 && !frozen && !fixed {
		c.training += n
		c.trained = true
	}
	c.in = out
	return c
}

// residual adds a block's two branches, which begin with the same input.
func (c counted) residual(l Residual, frozen bool) counted {
	end := c
	long, shortcut := l.branches(c.in)
	for _, branch := range [][]Layer{shortcut, long} { // the long one last, for the output's shape
		end.in, end.trained = c.in, c.trained
		for _, part := range branch {
			out, _ := part.Output(end.in) // checked by the block's Output
			end = end.layer(part, out, frozen)
		}
	}
	end.trained = c.trained || !frozen
	return end
}

// operations returns the operations of one layer's forward pass.
func operations(l Layer, in, out Shape) int64 {
	switch l := l.(type) {
	case Conv2D:
		return 2 * int64(l.overlaps(in[0], out[0])) * int64(l.overlaps(in[1], out[1])) * int64(in[2]) * int64(out[2])
	case WhiteningConv2D:
		return operations(l.Conv2D(in[2]), in, out)
	case DepthwiseConv2D:
		c := Conv2D{Kernel: l.Kernel, Stride: l.Stride, Padding: l.Padding}
		return 2 * int64(c.overlaps(in[0], out[0])) * int64(c.overlaps(in[1], out[1])) * int64(out[2])
	case SeparableConv2D:
		between := Shape{out[0], out[1], in[2] * orElse(l.Multiplier, 1)}
		return operations(l.depthwise(), in, between) + 2*int64(between.Size())*int64(l.Filters)
	case ZCAWhitening:
		return 2 * int64(in.Size()) * int64(in.Size())
	case Dense:
		return 2 * int64(in.Size()) * int64(out.Size())
	}
	return 0
}

// overlaps counts the pairs of a kernel position and the image position that it covers,
// along an axis of that size, over all outputs.
func (l Conv2D) overlaps(size, outputs int) int {
	before := 0
	if l.Padding == "same" {
		before = SamePadding(size, l.Kernel, l.stride())[0]
	}
	count := 0
	for o := range outputs {
		start := o*l.stride() - before
		count += min(start+l.Kernel, size) - max(start, 0)
	}
	return count
}
