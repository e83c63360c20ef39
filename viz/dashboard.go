package viz

import (
	"slices"

	"gonum.org/v1/plot/vg"
)

// Dashboard describes the state of a trained network at a glance: loss, accuracy
// and the confusion matrix side by side, and a row of misclassified images below.
type Dashboard struct {
	Title     string
	History   History
	Confusion Confusion
	Mistakes  []Labelled // six per row; if empty, this part is left out
}

// Sizes of a dashboard's parts: three panels are about as wide as six images.
const (
	panelWidth  = vg.Length(330)
	panelHeight = vg.Length(330)
	mistakeSide = vg.Length(144) // 9 pixels for each pixel of a 32 × 32 image
	mistakesRow = 6
)

// Figure draws the dashboard.
func (d Dashboard) Figure() (*Figure, error) {
	if len(d.History.Loss) == 0 || len(d.History.Accuracy) == 0 {
		return nil, inputErrorf("dashboard", "the history has %d losses and %d accuracies, expected one of each for every epoch",
			len(d.History.Loss), len(d.History.Accuracy))
	}
	if err := checkAccuracy(d.History.Accuracy, d.History.ValidAccuracy); err != nil {
		return nil, err
	}
	top, err := d.panels()
	if err != nil {
		return nil, err
	}
	if len(d.Mistakes) == 0 {
		return Stack(d.Title, top)
	}
	grid := Grid{Title: "Misclassified images", Side: mistakeSide}
	for some := range slices.Chunk(d.Mistakes, mistakesRow) {
		grid.Rows = append(grid.Rows, MistakeRow("", some).Rows...)
	}
	row, err := grid.Figure()
	if err != nil {
		return nil, err
	}
	return Stack(d.Title, top, row)
}

func (d Dashboard) panels() (*Figure, error) {
	d.History.Width, d.History.Height = panelWidth, panelHeight
	loss, accuracy := d.History.LossLines(), d.History.AccuracyLines()
	loss.Title, accuracy.Title = "Loss", "Accuracy"
	left, err := loss.Figure()
	if err != nil {
		return nil, err
	}
	middle, err := accuracy.Figure()
	if err != nil {
		return nil, err
	}
	matrix := d.Confusion
	matrix.Title = orWord(matrix.Title, "Confusion matrix")
	matrix.Width, matrix.Height, matrix.Bar = panelWidth, panelHeight, false
	right, err := matrix.Figure()
	if err != nil {
		return nil, err
	}
	return Row("", left, middle, right)
}
