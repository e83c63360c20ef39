package cifar

import (
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
	clear(train.Images[40*PixelBytes : 42*PixelBytes])
	for i := range PixelBytes { // one colour, whose channels differ
		test.Images[5*PixelBytes+i] = byte(i / PlaneBytes)
	}
	want := Quality{
		Repeated: Finding{2, 30, 50}, RepeatedTest: Finding{0, 0, 20}, Overlap: Finding{2, 11, 20},
		SingleColour: Finding{2, 40, 50}, SingleColours: Finding{1, 5, 20},
	}
	q := Examine(train, test)
	if q != want {
		t.Errorf("got %+v, want %+v", q, want)
	}
	if q.Good() || !strings.Contains(q.String(), "warning: 2 of 20 test images are training images too: figures on them are too good; the first is image 11, counted from 0\n") {
		t.Errorf("text: %s", q)
	}
}
