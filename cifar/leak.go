package cifar

import (
	"fmt"
	"math"
)

// Leak counts what a split did to its original images.
type Leak struct {
	Valid     int // validation images
	Shared    int // of these, those whose original is in train too
	Originals int // images before the split
	Lost      int // of these, those that are in neither part
}

// CountLeak compares the two parts of one split by their Origin. A correct split
// has Shared and Lost 0. It assumes as many originals as the two parts have images
// together, which holds for every split of this package. Parts of different
// datasets can't be compared.
func CountLeak(train, valid *Dataset) Leak {
	inTrain := origins(train)
	l := Leak{Valid: valid.Len(), Originals: train.Len() + valid.Len()}
	kept := len(inTrain)
	for i := range valid.Len() {
		if inTrain[valid.origin(i)] {
			l.Shared++
		}
	}
	for origin := range origins(valid) {
		if !inTrain[origin] {
			kept++
		}
	}
	l.Lost = l.Originals - kept
	return l
}

// Seen divides the images of valid by their Origin: the indices of those whose original is in train too, and of the others.
func Seen(train, valid *Dataset) (seen, unseen []int) {
	inTrain := origins(train)
	for i := range valid.Len() {
		if inTrain[valid.origin(i)] {
			seen = append(seen, i)
		} else {
			unseen = append(unseen, i)
		}
	}
	return seen, unseen
}

// Distinct returns the number of different originals among the images of d.
func (d *Dataset) Distinct() int { return len(origins(d)) }

func origins(d *Dataset) map[int]bool {
	set := make(map[int]bool, d.Len())
	for i := range d.Len() {
		set[d.origin(i)] = true
	}
	return set
}

// ExpectedLeak returns what a split of n images with replacement shares and loses
// on average, as fractions of the validation images and of the originals.
//
// A validation image is not in train if all fraction·n draws of train miss its
// original, each with probability 1-1/n. So
//
//	shared = 1 - (1-1/n)^(fraction·n) → 1 - e^-fraction   (0.5507 at 0.8)
//	lost   = (1-1/n)^n                → 1/e               (0.3679)
func ExpectedLeak(n int, fraction float64) (shared, lost float64) {
	if n < 1 {
		return 0, 0
	}
	miss := 1 - 1/float64(n)
	return 1 - math.Pow(miss, fraction*float64(n)), math.Pow(miss, float64(n))
}

// Fraction returns the fraction of the validation images that are in train too.
func (l Leak) Fraction() float64 { return ratio(l.Shared, l.Valid) }

// LostFraction returns the fraction of the originals that are in neither part.
func (l Leak) LostFraction() float64 { return ratio(l.Lost, l.Originals) }

func ratio(a, b int) float64 {
	if b == 0 {
		return 0
	}
	return float64(a) / float64(b)
}

// String returns the counts in a sentence.
func (l Leak) String() string {
	return fmt.Sprintf("%d of %d validation images (%.2f %%) are in train too; %d of %d originals (%.2f %%) are in neither",
		l.Shared, l.Valid, 100*l.Fraction(), l.Lost, l.Originals, 100*l.LostFraction())
}
