package show

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/cnnbook/cnnbook/cifar"
	"github.com/cnnbook/cnnbook/kernelext"
	"github.com/cnnbook/cnnbook/viz"
	"gonum.org/v1/plot"
)

func TestText(t *testing.T) {
	type point struct {
		X, Y int
		name string
	}
	many, squares := make([]int, 1000), map[int]int{}
	for i := range 1000 {
		many[i], squares[i] = i, i*i
	}
	for _, v := range []any{nil, 3, 2.5, "a\nb", []string{"x", "y"}, map[string]int{"b": 1, "a": 2}, point{1, 2, "p"}, &point{1, 2, "p"},
		errors.New("as said"), time.Second, []any{1, nil, "x"}, [2]bool{true}, many[:100]} {
		if got, want := text(v), fmt.Sprintf("%+v", v); got != want {
			t.Errorf("%T is %q, want %q", v, got, want)
		}
	}
	for _, test := range []struct {
		value      any
		start, end string
	}{
		{many, "[0 1 2 ", " 98 99 …] (1000 elements)"},
		{squares, "map[0:0 1:1 2:4 ", " 99:9801 …] (1000 elements)"},
		{struct{ All []int }{many}, "{All:[0 1 ", " 99 …] (1000 elements)}"},
		{&struct{ All []int }{many}, "&{All:[0 1 ", " …] (1000 elements)}"},
		{strings.Repeat("x", 5000), "xxx", "x… (5000 characters)"},
		{make([][1000]int, 1000), "[[0 0 ", " …] (1000 elements)"},
	} {
		got := text(test.value)
		if !strings.HasPrefix(got, test.start) || !strings.HasSuffix(got, test.end) || len(got) > 6000 {
			t.Errorf("%T is %d bytes, %.80s…%s", test.value, len(got), got, got[max(0, len(got)-80):])
		}
	}
	images, _ := cifar.Drawn(1, 2000, 1)
	began := time.Now()
	if got := text(images); len(got) > 20000 || time.Since(began) > time.Second {
		t.Errorf("images take %v and %d bytes", time.Since(began), len(got))
	}
}

// TestFigures: plots and descriptions of figures are shown as figures.
func TestFigures(t *testing.T) {
	for _, v := range []any{plot.New(), viz.Lines{Series: []viz.Series{{Y: []float64{1, 2}}}}, kernelext.Table{Header: []string{"x"}}} {
		if !kernelext.Displayable(v) {
			t.Errorf("a %T is not displayable", v)
		}
		if err := kernelext.Display(v); err != nil {
			t.Errorf("a %T: %v", v, err)
		}
	}
}
