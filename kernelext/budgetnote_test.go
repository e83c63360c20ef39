package kernelext

import (
	"image"
	"strings"
	"testing"
)

type plainFigure struct{ caption string }

func (plainFigure) PNG() ([]byte, error)  { return nil, nil }
func (plainFigure) AltText() string       { return "A figure." }
func (f plainFigure) CaptionText() string { return f.caption }

func TestCaptionsNameAReducedBudget(t *testing.T) {
	note := budgetNote(Params{Budget: BudgetCPU}, nil)
	picture := Picture{Image: image.NewGray(image.Rect(0, 0, 2, 2)), Caption: "Two pixels"}
	for name, c := range map[string]struct {
		item any
		want string // the caption that a page shows; empty for none
	}{
		"figure":              {plainFigure{"run base, seed 1"}, "run base, seed 1. Reduced budget: cpu."},
		"figure, no caption":  {plainFigure{}, "Reduced budget: cpu."},
		"says so already":     {plainFigure{`reduced budget "cpu": 1 epoch`}, `reduced budget "cpu": 1 epoch`},
		"table":               {Table{Header: []string{"a"}, Caption: "Scores."}, "Scores. Reduced budget: cpu."},
		"table, no caption":   {Table{Header: []string{"a"}}, ""},
		"picture in a row":    {Row(picture), "Two pixels. Reduced budget: cpu."},
		"picture, no caption": {Picture{Image: picture.Image}, ""},
	} {
		if got := captionOf(t, noted(c.item, note)); got != c.want {
			t.Errorf("%s: caption %q, want %q", name, got, c.want)
		}
	}
	if note := budgetNote(Params{Budget: BudgetFull}, nil); note != "" {
		t.Errorf("the full budget is noted as %q", note)
	}
}

func captionOf(t *testing.T, item any) string {
	switch item := item.(type) {
	case row:
		return captionOf(t, item[0])
	case Table:
		return item.Caption
	case Picture:
		return item.Caption
	case Figure:
		return item.CaptionText()
	}
	t.Fatalf("unexpected %T", item)
	return ""
}

func TestDisplayedTableNamesTheBudget(t *testing.T) {
	b, err := bundleOf(noted(Table{Header: []string{"a"}, Rows: [][]string{{"1"}}, Caption: "Scores"}, budgetNote(Params{Budget: BudgetSmoke}, nil)))
	if err != nil || !strings.Contains(b.HTML, "Scores. Reduced budget: smoke.") {
		t.Errorf("%v: %s", err, b.HTML)
	}
}
