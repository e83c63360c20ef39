package viz

import (
	"image"
	"slices"
)

// Labelled is an image with its actual and its predicted class.
type Labelled struct {
	Image             image.Image
	Actual, Predicted string
}

// SampleGrid describes a grid with one column of sample images per class:
// images[class][sample]. A class with fewer samples leaves cells empty.
func SampleGrid(title string, classes []string, images [][]image.Image) Grid {
	rows := 0
	for _, samples := range images {
		rows = max(rows, len(samples))
	}
	g := Grid{Title: title, Columns: classes, Rows: make([][]Tile, rows)}
	for i := range g.Rows {
		g.Rows[i] = make([]Tile, len(images))
		for class, samples := range images {
			if i < len(samples) {
				g.Rows[i][class].Image = samples[i]
			}
		}
	}
	return g
}

// PredictionGrid describes a grid, row by row, with the network's prediction ("computer")
// above each image and the actual class ("human") below it. Mistakes are marked. columns
// is the number of images per row; 0 means 10.
func PredictionGrid(title string, columns int, images []Labelled) Grid {
	if columns <= 0 {
		columns = 10
	}
	tiles := make([]Tile, len(images))
	for i, image := range images {
		tiles[i] = Tile{
			Image: image.Image,
			Above: "computer: " + image.Predicted,
			Below: "human: " + image.Actual,
			Wrong: image.Predicted != image.Actual,
		}
	}
	return Grid{Title: title, Rows: slices.Collect(slices.Chunk(tiles, columns))}
}

// MistakeRow describes a row of larger misclassified images, with both labels below each.
func MistakeRow(title string, images []Labelled) Grid {
	row := make([]Tile, len(images))
	for i, image := range images {
		row[i] = Tile{Image: image.Image, Below: "actual: " + image.Actual + "\npredicted: " + image.Predicted}
	}
	return Grid{Title: title, Rows: [][]Tile{row}, Side: 128}
}
