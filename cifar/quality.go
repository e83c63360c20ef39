package cifar

import (
	"crypto/sha256"
	"fmt"
	"slices"
	"strings"
)

// Quality counts what makes figures on a dataset doubtful: images that occur more than
// once, test images that are training images too, images of a single colour, and drawn images in a
// part that is not marked as drawn. Images
// are compared by the SHA-256 of their pixels; labels do not count, but for equal images with different ones.
type Quality struct {
	Repeated         Finding // training images that equal an earlier training image
	RepeatedTest     Finding // test images that equal an earlier test image
	Overlap          Finding // test images that equal a training image
	SingleColour     Finding // training images whose pixels all have one colour
	SingleColours    Finding // the same of test images
	Contradicted     Finding // training images that equal an earlier one with another label
	ContradictedTest Finding // test images that equal a training image or an earlier test image with another label
	Painted          Painted // drawn images in a part that is not marked as drawn
	OneClass         bool    // there are fewer than two classes
	Empty, EmptyTest Empty   // classes without training images, and without test images
	Dim, DimTest     byte    // the largest value of a part's pixels where all are small, see [Dataset.Dim]
	Alike            Alike   // class names that look the same
}

// Finding is a number of images of one kind, and where the first of them is.
type Finding struct {
	Count int
	First int // index in its part; meaningless if Count is 0
	Of    int // images in the part
}

// Empty is a number of classes without images, and the name of the first.
type Empty struct {
	Count int
	First string
	Of    int // classes; 0 if none is empty
}

// Painted is how many of the first images that Drawn makes from one seed are among a dataset's, in any
// order and with any labels.
type Painted struct {
	Count int // 0 if they are fewer than three
	Of    int // images that were drawn
	Seed  uint64
}

// Examine compares every image of a dataset with all others. Two parts of 60,000 images
// take about a second. A part that is not marked as drawn and has images of CIFAR-10's size is also searched
// for the first images of [Drawn] from the seeds 0 to 9: that takes less than a second more.
func Examine(train, test *Dataset) Quality {
	q := Quality{}
	for _, f := range []*Finding{&q.Repeated, &q.SingleColour, &q.Contradicted} {
		f.Of = train.Len()
	}
	for _, f := range []*Finding{&q.RepeatedTest, &q.Overlap, &q.SingleColours, &q.ContradictedTest} {
		f.Of = test.Len()
	}
	q.OneClass = len(train.Names) < 2
	q.look(train, test)
	inTrain, inTest := labelsOf{}, labelsOf{}
	examine(train, inTrain, nil, &q.Repeated, nil, &q.SingleColour, &q.Contradicted)
	examine(test, inTest, inTrain, &q.RepeatedTest, &q.Overlap, &q.SingleColours, &q.ContradictedTest)
	var unmarked []labelsOf
	if !train.Drawn && train.Shape() == officialShape() {
		unmarked = append(unmarked, inTrain)
	}
	if !test.Drawn && test.Shape() == officialShape() {
		unmarked = append(unmarked, inTest)
	}
	if len(unmarked) > 0 {
		q.Painted = findPainted(unmarked)
	}
	return q
}

// labelsOf has the label of the first image with each hash.
type labelsOf map[[sha256.Size]byte]byte

// examine looks at one part, and adds its images to seen. others are those of another part, which overlap counts.
func examine(d *Dataset, seen, others labelsOf, repeated, overlap, singleColour, contradicted *Finding) {
	plane := d.Shape().Plane()
	for i := range d.Len() {
		hash := sha256.Sum256(d.Pixels(i))
		label, again := seen[hash]
		other, there := others[hash]
		if again {
			repeated.add(i)
		} else {
			seen[hash] = d.Labels[i]
		}
		if there {
			overlap.add(i)
		}
		if again && label != d.Labels[i] || there && other != d.Labels[i] {
			contradicted.add(i)
		}
		if isSingleColour(d.Pixels(i), plane) {
			singleColour.add(i)
		}
	}
}

func emptyClasses(d *Dataset) (e Empty) {
	classes := d.byClass()
	for label, members := range classes {
		if len(members) > 0 {
			continue
		}
		if e.Count == 0 {
			e.First, e.Of = d.className(label), len(classes)
		}
		e.Count++
	}
	return e
}

func (f *Finding) add(i int) {
	if f.Count == 0 {
		f.First = i
	}
	f.Count++
}

// isSingleColour reports whether each channel, of so many pixels, has one value.
func isSingleColour(pixels []byte, plane int) bool {
	for channel := range slices.Chunk(pixels, plane) {
		for _, v := range channel {
			if v != channel[0] {
				return false
			}
		}
	}
	return true
}

// Good reports whether nothing was found.
func (q Quality) Good() bool {
	return q.Overlap.Count+q.Repeated.Count+q.RepeatedTest.Count+q.SingleColour.Count+q.SingleColours.Count+q.Painted.Count == 0 &&
		!q.OneClass && q.Empty.Count+q.EmptyTest.Count == 0 && q.Dim == 0 && q.DimTest == 0 && q.Alike == (Alike{})
}

// String names what was found, a line each.
func (q Quality) String() string {
	if q.Good() {
		return "no image occurs twice, none is in both parts, and none has a single colour\n"
	}
	var b strings.Builder
	if q.OneClass {
		b.WriteString("warning: there is only one class: nothing can be learned from it\n")
	}
	for _, line := range q.plain() {
		b.WriteString(line + "\n")
	}
	for _, line := range []struct {
		Finding
		what string
	}{
		{q.Overlap, "test images are training images too: figures on them are too good"},
		{q.Repeated, "training images equal an earlier one"},
		{q.RepeatedTest, "test images equal an earlier one"},
		{q.Contradicted, "training images equal an earlier one with another label"},
		{q.ContradictedTest, "test images equal another one with another label"},
		{q.SingleColour, "training images have a single colour: the file may be damaged"},
		{q.SingleColours, "test images have a single colour: the file may be damaged"},
	} {
		if line.Count > 0 {
			fmt.Fprintf(&b, "warning: %d of %d %s; the first is image %d, counted from 0\n", line.Count, line.Of, line.what, line.First)
		}
	}
	if q.Painted.Count > 0 {
		fmt.Fprintf(&b, "warning: some images are drawn by a program, not photographs: %d of the %d that were tried (cifar.Drawn, seed %d) are among them\n",
			q.Painted.Count, q.Painted.Of, q.Painted.Seed)
	}
	return b.String()
}
