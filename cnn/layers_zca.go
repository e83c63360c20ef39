package cnn

import (
	"cmp"
	"fmt"
	"math"

	"github.com/cnnbook/cnnbook/cifar"
	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
)

// ZCAWhitening whitens whole images: it subtracts the mean image and multiplies by the inverse square root of the covariance, so
// that all values are uncorrelated and images look as alike to themselves as they can (Bell and Sejnowski 1997; Krizhevsky 2009,
// Learning Multiple Layers of Features from Tiny Images, appendix B; zca_whitening of Keras's ImageDataGenerator):
//
//	y = (x − mean)·W,  W = (C + Epsilon·1)^(−1/2),  C = Σ (x − mean)·(x − mean)ᵀ / images
//
// for an image x as a vector, row by row, channels last. It must be a network's first layer. Mean and W are not trained: they are
// computed from the training images, as preprocessed, when a run starts, which takes minutes for images of 32×32 with 3 channels. W has
// the square of an image's size: 38 MB there, in every save.
type ZCAWhitening struct {
	Name    string  `json:"name"`
	Images  int     `json:"images,omitempty"`  // the first so many training images; 0 is 10,000
	Epsilon float64 `json:"epsilon,omitempty"` // 0 is 0.1, as for standardised images in pylearn2: it keeps noise small
}

// Values for fields that are zero.
const (
	defaultZCAImages  = 10_000
	defaultZCAEpsilon = 0.1
)

// mostZCAValues bounds an image's size: its square is that of a matrix.
const mostZCAValues = 1 << 13

func (ZCAWhitening) Kind() string        { return "ZCAWhitening" }
func (l ZCAWhitening) LayerName() string { return l.Name }
func (ZCAWhitening) arrays() int         { return 2 }

// Output checks the fields; the shape does not change.
func (l ZCAWhitening) Output(in Shape) (Shape, error) {
	switch {
	case len(in) != 3:
		return nil, fmt.Errorf("needs an image [height, width, channels], got %v", in)
	case in.Size() > mostZCAValues:
		return nil, fmt.Errorf("an image has %d values, at most %d can be whitened together: use a WhiteningConv2D", in.Size(), mostZCAValues)
	case l.Images < 0:
		return nil, fmt.Errorf("images must be at least 0, got %d", l.Images)
	case !(l.Epsilon >= 0 && l.Epsilon <= math.MaxFloat32):
		return nil, fmt.Errorf("epsilon must be at least 0 and finite, got %g", l.Epsilon)
	}
	return in, nil
}

// Weights are mean [values] and W [values, values], which are not trained.
func (l ZCAWhitening) Weights(in Shape) []WeightSpec {
	n := in.Size()
	return []WeightSpec{
		{Name: l.Name + "/mean", Shape: []int{n}, Bias: true, Moving: true},
		{Name: l.Name + "/kernel", Shape: []int{n, n}, FanIn: n, FanOut: n, Init: "zeros", Moving: true},
	}
}

func (l ZCAWhitening) build(x *Node, weights []*Node) *Node {
	shape := x.Shape().Dimensions
	flat := Reshape(x, shape[0], -1)
	return Reshape(Dot(Sub(flat, broadcastLast(weights[0], 2)), weights[1]).Product(), shape...)
}

// whiten computes the layer's arrays from images.
func (l ZCAWhitening) whiten(weights Weights, images *cifar.Dataset, p Preprocess) (err error) {
	backend, err := openBackend()
	if err != nil {
		return err
	}
	defer backend.Finalize()
	sample := images.Head(cmp.Or(l.Images, defaultZCAImages))
	size := len(weights[0].Values)
	return guard("whitening the images", func() error {
		mean, kernel, err := zca(backend, p.Inputs(sample), size, cmp.Or(l.Epsilon, defaultZCAEpsilon))
		if err == nil {
			weights[0].Values, weights[1].Values = mean, kernel
		}
		return err
	})
}

// zca returns the mean [size] and the whitening matrix [size, size] of images with that many values each, computed in float64.
//
// With A = (C + epsilon)/c, where c bounds its eigenvalues, the inverse square root is found by Newton's iteration of Schulz's form
// (Higham, Functions of Matrices, 2008, equation 6.35), which needs nothing but matrix multiplications:
//
//	Y₀ = A, Z₀ = 1;  F = α·(3 − α²·Z·Y)/2;  Y ← Y·F;  Z ← F·Z
//
// Z converges to A^(−1/2). The eigenvalues of Z·Y lie between l² and 1, where l² begins as epsilon/c, and α² = 3/(1 + l + l²)
// makes both ends equally far from 1 (Chen and Chow 2014, A stable scaling of Newton–Schulz for improving the sign function).
func zca(backend compute.Backend, images []float32, size int, epsilon float64) (mean, kernel []float32, err error) {
	x := tensors.FromFlatDataAndDimensions(images, len(images)/size, size)
	out, err := CallOnceN(backend, func(x *Node) []*Node {
		n := float64(x.Shape().Dimensions[0])
		mean := ReduceMean(ConvertDType(x, dtypes.Float64), 0)
		x = Sub(ConvertDType(x, dtypes.Float64), broadcastLast(mean, 2))
		c := DivScalar(DotGeneral(x, []int{0}, nil, x, []int{0}, nil), n)
		c = Add(c, MulScalar(identity(c), epsilon))
		bound := ReduceAllMax(ReduceSum(Abs(c), 1))
		return []*Node{ConvertDType(mean, dtypes.Float32), Div(c, bound), identity(c), bound}
	}, x)
	if err != nil {
		return nil, nil, err
	}
	step, err := NewExec(backend, func(y, z, alpha *Node) (*Node, *Node) {
		f := Sub(MulScalar(identity(y), 3), Mul(Square(alpha), Dot(z, y).Product()))
		f = Mul(f, DivScalar(alpha, 2))
		return Dot(y, f).Product(), Dot(f, z).Product()
	})
	if err != nil {
		return nil, nil, err
	}
	defer step.Finalize()
	y, z, bound := out[1], out[2], tensors.ToScalar[float64](out[3])
	l := math.Sqrt(epsilon / bound)
	for more := 2; more > 0; { // two after convergence, for rounding errors
		alpha := math.Sqrt(3 / (1 + l + l*l))
		next, err := step.Call(y, z, alpha)
		if err != nil {
			return nil, nil, err
		}
		y, z = next[0], next[1]
		if l = alpha * l * (3 - alpha*alpha*l*l) / 2; !(l < 1-1e-9) {
			l = 1
			more--
		}
	}
	values, err := tensors.CopyFlatData[float64](z)
	if err != nil {
		return nil, nil, err
	}
	kernel = make([]float32, len(values))
	for i, v := range values {
		kernel[i] = float32(v / math.Sqrt(bound))
	}
	mean, err = tensors.CopyFlatData[float32](out[0])
	return mean, kernel, err
}

// identity is the identity matrix of the size and type of a square one.
func identity(like *Node) *Node {
	return DiagonalWithValue(ScalarOne(like.Graph(), like.DType()), like.Shape().Dimensions[0])
}
