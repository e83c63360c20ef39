package book

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/cnnbook/cnnbook/internal/atomicfile"
	"github.com/cnnbook/cnnbook/kernelext/internal/text"
)

// ErrNotebook is wrapped by every error about a notebook file.
var ErrNotebook = errors.New("bad notebook")

// notebook is a notebook file, nbformat 4 (https://nbformat.readthedocs.io).
// The fields are in alphabetical order of their names, as Jupyter writes them.
type notebook struct {
	Cells         []notebookCell  `json:"cells"`
	Metadata      json.RawMessage `json:"metadata"`
	NBFormat      int             `json:"nbformat"`
	NBFormatMinor int             `json:"nbformat_minor"`
}

const (
	cellCode     = "code"
	cellMarkdown = "markdown"
	cellRaw      = "raw"
)

// notebookCell is one cell. Only code cells have outputs.
type notebookCell struct {
	Attachments json.RawMessage `json:"attachments,omitempty"`
	CellType    string          `json:"cell_type"`
	ID          string          `json:"id"`
	Metadata    json.RawMessage `json:"metadata"`
	Outputs     []cellOutput    `json:"outputs"`
	Source      multiline       `json:"source"`
}

// Kinds of output.
const (
	outputStream  = "stream"
	outputDisplay = "display_data"
	outputResult  = "execute_result"
	outputError   = "error"
)

// cellOutput is one output of a code cell; which fields it has depends on its kind.
type cellOutput struct {
	Data       map[string]json.RawMessage `json:"data,omitempty"`
	EName      string                     `json:"ename,omitempty"`
	EValue     string                     `json:"evalue,omitempty"`
	Metadata   json.RawMessage            `json:"metadata,omitempty"`
	Name       string                     `json:"name,omitempty"`
	OutputType string                     `json:"output_type"`
	Text       *multiline                 `json:"text,omitempty"`
	Traceback  []string                   `json:"traceback,omitempty"`
}

// multiline is text that a notebook file may hold as one string or as its lines.
type multiline string

// UnmarshalJSON implements json.Unmarshaler.
func (m *multiline) UnmarshalJSON(data []byte) error {
	var lines []string
	if err := json.Unmarshal(data, &lines); err == nil {
		*m = multiline(strings.Join(lines, ""))
		return nil
	}
	var text string
	if err := json.Unmarshal(data, &text); err != nil {
		return errors.New("expected a string or a list of strings")
	}
	*m = multiline(text)
	return nil
}

// MarshalJSON writes a list of lines, as Jupyter does, so that version control shows which lines changed.
func (m multiline) MarshalJSON() ([]byte, error) {
	lines := strings.SplitAfter(string(m), "\n")
	if lines[len(lines)-1] == "" {
		lines = lines[:len(lines)-1]
	}
	return marshal(lines, "")
}

// MarshalJSON leaves out what nbformat forbids in other cells, and writes no execution count, which has no
// meaning for a notebook that ran from its first cell to the last.
func (c notebookCell) MarshalJSON() ([]byte, error) {
	type common struct {
		Attachments json.RawMessage `json:"attachments,omitempty"`
		CellType    string          `json:"cell_type"`
	}
	type identity struct {
		ID       string          `json:"id"`
		Metadata json.RawMessage `json:"metadata"`
	}
	metadata := c.Metadata
	if len(metadata) == 0 {
		metadata = json.RawMessage("{}")
	}
	if c.CellType != cellCode {
		return marshal(struct {
			common
			identity
			Source multiline `json:"source"`
		}{common{c.Attachments, c.CellType}, identity{c.ID, metadata}, c.Source}, "")
	}
	outputs := c.Outputs
	if outputs == nil {
		outputs = []cellOutput{}
	}
	return marshal(struct {
		common
		ExecutionCount *int `json:"execution_count"`
		identity
		Outputs []cellOutput `json:"outputs"`
		Source  multiline    `json:"source"`
	}{common{c.Attachments, c.CellType}, nil, identity{c.ID, metadata}, outputs, c.Source}, "")
}

