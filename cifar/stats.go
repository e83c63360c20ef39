package cifar

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"
	"unicode/utf8"
)

// Stats describes a dataset in numbers.
type Stats struct {
	Name     string
	Drawn    bool
	Images   int
	Classes  []string
	PerClass []int             // images by label
	Shape    Shape             // size of the images
	Mean     [Channels]float64 // of red, green and blue over all pixels, 0 to 255; of grey images, the first number alone
	Std      [Channels]float64 // population standard deviation, 0 to 255
}

// Stats counts the images of each class and computes the channels' mean and
// standard deviation.
func (d *Dataset) Stats() Stats {
	s := Stats{Name: d.Name, Drawn: d.Drawn, Images: d.Len(), Shape: d.Shape()}
	for label, members := range d.byClass() {
		s.Classes = append(s.Classes, d.className(label))
		s.PerClass = append(s.PerClass, len(members))
	}
	if d.Len() == 0 {
		return s
	}
	var sum, squares [Channels]uint64 // exact: 255²·2^32 pixels fit
	plane := s.Shape.Plane()
	for i := range d.Len() {
		pixels := d.Pixels(i)
		for c := range s.Shape.Channels {
			for _, v := range pixels[c*plane : (c+1)*plane] {
				sum[c] += uint64(v)
				squares[c] += uint64(v) * uint64(v)
			}
		}
	}
	n := float64(d.Len() * plane)
	for c := range s.Shape.Channels {
		s.Mean[c] = float64(sum[c]) / n
		s.Std[c] = math.Sqrt(max(0, float64(squares[c])/n-s.Mean[c]*s.Mean[c]))
	}
	return s
}

// tableClasses is how many classes a table lists at most.
const tableClasses = 20

// telling returns the classes without images, at most as many as a table lists, then the smallest, the median and the largest of the others.
func (s Stats) telling() (labels []int) {
	filled := identity(len(s.Classes))
	slices.SortStableFunc(filled, func(a, b int) int { return cmp.Compare(s.PerClass[a], s.PerClass[b]) })
	for len(filled) > 0 && s.PerClass[filled[0]] == 0 {
		labels, filled = append(labels, filled[0]), filled[1:]
	}
	labels = labels[:min(len(labels), tableClasses)]
	if n := len(filled); n > 0 {
		labels = append(labels, filled[0], filled[n/2], filled[n-1])
	}
	return slices.Compact(labels)
}

// String returns the numbers as a small table in plain text.
func (s Stats) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %d images of %s\n", s.Name, s.Images, s.Shape)
	if s.Drawn {
		b.WriteString("drawn by a program, not photographs\n")
	}
	width := len("channel")
	for _, name := range s.Classes {
		width = max(width, utf8.RuneCountInString(name))
	}
	shown := identity(len(s.Classes))
	if len(shown) > tableClasses {
		shown = s.telling()
		fmt.Fprintf(&b, "%d classes; the smallest, the median and the largest one, and those without images:\n", len(s.Classes))
	}
	fmt.Fprintf(&b, "%-*s  images\n", width, "class")
	for _, label := range shown {
		fmt.Fprintf(&b, "%-*s  %6d\n", width, s.Classes[label], s.PerClass[label])
	}
	fmt.Fprintf(&b, "%-*s    mean     std\n", width, "channel")
	channels := []string{"red", "green", "blue"}
	if s.Shape.Channels == 1 {
		channels = []string{"grey"}
	}
	for c, name := range channels {
		fmt.Fprintf(&b, "%-*s  %6.2f  %6.2f\n", width, name, s.Mean[c], s.Std[c])
	}
	return b.String()
}
