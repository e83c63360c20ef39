package lab

import (
	"math"
	"slices"
	"testing"

	"github.com/cnnbook/cnnbook/cifar"
	"github.com/cnnbook/cnnbook/cnn"
)

// grey is a dataset of images of one brightness each, with the same contrast.
func grey(levels ...byte) *cifar.Dataset {
	d := &cifar.Dataset{Name: "grey", Names: []string{"grey"}}
	for i, level := range levels {
		d.Labels, d.Origin = append(d.Labels, 0), append(d.Origin, i)
		for p := range cifar.PixelBytes {
			d.Images = append(d.Images, level+byte(p%2)*10)
		}
	}
	return d
}

// Alone, every image has mean 0 and deviation 1; together, dark images stay dark and all have less contrast.
func TestPreparations(t *testing.T) {
	d := grey(10, 100, 200)
	alone, together := PrepareAlone(d), PrepareTogether(d)
	for i := range d.Len() {
		if math.Abs(alone.Means[i]) > 1e-4 || math.Abs(alone.Deviations[i]-1) > 1e-4 {
			t.Errorf("image %d alone: mean %g, deviation %g", i, alone.Means[i], alone.Deviations[i])
		}
	}
	if !slices.IsSorted(together.Means) || together.Means[0] > -1 || together.Deviations[0] > 0.1 {
		t.Errorf("together: means %v, deviations %v", together.Means, together.Deviations)
	}
	if a, b := alone.Off(0.5, 0.25), together.Off(0.5, 0.25); a != 0 || b != 3 {
		t.Errorf("%d and %d images are off, expected 0 and 3", a, b)
	}
	// What is measured without the pixels is what the network is given.
	mean, deviation := cnn.PixelMoments(d.Images)
	if want := (float64(d.Pixels(0)[0]) + 5 - mean) / deviation; math.Abs(together.Means[0]-want) > 1e-3 {
		t.Errorf("mean of the first image together %g, expected %g", together.Means[0], want)
	}
}

func TestMiddle(t *testing.T) {
	values := make([]float64, 101)
	for i := range values {
		values[i] = float64(100 - i)
	}
	if got := Middle(values); got != "50.00 (5.00 to 95.00)" {
		t.Errorf("Middle is %q", got)
	}
	if got := Middle([]float64{-0.001}); got != "0.00 (0.00 to 0.00)" {
		t.Errorf("Middle is %q", got)
	}
	if got := Middle(nil); got != "–" {
		t.Errorf("Middle of nothing is %q", got)
	}
}

func TestExtremes(t *testing.T) {
	d := grey(100, 10, 240, 50)
	if got := Extremes(d, 1, Mean); !slices.Equal(got, []int{1, 2}) {
		t.Errorf("darkest and brightest are %v", got)
	}
	if got := Extremes(d, 5, Mean); !slices.Equal(got, []int{1, 3, 0, 2}) {
		t.Errorf("more than there are: %v", got)
	}
	if Deviation(d.Pixels(0)) != 5 {
		t.Errorf("deviation %g, expected 5", Deviation(d.Pixels(0)))
	}
	figure := Preparations("Extremes", d, []int{1, 2}, "darkest", "brightest")
	if _, err := figure.PNG(); err != nil {
		t.Error(err)
	}
	// Together, the dark image is darker than the bright one; alone, both are alike.
	m, s := cnn.PixelMoments(d.Images)
	level := func(i int, m, s float64) uint32 {
		r, _, _, _ := standardised(d, i, m, s).At(0, 0).RGBA()
		return r
	}
	if level(1, m, s) >= level(2, m, s) {
		t.Error("prepared together, the dark image is not darker")
	}
	m1, s1 := cnn.PixelMoments(d.Pixels(1))
	m2, s2 := cnn.PixelMoments(d.Pixels(2))
	if level(1, m1, s1) != level(2, m2, s2) {
		t.Error("prepared alone, the two images differ")
	}
	if tiles := Tiles(d); len(tiles) != 4 || tiles[0].Below != "grey" || tiles[3].Image == nil {
		t.Errorf("tiles %+v", tiles)
	}
}
