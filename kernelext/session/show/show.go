// Package show shows what the last expression of a cell gives.
package show

import (
	"bytes"
	"fmt"
	"image"
	"image/png"
	"os"
	"reflect"
	"strings"

	"github.com/cnnbook/cnnbook/kernelext"
	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgimg"
)

// Cell does for a program of joined cells what a session does: it shows the values of a cell's last expression, or ends the
// program if the last of them is an error. A last value of nil is not shown.
func Cell(values ...any) {
	if values = checked(values); len(values) > 0 {
		checked([]any{Values(values...)})
	}
}

// Drop ends the program if the last of the values is an error.
func Drop(values ...any) { checked(values) }

// checked gives the values without a last one that is nil.
func checked(values []any) []any {
	n := len(values) - 1
	if n < 0 {
		return values
	}
	if err, ok := values[n].(error); ok {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	if values[n] == nil {
		return values[:n]
	}
	return values
}

// Values shows the values of a cell's last expression: what kernelext displays as that, a plot as an image, anything else as Go
// prints it.
func Values(values ...any) error {
	var plain []string
	for _, v := range values {
		if p, ok := v.(*plot.Plot); ok {
			img, err := drawn(p)
			if err != nil {
				return err
			}
			v = img
		}
		if displayable(v) {
			if err := kernelext.Display(v); err != nil {
				return err
			}
			continue
		}
		plain = append(plain, text(v))
	}
	if len(plain) > 0 {
		fmt.Println(strings.Join(plain, ", "))
	}
	return nil
}

func displayable(v any) bool {
	if v == nil {
		return false
	}
	switch v.(type) {
	case kernelext.Figure, kernelext.Drawing, image.Image, *kernelext.Table:
		return true
	}
	return reflect.TypeOf(v).PkgPath() == reflect.TypeFor[kernelext.Table]().PkgPath()
}

// drawn is a plot of the size that notebooks show.
func drawn(p *plot.Plot) (image.Image, error) {
	c := vgimg.PngCanvas{Canvas: vgimg.New(6*vg.Inch, 4*vg.Inch)}
	p.Draw(draw.New(c))
	var b bytes.Buffer
	if _, err := c.WriteTo(&b); err != nil {
		return nil, err
	}
	return png.Decode(&b)
}

// text is a value as Go prints it; long slices and maps are cut, with their length.
func text(v any) string {
	const most = 100
	if s, ok := v.(fmt.Stringer); ok {
		return s.String()
	}
	rv := reflect.ValueOf(v)
	if rv.Kind() == reflect.Slice && rv.Len() > most {
		return strings.TrimSuffix(fmt.Sprintf("%v", rv.Slice(0, most)), "]") + fmt.Sprintf(" …] (%d elements)", rv.Len())
	}
	s := fmt.Sprintf("%+v", v)
	if r := []rune(s); len(r) > 4000 {
		s = string(r[:4000]) + " …"
		if rv.Kind() == reflect.Map {
			s += fmt.Sprintf(" (%d elements)", rv.Len())
		}
	}
	return s
}
