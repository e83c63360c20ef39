package kernelext

import (
	"fmt"
	"io"
	"strings"

	"github.com/cnnbook/cnnbook/kernelext/internal/text"
)

// linePainter shows a run as lines of text: in a terminal one line that is
// overwritten until its epoch ends, elsewhere only the lines of ended epochs.
type linePainter struct {
	w        io.Writer
	terminal bool

	printed int  // epochs that ended and were printed
	open    bool // the cursor is at the end of an unfinished line
	titled  bool
}

// eraseLine returns to the start of a terminal's line and clears it (ECMA-48, EL).
const eraseLine = "\r\x1b[K"

func (p *linePainter) paint(s snapshot) error {
	var b strings.Builder
	if !p.titled && s.title != "" {
		b.WriteString(text.CleanLine(s.title) + "\n")
	}
	p.titled = true
	if p.open {
		b.WriteString(eraseLine)
		p.open = false
	}
	for _, epoch := range s.ended[p.printed:] {
		fmt.Fprintf(&b, "%s  %s\n", epoch.head(), epoch.Line())
	}
	p.printed = len(s.ended)
	running := !s.last.EpochEnd
	switch {
	case s.final && (running || s.err != nil):
		if running {
			fmt.Fprintf(&b, "%s  %s\n", s.last.head(), s.last.Line())
		}
		b.WriteString(s.outcome() + "\n")
	case running && p.terminal:
		fmt.Fprintf(&b, "%s  %s", s.last.head(), s.last.Line())
		p.open = true
	}
	_, err := io.WriteString(p.w, b.String())
	return err
}
