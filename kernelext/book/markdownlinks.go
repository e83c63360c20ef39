package book

import (
	"regexp"
	"slices"
	"strings"
)

// linkKind is where in Markdown a link stands.
type linkKind int

const (
	linkText      linkKind = iota // [text](target) and [label]: target
	linkImage                     // ![text](target)
	linkHTML                      // <img src="target">
	linkAnchor                    // <a href="target">
	linkDirective                 // ```{figure} target
)

// linkEdit replaces a part of a text.
type linkEdit struct {
	from, to int
	with     string
}

var (
	fence      = regexp.MustCompile("^ {0,3}(```+|~~~+|:::+)[ \t]*(?:\\{([a-z-]+)\\}[ \t]*(.*))?")
	definition = regexp.MustCompile(`^ {0,3}\[[^\]\n]+\]:[ \t]*(<[^>\n]*>|\S+)`)
	htmlTarget = regexp.MustCompile(`(?i)<(img|a)\b[^>]*?(\s(?:src|href)\s*=\s*["']([^"'\n]*)["'])`)
)

// withFile are the MyST directives whose argument is a file.
var withFile = map[string]bool{"figure": true, "image": true, "literalinclude": true}

// editLinks calls edit for each link of a text in Markdown, and returns the text with the targets that edit returns. A link
// that edit does not keep becomes its text. Code is left alone.
func editLinks(markdown string, edit func(kind linkKind, target string) (string, bool)) string {
	var edits []linkEdit
	prose, closing := 0, "" // where the prose begins, and what ends the block of code around the line
	at := 0
	for line := range strings.Lines(markdown) {
		begin := at
		at += len(line)
		if closing != "" {
			if trimmed := strings.TrimSpace(line); strings.HasPrefix(trimmed, closing) && strings.Trim(trimmed, closing[:1]) == "" {
				closing, prose = "", at
			}
			continue
		}
		m := fence.FindStringSubmatchIndex(line)
		if m == nil {
			continue
		}
		mark := line[m[2]:m[3]]
		if m[6] >= 0 && withFile[line[m[4]:m[5]]] {
			target := strings.TrimSpace(line[m[6]:m[7]])
			if with, keep := edit(linkDirective, target); keep && with != target && target != "" {
				edits = append(edits, linkEdit{begin + m[6], begin + m[6] + len(target), with})
			}
		}
		if mark[0] == ':' {
			continue // its content is Markdown
		}
		edits = append(edits, proseLinks(markdown, prose, begin, edit)...)
		closing = mark
	}
	if closing == "" {
		edits = append(edits, proseLinks(markdown, prose, len(markdown), edit)...)
	}
	return applyEdits(markdown, edits)
}

// proseLinks edits the links between two positions, where no block of code is.
func proseLinks(markdown string, from, to int, edit func(linkKind, string) (string, bool)) (edits []linkEdit) {
	var open []int // positions of '[' without their ']'
	for i := from; i < to; i++ {
		switch markdown[i] {
		case '\\':
			i++
		case '`':
			i = endOfCode(markdown[:to], i) - 1
		case '$':
			i = endOfFormula(markdown[:to], i) - 1
		case '\n':
			if i+1 < to && markdown[i+1] == '\n' {
				open = nil // a link stays within its paragraph
			}
		case '[':
			open = append(open, i)
		case ']':
			if len(open) == 0 {
				continue
			}
			start := open[len(open)-1]
			open = open[:len(open)-1]
			d, ok := readTarget(markdown[:to], i+1)
			if !ok {
				continue
			}
			kind, begin := linkText, start
			if start > from && markdown[start-1] == '!' && !(start-1 > from && markdown[start-2] == '\\') {
				kind, begin = linkImage, start-1
			}
			edits = append(edits, d.edit(markdown, kind, begin, start, i, edit)...)
		case '<':
			if m := htmlTarget.FindStringSubmatchIndex(markdown[i:to]); m != nil && m[0] == 0 {
				kind := linkAnchor
				if strings.EqualFold(markdown[i+m[2]:i+m[3]], "img") {
					kind = linkHTML
				}
				target := markdown[i+m[6] : i+m[7]]
				if with, keep := edit(kind, target); !keep {
					edits = append(edits, linkEdit{i + m[4], i + m[5], ""})
				} else if with != target {
					edits = append(edits, linkEdit{i + m[6], i + m[7], with})
				}
				i += m[1] - 1
			}
		}
	}
	return append(edits, definitions(markdown, from, to, edit)...)
}

