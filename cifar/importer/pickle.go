package importer

import (
	"encoding/binary"
	"fmt"
	"math"
	"slices"
)

// This file reads the pickled files that CIFAR-10 and CIFAR-100 come in for Python, without
// executing them. A pickle is a program for a stack machine that may call any function; this
// reader knows the opcodes that build numbers, strings, lists, dictionaries and NumPy
// arrays, and of all functions only those that make such an array. Everything else is
// refused with its offset. Source: Python's Lib/pickletools.py.

// The values of a pickle, besides int, bool, string, nil (None):
type (
	pyBytes  []byte // also text that Python 2 wrote: both are used as bytes
	pyList   struct{ items []any }
	pyTuple  []any
	pyDict   struct{ keys, values []any }
	pyGlobal string // a function or a class by its name
	pyArray  struct {
		dtype string // "u1"
		shape []int
		data  []byte
	}
	pyDtype struct{ name string }
	pyMark  struct{}
)

// get returns the value of a text key.
func (d *pyDict) get(name string) any {
	for i, key := range d.keys {
		switch key := key.(type) {
		case string:
			if key == name {
				return d.values[i]
			}
		case pyBytes:
			if string(key) == name {
				return d.values[i]
			}
		}
	}
	return nil
}

// unpickler is the stack machine.
type unpickler struct {
	data  []byte
	at    int
	start int // of the current opcode
	stack []any
	memo  map[int]any
}

// globals are the functions and classes that NumPy's arrays need; the module's name has
// changed in NumPy 2.
var globals = []pyGlobal{
	"numpy.core.multiarray _reconstruct", "numpy._core.multiarray _reconstruct",
	"numpy ndarray", "numpy dtype", "_codecs encode",
	"numpy.core.numeric _frombuffer", "numpy._core.numeric _frombuffer",
}

// maxStack bounds the values on the stack: a short program cannot fill the memory by repeating one from the memo.
const maxStack = 1 << 22

// unpickle reads one value.
func unpickle(data []byte, file string) (value any, err error) {
	u := unpickler{data: data, memo: map[int]any{}}
	for {
		u.start = u.at
		op, err := u.take(1)
		var done bool
		if err == nil {
			done, err = u.run(op[0])
		}
		if err == nil && len(u.stack) > maxStack {
			err = fmt.Errorf("more than %d values", maxStack)
		}
		if err != nil {
			return nil, fmt.Errorf("%s: byte %d: %w: %w", file, u.start, err, ErrFormat)
		}
		if done {
			if len(u.stack) != 1 {
				return nil, fmt.Errorf("%s: byte %d: %d values at the end, want 1: %w", file, u.start, len(u.stack), ErrFormat)
			}
			return u.stack[0], nil
		}
	}
}

func (u *unpickler) take(n int) ([]byte, error) {
	if n < 0 || n > len(u.data)-u.at {
		return nil, fmt.Errorf("the file ends after %d of %d bytes: it is truncated", len(u.data)-u.at, n)
	}
	u.at += n
	return u.data[u.at-n : u.at : u.at], nil
}

// number takes a little-endian number without sign.
func (u *unpickler) number(bytes int) (int, error) {
	b, err := u.take(bytes)
	if err != nil {
		return 0, err
	}
	var wide [8]byte
	copy(wide[:], b)
	n := binary.LittleEndian.Uint64(wide[:])
	if n > math.MaxInt32<<8 {
		return 0, fmt.Errorf("a length of %d", n)
	}
	return int(n), nil
}

// sized takes a value whose length comes before it.
func (u *unpickler) sized(bytes int) ([]byte, error) {
	n, err := u.number(bytes)
	if err != nil {
		return nil, err
	}
	return u.take(n)
}

func (u *unpickler) line() (string, error) {
	end := slices.Index(u.data[u.at:min(len(u.data), u.at+200)], '\n')
	if end < 0 {
		return "", fmt.Errorf("a name without an end")
	}
	b, err := u.take(end + 1)
	return string(b[:max(0, len(b)-1)]), err
}

func (u *unpickler) push(v any) { u.stack = append(u.stack, v) }

func (u *unpickler) pop() (any, error) {
	if len(u.stack) == 0 {
		return nil, fmt.Errorf("the stack is empty")
	}
	v := u.stack[len(u.stack)-1]
	u.stack = u.stack[:len(u.stack)-1]
	if _, ok := v.(pyMark); ok {
		return nil, fmt.Errorf("a mark in a value's place")
	}
	return v, nil
}

// sinceMark pops all values above the last mark, and the mark.
func (u *unpickler) sinceMark() ([]any, error) {
	for i := len(u.stack) - 1; i >= 0; i-- {
		if _, ok := u.stack[i].(pyMark); ok {
			items := slices.Clone(u.stack[i+1:])
			u.stack = u.stack[:i]
			return items, nil
		}
	}
	return nil, fmt.Errorf("no mark on the stack")
}

