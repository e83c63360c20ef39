package kernelext

import (
	"maps"
	"slices"
	"testing"
)

// originFigure is a figure that says what it comes from.
type originFigure struct {
	figure
	from []map[string]string
}

func (f originFigure) Receipts() []map[string]string { return f.from }

// Promise(pages/receipts) shown by a cell with the figure, table, row or explorer that it belongs to, each once
func TestReceiptsGoWithWhatIsShown(t *testing.T) {
	a, b := map[string]string{"run": "a"}, map[string]string{"run": "b"}
	shown := originFigure{figure{png: pngOf(t, 8, 8), alt: "A."}, []map[string]string{a}}
	table := NewTable("t", "x").Add("1").From(b, nil, b)
	for name, test := range map[string]struct {
		item any
		want []map[string]string
	}{
		"a figure":        {shown, []map[string]string{a}},
		"one without":     {shown.figure, nil},
		"a table":         {table, []map[string]string{b}},
		"a table's value": {*table, []map[string]string{b}},
		"a row":           {Row(shown, table, shown, Row(table)), []map[string]string{a, b}},
		"text":            {"text", nil},
	} {
		bundle, err := bundleOf(test.item)
		if err != nil || !slices.EqualFunc(bundle.Receipts, test.want, maps.Equal) {
			t.Errorf("%s: %v, %v, want %v", name, bundle.Receipts, err, test.want)
		}
	}
	e := Explorer{Label: "x", Count: 3, Show: func(i int) ([]any, error) { return []any{shown, table}, nil }}
	if bundle, err := e.bundleOf(1); err != nil || len(bundle.Receipts) != 2 {
		t.Errorf("an explorer: %v, %v", bundle.Receipts, err)
	}
}
