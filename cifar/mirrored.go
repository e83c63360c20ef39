package cifar

import "slices"

// Mirrored copies d with every image mirrored left to right.
func (d *Dataset) Mirrored() *Dataset {
	out := d.Head(d.Len())
	out.Name += ", mirrored"
	for row := range slices.Chunk(out.Images, d.Shape().Width) { // images are stored row by row
		slices.Reverse(row)
	}
	return out
}
