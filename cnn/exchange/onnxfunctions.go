package exchange

import (
	"fmt"
	"math"
	"slices"

	"github.com/cnnbook/cnnbook/cnn"
)

// Exporters write one activation in many ways: SiLU as a sigmoid and a product, GELU as five
// operators, softplus with a comparison. Hence an activation is recognised by its values.

// activationValues holds the activations of package cnn as functions of one number.
func activationValues() map[string]func(float64) float64 {
	const alpha, scale = 1.6732632423543772, 1.0507009873554805
	elu := func(x float64) float64 { return math.Max(x, 0) + math.Expm1(math.Min(x, 0)) }
	return map[string]func(float64) float64{
		"relu": func(x float64) float64 { return math.Max(x, 0) }, "relu6": func(x float64) float64 { return math.Min(math.Max(x, 0), 6) },
		"elu": elu, "gelu": func(x float64) float64 { return x * 0.5 * (1 + math.Erf(x*math.Sqrt(0.5))) },
		"selu":    func(x float64) float64 { return scale * (math.Max(x, 0) + alpha*math.Expm1(math.Min(x, 0))) },
		"sigmoid": sigmoid, "silu": func(x float64) float64 { return x * sigmoid(x) },
		"softplus": softplus, "softsign": func(x float64) float64 { return x / (1 + math.Abs(x)) }, "tanh": math.Tanh,
	}
}

func sigmoid(x float64) float64 { return 1 / (1 + math.Exp(-x)) }

func softplus(x float64) float64 { return math.Max(x, 0) + math.Log1p(math.Exp(-math.Abs(x))) }

// sameFunction returns the activation that has a function's values from −30 to 30, or nil.
func sameFunction(name string, f func(float64) float64) cnn.Layer {
	same := func(g func(float64) float64) bool {
		for i := -600; i <= 600; i++ {
			x := float64(i) / 20
			if want := g(x); !(math.Abs(f(x)-want) <= 1e-6*(1+math.Abs(want))) {
				return false
			}
		}
		return true
	}
	for function, g := range activationValues() {
		if same(g) {
			return cnn.Activation{Name: name, Function: function}
		}
	}
	slope := -f(-1)
	if slope > 0 && slope <= 1 && same(func(x float64) float64 { return math.Max(x, 0) + slope*math.Min(x, 0) }) {
		slope = shortest(slope)
		if slope == cnn.DefaultAlpha {
			slope = 0
		}
		return cnn.LeakyReLU{Name: name, Alpha: slope}
	}
	return nil
}

// numeric returns a node as a function of the tensors that it reads, each a single number.
func (r *onnxReader) numeric(n *onnxNode) (func(values map[string]float64) float64, error) {
	if d := n.GetDomain(); d != "" && d != "ai.onnx" {
		return nil, fmt.Errorf("%w: an operator of the domain %.40q", ErrUnsupported, d)
	}
	f, inputs, err := n.formula()
	if err != nil {
		return nil, err
	}
	constants := map[string]float64{}
	for _, in := range n.Input {
		if !r.isConstant(in) {
			continue
		}
		t, err := r.constant(in)
		if err != nil {
			return nil, err
		}
		if t.size() != 1 {
			return nil, fmt.Errorf("%w: a constant of shape %v: expected one number", ErrUnsupported, t.shape)
		}
		constants[in] = t.values[0]
	}
	if len(n.Input) < inputs {
		return nil, fmt.Errorf("%w: %d inputs", cnn.ErrFormat, len(n.Input))
	}
	return func(values map[string]float64) float64 {
		in := make([]float64, len(n.Input))
		for i, name := range n.Input {
			in[i] = math.NaN() // an input that is left out
			if v, ok := constants[name]; ok {
				in[i] = v
			} else if v, ok := values[name]; ok {
				in[i] = v
			}
		}
		return f(in)
	}, nil
}

