package cifar

import (
	"fmt"
	"strings"
	"testing"
)

// Promise(files/quality): Repeated images, test images that are training images too, and images of a single colour are counted.
func TestExamine(t *testing.T) {
	train, test := Drawn(1, 50, 20)
	if q := Examine(train, test); !q.Good() {
		t.Errorf("drawn images: %s", q)
	}
	copy(train.Images[30*PixelBytes:31*PixelBytes], train.Pixels(7))
	copy(test.Images[11*PixelBytes:12*PixelBytes], train.Pixels(7))
	copy(test.Images[12*PixelBytes:13*PixelBytes], train.Pixels(8))
	train.Labels[7], train.Labels[30], test.Labels[11] = 3, 4, 3
	test.Labels[12] = (train.Labels[8] + 1) % Classes
	clear(train.Images[40*PixelBytes : 42*PixelBytes])
	for i := range PixelBytes { // one colour, whose channels differ
		test.Images[5*PixelBytes+i] = byte(i / PlaneBytes)
	}
	want := Quality{
		Repeated: Finding{2, 30, 50}, RepeatedTest: Finding{0, 0, 20}, Overlap: Finding{2, 11, 20},
		SingleColour: Finding{2, 40, 50}, SingleColours: Finding{1, 5, 20},
		Contradicted: Finding{2, 30, 50}, ContradictedTest: Finding{1, 12, 20},
	}
	q := Examine(train, test)
	if q != want {
		t.Errorf("got %+v, want %+v", q, want)
	}
	if q.Good() || !strings.Contains(q.String(), "warning: 2 of 20 test images are training images too: figures on them are too good; the first is image 11, counted from 0\n") {
		t.Errorf("text: %s", q)
	}
}

func TestExamineClasses(t *testing.T) {
	train, test := Drawn(1, 50, 20)
	for i := range test.Labels {
		test.Labels[i] %= 8
	}
	train.Names = append(train.Names, "yak")
	text := Examine(train, test).String()
	for _, want := range []string{`warning: 1 of 11 classes have no training images; the first is "yak"`, `warning: 2 of 10 classes have no test images; the first is "boat"`} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in:\n%s", want, text)
		}
	}
	clear(train.Labels)
	clear(test.Labels)
	train.Names, test.Names = []string{"fruits"}, []string{"fruits"}
	if q := Examine(train, test); q.Good() || !strings.Contains(q.String(), "warning: there is only one class") {
		t.Errorf("one class: %s", q)
	}
}

// Of many classes, the table has the smallest, the median, the largest and those without images.
func TestStatsOfManyClasses(t *testing.T) {
	d, _ := Drawn(1, 50, 1)
	d.Names = nil
	for i := range 40 {
		d.Names = append(d.Names, fmt.Sprint("class", i))
	}
	for i := range d.Labels { // 3 of class 0, 2 of 1 to 8, 1 of the others but none of 39
		d.Labels[i] = byte(i % 39)
	}
	d.Labels[49], d.Labels[48], d.Labels[47] = 0, 9, 0
	text := d.Stats().String()
	for _, want := range []string{"40 classes; ", "class0        4", "class39       0"} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in:\n%s", want, text)
		}
	}
	if n := strings.Count(text, "\n"); n > 12 {
		t.Errorf("%d lines:\n%s", n, text)
	}
}
