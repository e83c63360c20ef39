package book

import (
	"encoding/json"
	"fmt"
	"strings"
)

// longCell is the number of lines above which a page shows a cell's code only on request.
const longCell = 20

// foldForPage returns the notebook as pages show it: long code is folded, and a folded cell says what it hides.
// The metadata is MyST-NB's: https://myst-nb.readthedocs.io/en/v1.3.0/render/hiding.html
func (nb *notebook) foldForPage() ([]byte, error) {
	for i := range nb.Cells {
		cell := &nb.Cells[i]
		if cell.CellType != cellCode {
			continue
		}
		tags, err := readCellTags(cell.Metadata)
		if err != nil {
			return nil, fmt.Errorf("cell %d: %w", i+1, err)
		}
		lines := strings.Count(strings.TrimSpace(string(cell.Source)), "\n") + 1
		show := fmt.Sprintf("Show the code (%d lines)", lines)
		switch {
		case tags.has(TagSolution):
			show = "Show the solution"
			tags.add("hide-input")
		case lines > longCell:
			tags.add("hide-input")
		case !tags.has("hide-input"):
			continue
		}
		prompt, err := json.Marshal(map[string]string{"code_prompt_show": show, "code_prompt_hide": "Hide it"})
		if err != nil {
			return nil, err
		}
		if tags.rest == nil {
			tags.rest = map[string]json.RawMessage{}
		}
		tags.rest["mystnb"] = prompt
		if cell.Metadata, err = tags.encode(); err != nil {
			return nil, err
		}
	}
	return nb.encode()
}
