package session

import "reflect"

// mostSized bounds how many values a size counts one by one.
const mostSized = 100_000

// sizeOf is the memory that a value holds, in bytes: its own, and that of what its pointers, slices and strings lead to. Entries of
// maps count as their keys and elements alone, and what C holds does not count.
func sizeOf(v reflect.Value) uint64 {
	s := sizer{seen: map[uintptr]bool{}, left: mostSized}
	return uint64(v.Type().Size()) + s.beyond(v)
}

type sizer struct {
	seen map[uintptr]bool
	left int
}

// beyond is the memory outside the value itself.
func (s *sizer) beyond(v reflect.Value) (size uint64) {
	if s.left--; s.left < 0 {
		return 0
	}
	switch v.Kind() {
	case reflect.String:
		return uint64(v.Len())
	case reflect.Pointer:
		if v.IsNil() || s.seen[v.Pointer()] {
			return 0
		}
		s.seen[v.Pointer()] = true
		return uint64(v.Type().Elem().Size()) + s.beyond(v.Elem())
	case reflect.Interface:
		if v.IsNil() {
			return 0
		}
		return uint64(v.Elem().Type().Size()) + s.beyond(v.Elem())
	case reflect.Slice:
		if v.Len() == 0 || s.seen[v.Pointer()] {
			return 0
		}
		s.seen[v.Pointer()] = true
		return uint64(v.Len())*uint64(v.Type().Elem().Size()) + s.elements(v)
	case reflect.Array:
		return s.elements(v)
	case reflect.Map:
		return uint64(v.Len()) * uint64(v.Type().Key().Size()+v.Type().Elem().Size())
	case reflect.Struct:
		for i := range v.NumField() {
			size += s.beyond(v.Field(i))
		}
	}
	return size
}

// elements is the memory outside the elements themselves.
func (s *sizer) elements(v reflect.Value) (size uint64) {
	if plain(v.Type().Elem()) {
		return 0
	}
	for i := 0; i < v.Len() && s.left > 0; i++ {
		size += s.beyond(v.Index(i))
	}
	return size
}

// plain says whether values of a type lead to no other memory.
func plain(t reflect.Type) bool {
	switch t.Kind() {
	case reflect.Array:
		return plain(t.Elem())
	case reflect.Struct:
		for i := range t.NumField() {
			if !plain(t.Field(i).Type) {
				return false
			}
		}
		return true
	}
	return t.Kind() <= reflect.Complex128
}