// marshal encodes JSON as Jupyter does: without HTML escapes.
func marshal(v any, indent string) ([]byte, error) {
	var buf bytes.Buffer
	encoder := json.NewEncoder(&buf)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", indent)
	if err := encoder.Encode(v); err != nil {
		return nil, err
	}
	return bytes.TrimRight(buf.Bytes(), "\n"), nil
}

// maxNotebook bounds the size of a notebook file, in bytes.
const maxNotebook = 512 << 20

// readNotebook reads and checks a notebook file.
func readNotebook(path string) (*notebook, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("%w %s: %w; expected a .ipynb file", ErrNotebook, filepath.Base(path), text.PathCause(err))
	}
	if !info.Mode().IsRegular() || info.Size() > maxNotebook {
		return nil, fmt.Errorf("%w %s: expected a file of at most %d MB", ErrNotebook, filepath.Base(path), maxNotebook>>20)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("%w %s: %w", ErrNotebook, filepath.Base(path), text.PathCause(err))
	}
	nb, err := parseNotebook(data)
	if err != nil {
		return nil, fmt.Errorf("%w %s: %w", ErrNotebook, filepath.Base(path), err)
	}
	return nb, nil
}

// parseNotebook reads a notebook of nbformat 4.
func parseNotebook(data []byte) (*notebook, error) {
	var nb notebook
	if err := json.Unmarshal(data, &nb); err != nil {
		var syntax *json.SyntaxError
		if errors.As(err, &syntax) {
			return nil, fmt.Errorf("not JSON at byte %d: %w", syntax.Offset, err)
		}
		return nil, fmt.Errorf("not a notebook: %w", err)
	}
	if nb.NBFormat != 4 {
		return nil, fmt.Errorf("format version is %d, expected 4; open and save it in JupyterLab", nb.NBFormat)
	}
	for i, cell := range nb.Cells {
		switch cell.CellType {
		case cellCode, cellMarkdown, cellRaw:
		default:
			return nil, fmt.Errorf("cell %d has type %q, expected code, markdown or raw", i+1, text.Clean(cell.CellType))
		}
	}
	return &nb, nil
}

// encode writes the notebook as Jupyter does.
func (nb *notebook) encode() ([]byte, error) {
	if nb.Cells == nil {
		nb.Cells = []notebookCell{}
	}
	if len(nb.Metadata) == 0 {
		nb.Metadata = json.RawMessage("{}")
	}
	data, err := marshal(nb, " ")
	if err != nil {
		return nil, fmt.Errorf("book: encode notebook: %w", err)
	}
	return append(data, '\n'), nil
}

// write writes the notebook to a temporary file and renames it.
func (nb *notebook) write(path string, perm fs.FileMode) error {
	data, err := nb.encode()
	if err != nil {
		return err
	}
	return atomicfile.WriteBytes(path, data, perm)
}

// codeCells returns the positions of the code cells.
func (nb *notebook) codeCells() []int {
	var at []int
	for i, cell := range nb.Cells {
		if cell.CellType == cellCode {
			at = append(at, i)
		}
	}
	return at
}

// title returns the notebook's first heading and, as lead, the first paragraph after it.
func (nb *notebook) title() (title, lead string) {
	for _, cell := range nb.Cells {
		if cell.CellType != cellMarkdown {
			continue
		}
		for block := range strings.SplitSeq(strings.ReplaceAll(string(cell.Source), "\r\n", "\n"), "\n\n") {
			first, rest, _ := strings.Cut(strings.TrimSpace(block), "\n")
			switch heading, isHeading := strings.CutPrefix(first, "# "); {
			case title == "" && isHeading:
				title = text.CleanLine(heading)
				if lead = text.CleanLine(rest); lead != "" {
					return title, lead
				}
			case title != "" && first != "" && !strings.HasPrefix(first, "#"):
				return title, text.CleanLine(block)
			}
		}
	}
	return title, lead
}
