package book

import (
	"errors"
	"fmt"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/cnnbook/cnnbook/kernelext/internal/text"
)

// CellError is the failure of one cell in a headless run.
type CellError struct {
	Notebook string // file name
	Cell     int    // among the code cells, counted from 1
	Source   string // the cell's first line of code that identifies it
	Text     string // error message, without escape codes
}

// Error returns the notebook, the cell and the error in one line.
func (e *CellError) Error() string {
	return fmt.Sprintf("%s, code cell %d (%s): %s", e.Notebook, e.Cell, e.Source, text.OneLine(e.Text))
}

// failure converts the event that ended a run into an error.
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
		cell.Text = fmt.Sprintf("did not finish within %s", text.SpanText(e.Timeout))
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

// sourceLine returns the line by which a reader finds a cell: the first that is not
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

// errorText extracts the error message from the outputs of a failed cell. GoNB writes it to stderr for a program that
// ran; for one that did not compile, it is in the error (if GoNB was started with -raw_error) or in HTML.
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
	if value != "" && !exitLine.MatchString(strings.TrimSpace(value)) { // the program did not run
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

// placedErrors parses the compiler errors of a kernel that was started with -raw_error. Each consists of the
// position in the cell, lines of code, and the message.
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
	parsePrefix = regexp.MustCompile(`^parsing go files in TempDir "[^"]*": `) // precedes Go's own message
	cellMark    = regexp.MustCompile(`\s*\[\[ (Cell (?:\[\d+\] )?Line \d+) \]\]`)
)

// programError returns the last error on a program's stderr: the line of kernelext.Cell, or that of a panic with its
// position in the cell.
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

// compileErrors parses GoNB's report of a cell that does not compile.
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