// endOfCode is the position after the code span that begins at i, or after its backquotes if it has no end.
func endOfCode(text string, i int) int {
	n := i
	for n < len(text) && text[n] == '`' {
		n++
	}
	ticks := text[i:n]
	for j := n; j < len(text); {
		at := strings.Index(text[j:], ticks)
		if at < 0 || strings.Contains(text[n:j+at], "\n\n") {
			return n
		}
		end := j + at + len(ticks)
		if end == len(text) || text[end] != '`' {
			return end
		}
		for end < len(text) && text[end] == '`' {
			end++
		}
		j = end
	}
	return n
}

// endOfFormula is the position after the formula that begins at i, or after its dollars if it has no end.
func endOfFormula(text string, i int) int {
	if strings.HasPrefix(text[i:], "$$") {
		if end := strings.Index(text[i+2:], "$$"); end >= 0 {
			return i + 2 + end + 2
		}
		return i + 2
	}
	m := inlineFormula.FindString(text[i:])
	return i + max(1, len(m))
}

// inlineFormula is a formula within a paragraph, as MyST reads it: no space after the first dollar and before the last.
var inlineFormula = regexp.MustCompile(`^\$[^\s$](?:(?:[^$\n]|\n[^$\n])*[^\s$])?\$`)

// linkTarget is the part (target "title") of a link.
type linkTarget struct {
	from, to int // of the target, with < and > if it has them
	end      int // after the bracket
}

// readTarget reads the part of a link that begins at i with a bracket.
func readTarget(text string, i int) (d linkTarget, ok bool) {
	if i >= len(text) || text[i] != '(' {
		return d, false
	}
	for i++; i < len(text) && text[i] == ' '; i++ {
	}
	d.from = i
	if i < len(text) && text[i] == '<' {
		for ; i < len(text) && text[i] != '>' && text[i] != '\n'; i++ {
		}
		if i == len(text) || text[i] != '>' {
			return d, false
		}
		i++
	} else {
		for depth := 0; i < len(text) && text[i] > ' '; i++ {
			if text[i] == '(' {
				depth++
			} else if text[i] == ')' {
				if depth--; depth < 0 {
					break
				}
			}
		}
	}
	d.to = i
	for ; i < len(text) && (text[i] == ' ' || text[i] == '\n'); i++ {
	}
	if i < len(text) && (text[i] == '"' || text[i] == '\'') {
		end := strings.IndexByte(text[i+1:], text[i])
		if end < 0 || strings.Contains(text[i:i+1+end], "\n\n") {
			return d, false
		}
		for i += end + 2; i < len(text) && text[i] == ' '; i++ {
		}
	}
	if i >= len(text) || text[i] != ')' {
		return d, false
	}
	d.end = i + 1
	return d, true
}

// edit returns the edits of one link: its text is between open and close, and begin is where it begins.
func (d linkTarget) edit(markdown string, kind linkKind, begin, open, close int, edit func(linkKind, string) (string, bool)) []linkEdit {
	target := strings.TrimSuffix(strings.TrimPrefix(markdown[d.from:d.to], "<"), ">")
	with, keep := edit(kind, target)
	switch {
	case !keep:
		return []linkEdit{{begin, open + 1, ""}, {close, d.end, ""}}
	case with == target:
		return nil
	}
	return []linkEdit{{d.from, d.to, quoteTarget(with)}}
}

// quoteTarget puts a target with characters that would end it between < and >.
func quoteTarget(target string) string {
	if strings.ContainsAny(target, " ()<>") {
		return "<" + strings.NewReplacer("<", "%3C", ">", "%3E").Replace(target) + ">"
	}
	return target
}

// definitions edits lines such as [label]: target.
func definitions(markdown string, from, to int, edit func(linkKind, string) (string, bool)) (edits []linkEdit) {
	at := from
	for line := range strings.Lines(markdown[from:to]) {
		if m := definition.FindStringSubmatchIndex(line); m != nil && !strings.HasPrefix(strings.TrimLeft(line, " "), "[^") {
			target := strings.TrimSuffix(strings.TrimPrefix(line[m[2]:m[3]], "<"), ">")
			if with, keep := edit(linkText, target); !keep {
				edits = append(edits, linkEdit{at, at + len(line), ""})
			} else if with != target {
				edits = append(edits, linkEdit{at + m[2], at + m[3], quoteTarget(with)})
			}
		}
		at += len(line)
	}
	return edits
}

// applyEdits makes the edits, none of which overlap.
func applyEdits(text string, edits []linkEdit) string {
	if len(edits) == 0 {
		return text
	}
	slices.SortStableFunc(edits, func(a, b linkEdit) int { return a.from - b.from })
	var b strings.Builder
	at := 0
	for _, e := range edits {
		if e.from < at {
			continue
		}
		b.WriteString(text[at:e.from])
		b.WriteString(e.with)
		at = e.to
	}
	b.WriteString(text[at:])
	return b.String()
}
