package kernelext

import (
	"bytes"
	"cmp"
	"fmt"
	"image"
	"io"
	"reflect"

	"github.com/cnnbook/cnnbook/kernelext/internal/text"
)

// Size at which Display draws a plot, in points of 1/72 inch.
const plotWidth, plotHeight = 6 * 72, 4 * 72

// Displayable reports whether Display shows item as more than plain text.
func Displayable(item any) bool {
	switch item.(type) {
	case nil:
		return false
	case row, Table, *Table, Page, *Page, SVG, Picture, Markdown, Text, Figure, Drawing, image.Image:
		return true
	}
	return isPlot(item) || describesFigure(item)
}

// plotWriter is gonum's (*plot.Plot).WriterTo. This package does not import gonum, which every cell would then link, and the
// method's parameters have a type of gonum's, so that the method is called by reflection.
func plotWriter(item any) (method reflect.Value, ok bool) {
	method = reflect.ValueOf(item).MethodByName("WriterTo")
	if !method.IsValid() {
		return method, false
	}
	t := method.Type()
	ok = t.NumIn() == 3 && t.In(0).Kind() == reflect.Float64 && t.In(1) == t.In(0) && t.In(2).Kind() == reflect.String &&
		t.NumOut() == 2 && t.Out(0) == reflect.TypeFor[io.WriterTo]() && t.Out(1) == reflect.TypeFor[error]()
	return method, ok
}

func isPlot(item any) bool { _, ok := plotWriter(item); return ok }

// plotBundle draws a plot of gonum as an image.
func plotBundle(item any) (bundle, error) {
	if v := reflect.ValueOf(item); v.Kind() == reflect.Pointer && v.IsNil() {
		return bundle{}, fmt.Errorf("the %T is nil", item)
	}
	method, _ := plotWriter(item)
	length := method.Type().In(0)
	out := method.Call([]reflect.Value{reflect.ValueOf(plotWidth).Convert(length), reflect.ValueOf(plotHeight).Convert(length), reflect.ValueOf("png")})
	if err, _ := out[1].Interface().(error); err != nil {
		return bundle{}, fmt.Errorf("the plot cannot be drawn: %w", err)
	}
	var png bytes.Buffer
	if _, err := out[0].Interface().(io.WriterTo).WriteTo(&png); err != nil {
		return bundle{}, fmt.Errorf("the plot cannot be drawn: %w", err)
	}
	width, err := pngWidth(png.Bytes())
	if err != nil {
		return bundle{}, err
	}
	return figureHTML("png", png.Bytes(), width, cmp.Or(text.CleanLine(plotTitle(item)), "Plot without a title."), ""), nil
}

// plotTitle is the text of a plot's title: p.Title.Text.
func plotTitle(item any) string {
	v := reflect.Indirect(reflect.ValueOf(item))
	for _, name := range []string{"Title", "Text"} {
		if v.Kind() != reflect.Struct {
			return ""
		}
		v = v.FieldByName(name)
	}
	if !v.IsValid() || v.Kind() != reflect.String {
		return ""
	}
	return v.String()
}

// figureMethod is the method by which the descriptions of package viz give their figure: Figure() (F, error).
func figureMethod(item any) (method reflect.Value, ok bool) {
	method = reflect.ValueOf(item).MethodByName("Figure")
	if !method.IsValid() {
		return method, false
	}
	t := method.Type()
	ok = t.NumIn() == 0 && t.NumOut() == 2 && t.Out(0).Implements(reflect.TypeFor[Figure]()) && t.Out(1) == reflect.TypeFor[error]()
	return method, ok
}

func describesFigure(item any) bool { _, ok := figureMethod(item); return ok }

// describedBundle is the figure that item describes.
func describedBundle(item any) (bundle, error) {
	method, _ := figureMethod(item)
	out := method.Call(nil)
	if err, _ := out[1].Interface().(error); err != nil {
		return bundle{}, err
	}
	return bundleOf(out[0].Interface().(Figure))
}