// run executes an opcode; done is true for the last one.
func (u *unpickler) run(op byte) (done bool, err error) {
	switch op {
	case '\x80': // PROTO
		version, err := u.number(1)
		if err == nil && (version < 2 || version > 5) {
			err = fmt.Errorf("pickle protocol %d; want 2 to 5", version)
		}
		return false, err
	case '\x95': // FRAME
		_, err := u.take(8)
		return false, err
	case '.': // STOP
		return true, nil
	case '(':
		u.push(pyMark{})
	case 'N':
		u.push(nil)
	case '\x88':
		u.push(true)
	case '\x89':
		u.push(false)
	case '}':
		u.push(&pyDict{})
	case ']':
		u.push(&pyList{})
	case ')':
		u.push(pyTuple{})
	case 'K', 'M', 'J', '\x8a':
		return false, u.whole(op)
	case 'U', 'T', 'C', 'B', '\x8e', '\x96', 'X', '\x8c', '\x8d':
		return false, u.text(op)
	case 'q', 'r', '\x94', 'h', 'j':
		return false, u.remember(op)
	case 't', '\x85', '\x86', '\x87':
		return false, u.tuple(op)
	case 'a', 'e', 's', 'u':
		return false, u.fill(op)
	case 'c', '\x93':
		return false, u.global(op)
	case 'R':
		return false, u.call()
	case 'b':
		return false, u.build()
	default:
		return false, fmt.Errorf("opcode 0x%02x, which no file of images needs; it is not executed", op)
	}
	return false, nil
}

func (u *unpickler) whole(op byte) error {
	switch op {
	case 'K', 'M': // BININT1, BININT2
		n, err := u.number(map[byte]int{'K': 1, 'M': 2}[op])
		u.push(n)
		return err
	case 'J': // BININT, with a sign
		b, err := u.take(4)
		if err == nil {
			u.push(int(int32(binary.LittleEndian.Uint32(b))))
		}
		return err
	}
	b, err := u.sized(1) // LONG1
	if err == nil && len(b) > 8 {
		err = fmt.Errorf("a whole number of %d bytes", len(b))
	}
	if err != nil {
		return err
	}
	var wide [8]byte
	copy(wide[:], b)
	if len(b) > 0 && b[len(b)-1]&0x80 != 0 {
		for i := len(b); i < len(wide); i++ {
			wide[i] = 0xff
		}
	}
	u.push(int(int64(binary.LittleEndian.Uint64(wide[:]))))
	return nil
}

// text pushes bytes or text, whose length has as many bytes as the opcode says.
func (u *unpickler) text(op byte) error {
	lengths := map[byte]int{'U': 1, 'C': 1, '\x8c': 1, 'T': 4, 'B': 4, 'X': 4, '\x8d': 8, '\x8e': 8, '\x96': 8}
	b, err := u.sized(lengths[op])
	if err != nil {
		return err
	}
	switch op {
	case 'X', '\x8c', '\x8d':
		u.push(string(b))
	default:
		u.push(pyBytes(b))
	}
	return nil
}

// remember puts the topmost value into the memo, or a value from there on the stack.
func (u *unpickler) remember(op byte) error {
	key := len(u.memo) // MEMOIZE
	if op != '\x94' {
		var err error
		if key, err = u.number(map[byte]int{'q': 1, 'h': 1, 'r': 4, 'j': 4}[op]); err != nil {
			return err
		}
	}
	if op == 'h' || op == 'j' {
		v, ok := u.memo[key]
		if !ok {
			return fmt.Errorf("no value %d in the memo", key)
		}
		u.push(v)
		return nil
	}
	v, err := u.pop()
	if err != nil {
		return err
	}
	u.memo[key] = v
	u.push(v)
	return nil
}

func (u *unpickler) tuple(op byte) error {
	var items []any
	var err error
	if op == 't' {
		items, err = u.sinceMark()
	} else {
		for range op - '\x84' { // TUPLE1 to TUPLE3
			var v any
			if v, err = u.pop(); err != nil {
				return err
			}
			items = append(items, v)
		}
		slices.Reverse(items)
	}
	u.push(pyTuple(items))
	return err
}

