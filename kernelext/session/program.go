package session

import (
	"slices"
	"strings"
)

// Program orders the lines of a cell, counted from 0, as a compiled program has them: imports, types, functions, methods and constants,
// with variables that no statement precedes; then the statements, which become the body of main. Comments stay with what follows them.
// It is false for a cell that has no such order: one that does not parse, or has a declaration and a statement in the same line, or
// both statements and a main of its own.
func Program(source string) (declarations, statements []int, ok bool) {
	chunks, err := split(source)
	if err != nil {
		return nil, nil, false
	}
	next, main := 0, false
	for _, c := range chunks {
		main = main || c.kind == function && c.names[0] == "main"
		to := &declarations
		if c.kind == statement || c.kind == define || c.kind == variable && len(statements) > 0 {
			to = &statements
		}
		last := c.line - 1 + strings.Count(c.text, "\n")
		for ; next <= last; next++ {
			*to = append(*to, next)
		}
		if !slices.Contains(*to, c.line-1) {
			return nil, nil, false // another kind of chunk has this line
		}
	}
	if main && len(statements) > 0 {
		return nil, nil, false
	}
	for n := strings.Count(source, "\n"); next <= n; next++ { // comments at the end
		declarations = append(declarations, next)
	}
	return declarations, statements, true
}
