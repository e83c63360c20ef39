package onednn

import (
	"fmt"
	"reflect"
	"runtime/debug"
	"strings"
	"unsafe"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/shapes"
	"github.com/gomlx/go-xla/compute/xla"
	"github.com/gomlx/go-xla/stablehlo"
	xlashapes "github.com/gomlx/go-xla/types/shapes"
)

// Only this file depends on the internals of go-xla; see the package's documentation.

const (
	goXLA        = "github.com/gomlx/go-xla"
	goXLAVersion = "v0.4.1" // the version whose internals this file knows
)

// checkModule refuses every other version of go-xla. The program of a test lists no
// modules, and passes: the fields in use are also checked.
func checkModule() error {
	info, _ := debug.ReadBuildInfo()
	return checkBuild(info)
}

func checkBuild(info *debug.BuildInfo) error {
	if info == nil {
		return fmt.Errorf("%w: the program does not list the modules that it is built from", ErrUnsupported)
	}
	if len(info.Deps) == 0 && strings.HasSuffix(info.Path, ".test") {
		return nil
	}
	for _, m := range info.Deps {
		switch {
		case m.Path != goXLA:
		case m.Replace != nil:
			return fmt.Errorf("%w: %s is replaced by %s %s", ErrUnsupported, goXLA, m.Replace.Path, m.Replace.Version)
		case m.Version != goXLAVersion:
			return fmt.Errorf("%w: %s is %s, not %s", ErrUnsupported, goXLA, m.Version, goXLAVersion)
		default:
			return nil
		}
	}
	return fmt.Errorf("%w: the program does not state the version of %s that it is built with", ErrUnsupported, goXLA)
}

// typedFFI is the version of XLA's custom calls that supports functions outside the
// plugin. go-xla writes an older version.
const typedFFI = int32(4)

// call adds a call of the function registered with XLA under that name, with one array of
// integers as its attribute, and returns its outputs. Operands and outputs are
// row-major.
func (f function) call(name string, attribute []int, outputs []shapes.Shape, operands ...compute.Value) ([]compute.Value, error) {
	values, err := customCall("cnnbook$"+name, attribute, outputs, operands)
	if err != nil {
		return nil, fmt.Errorf("a call of %s: %w", name, err)
	}
	return values, nil
}

// one adds a call with one output.
func (f function) one(name string, attribute []int, output shapes.Shape, operands ...compute.Value) (compute.Value, error) {
	values, err := f.call(name, attribute, []shapes.Shape{output}, operands...)
	if err != nil {
		return nil, err
	}
	return values[0], nil
}

// customCall adds a typed FFI call to the graph of the operands, of which there must be at
// least one.
func customCall(target string, attribute []int, outputs []shapes.Shape, operands []compute.Value) ([]compute.Value, error) {
	inputs := make([]*stablehlo.Value, len(operands))
	for i, operand := range operands {
		node, ok := operand.(*xla.Node)
		if !ok {
			return nil, fmt.Errorf("%w: an operand is %T, not *xla.Node", ErrUnsupported, operand)
		}
		value, err := field[*stablehlo.Value](node, "value")
		if err != nil {
			return nil, err
		}
		inputs[i] = *value
	}
	results := make([]xlashapes.Shape, len(outputs))
	for i, s := range outputs {
		results[i] = xlashapes.Make(s.DType, s.Dimensions...)
	}
	rowMajor := func(n int) [][]int { return make([][]int, n) }
	values, err := stablehlo.CustomCallV2(target, "", inputs, rowMajor(len(inputs)), results, rowMajor(len(results)))
	if err != nil {
		return nil, err
	}
	if err := makeTyped(values[0], attribute); err != nil {
		return nil, err
	}
	nodes := make([]compute.Value, len(values))
	for i, value := range values {
		if nodes[i], err = newNode(operands[0].(*xla.Node), value); err != nil {
			return nil, err
		}
	}
	return nodes, nil
}

// makeTyped turns the custom call with that output into a typed FFI call.
func makeTyped(output *stablehlo.Value, attribute []int) error {
	statement, err := field[*stablehlo.Statement](output, "stmt")
	if err != nil {
		return err
	}
	attributes := (*statement).Attributes
	if v, ok := attributes["api_version"].(int32); !ok || v != stablehlo.CustomCallAPIVersionStatusReturning {
		return fmt.Errorf("%w: a custom call of go-xla has api_version %v, not %d", ErrUnsupported, attributes["api_version"], stablehlo.CustomCallAPIVersionStatusReturning)
	}
	attributes["api_version"] = typedFFI
	attributes["backend_config"] = int64s(attribute)
	return nil
}

// newNode returns a node for the value, in the graph of another node.
func newNode(of *xla.Node, value *stablehlo.Value) (*xla.Node, error) {
	if n := reflect.TypeFor[xla.Node]().NumField(); n != 3 {
		return nil, fmt.Errorf("%w: xla.Node of go-xla has %d fields, not 3", ErrUnsupported, n)
	}
	node := *of // for its builder
	v, err := field[*stablehlo.Value](&node, "value")
	if err != nil {
		return nil, err
	}
	shape, err := field[shapes.Shape](&node, "shape")
	if err != nil {
		return nil, err
	}
	*v, *shape = value, xla.ShapeFromXLA(value.Shape())
	return &node, nil
}

// field returns a pointer to the field with that name and type in a struct of go-xla.
func field[T, S any](of *S, name string) (*T, error) {
	f, ok := reflect.TypeFor[S]().FieldByName(name)
	if !ok || f.Type != reflect.TypeFor[T]() {
		return nil, fmt.Errorf("%w: %v of go-xla has no field %s of type %v", ErrUnsupported, reflect.TypeFor[S](), name, reflect.TypeFor[T]())
	}
	return (*T)(unsafe.Add(unsafe.Pointer(of), f.Offset)), nil
}

// int64s are written into a graph as a dictionary with one array, or none.
type int64s []int

// ToStableHLO is called by go-xla.
func (v int64s) ToStableHLO() string {
	if len(v) == 0 {
		return "{}"
	}
	return "{values = array<i64: " + strings.Trim(strings.ReplaceAll(fmt.Sprint([]int(v)), " ", ", "), "[]") + ">}"
}
