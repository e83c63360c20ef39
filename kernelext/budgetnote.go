package kernelext

import "strings"

// Figures are copied out of pages and shown elsewhere: each states by itself that it
// comes from a smaller budget than the write-up's.

// budgetNote is the note about the budget in captions; empty where the budget is
// full or the parameters are invalid, which the notebook's own cell reports.
func budgetNote(p Params, err error) string {
	if err != nil || p.Budget == BudgetFull {
		return ""
	}
	return "Reduced budget: " + p.Budget + "."
}

// labelled are items whose captions name the budget that this process was started
// with.
func labelled(items []any) []any {
	note := budgetNote(ParamsFromEnv())
	out := make([]any, len(items))
	for i, item := range items {
		out[i] = noted(item, note)
	}
	return out
}

// noted is an item whose captions end with a note. Figures without a caption get
// one; other items without one, such as a table of definitions, stay as they are.
func noted(item any, note string) any {
	if note == "" {
		return item
	}
	switch item := item.(type) {
	case row:
		out := make(row, len(item))
		for i := range item {
			out[i] = noted(item[i], note)
		}
		return out
	case Table:
		item.Caption = addNote(item.Caption, note)
		return item
	case SVG:
		item.Caption = addNote(item.Caption, note)
		return item
	case Picture:
		item.Caption = addNote(item.Caption, note)
		return item
	case Figure:
		return notedFigure{item, note}
	case Drawing:
		return notedDrawing{item, note}
	}
	return item
}

// notedFigure is a figure whose caption ends with a note.
type notedFigure struct {
	Figure
	note string
}

func (f notedFigure) CaptionText() string {
	if f.Figure.CaptionText() == "" {
		return f.note
	}
	return addNote(f.Figure.CaptionText(), f.note)
}

// notedDrawing is a drawing whose caption, if it has one, ends with a note.
type notedDrawing struct {
	Drawing
	note string
}

func (d notedDrawing) CaptionText() string { return addNote(d.Drawing.CaptionText(), d.note) }

// addNote ends a caption with a note, unless there is no caption, or it contains the note already.
func addNote(caption, note string) string {
	caption = strings.TrimSpace(caption)
	if caption == "" || strings.Contains(strings.ToLower(caption), "reduced budget") {
		return caption
	}
	if !strings.HasSuffix(caption, ".") {
		caption += "."
	}
	return caption + " " + note
}
