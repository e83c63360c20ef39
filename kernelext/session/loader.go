package session

import (
	"go/types"
	"reflect"
	"strings"
	"sync"

	"github.com/goplus/ixgo"
	"golang.org/x/tools/go/types/typeutil"
)

// loader knows the types and variables of earlier cells besides the packages that are compiled in.
type loader struct {
	ixgo.Loader
	mu        sync.Mutex
	types     typeutil.Map // types.Type → reflect.Type
	reverse   map[reflect.Type]types.Type
	installed map[string]*ixgo.Package

	// methodical are the types of earlier cells that have methods. The interpreter calls a method of an interface rightly
	// only if it has met the type in the package: https://github.com/goplus/ixgo takes it for a compiled type otherwise.
	methodical []types.Type

	structs []*types.Struct // those without a name that have unexported fields
}

func (l *loader) Installed(path string) (*ixgo.Package, bool) {
	if strings.HasPrefix(path, "cell/") {
		p, ok := l.installed[path]
		return p, ok
	}
	return l.Loader.Installed(path)
}

func (l *loader) LookupReflect(t types.Type) (reflect.Type, bool) {
	l.mu.Lock()
	rt := l.types.At(t)
	if p, ok := t.(*types.Pointer); ok && rt == nil {
		if rt = l.types.At(p.Elem()); rt != nil {
			rt = reflect.PointerTo(rt.(reflect.Type))
		}
	}
	l.mu.Unlock()
	if rt != nil {
		return rt.(reflect.Type), true
	}
	return l.Loader.LookupReflect(t)
}

func (l *loader) LookupTypes(rt reflect.Type) (types.Type, bool) {
	l.mu.Lock()
	t, ok := l.reverse[rt]
	l.mu.Unlock()
	if ok {
		return t, true
	}
	return l.Loader.LookupTypes(rt)
}

// learn notes which types at run time a type of a cell, and those within it, are.
func (l *loader) learn(t types.Type, rt reflect.Type) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.walk(t, rt)
}

func (l *loader) walk(t types.Type, rt reflect.Type) {
	if t == nil || rt == nil {
		return
	}
	t = types.Unalias(t)
	if known := l.types.At(t); known != nil {
		return
	}
	switch t := t.(type) {
	case *types.Named:
		if !isCellPath(t.Obj().Pkg()) {
			return
		}
		l.types.Set(t, rt)
		l.reverse[rt] = t
		if !types.IsInterface(t) && types.NewMethodSet(types.NewPointer(t)).Len() > 0 {
			l.methodical = append(l.methodical, t)
		}
		l.walk(t.Underlying(), rt)
	case *types.Pointer:
		if rt.Kind() == reflect.Pointer {
			l.walk(t.Elem(), rt.Elem())
		}
	case *types.Slice:
		if rt.Kind() == reflect.Slice {
			l.walk(t.Elem(), rt.Elem())
		}
	case *types.Array:
		if rt.Kind() == reflect.Array {
			l.walk(t.Elem(), rt.Elem())
		}
	case *types.Chan:
		if rt.Kind() == reflect.Chan {
			l.walk(t.Elem(), rt.Elem())
		}
	case *types.Map:
		if rt.Kind() == reflect.Map {
			l.walk(t.Key(), rt.Key())
			l.walk(t.Elem(), rt.Elem())
		}
	case *types.Struct:
		if rt.Kind() != reflect.Struct || rt.NumField() != t.NumFields() {
			return
		}
		if rt.Name() == "" && t.NumFields() > 0 {
			l.types.Set(t, rt)
			l.reverse[rt] = t
			for i := range t.NumFields() {
				if !t.Field(i).Exported() && isCellPath(t.Field(i).Pkg()) {
					l.structs = append(l.structs, t)
					break
				}
			}
		}
		for i := range t.NumFields() {
			l.walk(t.Field(i).Type(), rt.Field(i).Type)
		}
	case *types.Signature:
		if rt.Kind() != reflect.Func || t.Params().Len() != rt.NumIn() || t.Results().Len() != rt.NumOut() {
			return
		}
		for i := range rt.NumIn() {
			l.walk(t.Params().At(i).Type(), rt.In(i))
		}
		for i := range rt.NumOut() {
			l.walk(t.Results().At(i).Type(), rt.Out(i))
		}
	case *types.Interface:
		if rt.Kind() == reflect.Interface && rt.Name() == "" && t.NumMethods() > 0 && t.NumMethods() == rt.NumMethod() {
			l.types.Set(t, rt)
		}
	}
}
