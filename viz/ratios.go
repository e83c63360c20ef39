package viz

import (
	"fmt"

	"github.com/cnnbook/cnnbook/internal/number"
)

// Ratios describes how strongly a training moves the layers of a network, over its steps: the ratio of each layer's gradient, and of
// its update, to its weights, and the share of dead ReLUs. Nil panels are not drawn. A ratio of 0 has no place on a logarithmic
// axis: it is left out, and the alternative text counts these.
type Ratios struct {
	Title    string
	Gradient []Series // ‖gradient‖/‖weights‖, one for each layer; X holds the steps
	Update   []Series // ‖update‖/‖weights‖
	Dead     []Series // fraction of a ReLU's units, 0 … 1
	Around   float64  // the ratio around which a band is shaded, half a power of ten to each side; 0 means 0.001
}

// Figure draws the two panels of ratios side by side, and that of the ReLUs below.
func (r Ratios) Figure() (*Figure, error) {
	const figure = "ratios"
	if r.Around < 0 {
		return nil, inputErrorf(figure, "the band is around %v, expected a ratio above 0, or 0 for 0.001", r.Around)
	}
	var panels, rows []*Figure
	for _, l := range []Lines{
		r.panel("Gradient to weights", "‖gradient‖ / ‖weights‖", r.Gradient),
		r.panel("Update to weights", "‖update‖ / ‖weights‖", r.Update),
	} {
		if len(l.Series) > 0 {
			panel, err := r.ratios(l)
			if err != nil {
				return nil, err
			}
			panels = append(panels, panel)
		}
	}
	if len(panels) > 0 {
		row, err := Row("", panels...)
		if err != nil {
			return nil, err
		}
		rows = append(rows, row)
	}
	if l := r.panel("Dead ReLUs", "Fraction of the units", r.Dead); len(l.Series) > 0 {
		panel, err := shares(l)
		if err != nil {
			return nil, err
		}
		rows = append(rows, panel)
	}
	if len(rows) == 0 {
		return nil, inputErrorf(figure, "no series, expected at least one of gradient, update or dead")
	}
	return Stack(r.Title, rows...)
}

func (r Ratios) panel(title, quantity string, series []Series) Lines {
	return Lines{Title: title, XLabel: "Step", YLabel: quantity, WholeX: true, Series: series, Width: 430, Height: 360}
}

// shares draws fractions.
func shares(l Lines) (*Figure, error) {
	for _, s := range l.Series {
		if err := checkUnit("ratios", fmt.Sprintf("%s, series %q", l.Title, s.Name), s.Y); err != nil {
			return nil, err
		}
	}
	return l.Figure()
}

// ratios draws values on a logarithmic axis with the band.
func (r Ratios) ratios(l Lines) (*Figure, error) {
	around := r.Around
	if around == 0 {
		around = 1e-3
	}
	const half = 3.1622776601683795 // the square root of 10
	l.LogY, l.Band = true, &Band{Low: around / half, High: around * half, Name: "about " + number.Short(around)}
	zeros := ""
	var drawn []Series
	for i, s := range l.Series {
		if err := s.check("ratios", i, false); err != nil {
			return nil, err
		}
		if kept := s.positive(); len(kept.Y) > 0 {
			drawn = append(drawn, kept)
			if n := len(s.Y) - len(kept.Y); n > 0 {
				zeros += fmt.Sprintf(" %s: %d of %d values are 0 and are not drawn.", orWord(s.Name, "The line"), n, len(s.Y))
			}
			continue
		}
		zeros += fmt.Sprintf(" %s: all values are 0 and are not drawn.", orWord(s.Name, "The line"))
	}
	if l.Series = drawn; len(drawn) == 0 {
		return nil, inputErrorf("ratios", "%s: all values are 0", l.Title)
	}
	f, err := l.Figure()
	if err == nil {
		f.Alt += zeros
	}
	return f, err
}

// positive returns the series without its zeros; negative values stay, and are refused later.
func (s Series) positive() Series {
	out := Series{Name: s.Name}
	for i, y := range s.Y {
		if y != 0 {
			out.X, out.Y = append(out.X, s.at(i)), append(out.Y, y)
		}
	}
	return out
}