// fill adds values to a list or a dictionary.
func (u *unpickler) fill(op byte) error {
	var items []any
	var err error
	switch op {
	case 'e', 'u': // APPENDS, SETITEMS
		items, err = u.sinceMark()
	default:
		for range map[byte]int{'a': 1, 's': 2}[op] {
			var v any
			if v, err = u.pop(); err != nil {
				return err
			}
			items = append(items, v)
		}
		slices.Reverse(items)
	}
	if err != nil {
		return err
	}
	into, err := u.pop()
	if err != nil {
		return err
	}
	u.push(into)
	switch into := into.(type) {
	case *pyList:
		if op == 'a' || op == 'e' {
			into.items = append(into.items, items...)
			return nil
		}
	case *pyDict:
		if (op == 's' || op == 'u') && len(items)%2 == 0 {
			for i := 0; i < len(items); i += 2 {
				into.keys, into.values = append(into.keys, items[i]), append(into.values, items[i+1])
			}
			return nil
		}
	}
	return fmt.Errorf("values for a list or a dictionary, and there is none")
}

func (u *unpickler) global(op byte) error {
	var module, name string
	if op == 'c' {
		var err error
		if module, err = u.line(); err != nil {
			return err
		}
		if name, err = u.line(); err != nil {
			return err
		}
	} else { // STACK_GLOBAL
		second, err := u.pop()
		if err != nil {
			return err
		}
		first, err := u.pop()
		if err != nil {
			return err
		}
		module, _ = first.(string)
		name, _ = second.(string)
	}
	g := pyGlobal(module + " " + name)
	if !slices.Contains(globals, g) {
		return fmt.Errorf("it would call %.60q of the Python module %.60q; it is not executed", name, module)
	}
	u.push(g)
	return nil
}

// call makes what the known functions make.
func (u *unpickler) call() error {
	arguments, err := u.pop()
	if err != nil {
		return err
	}
	function, err := u.pop()
	if err != nil {
		return err
	}
	args, _ := arguments.(pyTuple)
	switch function {
	case pyGlobal("numpy.core.multiarray _reconstruct"), pyGlobal("numpy._core.multiarray _reconstruct"):
		u.push(&pyArray{})
		return nil
	case pyGlobal("numpy dtype"):
		if len(args) > 0 {
			u.push(&pyDtype{name: textOf(args[0])})
			return nil
		}
	case pyGlobal("_codecs encode"): // bytes that Python 3 wrote for Python 2: text of one byte each
		if len(args) == 2 && textOf(args[1]) == "latin1" {
			b, err := latin1(textOf(args[0]))
			u.push(pyBytes(b))
			return err
		}
	case pyGlobal("numpy.core.numeric _frombuffer"), pyGlobal("numpy._core.numeric _frombuffer"):
		if len(args) == 4 && textOf(args[3]) == "C" {
			data, _ := args[0].(pyBytes)
			return u.array(&pyArray{}, args[2], args[1], data)
		}
	}
	name, _ := function.(pyGlobal)
	return fmt.Errorf("a call of %q with arguments that are not known", name)
}

// build fills an array or a type with its state.
func (u *unpickler) build() error {
	state, err := u.pop()
	if err != nil {
		return err
	}
	object, err := u.pop()
	if err != nil {
		return err
	}
	switch object := object.(type) {
	case *pyDtype:
		u.push(object) // its state is the byte order and the fields; bytes have neither
		return nil
	case *pyArray: // version, shape, dtype, Fortran order, values
		if t, ok := state.(pyTuple); ok && len(t) == 5 && t[3] == false {
			data, ok := t[4].(pyBytes)
			if !ok {
				return fmt.Errorf("an array whose values are no bytes")
			}
			return u.array(object, t[1], t[2], data)
		}
		return fmt.Errorf("an array whose state is not known, or in Fortran order")
	}
	return fmt.Errorf("a state for something that is neither an array nor its type")
}

// array fills and pushes an array.
func (u *unpickler) array(a *pyArray, shape, dtype any, data []byte) error {
	d, ok := dtype.(*pyDtype)
	if !ok || d.name != "u1" {
		return fmt.Errorf("an array of other values than bytes (uint8)")
	}
	dims, ok := shape.(pyTuple)
	if !ok {
		return fmt.Errorf("an array without a shape")
	}
	size := 1
	a.dtype, a.shape, a.data = d.name, nil, data
	for _, v := range dims {
		n, ok := v.(int)
		if !ok || n < 0 || n > 0 && size > len(data)/n {
			return fmt.Errorf("an array whose shape needs more than its %d values", len(data))
		}
		size *= n
		a.shape = append(a.shape, n)
	}
	if size != len(data) {
		return fmt.Errorf("an array of shape %v with %d values", a.shape, len(data))
	}
	u.push(a)
	return nil
}

// textOf returns text or bytes as text; "" for anything else.
func textOf(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case pyBytes:
		return string(v)
	}
	return ""
}

func latin1(text string) ([]byte, error) {
	out := make([]byte, 0, len(text))
	for _, r := range text {
		if r > 0xff {
			return nil, fmt.Errorf("the character %q in bytes", r)
		}
		out = append(out, byte(r))
	}
	return out, nil
}
