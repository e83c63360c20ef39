package cnn

import (
	"cmp"
	"fmt"
	"math"
)

// Optimizer is a rule that turns a gradient into a step. The types that
// implement it, [SGD], [RMSprop], [Adagrad], [Adadelta], [Adam] and [AdamW],
// follow the formulas of Keras 2.1 (keras/optimizers.py), and [TorchSGD] that of PyTorch. A field that is zero
// means Keras's default. The learning rate is the [Schedule]'s.
type Optimizer interface {
	// Kind is the Keras class name, such as "SGD".
	Kind() string
	// DefaultRate is the learning rate that Keras uses if none is given.
	DefaultRate() float64
	// slots names the arrays kept for each weight, each of the weight's shape
	// and zero at the start.
	slots() []string
	// stepRate is the factor that the update uses at a step counted from 1.
	stepRate(rate float64, step int) float64
	validate() error
}

// epsilonKeras is K.epsilon(), the default of every optimizer's epsilon.
const epsilonKeras = 1e-7

// SGD is stochastic gradient descent, by default without momentum:
//
//	v ← Momentum·v − rate·g;  w ← w + v, or w + Momentum·v − rate·g if Nesterov
type SGD struct {
	Momentum float64 `json:"momentum,omitempty"`
	Nesterov bool    `json:"nesterov,omitempty"`
}

// RMSprop divides by a running root mean square (Hinton's lecture 6e):
//
//	a ← Rho·a + (1−Rho)·g²;  w ← w − rate·g/(√a + Epsilon)
type RMSprop struct {
	Rho     float64 `json:"rho,omitempty"`     // 0 is 0.9
	Epsilon float64 `json:"epsilon,omitempty"` // 0 is 1e-7
}

// Adagrad divides by the root of the sum of squares (Duchi et al. 2011):
//
//	a ← a + g²;  w ← w − rate·g/(√a + Epsilon)
type Adagrad struct {
	Epsilon float64 `json:"epsilon,omitempty"` // 0 is 1e-7
}

// Adadelta scales by the ratio of two running mean squares (Zeiler 2012, arXiv
// 1212.5701):
//
//	a ← Rho·a + (1−Rho)·g²;  u = g·√(d+Epsilon)/√(a+Epsilon)
//	w ← w − rate·u;  d ← Rho·d + (1−Rho)·u²
type Adadelta struct {
	Rho     float64 `json:"rho,omitempty"`     // 0 is 0.95
	Epsilon float64 `json:"epsilon,omitempty"` // 0 is 1e-7
}

// Adam keeps running means of the gradient and of its square (Kingma and Ba
// 2014, arXiv 1412.6980, in the order of computation at the end of section 2):
//
//	m ← Beta1·m + (1−Beta1)·g;  v ← Beta2·v + (1−Beta2)·g²
//	w ← w − rate·√(1−Beta2^t)/(1−Beta1^t) · m/(√v + Epsilon)
type Adam struct {
	Beta1   float64 `json:"beta_1,omitempty"`  // 0 is 0.9
	Beta2   float64 `json:"beta_2,omitempty"`  // 0 is 0.999
	Epsilon float64 `json:"epsilon,omitempty"` // 0 is 1e-7
}

// AdamW is [Adam] with decoupled weight decay (Loshchilov and Hutter 2017,
// arXiv 1711.05101) as Keras 2.11 and later apply it: before Adam's own step,
// w ← w − rate·WeightDecay·w. Biases decay too, as in Keras.
type AdamW struct {
	Beta1       float64 `json:"beta_1,omitempty"`       // 0 is 0.9
	Beta2       float64 `json:"beta_2,omitempty"`       // 0 is 0.999
	Epsilon     float64 `json:"epsilon,omitempty"`      // 0 is 1e-7
	WeightDecay float64 `json:"weight_decay,omitempty"` // 0 is 0.004
}

func (SGD) Kind() string      { return "SGD" }
func (RMSprop) Kind() string  { return "RMSprop" }
func (Adagrad) Kind() string  { return "Adagrad" }
func (Adadelta) Kind() string { return "Adadelta" }
func (Adam) Kind() string     { return "Adam" }
func (AdamW) Kind() string    { return "AdamW" }

func (SGD) DefaultRate() float64      { return 0.01 }
func (RMSprop) DefaultRate() float64  { return 0.001 }
func (Adagrad) DefaultRate() float64  { return 0.01 }
func (Adadelta) DefaultRate() float64 { return 1.0 }
func (Adam) DefaultRate() float64     { return 0.001 }
func (AdamW) DefaultRate() float64    { return 0.001 }

func (o SGD) slots() []string {
	if o.Momentum == 0 {
		return nil
	}
	return []string{"velocity"}
}
func (RMSprop) slots() []string  { return []string{"mean_square"} }
func (Adagrad) slots() []string  { return []string{"sum_square"} }
func (Adadelta) slots() []string { return []string{"mean_square", "mean_square_update"} }
func (Adam) slots() []string     { return []string{"m", "v"} }
func (AdamW) slots() []string    { return []string{"m", "v"} }

func (SGD) stepRate(rate float64, _ int) float64      { return rate }
func (RMSprop) stepRate(rate float64, _ int) float64  { return rate }
func (Adagrad) stepRate(rate float64, _ int) float64  { return rate }
func (Adadelta) stepRate(rate float64, _ int) float64 { return rate }
func (o Adam) stepRate(rate float64, step int) float64 {
	b1, b2 := cmp.Or(o.Beta1, 0.9), cmp.Or(o.Beta2, 0.999)
	return rate * math.Sqrt(1-math.Pow(b2, float64(step))) / (1 - math.Pow(b1, float64(step)))
}
func (o AdamW) stepRate(rate float64, step int) float64 { return o.adam().stepRate(rate, step) }

func (o AdamW) adam() Adam { return Adam{Beta1: o.Beta1, Beta2: o.Beta2, Epsilon: o.Epsilon} }

func (o SGD) validate() error      { return fraction("momentum", o.Momentum) }
func (o RMSprop) validate() error  { return fractions(o.Epsilon, "rho", o.Rho) }
func (o Adagrad) validate() error  { return fractions(o.Epsilon) }
func (o Adadelta) validate() error { return fractions(o.Epsilon, "rho", o.Rho) }
func (o Adam) validate() error     { return fractions(o.Epsilon, "beta 1", o.Beta1, "beta 2", o.Beta2) }
func (o AdamW) validate() error {
	if err := fraction("weight decay", o.WeightDecay); err != nil {
		return err
	}
	return o.adam().validate()
}

// fractions checks an epsilon and pairs of names and values.
func fractions(epsilon float64, pairs ...any) error {
	if epsilon < 0 || math.IsNaN(epsilon) || math.IsInf(epsilon, 0) {
		return fmt.Errorf("epsilon must be above 0, got %g", epsilon)
	}
	for i := 0; i < len(pairs); i += 2 {
		if err := fraction(pairs[i].(string), pairs[i+1].(float64)); err != nil {
			return err
		}
	}
	return nil
}

func fraction(what string, v float64) error {
	if !(v >= 0 && v < 1) {
		return fmt.Errorf("%s must be at least 0 and below 1, got %g", what, v)
	}
	return nil
}
