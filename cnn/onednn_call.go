package cnn

import (
	"fmt"
	"reflect"
	"strings"
	_ "unsafe" // for go:linkname

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/shapes"
	"github.com/gomlx/go-xla/compute/xla"
	"github.com/gomlx/go-xla/stablehlo"
)

// call adds a call to what package onednn has under that name, with numbers that say
// how it is meant.
func (f oneDNNFunction) call(name string, numbers []int, outputs []shapes.Shape, operands ...compute.Value) ([]compute.Value, error) {
	layouts := func(n int) [][]int { return make([][]int, n) } // row-major each
	values, err := xlaCustomCall(f.Function, "cnnbook$"+name, "", layouts(len(operands)), outputs, layouts(len(outputs)), operands...)
	if err == nil {
		err = setForeign(values[0], numbers)
	}
	if err != nil {
		return nil, fmt.Errorf("a call of %s: %w", name, err)
	}
	return values, nil
}

// one is a call with one output.
func (f oneDNNFunction) one(name string, numbers []int, output shapes.Shape, operands ...compute.Value) (compute.Value, error) {
	values, err := f.call(name, numbers, []shapes.Shape{output}, operands...)
	if err != nil {
		return nil, err
	}
	return values[0], nil
}

// xlaCustomCall is go-xla's custom call, which it keeps to itself for cuDNN's
// attention. With a go-xla that has none, this package does not link.
//
//go:linkname xlaCustomCall github.com/gomlx/go-xla/compute/xla.(*Function).customCall
func xlaCustomCall(f *xla.Function, target, config string, operandLayouts [][]int, outputs []shapes.Shape, outputLayouts [][]int,
	operands ...compute.Value) ([]compute.Value, error)

// foreign is the version of XLA's custom calls that reaches functions outside of
// the plugin, its foreign function interface. go-xla only knows an older one.
const foreign = int32(4)

// setForeign makes the call that has that output one of that version. What go-xla
// notes of a call is exported; the way there from its output is not.
func setForeign(output compute.Value, numbers []int) error {
	value := reflect.ValueOf(output).Elem().FieldByName("value")
	if !value.IsValid() || value.Type() != reflect.TypeFor[*stablehlo.Value]() {
		return fmt.Errorf("this go-xla's %T has no stablehlo.Value: use the version of go.mod", output)
	}
	statement := value.Elem().FieldByName("stmt")
	if !statement.IsValid() || statement.Type() != reflect.TypeFor[*stablehlo.Statement]() {
		return fmt.Errorf("this go-xla's %v has no Statement: use the version of go.mod", value.Type())
	}
	attributes := (*stablehlo.Statement)(statement.UnsafePointer()).Attributes
	attributes["api_version"] = foreign
	attributes["backend_config"] = int64s(numbers)
	return nil
}

// int64s are written into a graph as a dictionary with one array, or none.
type int64s []int

func (v int64s) ToStableHLO() string {
	if len(v) == 0 {
		return "{}"
	}
	return "{numbers = array<i64: " + strings.Trim(strings.ReplaceAll(fmt.Sprint([]int(v)), " ", ", "), "[]") + ">}"
}
