package kernelext

import (
	"errors"
	"fmt"
	"math"
	"reflect"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/cnnbook/cnnbook/internal/number"
	"github.com/cnnbook/cnnbook/kernelext/internal/text"
)

// Align is the horizontal alignment of a column's cells.
type Align int

// Alignments of a column.
const (
	AlignAuto   Align = iota // right when every cell of the column is a number, otherwise left
	AlignLeft                //
	AlignRight               //
	AlignCenter              //
)

// Table is a table of text. Cells are plain text; markup in them is shown literally.
type Table struct {
	Header  []string   // column headings; may be empty
	Rows    [][]string // each of as many cells as the header, or as the first row
	Caption string
	Align   []Align // by column; missing ones are AlignAuto

	receipts []map[string]string
}

// NewTable returns a table without rows: see [Table.Add].
func NewTable(caption string, columns ...string) *Table {
	return &Table{Header: columns, Caption: caption}
}

// Add appends a row and returns the table. Strings are shown as they are, whole numbers with grouped thousands, other numbers
// as [Number] writes them, and anything else as fmt prints it.
func (t *Table) Add(values ...any) *Table {
	row := make([]string, len(values))
	for i, v := range values {
		row[i] = cellText(v)
	}
	t.Rows = append(t.Rows, row)
	return t
}

// From says what the numbers come from, such as trainings: names and values, for the page that shows the table. It adds to what
// was said before, each receipt once, and returns the table.
func (t *Table) From(receipts ...map[string]string) *Table {
	t.receipts = addReceipts(t.receipts, receipts...)
	return t
}

// Receipts returns what [Table.From] was given.
func (t Table) Receipts() []map[string]string { return t.receipts }

func cellText(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case fmt.Stringer, error:
		return fmt.Sprint(v)
	}
	switch rv := reflect.ValueOf(v); {
	case rv.CanInt():
		return grouped(strconv.FormatInt(rv.Int(), 10))
	case rv.CanUint():
		return grouped(strconv.FormatUint(rv.Uint(), 10))
	case rv.CanFloat():
		return Number(rv.Float())
	}
	return fmt.Sprint(v)
}

// grouped writes 50000 as 50,000, and leaves numbers of four digits or fewer as they are.
func grouped(digits string) string {
	sign := ""
	if rest, ok := strings.CutPrefix(digits, "-"); ok {
		sign, digits = "-", rest
	}
	if len(digits) < 5 {
		return sign + digits
	}
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return sign + digits
}

// Number writes a measured value for people: with four decimals from 0.01 up, as losses and accuracies are usually given, with
// three significant digits below, and with a power of ten below 0.0001: 0.8693, 0.008, 8 × 10⁻⁹.
func Number(v float64) string {
	switch size := math.Abs(v); {
	case size == 0:
		return "0"
	case size >= 1e6 || math.IsNaN(v):
		return number.Short(v)
	case size >= 1000:
		return grouped(strconv.FormatFloat(v, 'f', 0, 64))
	case size >= 0.01:
		return strconv.FormatFloat(v, 'f', 4, 64)
	}
	return number.Short(v)
}

func (t Table) bundle() (bundle, error) {
	columns, err := t.columns()
	if err != nil {
		return bundle{}, err
	}
	align := t.alignments(columns)
	return bundle{HTML: t.html(align), Text: t.text(align)}, nil
}

// columns returns the number of columns and checks that every row has that many cells.
func (t Table) columns() (int, error) {
	columns := len(t.Header)
	if columns == 0 && len(t.Rows) > 0 {
		columns = len(t.Rows[0])
	}
	if columns == 0 {
		return 0, errors.New("the table has no columns")
	}
	for i, row := range t.Rows {
		if len(row) != columns {
			return 0, fmt.Errorf("row %d of the table has %s, expected %d", i+1, number.Counted(len(row), "cell"), columns)
		}
	}
	return columns, nil
}

func (t Table) alignments(columns int) []Align {
	align := make([]Align, columns)
	copy(align, t.Align)
	for column, a := range align {
		if a == AlignAuto {
			align[column] = AlignLeft
			if t.numeric(column) {
				align[column] = AlignRight
			}
		}
	}
	return align
}

// numeric reports whether a column holds numbers only, units and dashes for "none" included.
func (t Table) numeric(column int) bool {
	numbers := 0
	for _, row := range t.Rows {
		cell := strings.TrimLeft(text.CleanLine(row[column]), "+-−±$≈<>~ ")
		if cell == "" || strings.Trim(cell, "–—") == "" {
			continue
		}
		if cell[0] < '0' || cell[0] > '9' {
			return false
		}
		numbers++
	}
	return numbers > 0
}

func (t Table) html(align []Align) string {
	var b strings.Builder
	b.WriteString(`<table class="cnnbook-table mathjax_ignore" style="margin:0.5em 0 1em;border-collapse:collapse">`)
	if line := text.CleanLine(t.Caption); line != "" {
		b.WriteString(`<caption style="caption-side:bottom;text-align:left;padding-top:0.4em">` + text.EscapeLine(line) + `</caption>`)
	}
	cells := func(tag string, row []string) {
		b.WriteString("<tr>")
		for column, cell := range row {
			fmt.Fprintf(&b, `<%s style="text-align:%s">%s</%s>`, tag, cssAlign(align[column]), text.EscapeLine(cell), strings.Fields(tag)[0])
		}
		b.WriteString("</tr>\n")
	}
	if len(t.Header) > 0 {
		b.WriteString("<thead>\n")
		cells(`th scope="col"`, t.Header)
		b.WriteString("</thead>\n")
	}
	b.WriteString("<tbody>\n")
	for _, row := range t.Rows {
		cells("td", row)
	}
	b.WriteString("</tbody></table>")
	return b.String()
}

func cssAlign(a Align) string {
	switch a {
	case AlignRight:
		return "right"
	case AlignCenter:
		return "center"
	}
	return "left"
}

// text formats the table in columns with a rule below the header.
func (t Table) text(align []Align) string {
	rows := make([][]string, 0, len(t.Rows)+2)
	if len(t.Header) > 0 {
		rows = append(rows, cleanCells(t.Header), nil)
	}
	widths := make([]int, len(align))
	for _, row := range t.Rows {
		rows = append(rows, cleanCells(row))
	}
	for _, row := range rows {
		for column, cell := range row {
			widths[column] = max(widths[column], utf8.RuneCountInString(cell))
		}
	}
	var b strings.Builder
	for _, row := range rows {
		var line []string
		for column, width := range widths {
			if row == nil {
				line = append(line, strings.Repeat("─", width))
				continue
			}
			line = append(line, pad(row[column], width, align[column]))
		}
		b.WriteString(strings.TrimRight(strings.Join(line, "  "), " ") + "\n")
	}
	if line := text.CleanLine(t.Caption); line != "" {
		b.WriteString(line + "\n")
	}
	return b.String()
}

func cleanCells(row []string) []string {
	out := make([]string, len(row))
	for i, cell := range row {
		out[i] = text.CleanLine(cell)
	}
	return out
}

func pad(s string, width int, a Align) string {
	gap := max(width-utf8.RuneCountInString(s), 0)
	left := 0
	switch a {
	case AlignRight:
		left = gap
	case AlignCenter:
		left = gap / 2
	}
	return strings.Repeat(" ", left) + s + strings.Repeat(" ", gap-left)
}
