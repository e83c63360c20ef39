package lab

import (
	"fmt"
	"image"
	"slices"

	"github.com/cnnbook/cnnbook/cifar"
	"github.com/cnnbook/cnnbook/viz"
)

// Split is [cifar.Dataset.Split], and ends the cell on an error.
func Split(d *cifar.Dataset, fraction float64, seed uint64) (train, valid *cifar.Dataset) {
	train, valid, err := d.Split(fraction, seed)
	check(err)
	return train, valid
}

// SplitWithReplacement is [cifar.Dataset.SplitWithReplacement], as the write-up splits, and ends the cell on an error.
func SplitWithReplacement(d *cifar.Dataset, fraction float64, seed uint64) (train, valid *cifar.Dataset) {
	train, valid, err := d.SplitWithReplacement(fraction, seed)
	check(err)
	return train, valid
}

// OfClass is [cifar.Dataset.OfClass], and ends the cell on an error.
func OfClass(d *cifar.Dataset, class string) *cifar.Dataset { return must(d.OfClass(class)) }

// Samples shows random images of a dataset: a column for each class, with perClass images.
func Samples(d *cifar.Dataset, perClass int, seed uint64) *viz.Figure {
	images := make([][]image.Image, len(d.Names))
	for class, indices := range must(d.PickPerClass(perClass, seed)) {
		for _, i := range indices {
			images[class] = append(images[class], d.Image(i))
		}
	}
	return Figure(viz.SampleGrid(fmt.Sprintf("%d samples of each class", perClass), d.Names, images), d.Name)
}

// Gallery shows all images of a dataset in order, ten in a row, each with its class below.
func Gallery(d *cifar.Dataset) *viz.Figure {
	return Figure(viz.Grid{Rows: slices.Collect(slices.Chunk(Tiles(d), 10))}, d.Name)
}
