package cifar

import (
	"slices"
	"strings"
	"testing"
)

// Drawn images in CIFAR-10's layout and size are not the official ones, and each difference is named.
//
// Promise(files/official): A dataset in CIFAR-10's layout is compared with what is known of the official one: its labels, the first images of
// each file, and the moments of the training pixels. What differs is named.
func TestOfficialNamesDifferences(t *testing.T) {
	train, test := Drawn(1, 20, 10)
	got := Official(train, test)
	want := []string{"it has 20 training images, the official one 50000", "it has 10 test images, the official one 10000"}
	if !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
	whole := func(n int) *Dataset {
		return &Dataset{Height: Height, Width: Width, Channels: Channels, Names: classNames(), Images: make([]byte, n*Height*Width*Channels), Labels: make([]byte, n)}
	}
	got = Official(whole(TrainRecords), whole(TestRecords))
	want = []string{
		"the training labels are others, or in another order", "the first 1000 images of training file 1, 2, 3, 4, 5 are others",
		"the test labels are others, or in another order", "the first 1000 test images are others",
		"the mean of the training images' red is 0.00000000 of 255, the official one 0.49139968",
	}
	if !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}

// The dataset that CNNBOOK_DATA points to has the official labels and first images; a copy from JPEG files differs in its moments alone.
//
// Promise(files/official)
func TestOfficialOfRealData(t *testing.T) {
	_, train, test := chosen(t)
	if got := Official(train, test); len(got) > 1 || len(got) == 1 && !strings.HasPrefix(got[0], "the mean of the training images' red") {
		t.Errorf("%q", got)
	}
}
