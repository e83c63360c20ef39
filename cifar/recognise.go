package cifar

import (
	"crypto/sha256"
	"slices"
)

// Drawn images are recognised by their content, so that they are not taken for photographs where the
// mark file is missing.

const (
	recogniseSeeds  = 100_000 // the seeds that are tried: 0 to one less
	recogniseImages = 5       // that must equal drawn ones, labels included
	recogniseStep   = 1       // by which a value may differ: see Drawn about rounding
)

// recognise marks the parts of an unmarked dataset that [Drawn] made, and names them as it does. A part
// is recognised only if its first images equal, label by label and pixel by pixel, the first that Drawn
// makes for one of the seeds 0 to 99,999; no photographs do. Drawn images in another order, of
// another size or with other pixels are not recognised here; [Examine] looks for them in any order.
func recognise(train, test *Dataset) {
	seed, found := drawnSeed(train, splitTrain)
	if found {
		becomesDrawn(train, seed, "train")
	}
	switch testSeed, testFound := drawnSeed(test, splitTest); {
	case testFound:
		becomesDrawn(test, testSeed, "test")
	case found && beginsDrawn(test, seed, splitTest): // fewer images than recogniseImages
		becomesDrawn(test, seed, "test")
	}
}

func becomesDrawn(d *Dataset, seed uint64, part string) {
	d.Drawn, d.Name = true, drawnName(seed, part)
}

// drawnSeed finds the seed from which a part's first images were drawn.
func drawnSeed(d *Dataset, split uint64) (seed uint64, found bool) {
	if d.Len() < recogniseImages || d.Shape() != officialShape() || !beginsBalanced(d.Labels) {
		return 0, false
	}
	for seed := range uint64(recogniseSeeds) {
		if beginsDrawn(d, seed, split) {
			return seed, true
		}
	}
	return 0, false
}

// beginsBalanced reports whether the first ten labels differ, as those of drawn images do. It spares
// almost all other datasets the search.
func beginsBalanced(labels []uint8) bool {
	var seen [Classes]bool
	for _, label := range labels[:min(len(labels), Classes)] {
		if int(label) >= Classes || seen[label] {
			return false
		}
		seen[label] = true
	}
	return true
}

// beginsDrawn reports whether a part's first images, if there are any, are those of a seed.
func beginsDrawn(d *Dataset, seed, split uint64) bool {
	if d.Shape() != officialShape() {
		return false
	}
	n := min(d.Len(), recogniseImages)
	order := stream(seed, split, 0).Perm(Classes) // as drawnLabel for the first ten
	for i := range n {
		if int(d.Labels[i]) != order[i] {
			return false
		}
	}
	drawn := make([]byte, PixelBytes)
	for i := range n {
		drawImage(seed, split, i, d.Labels[i], drawn)
		for at, v := range d.Pixels(i) {
			if max(v, drawn[at])-min(v, drawn[at]) > recogniseStep {
				return false
			}
		}
	}
	return n > 0
}

const (
	paintedSeeds  = 10 // the seeds from which findPainted draws: 0 to one less
	paintedImages = 50 // images of each part
	paintedLeast  = 3  // images that must be there
)

// findPainted looks for drawn images among those with the given hashes, and gives what it found of the
// seed with most of them.
func findPainted(parts []labelsOf) (most Painted) {
	for seed := range uint64(paintedSeeds) {
		p := Painted{Seed: seed, Of: 2 * paintedImages}
		train, test := Drawn(seed, paintedImages, paintedImages)
		for _, d := range []*Dataset{train, test} {
			for i := range d.Len() {
				hash := sha256.Sum256(d.Pixels(i))
				if slices.ContainsFunc(parts, func(in labelsOf) bool { _, ok := in[hash]; return ok }) {
					p.Count++
				}
			}
		}
		if p.Count >= paintedLeast && p.Count > most.Count {
			most = p
		}
	}
	return most
}
