package cifar

import (
	"strings"
	"testing"
)

// Images whose values all are small are named, by part.
//
// Promise(files/quality)
func TestExamineDimImages(t *testing.T) {
	train, test := Drawn(1, 50, 20)
	for i, v := range train.Images {
		train.Images[i] = v >> 7
	}
	for i, v := range test.Images {
		test.Images[i] = v >> 3
	}
	q := Examine(train, test)
	for _, want := range []string{
		"warning: the pixels of all training images are from 0 to 1, where 0 to 255 is expected: they may be scaled down, or a mask; multiply them by 255, round",
		"warning: the pixels of all test images are from 0 to 31, where 0 to 255 is expected: they may be scaled down, or a mask; multiply them by 255/31, round",
	} {
		if q.Good() || !strings.Contains(q.String(), want) {
			t.Errorf("no %q in:\n%s", want, q)
		}
	}
	train, _ = Drawn(1, 50, 20)
	if most := train.Dim(); most != 0 {
		t.Errorf("drawn images: %d", most)
	}
}
