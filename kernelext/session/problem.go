package session

import (
	"fmt"
	"go/scanner"
	"strings"
)

// Problem is an error with its place in a cell.
type Problem struct {
	Cell, Line, Col int    // counted from 1; Col 0 where only the line is known
	Text            string // what is wrong
	Code            string // the line of the cell, if it is to be shown
	Err             error  // what the cell failed with, for one that ran
}

// Error gives the place and the text, and below them the line of the cell with a caret.
func (p *Problem) Error() string {
	var b strings.Builder
	if p.Line > 0 {
		fmt.Fprintf(&b, "cell [%d] line %d: ", p.Cell, p.Line)
	}
	b.WriteString(p.Text)
	if p.Code != "" && p.Col > 0 {
		pad := []byte(p.Code[:min(p.Col-1, len(p.Code))])
		for i, c := range pad {
			if c != '\t' {
				pad[i] = ' '
			}
		}
		fmt.Fprintf(&b, "\n%s\n%s^", p.Code, pad)
	}
	return b.String()
}

func (p *Problem) Unwrap() error { return p.Err }

// placed adds the cell's number and line of code.
func (p *Problem) placed(c *cell) *Problem {
	if p.Cell <= 0 {
		p.Cell = c.n
	}
	if lines := c.s.text[p.Cell]; p.Line > 0 && p.Line <= len(lines) {
		p.Code = lines[p.Line-1]
	}
	return p
}

// parseError places an error of Go's parser in the cell.
func (c *cell) parseError(err error) error {
	list, ok := err.(scanner.ErrorList)
	if !ok || len(list) == 0 {
		return (&Problem{Text: err.Error()}).placed(c)
	}
	e := list[0]
	return (&Problem{Cell: cellOf(e.Pos.Filename), Line: e.Pos.Line, Col: e.Pos.Column, Text: e.Msg}).placed(c)
}
