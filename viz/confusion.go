package viz

import (
	"fmt"
	"strconv"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
)

// Confusion describes a confusion matrix. Rows are the actual classes,
// columns the predicted ones.
type Confusion struct {
	Title  string   // if empty, "Confusion matrix" and the meaning of the cells
	Counts [][]int  // [actual][predicted]
	Labels []string // one for each class
	Raw    bool     // show counts instead of shares of each actual class
	Bar    bool     // show a bar with the colour scale

	Width, Height vg.Length // 0 means 620 × 600 points
}

// Plot checks the matrix and draws it. Cells of a class without examples stay empty.
func (m Confusion) Plot() (*plot.Plot, error) {
	if err := m.check(); err != nil {
		return nil, err
	}
	n := len(m.Labels)
	w, _ := m.size()
	p := NewPlot(lettering{sans(titleSize, true), ink()}.fit(m.title(), w-2*margin), "Predicted", "Actual")
	for _, axis := range []*plot.Axis{&p.X, &p.Y} {
		axis.Min, axis.Max = -0.5, float64(n)-0.5
		axis.LineStyle.Width = 0
		axis.Tick.Marker = plot.ConstantTicks{} // the cells carry their own labels
	}
	p.Add(newCells(m.values(), m.texts(), m.Labels, (w-110)/vg.Length(n)))
	if m.Bar {
		p.Add(colorBar{top: m.barTop()})
	}
	return p, nil
}

// Figure is Plot with a size and an alternative text.
func (m Confusion) Figure() (*Figure, error) {
	p, err := m.Plot()
	if err != nil {
		return nil, err
	}
	w, h := m.size()
	return FromPlot(p, w, h, m.alt()), nil
}

func (m Confusion) size() (w, h vg.Length) {
	w, h = 620, 600
	if m.Bar {
		w += 50
	}
	if m.Width > 0 {
		w = m.Width
	}
	if m.Height > 0 {
		h = m.Height
	}
	return w, h
}

func (m Confusion) title() string {
	if m.Raw {
		return orWord(m.Title, "Confusion matrix, counts")
	}
	return orWord(m.Title, "Confusion matrix, share of each actual class")
}

func (m Confusion) check() error {
	const figure = "confusion matrix"
	if len(m.Labels) == 0 {
		return inputErrorf(figure, "no labels, expected one for each class")
	}
	if err := checkLength(figure, "the matrix", len(m.Counts), "there are labels", len(m.Labels)); err != nil {
		return err
	}
	for i, row := range m.Counts {
		if err := checkLength(figure, fmt.Sprintf("row %d", i), len(row), "there are labels", len(m.Labels)); err != nil {
			return err
		}
		for j, count := range row {
			if count < 0 {
				return inputErrorf(figure, "row %d, column %d is %d, expected a count of 0 or more", i, j, count)
			}
		}
	}
	return nil
}

// rowTotal returns the number of examples of an actual class.
func (m Confusion) rowTotal(i int) float64 {
	var total float64
	for _, count := range m.Counts[i] {
		total += float64(count)
	}
	return total
}

// share returns the fraction of actual class i that was predicted as j, 0 if there are no examples.
func (m Confusion) share(i, j int) float64 {
	total := m.rowTotal(i)
	if total == 0 {
		return 0
	}
	return float64(m.Counts[i][j]) / total
}

// values returns the cells' positions on the colour ramp, 0 … 1.
func (m Confusion) values() [][]float64 {
	top := m.barTop()
	values := make([][]float64, len(m.Counts))
	for i, row := range m.Counts {
		values[i] = make([]float64, len(row))
		for j, count := range row {
			if m.Raw {
				values[i][j] = float64(count) / top
			} else {
				values[i][j] = m.share(i, j) / top
			}
		}
	}
	return values
}

// barTop returns the value with the darkest colour: 1 for shares, so that matrices can be
// compared by eye, and the largest cell for counts.
func (m Confusion) barTop() float64 {
	if !m.Raw {
		return 1
	}
	top := 1
	for _, row := range m.Counts {
		for _, count := range row {
			top = max(top, count)
		}
	}
	return float64(top)
}

// texts returns the cells' text: "0" for an empty cell, to distinguish it from a rounded 0.00.
func (m Confusion) texts() [][]string {
	texts := make([][]string, len(m.Counts))
	for i, row := range m.Counts {
		texts[i] = make([]string, len(row))
		for j, count := range row {
			switch {
			case m.rowTotal(i) == 0:
			case m.Raw || count == 0:
				texts[i][j] = strconv.Itoa(count)
			default:
				texts[i][j] = strconv.FormatFloat(m.share(i, j), 'f', 2, 64)
			}
		}
	}
	return texts
}

// alt states the total, the best and the worst class, and the most frequent confusion.
func (m Confusion) alt() string {
	var right, total float64
	best, worst := -1, -1
	from, to := -1, -1
	for i, row := range m.Counts {
		if m.rowTotal(i) == 0 {
			continue
		}
		right += float64(row[i])
		total += m.rowTotal(i)
		if best < 0 || m.share(i, i) > m.share(best, best) {
			best = i
		}
		if worst < 0 || m.share(i, i) < m.share(worst, worst) {
			worst = i
		}
		for j, count := range row {
			if i != j && count > 0 && (from < 0 || m.share(i, j) > m.share(from, to)) {
				from, to = i, j
			}
		}
	}
	text := sentence(m.title()) + fmt.Sprintf(" %d actual classes by %d predicted ones.", len(m.Labels), len(m.Labels))
	if total == 0 {
		return text + " It holds no examples."
	}
	text += fmt.Sprintf(" %.1f %% of %.0f examples lie on the diagonal; best class: %s (%.2f), worst: %s (%.2f).",
		100*right/total, total, m.Labels[best], m.share(best, best), m.Labels[worst], m.share(worst, worst))
	if from >= 0 {
		text += fmt.Sprintf(" Most frequent confusion: %s taken for %s (%.2f).", m.Labels[from], m.Labels[to], m.share(from, to))
	}
	return text
}
