package show

import (
	"cmp"
	"fmt"
	"reflect"
	"slices"
	"strings"
)

// Bounds of what is printed of a value.
const (
	mostElements = 100  // of a slice, array or map
	mostValues   = 400  // in all
	mostText     = 4000 // characters of a string
)

// text is a value as Go prints it. What is long is cut, with its length, and not formatted as a whole before: an array of images
// has millions of numbers.
func text(v any) string {
	if rv := reflect.ValueOf(v); !isText(v) && small(rv) {
		return fmt.Sprintf("%+v", v)
	}
	p := printer{left: mostValues}
	p.value(reflect.ValueOf(v), 0)
	return p.b.String()
}

func isText(v any) bool {
	_, ok := v.(string)
	return ok
}

// small says whether a value has few enough parts to be printed whole.
func small(v reflect.Value) bool {
	left := mostElements
	var count func(v reflect.Value, depth int)
	count = func(v reflect.Value, depth int) {
		if left--; left < 0 || !v.IsValid() {
			return
		}
		switch v.Kind() {
		case reflect.String:
			left -= v.Len() / 100
		case reflect.Slice, reflect.Array:
			left -= max(0, v.Len()-mostElements)
			for i := range min(v.Len(), mostElements) {
				count(v.Index(i), depth+1)
			}
		case reflect.Map:
			left -= v.Len()
			for i := v.MapRange(); left > 0 && i.Next(); {
				count(i.Value(), depth+1)
			}
		case reflect.Struct:
			for i := range v.NumField() {
				count(v.Field(i), depth+1)
			}
		case reflect.Interface:
			count(v.Elem(), depth)
		case reflect.Pointer:
			if depth == 0 {
				count(v.Elem(), depth+1)
			}
		}
	}
	count(v, 0)
	return left >= 0
}

// printer prints a value in the form of %+v, up to a number of parts.
type printer struct {
	b    strings.Builder
	left int
}

func (p *printer) value(v reflect.Value, depth int) {
	if p.left--; p.left < 0 {
		p.b.WriteString("…")
		return
	}
	if v.IsValid() && v.CanInterface() {
		switch x := v.Interface().(type) {
		case error, fmt.Stringer:
			p.text(fmt.Sprint(x))
			return
		}
	}
	switch v.Kind() {
	case reflect.String:
		p.text(v.String())
	case reflect.Slice, reflect.Array:
		p.list("[", v.Len(), func(i int) { p.value(v.Index(i), depth+1) }, "]")
	case reflect.Map:
		keys := v.MapKeys()
		slices.SortFunc(keys, compare)
		p.list("map[", v.Len(), func(i int) {
			p.value(keys[i], depth+1)
			p.b.WriteString(":")
			p.value(v.MapIndex(keys[i]), depth+1)
		}, "]")
	case reflect.Struct:
		p.b.WriteString("{")
		for i := range v.NumField() {
			if i > 0 {
				p.b.WriteString(" ")
			}
			p.b.WriteString(v.Type().Field(i).Name + ":")
			p.value(v.Field(i), depth+1)
		}
		p.b.WriteString("}")
	case reflect.Interface:
		p.value(v.Elem(), depth)
	case reflect.Pointer:
		if k := v.Type().Elem().Kind(); depth == 0 && !v.IsNil() && (k == reflect.Struct || k == reflect.Slice || k == reflect.Array || k == reflect.Map) {
			p.b.WriteString("&")
			p.value(v.Elem(), 1)
			return
		}
		fmt.Fprint(&p.b, v)
	default:
		fmt.Fprint(&p.b, v)
	}
}

// list prints the elements of a slice, array or map, and how many there are if not all.
func (p *printer) list(open string, n int, element func(i int), end string) {
	p.b.WriteString(open)
	shown := 0
	for ; shown < min(n, mostElements) && p.left > 0; shown++ {
		if shown > 0 {
			p.b.WriteString(" ")
		}
		element(shown)
	}
	if shown == n {
		p.b.WriteString(end)
		return
	}
	fmt.Fprintf(&p.b, " …%s (%d elements)", end, n)
}

func (p *printer) text(s string) {
	r := []rune(s)
	if len(r) <= mostText {
		p.b.WriteString(s)
		return
	}
	fmt.Fprintf(&p.b, "%s… (%d characters)", string(r[:mostText]), len(r))
}

// compare orders the keys of a map: numbers by value, others by their text.
func compare(a, b reflect.Value) int {
	switch {
	case a.CanInt() && b.CanInt():
		return cmp.Compare(a.Int(), b.Int())
	case a.CanUint() && b.CanUint():
		return cmp.Compare(a.Uint(), b.Uint())
	case a.CanFloat() && b.CanFloat():
		return cmp.Compare(a.Float(), b.Float())
	}
	return cmp.Compare(fmt.Sprint(a), fmt.Sprint(b))
}
