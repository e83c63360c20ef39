package book

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/cnnbook/cnnbook/kernelext"
	"github.com/cnnbook/cnnbook/kernelext/internal/text"
)

// Replacement replaces a path of this machine that must not be published.
type Replacement struct {
	Path  string // absolute
	Label string // replaces the path, for example "~"
}

// normaliser makes executed notebooks with equal results equal, wherever and whenever they ran.
type normaliser struct {
	kernel kernelspecInfo
	scrub  []scrubber
	record *Record

	anywhere bool // keep of receipts only what is the same on every machine
}

// kernelspecInfo is the kernelspec part of a notebook's metadata.
type kernelspecInfo struct {
	DisplayName string `json:"display_name"`
	Language    string `json:"language"`
	Name        string `json:"name"`
}

// languageInfo is the language part of a notebook's metadata. GoNB leaves the lexer
// empty, and nbconvert then colours Go as Python.
type languageInfo struct {
	FileExtension string `json:"file_extension"`
	MIMEType      string `json:"mimetype"`
	Name          string `json:"name"`
	PygmentsLexer string `json:"pygments_lexer"`
}

// notebookMetadata is the metadata that is kept.
type notebookMetadata struct {
	Record       *Record        `json:"cnnbook,omitempty"`
	Kernelspec   kernelspecInfo `json:"kernelspec"`
	LanguageInfo languageInfo   `json:"language_info"`
}

// apply normalises nb in place.
func (n normaliser) apply(nb *notebook) error {
	metadata, err := marshal(notebookMetadata{
		Record:     n.record,
		Kernelspec: n.kernel,
		LanguageInfo: languageInfo{
			FileExtension: ".go", MIMEType: "text/x-go", Name: "go", PygmentsLexer: "go",
		},
	}, "")
	if err != nil {
		return err
	}
	nb.Metadata = metadata
	nb.NBFormat, nb.NBFormatMinor = 4, 5
	stableIDs(nb.Cells)
	for i := range nb.Cells {
		cell := &nb.Cells[i]
		if cell.Metadata, err = keptMetadata(cell.Metadata); err != nil {
			return fmt.Errorf("metadata of cell %d: %w", i+1, err)
		}
		if cell.CellType == cellCode {
			if cell.Outputs, err = n.outputs(cell.Outputs); err != nil {
				return fmt.Errorf("output of cell %d: %w", i+1, err)
			}
		}
	}
	return nil
}

var validID = regexp.MustCompile(`^[a-zA-Z0-9_-]{1,64}$`)

// stableIDs keeps the ids that nbformat allows, and derives those of the other cells from their position.
func stableIDs(cells []notebookCell) {
	seen := map[string]bool{}
	for i := range cells {
		id := cells[i].ID
		for try := 0; !validID.MatchString(id) || seen[id]; try++ {
			id = fmt.Sprintf("cell-%03d", i+1+try*len(cells))
		}
		seen[id] = true
		cells[i].ID = id
	}
}

// keptMetadata drops the entries that an execution or a front end writes into a cell's metadata.
func keptMetadata(data json.RawMessage) (json.RawMessage, error) {
	if len(data) == 0 {
		return json.RawMessage("{}"), nil
	}
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(data, &fields); err != nil {
		return nil, err
	}
	for _, name := range []string{"execution", "ExecuteTime", "collapsed", "scrolled", "trusted"} {
		delete(fields, name)
	}
	return marshal(fields, "")
}

// outputs merges, cleans and scrubs the outputs of a cell.
func (n normaliser) outputs(outputs []cellOutput) ([]cellOutput, error) {
	var out []cellOutput
	for _, o := range outputs {
		if last := len(out) - 1; last >= 0 && o.OutputType == outputStream &&
			out[last].OutputType == outputStream && out[last].Name == o.Name {
			joined := *out[last].Text + textOf(o.Text)
			out[last].Text = &joined
			continue
		}
		if o.OutputType == outputStream {
			text := textOf(o.Text)
			o.Text = &text
		}
		if o.OutputType == outputResult { // an execute_result would need an execution count
			o.OutputType = outputDisplay
		}
		out = append(out, o)
	}
	for i := range out {
		if err := n.output(&out[i]); err != nil {
			return nil, err
		}
	}
	return slices.DeleteFunc(out, func(o cellOutput) bool {
		return o.OutputType == outputStream && *o.Text == ""
	}), nil
}

func textOf(m *multiline) multiline {
	if m == nil {
		return ""
	}
	return *m
}

func (n normaliser) output(o *cellOutput) error {
	switch o.OutputType {
	case outputStream:
		text := multiline(n.hide(collapse(text.StripANSI(string(*o.Text)))))
		o.Text = &text
	case outputError:
		o.EValue = n.hide(text.StripANSI(o.EValue))
		for i, line := range o.Traceback {
			o.Traceback[i] = n.hide(text.StripANSI(line))
		}
	case outputDisplay:
		if len(o.Metadata) == 0 {
			o.Metadata = json.RawMessage("{}")
		}
		if raw, ok := o.Data[kernelext.ReceiptMIME]; ok {
			var err error
			if o.Data[kernelext.ReceiptMIME], err = n.receipts(raw); err != nil {
				return err
			}
		}
		for kind, raw := range o.Data {
			if !strings.HasPrefix(kind, "text/") {
				continue
			}
			var part multiline
			if err := json.Unmarshal(raw, &part); err != nil {
				return fmt.Errorf("%s: %w", text.Clean(kind), err)
			}
			data, err := marshal(multiline(n.hide(string(part))), "")
			if err != nil {
				return err
			}
			o.Data[kind] = data
		}
	}
	return nil
}

// collapse reduces each line to what a terminal would show after carriage returns.
func collapse(s string) string {
	if !strings.Contains(s, "\r") {
		return s
	}
	lines := strings.SplitAfter(strings.ReplaceAll(s, "\r\n", "\n"), "\n")
	for i, line := range lines {
		body, end := strings.CutSuffix(line, "\n")
		body = strings.TrimRight(body, "\r")
		body = body[strings.LastIndexByte(body, '\r')+1:]
		if end {
			body += "\n"
		}
		lines[i] = body
	}
	return strings.Join(lines, "")
}

// scrubber replaces one path.
type scrubber struct {
	pattern *regexp.Regexp
	label   string
}

// gonbFolder matches the folder in which GoNB compiles cells, which differs for each kernel.
var gonbFolder = regexp.MustCompile(`(?:/[^\s"'<>()/]+)*/gonb_[0-9a-f]{8}(?:/|\b)`)

// scrubbers makes replacements that leave base64 alone, in which a short path may
// occur by chance. The longest path comes first, so that a folder inside another has its own label.
func scrubbers(replacements []Replacement) []scrubber {
	sorted := slices.SortedFunc(slices.Values(replacements), func(a, b Replacement) int { return len(b.Path) - len(a.Path) })
	var out []scrubber
	for _, r := range sorted {
		if path := strings.TrimRight(r.Path, `/\`); path != "" {
			pattern := regexp.MustCompile(`(^|[^A-Za-z0-9+/=_.-])` + regexp.QuoteMeta(path) + `($|[^A-Za-z0-9+=_-])`)
			out = append(out, scrubber{pattern, strings.ReplaceAll(r.Label, "$", "$$")})
		}
	}
	return out
}

// hide replaces the machine's paths in a text.
func (n normaliser) hide(s string) string {
	s = gonbFolder.ReplaceAllString(s, "")
	for _, r := range n.scrub {
		s = r.pattern.ReplaceAllString(s, "${1}"+r.label+"${2}")
	}
	return s
}