// formula returns an operator on numbers, and how many inputs it needs.
func (n *onnxNode) formula() (f func(in []float64) float64, inputs int, err error) {
	one := func(f func(float64) float64) (func([]float64) float64, int, error) {
		return func(in []float64) float64 { return f(in[0]) }, 1, nil
	}
	two := func(f func(a, b float64) float64) (func([]float64) float64, int, error) {
		return func(in []float64) float64 { return f(in[0], in[1]) }, 2, nil
	}
	truth := func(b bool) float64 {
		if b {
			return 1
		}
		return 0
	}
	known := activationValues()
	switch op := n.GetOpType(); op {
	case "Relu":
		return one(known["relu"])
	case "Sigmoid":
		return one(sigmoid)
	case "Tanh":
		return one(math.Tanh)
	case "Softplus":
		return one(softplus)
	case "Softsign":
		return one(known["softsign"])
	case "Abs":
		return one(math.Abs)
	case "Neg":
		return one(func(x float64) float64 { return -x })
	case "Exp":
		return one(math.Exp)
	case "Log":
		return one(math.Log)
	case "Erf":
		return one(math.Erf)
	case "Sqrt":
		return one(math.Sqrt)
	case "Reciprocal":
		return one(func(x float64) float64 { return 1 / x })
	case "Identity":
		return one(func(x float64) float64 { return x })
	case "LeakyRelu":
		alpha := n.float("alpha", 0.01)
		return one(func(x float64) float64 { return math.Max(x, 0) + alpha*math.Min(x, 0) })
	case "Elu":
		alpha := n.float("alpha", 1)
		return one(func(x float64) float64 { return math.Max(x, 0) + alpha*math.Expm1(math.Min(x, 0)) })
	case "Selu":
		alpha, gamma := n.float("alpha", 1.67326319217681884765625), n.float("gamma", 1.05070102214813232421875)
		return one(func(x float64) float64 { return gamma * (math.Max(x, 0) + alpha*math.Expm1(math.Min(x, 0))) })
	case "Gelu":
		if n.text("approximate", "none") == "none" {
			return one(known["gelu"])
		}
		return nil, 0, fmt.Errorf("%w: approximate %.40q", ErrUnsupported, n.text("approximate", ""))
	case "Swish":
		alpha := n.float("alpha", 1)
		return one(func(x float64) float64 { return x * sigmoid(alpha*x) })
	case "HardSigmoid":
		alpha, beta := n.float("alpha", 0.2), n.float("beta", 0.5)
		return one(func(x float64) float64 { return math.Max(0, math.Min(1, alpha*x+beta)) })
	case "Clip":
		low, high := n.float("min", math.Inf(-1)), n.float("max", math.Inf(1))
		return func(in []float64) float64 {
			low, high := low, high
			if len(in) > 1 && in[1] == in[1] {
				low = in[1]
			}
			if len(in) > 2 && in[2] == in[2] {
				high = in[2]
			}
			return math.Min(math.Max(in[0], low), high)
		}, 1, nil
	case "Add":
		return two(func(a, b float64) float64 { return a + b })
	case "Sub":
		return two(func(a, b float64) float64 { return a - b })
	case "Mul":
		return two(func(a, b float64) float64 { return a * b })
	case "Div":
		return two(func(a, b float64) float64 { return a / b })
	case "Pow":
		return two(math.Pow)
	case "Max":
		return two(math.Max)
	case "Min":
		return two(math.Min)
	case "Greater":
		return two(func(a, b float64) float64 { return truth(a > b) })
	case "GreaterOrEqual":
		return two(func(a, b float64) float64 { return truth(a >= b) })
	case "Less":
		return two(func(a, b float64) float64 { return truth(a < b) })
	case "LessOrEqual":
		return two(func(a, b float64) float64 { return truth(a <= b) })
	case "Where":
		return func(in []float64) float64 {
			if in[0] != 0 {
				return in[1]
			}
			return in[2]
		}, 3, nil
	}
	return nil, 0, fmt.Errorf("%w: this operator is not available", ErrUnsupported)
}

// maxFormula limits how many operators one activation may be made of.
const maxFormula = 16

// branched reads several nodes that use the same tensor: together they must be an
// activation. It returns the tensor that they end in.
func (r *onnxReader) branched(users []*onnxNode, end string) (string, error) {
	refuse := fmt.Errorf("%w: %s and %s use the same input: only a plain chain of layers is read", ErrUnsupported, users[0].title(), users[1].title())
	inside := map[string]bool{r.current: true}
	var parts []*onnxNode
	var formulas []func(map[string]float64) float64
	for _, n := range r.nodes {
		if len(parts) == maxFormula {
			break
		}
		uses, all := false, true
		for _, in := range n.Input {
			uses = uses || inside[in]
			all = all && (in == "" || inside[in] || r.isConstant(in))
		}
		if !uses || !all || len(n.Output) != 1 {
			continue
		}
		f, err := r.numeric(n)
		if err != nil {
			continue
		}
		parts, formulas = append(parts, n), append(formulas, f)
		out := n.Output[0]
		inside[out] = true
		if !r.closed(inside, parts, out, end) {
			continue
		}
		err = r.activation(n, func(x float64) float64 {
			values := map[string]float64{r.current: x}
			for i, p := range parts {
				values[p.Output[0]] = formulas[i](values)
			}
			return values[out]
		})
		if err == nil {
			return out, nil
		}
		refuse = users[0].wrap(fmt.Errorf("with the nodes after it: %w", err)) // unless the next nodes complete it, as in GELU
	}
	return "", refuse
}

// closed reports whether nothing but out leaves a group of nodes.
func (r *onnxReader) closed(inside map[string]bool, parts []*onnxNode, out, end string) bool {
	for name := range inside {
		if name == out {
			continue
		}
		if name == end {
			return false
		}
		for _, n := range r.readers[name] {
			if !slices.Contains(parts, n) {
				return false
			}
		}
	}
	return true
}
