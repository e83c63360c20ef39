package viz

import (
	"gonum.org/v1/plot/vg"
)

// History describes training curves: one value per epoch. Nil slices are not
// drawn; a validation curve may be shorter than its training curve, as in a
// run that was interrupted.
type History struct {
	Title                   string
	Loss, ValidLoss         []float64 // nats per example, for cross-entropy
	Accuracy, ValidAccuracy []float64 // 0 … 1
	FirstEpoch              int       // number of the first epoch; 0 means 1

	Width, Height vg.Length // of each of the two panels; 0 means 430 × 320 points
}

// LossLines describes the left panel only, for example to Plot and adjust it.
func (h History) LossLines() Lines {
	return h.lines("Loss over training epochs", "Loss", h.Loss, h.ValidLoss)
}

// AccuracyLines describes the right panel only.
func (h History) AccuracyLines() Lines {
	return h.lines("Accuracy over training epochs", "Accuracy", h.Accuracy, h.ValidAccuracy)
}

// Figure draws loss and accuracy side by side, or whichever of them is set.
func (h History) Figure() (*Figure, error) {
	if len(h.Loss)+len(h.ValidLoss)+len(h.Accuracy)+len(h.ValidAccuracy) == 0 {
		return nil, inputErrorf("training curves", "no values, expected Loss or Accuracy with one for each epoch")
	}
	if h.FirstEpoch < 0 {
		return nil, inputErrorf("training curves", "first epoch is %d, expected 1 or more", h.FirstEpoch)
	}
	if err := checkAccuracy(h.Accuracy, h.ValidAccuracy); err != nil {
		return nil, err
	}
	var panels []*Figure
	for _, l := range []Lines{h.LossLines(), h.AccuracyLines()} {
		if len(l.Series) == 0 {
			continue
		}
		panel, err := l.Figure()
		if err != nil {
			return nil, err
		}
		panels = append(panels, panel)
	}
	return Row(h.Title, panels...)
}

func checkAccuracy(train, valid []float64) error {
	for _, curve := range []struct {
		name   string
		values []float64
	}{{"accuracy", train}, {"validation accuracy", valid}} {
		if curve.values == nil {
			continue
		}
		if err := checkUnit("training curves", curve.name, curve.values); err != nil {
			return err
		}
	}
	return nil
}

func (h History) lines(title, quantity string, train, valid []float64) Lines {
	l := Lines{
		Title: title, XLabel: "Epoch", YLabel: quantity, WholeX: true,
		Width: h.Width, Height: h.Height,
	}
	if l.Width == 0 {
		l.Width = 430
	}
	if l.Height == 0 {
		l.Height = 320
	}
	for _, s := range []Series{{Name: "train", Y: train}, {Name: "valid", Y: valid}} {
		if s.Y != nil {
			s.X = epochs(h.FirstEpoch, len(s.Y))
			l.Series = append(l.Series, s)
		}
	}
	return l
}

// epochs returns n epoch numbers from first, or from 1 if first is 0.
func epochs(first, n int) []float64 {
	x := make([]float64, n)
	for i := range x {
		x[i] = float64(max(first, 1) + i)
	}
	return x
}
