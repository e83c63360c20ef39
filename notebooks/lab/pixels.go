package lab

import (
	"cmp"
	"fmt"
	"image"
	"math"
	"slices"

	"github.com/cnnbook/cnnbook/cifar"
	"github.com/cnnbook/cnnbook/cnn"
	"github.com/cnnbook/cnnbook/viz"
)

// Prepared holds the mean and the standard deviation of each image's values after a preparation.
type Prepared struct{ Means, Deviations []float64 }

// PrepareAlone standardises each image of d on its own, as in training: [cnn.Standardize].
func PrepareAlone(d *cifar.Dataset) Prepared {
	var p Prepared
	for i := range d.Len() {
		p.add(momentsOf(cnn.Standardize(d.Pixels(i))))
	}
	return p
}

// PrepareTogether standardises all images of d with one mean and one standard deviation, as for the write-up's grid.
func PrepareTogether(d *cifar.Dataset) Prepared {
	all, deviation := cnn.PixelMoments(d.Images)
	var p Prepared
	for i := range d.Len() {
		m, s := cnn.PixelMoments(d.Pixels(i))
		p.add((m-all)/(deviation+1e-7), s/(deviation+1e-7))
	}
	return p
}

func (p *Prepared) add(mean, deviation float64) {
	p.Means, p.Deviations = append(p.Means, mean), append(p.Deviations, deviation)
}

// Off counts the images whose mean is further from 0, or whose standard deviation is further from 1, than these limits.
func (p Prepared) Off(mean, deviation float64) int {
	n := 0
	for i := range p.Means {
		if math.Abs(p.Means[i]) > mean || math.Abs(p.Deviations[i]-1) > deviation {
			n++
		}
	}
	return n
}

func momentsOf(values []float32) (mean, deviation float64) {
	n := float64(len(values))
	for _, v := range values {
		mean += float64(v) / n
	}
	for _, v := range values {
		deviation += (float64(v) - mean) * (float64(v) - mean) / n
	}
	return mean, math.Sqrt(deviation)
}

// Middle writes the median of values and the range of their middle 90 %: "0.00 (-0.68 to 0.61)".
func Middle(values []float64) string {
	v := slices.Sorted(slices.Values(values))
	if len(v) == 0 {
		return "–"
	}
	at := func(i int) float64 { return math.Round(100*v[i])/100 + 0 } // and never "-0.00"
	n := len(v) - 1
	return fmt.Sprintf("%.2f (%.2f to %.2f)", at(n/2), at(n/20), at(n-n/20))
}

// Mean and Deviation are measures for [Extremes]: how bright an image is, and how much contrast it has.
func Mean(pixels []byte) float64 { m, _ := cnn.PixelMoments(pixels); return m }

// Deviation is the standard deviation of an image's values.
func Deviation(pixels []byte) float64 { _, s := cnn.PixelMoments(pixels); return s }

// Extremes gives the indices of the n images of d with the lowest values of a measure, and of the n with the highest.
func Extremes(d *cifar.Dataset, n int, measure func(pixels []byte) float64) []int {
	order, value := make([]int, d.Len()), make([]float64, d.Len())
	for i := range order {
		order[i], value[i] = i, measure(d.Pixels(i))
	}
	slices.SortFunc(order, func(a, b int) int { return cmp.Compare(value[a], value[b]) })
	n = min(n, len(order)/2)
	return slices.Concat(order[:n], order[len(order)-n:])
}

// Preparations draws images of d before preparation, standardised on their own, and standardised together with all of d.
// columns are the titles above them.
func Preparations(title string, d *cifar.Dataset, picked []int, columns ...string) *viz.Figure {
	mean, deviation := cnn.PixelMoments(d.Images)
	rows := make([][]viz.Tile, 3)
	for _, i := range picked {
		m, s := cnn.PixelMoments(d.Pixels(i))
		rows[0] = append(rows[0], viz.Tile{Image: d.Image(i), Below: d.Class(i)})
		rows[1] = append(rows[1], viz.Tile{Image: standardised(d, i, m, s), Below: "alone"})
		rows[2] = append(rows[2], viz.Tile{Image: standardised(d, i, mean, deviation), Below: "together"})
	}
	return Figure(viz.Grid{Title: title, Columns: columns, Rows: rows}, d.Name, "prepared values from −2 (dark) to 2 (light)")
}

// standardised draws the prepared values of image i from -2, black, to 2, white.
func standardised(d *cifar.Dataset, i int, mean, deviation float64) image.Image {
	prepared := *d // of the same size
	prepared.Images = nil
	for _, p := range d.Pixels(i) {
		v := (float64(p) - mean) / (deviation + 1e-7)
		prepared.Images = append(prepared.Images, uint8(max(0, min(255, 127.5+64*v))))
	}
	return prepared.Image(0)
}

// Tiles are the images of d for a row of a [viz.Grid], each with its class below.
func Tiles(d *cifar.Dataset) []viz.Tile {
	row := make([]viz.Tile, d.Len())
	for i := range row {
		row[i] = viz.Tile{Image: d.Image(i), Below: d.Class(i)}
	}
	return row
}
