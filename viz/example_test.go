package viz_test

import (
	"errors"
	"fmt"
	"image"
	"log"
	"math"

	"gonum.org/v1/plot/vg"

	"github.com/cnnbook/cnnbook/viz"
)

// Typical use: describe a figure, draw it, add a caption, and encode it.
func Example() {
	figure, err := viz.Confusion{
		Counts: [][]int{{8, 2}, {1, 9}},
		Labels: []string{"cat", "dog"},
	}.Figure()
	if err != nil {
		log.Fatal(err)
	}
	figure.Note("20 drawn images, seed 1.")
	data, err := figure.PNG()
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(len(data) > 0, figure.CaptionText())
	fmt.Println(figure.AltText())
	// Output:
	// true 20 drawn images, seed 1.
	// Confusion matrix, share of each actual class. 2 actual classes by 2 predicted ones. 85.0 % of 20 examples lie on the diagonal; best class: dog (0.90), worst: cat (0.80). Most frequent confusion: cat taken for dog (0.20).
}

// Training curves from a history with one value for each epoch.
func ExampleHistory() {
	figure, err := viz.History{
		Loss:          []float64{2.30, 1.90, 1.60},
		ValidLoss:     []float64{2.20, 1.80, 1.70},
		Accuracy:      []float64{0.10, 0.31, 0.42},
		ValidAccuracy: []float64{0.13, 0.33, 0.40},
	}.Figure()
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(figure.Width, figure.Height)
	fmt.Println(figure.Alt)
	// Output:
	// 860 320
	// Loss over training epochs. Line chart of Loss over Epoch. train: 2.3 at 1, 1.6 at 3, lowest 1.6, highest 2.3. valid: 2.2 at 1, 1.7 at 3, lowest 1.7, highest 2.2. Accuracy over training epochs. Line chart of Accuracy over Epoch. train: 0.1 at 1, 0.42 at 3, lowest 0.1, highest 0.42. valid: 0.13 at 1, 0.4 at 3, lowest 0.13, highest 0.4.
}

// A single-panel description returns its gonum plot, to be adjusted before it becomes a figure.
func ExampleFromPlot() {
	plot, err := viz.Schedule{Rates: []float64{0.001, 0.002, 0.003, 0.002}}.Plot()
	if err != nil {
		log.Fatal(err)
	}
	plot.Title.Text = "A short cycle"
	plot.Y.Min = 0
	figure := viz.FromPlot(plot, 6*vg.Inch, 4*vg.Inch, "The rate rises from 0.001 to 0.003 and falls to 0.002.")
	svg, err := figure.SVG()
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(figure.Title, figure.Width, string(svg[:4]))
	// Output: A short cycle 432 <svg
}

// One column of sample images per class.
func ExampleSampleGrid() {
	blank := image.NewGray(image.Rect(0, 0, 32, 32))
	figure, err := viz.SampleGrid("Samples", []string{"plane", "car"}, [][]image.Image{{blank, blank}, {blank}}).Figure()
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(figure.Alt)
	// Output: Samples. 3 images in 2 rows and 2 columns. Columns: plane, car.
}

// Data that cannot be drawn is refused; the error names the position.
func ExampleErrInput() {
	_, err := viz.History{Loss: []float64{2.3, 2.1, math.NaN()}}.Figure()
	fmt.Println(errors.Is(err, viz.ErrInput))
	fmt.Println(err)
	// Output:
	// true
	// viz: line chart "Loss over training epochs": series "train": element 2 is NaN, expected a finite number; cut the data before it
}

func ExampleMovingAverage() {
	smooth, err := viz.MovingAverage([]float64{1, 2, 3, 4, 8}, 3)
	fmt.Println(smooth, err)
	// Output: [2 3 5] <nil>
}

// Mean and standard deviation over the runs of three seeds.
func ExampleMeanBand() {
	s, err := viz.MeanBand("Adam", []float64{1, 2}, []float64{2, 4}, []float64{3, 6})
	fmt.Println(s.Y, s.Low, s.High, err)
	// Output: [2 4] [1 2] [3 6] <nil>
}
