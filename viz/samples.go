package viz

import (
	"image"
	"slices"
)

// Labelled is an image with what it shows and what the network took it for.
type Labelled struct {
	Image             image.Image
	Actual, Predicted string
}

// SampleGrid describes a grid with a column of sample images for each class:
// images[class][sample]. A class with fewer samples leaves places empty.
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

// PredictionGrid describes a grid, row by row, in which the words above each image
// are the computer's and those below a human's. Mistakes are marked. columns is the
// number of images in a row, 0 means 10.
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

// MistakeRow describes a row of misclassified images, larger, with both labels below each.
func MistakeRow(title string, images []Labelled) Grid {
	row := make([]Tile, len(images))
	for i, image := range images {
		row[i] = Tile{Image: image.Image, Below: "actual: " + image.Actual + "\npredicted: " + image.Predicted}
	}
	return Grid{Title: title, Rows: [][]Tile{row}, Side: 128}
}
