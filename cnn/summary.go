package cnn

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/cnnbook/cnnbook/internal/number"
)

// Summary returns the table that Keras 2.1's model.summary() prints, line for line:
// layer (type), output shape and parameters, cut to the same columns. A bad
// architecture gives a line with the error.
func (a Architecture) Summary() string {
	shapes, err := a.Shapes()
	if err != nil {
		return err.Error() + "\n"
	}
	const width = 65
	line := strings.Repeat("_", width) + "\n"
	var b strings.Builder
	b.WriteString(line)
	b.WriteString(summaryRow("Layer (type)", "Output Shape", "Param #"))
	b.WriteString(strings.Repeat("=", width) + "\n")
	in, total, moving := a.Input, 0, 0
	for i, l := range a.Layers {
		count := 0
		for _, w := range l.Weights(in) {
			count += w.Size()
			if w.Moving || a.IsFrozen(l.LayerName()) {
				moving += w.Size()
			}
		}
		total += count
		b.WriteString(summaryRow(fmt.Sprintf("%s (%s)", l.LayerName(), l.Kind()), shapes[i].String(), strconv.Itoa(count)))
		if i < len(a.Layers)-1 {
			b.WriteString(line)
		}
		in = shapes[i]
	}
	b.WriteString(strings.Repeat("=", width) + "\n")
	fmt.Fprintf(&b, "Total params: %s\nTrainable params: %s\nNon-trainable params: %s\n", number.Thousands(total), number.Thousands(total-moving), number.Thousands(moving))
	b.WriteString(line)
	return b.String()
}

// summaryRow puts the fields at Keras's positions, 45 %, 85 % and 100 % of the
// line, and cuts text that is too long. Keras 2.1, utils/layer_utils.py, print_row.
func summaryRow(fields ...string) string {
	ends := []int{29, 55, 65}
	row := ""
	for i, f := range fields {
		if i > 0 {
			row = row[:len(row)-1] + " " // always one space between columns
		}
		row += f
		row = row[:min(len(row), ends[i])]
		row += strings.Repeat(" ", ends[i]-len(row))
	}
	return row + "\n"
}
