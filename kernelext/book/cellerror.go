package book

import (
	"errors"
	"fmt"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/cnnbook/cnnbook/kernelext/internal/text"
)

// CellError is the failure of a cell in a headless run.
type CellError struct {
	Notebook string // file name
	Cell     int    // among the code cells, counted from 1
	Source   string // first line of the cell that says something
	Text     string // what went wrong, without escape codes
}

// Error names notebook, cell and error in one line.
func (e *CellError) Error() string {
	return fmt.Sprintf("%s, code cell %d (%s): %s", e.Notebook, e.Cell, e.Source, text.OneLine(e.Text))
}

// failure makes an error of the event that ended a run.
func (e Execution) failure(nb, executed *notebook, last executeEvent) error {
	name := filepath.Base(e.Notebook)
	cell := &CellError{Notebook: name, Text: text.Clean(text.StripANSI(last.Text))}
	for k, i := range nb.codeCells() {
		if i == last.Index {
			cell.Cell, cell.Source = k+1, sourceLine(string(nb.Cells[i].Source))
		}
	}
	switch last.Kind {
	case "start":
		return fmt.Errorf("%s: the kernel %q does not start: %s", name, e.Kernel, text.FirstLine(cell.Text, 300))
	case "internal":
		return fmt.Errorf("book: execute %s: %s", name, text.FirstLine(cell.Text, 300))
	case "stopped":
		return fmt.Errorf("%s: stopped", name)
	case "timeout":
		cell.Text = fmt.Sprintf("no end after %s", text.SpanText(e.Timeout))
	case "kernel":
		cell.Text = "the kernel died"
	case "cell", "command":
		if executed != nil && last.Index >= 0 && last.Index < len(executed.Cells) {
			if text := errorText(executed.Cells[last.Index].Outputs); text != "" {
				cell.Text = text
			}
		}
		if last.Kind == "command" {
			cell.Text = "a shell command failed: " + cell.Text
		}
	}
	cell.Text = normaliser{scrub: scrubbers(e.Hide)}.hide(cell.Text)
	if cell.Cell == 0 {
		return errors.New(name + ": " + cell.Text)
	}
	return cell
}

// sourceLine is the line by which a person finds a cell: the first that is not
// blank, a comment, an import or GoNB's "%%".
func sourceLine(source string) string {
	const limit = 70
	first, imports := "", false
	for line := range strings.Lines(source) {
		line = text.CleanLine(line)
		switch {
		case line == "":
			continue
		case imports:
			imports = line != ")"
			continue
		case line == "import (":
			imports = true
		case strings.HasPrefix(line, "%%"), strings.HasPrefix(line, "//"), strings.HasPrefix(line, "import "),
			strings.HasPrefix(line, "kernelext.Cell("):
		default:
			return text.Shorten(line, limit)
		}
		if first == "" {
			first = line
		}
	}
	return text.Shorten(first, limit)
}

// errorText finds in the outputs of a failed cell what a person needs to know. GoNB puts it on stderr for a
// program that ran, and for one that did not compile into the error (started with -raw_error) or into HTML.
func errorText(outputs []cellOutput) string {
	var stderr, page, value string
	var traceback []string
	for _, o := range outputs {
		switch {
		case o.OutputType == outputStream && o.Name == "stderr":
			stderr += string(textOf(o.Text))
		case o.OutputType == outputError:
			value, traceback = o.EValue, o.Traceback
		case o.Data["text/html"] != nil:
			var html multiline
			if html.UnmarshalJSON(o.Data["text/html"]) == nil {
				page += string(html)
			}
		}
	}
	if value != "" && !exitLine.MatchString(strings.TrimSpace(value)) { // it did not come to run
		for _, text := range []string{placedErrors(traceback), compileErrors(page)} {
			if text != "" {
				return text
			}
		}
		return parsePrefix.ReplaceAllString(text.Clean(text.StripANSI(value)), "")
	}
	if text := programError(stderr); text != "" {
		return text
	}
	return value
}

// placedErrors reads the compiler's errors of a kernel that was started with -raw_error. Each is the
// place in the cell, lines of code, and the message.
func placedErrors(traceback []string) string {
	var out []string
	for _, entry := range traceback {
		lines := strings.Split(strings.TrimSpace(text.Clean(text.StripANSI(entry))), "\n")
		if place := lines[0]; len(lines) > 1 && strings.HasPrefix(place, "Cell") {
			out = append(out, place+": "+strings.TrimSpace(lines[len(lines)-1]))
		}
	}
	return strings.Join(out, "\n")
}

var (
	exitLine    = regexp.MustCompile(`^(?:exit status \d+|signal: .*|\^C)$`)
	parsePrefix = regexp.MustCompile(`^parsing go files in TempDir "[^"]*": `) // before Go's own words
	cellMark    = regexp.MustCompile(`\s*\[\[ (Cell (?:\[\d+\] )?Line \d+) \]\]`)
)

// programError is what a program said last on stderr: Cell's line, or that of a panic with the place in the cell.
func programError(stderr string) string {
	var lines []string
	for line := range strings.Lines(text.Clean(text.StripANSI(stderr))) {
		if line = strings.TrimRight(line, " \n"); line != "" && !exitLine.MatchString(line) {
			lines = append(lines, line)
		}
	}
	for i, line := range lines {
		if strings.HasPrefix(line, "panic: ") || strings.HasPrefix(line, "fatal error: ") {
			for _, at := range lines[i:] {
				if place := cellMark.FindStringSubmatch(at); place != nil {
					return line + " (" + place[1] + ")"
				}
			}
			return line
		}
	}
	for i := len(lines) - 1; i >= 0; i-- {
		if text, ok := strings.CutPrefix(lines[i], "error: "); ok {
			return strings.Join(append([]string{text}, lines[i+1:]...), "\n")
		}
		if strings.HasPrefix(lines[i], "interrupted") {
			return lines[i]
		}
	}
	return strings.Join(lines[max(len(lines)-3, 0):], "\n")
}

var (
	compileError = regexp.MustCompile(`(?s)<div style="white-space: pre-wrap;">(.*?)<div class="gonb-err-context">`)
	cellLine     = regexp.MustCompile(`gonb-cell-line-info">([^<]*)</span>`)
	afterPlace   = regexp.MustCompile(`(?s)gonb-err-location">[^<]*</span></span>(.*)$`)
)

// compileErrors reads GoNB's report of a cell that does not compile.
func compileErrors(page string) string {
	var out []string
	for _, match := range compileError.FindAllStringSubmatch(page, -1) {
		message := afterPlace.FindStringSubmatch(match[1])
		if message == nil {
			continue
		}
		line := text.CleanLine(text.StripANSI(message[1]))
		if place := cellLine.FindStringSubmatch(match[1]); place != nil {
			line = text.CleanLine(place[1]) + ": " + line
		}
		out = append(out, line)
	}
	return strings.Join(out, "\n")
}
