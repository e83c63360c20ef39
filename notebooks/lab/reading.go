package lab

import (
	"fmt"
	"image"
	"image/color"
	"math/rand/v2"
	"slices"

	"github.com/cnnbook/cnnbook/cifar"
	"github.com/cnnbook/cnnbook/cnn"
	"github.com/cnnbook/cnnbook/kernelext"
	"github.com/cnnbook/cnnbook/viz"
)

// Walk picks perClass images of each class in the order of the write-up's prediction grid: it goes through the images once
// and looks for each class where it found the last image of the class before. A dataset that is too small for that is begun
// again. looked is the number of images that it looked at.
func Walk(d *cifar.Dataset, perClass int) (picked []int, looked int) {
	for class := range d.Names {
		for found, left := 0, d.Len(); found < perClass && left > 0; left-- {
			i := looked % d.Len()
			looked++
			if int(d.Labels[i]) == class {
				picked = append(picked, i)
				found++
			}
		}
	}
	return picked, looked
}

// Labelled gives images of d with their actual and their predicted classes.
func Labelled(r *cnn.Result, d *cifar.Dataset, indices ...int) []viz.Labelled {
	out := make([]viz.Labelled, len(indices))
	for k, i := range indices {
		out[k] = labelled(r, d, i)
	}
	return out
}

// Matrix draws a confusion matrix, small enough for two side by side. Its caption gives the accuracy.
func Matrix(title string, r *cnn.Result) *viz.Figure {
	return Figure(viz.Confusion{Title: title, Counts: r.Confusion(), Labels: r.Names, Width: 470, Height: 460}, r)
}

// Captioned is an image as a dashboard shows it: an index into the test images, and the predicted class that stands below it.
type Captioned struct{ Image, Class int }

// CheckCaptions draws many rows of images and gives the fractions that show a mistake of the network, and that have their own
// predicted class in the caption.
func CheckCaptions(r *cnn.Result, rows int, draw func(*rand.Rand) []Captioned) (mistakes, own float64) {
	rng := rand.New(rand.NewPCG(1, 1))
	n := 0.0
	for range rows {
		for _, c := range draw(rng) {
			n++
			if r.Predicted[c.Image] != r.Actual[c.Image] {
				mistakes++
			}
			if r.Predicted[c.Image] == c.Class {
				own++
			}
		}
	}
	return mistakes / max(1, n), own / max(1, n)
}

// CaptionedRow draws the first row that [CheckCaptions] checks.
func CaptionedRow(title string, r *cnn.Result, d *cifar.Dataset, draw func(*rand.Rand) []Captioned) *viz.Figure {
	var images []viz.Labelled
	for _, c := range draw(rand.New(rand.NewPCG(1, 1))) {
		images = append(images, viz.Labelled{Image: d.Image(c.Image), Actual: d.Class(c.Image), Predicted: r.Names[c.Class]})
	}
	if len(images) == 0 {
		return Figure(noMistakes(title))
	}
	return Figure(viz.MistakeRow(title, images), "predicted: the caption").From(r.Receipt())
}

// noMistakes stands in for a figure of mistakes where a network makes none, as it may on a small set of one's own images.
func noMistakes(title string) viz.Grid {
	white := image.NewGray(image.Rect(0, 0, 1, 1))
	white.SetGray(0, 0, color.Gray{Y: 255})
	return viz.Grid{Title: title, Side: 112, Rows: [][]viz.Tile{{{Image: white, Below: "no mistakes"}}}}
}

// mistakesInARow is how many mistakes a figure shows side by side.
const mistakesInARow = 6

// addMistakes adds rows of mistakes to a figure.
func addMistakes(grid *viz.Grid, images []viz.Labelled) {
	for row := range slices.Chunk(images, mistakesInARow) {
		grid.Rows = append(grid.Rows, viz.MistakeRow("", row).Rows...)
	}
}

// Mistakes shows images of d, six in a row, with their actual and predicted classes.
func Mistakes(title string, r *cnn.Result, d *cifar.Dataset, indices ...int) *viz.Figure {
	grid := viz.Grid{Title: title, Side: 112}
	if addMistakes(&grid, Labelled(r, d, indices...)); len(grid.Rows) == 0 {
		grid = noMistakes(title)
	}
	return Figure(grid, fmt.Sprintf("%d of %d images are misclassified", len(r.Misclassified()), len(r.Actual))).From(r.Receipt())
}

// ClassScores lists precision, recall and F1 of each class.
func ClassScores(r *cnn.Result) *kernelext.Table {
	t := NewTable(r.String(), "class", "images", "precision", "recall", "F1").From(r.Receipt())
	for _, s := range r.ClassScores() {
		t.Add(s.Name, s.Images, decimals(s.Precision), decimals(s.Recall), decimals(s.F1))
	}
	return t
}

// Recalls draws the recall of each class with its 95 % interval.
func Recalls(r *cnn.Result) *viz.Figure {
	bars := viz.ClassBars{Title: "Recall of each class, with 95 % intervals", Quantity: "Recall", Labels: r.Names}
	counts := r.Confusion()
	for c, s := range r.ClassScores() {
		low, high := cnn.Wilson(counts[c][c], s.Images)
		bars.Values = append(bars.Values, s.Recall)
		bars.Low, bars.High = append(bars.Low, low), append(bars.High, high)
	}
	return Figure(bars, r)
}

// LossTiles are images of d for a row of a [viz.Grid], each with its loss above it, and below it its class and the predicted
// class with its probability.
func LossTiles(r *cnn.Result, d *cifar.Dataset, indices ...int) []viz.Tile {
	row := make([]viz.Tile, len(indices))
	for k, i := range indices {
		p := r.Prediction(i)
		row[k] = viz.Tile{
			Image: d.Image(i),
			Above: fmt.Sprintf("loss %.2f", r.Losses[i]),
			Below: fmt.Sprintf("%s\npredicted: %s %.2f", d.Class(i), p.Name, p.Probabilities[p.Class]),
			Wrong: r.Predicted[i] != r.Actual[i],
		}
	}
	return row
}

// Probabilities shows image i of d with the network's probability of every class.
func Probabilities(r *cnn.Result, d *cifar.Dataset, i int) *viz.Figure {
	return Figure(viz.Prediction{Image: d.Image(i), Labels: r.Names, Probabilities: r.Probabilities[i], Actual: r.Actual[i]},
		fmt.Sprintf("Image %d of %s, loss %.4f", i, d.Name, r.Losses[i])).From(r.Receipt())
}

// Calibration compares confidence with accuracy. Its caption says which of the two is larger, and how far they are apart.
func Calibration(r *cnn.Result) *viz.Figure {
	confidence := cnn.NewSpread(r.Confidence()).Mean
	word := "underconfident"
	if confidence > r.Accuracy {
		word = "overconfident"
	}
	_, distance := r.Calibration(10)
	return Figure(viz.Calibration{Title: "Confidence and accuracy", Confidence: r.Confidence(), Correct: r.Correct()},
		fmt.Sprintf("Mean confidence %.4f, accuracy %.4f: overall, the network is %s. Expected calibration error %.4f", confidence, r.Accuracy, word, distance)).From(r.Receipt())
}
