package session

import (
	"fmt"
	"go/types"
	"maps"
	"reflect"
	"slices"
	"strings"
	"text/tabwriter"
)

// Vars is a table of the variables that live: name, type, bytes (with what the value leads to), the cell that declared it, and what
// it holds in a few words.
func (s *Session) Vars() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var b strings.Builder
	w := tabwriter.NewWriter(&b, 0, 4, 2, ' ', 0)
	fmt.Fprintln(w, "name\ttype\tbytes\tcell\tvalue")
	for _, name := range slices.Sorted(maps.Keys(s.env)) {
		v, ok := s.env[name].(*types.Var)
		if !ok || name == "ctx" {
			continue
		}
		p := s.byPkg[v.Pkg()]
		if p == nil || !p.vars[name].IsValid() {
			continue
		}
		value := p.vars[name].Elem()
		t := types.TypeString(v.Type(), func(p *types.Package) string {
			if isCellPath(p) {
				return ""
			}
			return p.Name()
		})
		fmt.Fprintf(w, "%s\t%s\t%d\t%d\t%s\n", name, t, sizeOf(value), p.n, briefly(value.Interface()))
	}
	w.Flush()
	return b.String()
}

// Living lists the names that live, by the cell that declared them: "x and y of cell [1], net of cell [3]". It is short even when
// they are many.
func (s *Session) Living() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	const most = 8 // names a cell
	names := map[int][]string{}
	for _, name := range slices.Sorted(maps.Keys(s.env)) {
		if p := s.byPkg[s.env[name].Pkg()]; p != nil && name != "ctx" {
			names[p.n] = append(names[p.n], name)
		}
	}
	var parts []string
	for _, n := range slices.Sorted(maps.Keys(names)) {
		list := names[n]
		if len(list) > most {
			list = append(list[:most:most], fmt.Sprintf("%d more", len(list)-most))
		}
		text := list[0]
		if last := len(list) - 1; last > 0 {
			text = strings.Join(list[:last], ", ") + " and " + list[last]
		}
		parts = append(parts, fmt.Sprintf("%s of cell [%d]", text, n))
	}
	return strings.Join(parts, "; ")
}

// briefly is what a value holds in a few words.
func briefly(v any) string {
	const most = 40
	text := ""
	rv := reflect.ValueOf(v)
	_, err := v.(error)
	_, stringer := v.(fmt.Stringer)
	switch {
	case !rv.IsValid():
		text = "nil"
	case err, stringer, flat(rv.Type()):
		text = panicText(v)
	case rv.Kind() == reflect.Slice && rv.Len() <= 8 && flat(rv.Type().Elem()):
		text = panicText(v)
	case rv.Kind() == reflect.Slice, rv.Kind() == reflect.Map:
		text = fmt.Sprintf("%d elements", rv.Len())
	}
	words := []rune(strings.Join(strings.Fields(text), " "))
	if len(words) > most {
		return string(words[:most-1]) + "…"
	}
	return string(words)
}

// flat says whether values of a type have a short text.
func flat(t reflect.Type) bool {
	if t.Kind() == reflect.Struct {
		for i := range t.NumField() {
			if !flat(t.Field(i).Type) {
				return false
			}
		}
		return t.NumField() <= 8
	}
	return t.Kind() <= reflect.Complex128 || t.Kind() == reflect.String
}
