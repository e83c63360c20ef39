package session

import (
	"go/types"

	"golang.org/x/tools/go/ssa"
)

// orderPhis puts the phi nodes of each block into an order in which they can be evaluated one after the other, as the
// interpreter does; they mean a parallel assignment. It says false where there is none (a, b = b, a in a loop): the code
// must then be built without phi nodes.
func orderPhis(main *ssa.Package) bool {
	seen := map[*ssa.Function]bool{}
	var queue []*ssa.Function
	add := func(fn *ssa.Function) {
		if fn != nil && !seen[fn] && len(fn.Blocks) > 0 {
			seen[fn] = true
			queue = append(queue, fn)
		}
	}
	for _, m := range main.Members {
		if fn, ok := m.(*ssa.Function); ok {
			add(fn)
		}
	}
	for _, t := range main.Prog.RuntimeTypes() {
		if named := namedOf(t); named == nil || !isCellPath(named.Obj().Pkg()) {
			continue
		}
		set := main.Prog.MethodSets.MethodSet(t)
		for i := range set.Len() {
			add(main.Prog.MethodValue(set.At(i)))
		}
	}
	var buf []*ssa.Value
	for len(queue) > 0 {
		fn := queue[len(queue)-1]
		queue = queue[:len(queue)-1]
		for _, b := range fn.Blocks {
			if !orderBlock(b) {
				return false
			}
			for _, instr := range b.Instrs {
				for _, v := range instr.Operands(buf[:0]) {
					if f, ok := (*v).(*ssa.Function); ok {
						add(f)
					}
				}
			}
		}
		for _, f := range fn.AnonFuncs {
			add(f)
		}
	}
	return true
}

func namedOf(t types.Type) *types.Named {
	if p, ok := t.(*types.Pointer); ok {
		t = p.Elem()
	}
	n, _ := t.(*types.Named)
	return n
}

func orderBlock(b *ssa.BasicBlock) bool {
	n := 0
	for n < len(b.Instrs) {
		if _, ok := b.Instrs[n].(*ssa.Phi); !ok {
			break
		}
		n++
	}
	if n < 2 {
		return true
	}
	in := map[ssa.Value]bool{}
	for _, p := range b.Instrs[:n] {
		in[p.(*ssa.Phi)] = true
	}
	var out []ssa.Instruction // a phi comes before those that it reads
	state := map[*ssa.Phi]int{}
	var visit func(p *ssa.Phi) bool
	readers := map[ssa.Value][]*ssa.Phi{}
	for _, i := range b.Instrs[:n] {
		p := i.(*ssa.Phi)
		for _, e := range p.Edges {
			if in[e] && e != ssa.Value(p) {
				readers[e] = append(readers[e], p)
			}
		}
	}
	visit = func(p *ssa.Phi) bool {
		switch state[p] {
		case 1:
			return false
		case 2:
			return true
		}
		state[p] = 1
		for _, r := range readers[p] {
			if !visit(r) {
				return false
			}
		}
		state[p] = 2
		out = append(out, p)
		return true
	}
	for _, i := range b.Instrs[:n] {
		if !visit(i.(*ssa.Phi)) {
			return false
		}
	}
	copy(b.Instrs[:n], out)
	return true
}
