package cifar

import (
	"bytes"
	"math"
	"runtime"
	"slices"
	"testing"
)

func TestDrawn(t *testing.T) {
	train, test := Drawn(5, 60, 20)
	for _, d := range []*Dataset{train, test} {
		if err := d.Check(); err != nil {
			t.Error(err)
		}
		if !d.Drawn {
			t.Errorf("%q is not marked as drawn", d.Name)
		}
	}
	if train.Name != "drawn stand-in train (seed 5)" || test.Name != "drawn stand-in test (seed 5)" {
		t.Errorf("names %q and %q", train.Name, test.Name)
	}
	if train.Len() != 60 || test.Len() != 20 {
		t.Errorf("%d and %d images, want 60 and 20", train.Len(), test.Len())
	}
	if none, _ := Drawn(5, -3, 0); none.Len() != 0 {
		t.Errorf("Drawn of -3 images has %d", none.Len())
	}
}

// TestDrawnIsStable checks that an image depends only on seed, set and index.
func TestDrawnIsStable(t *testing.T) {
	train, test := Drawn(8, 60, 60)
	before := runtime.GOMAXPROCS(1)
	again, _ := Drawn(8, 33, 0)
	runtime.GOMAXPROCS(before)
	if head := train.Head(33); head.Fingerprint() != again.Fingerprint() {
		t.Error("the first 33 images change with the size of the set or the number of processors")
	}
	other, _ := Drawn(9, 60, 0)
	if bytes.Equal(train.Images, test.Images) || bytes.Equal(train.Images, other.Images) {
		t.Error("another set or seed draws the same images")
	}
	seen := map[string]int{}
	for i := range train.Len() {
		for j, d := range []*Dataset{train, test, other} {
			key := string(d.Pixels(i))
			if k, twice := seen[key]; twice {
				t.Errorf("image %d of set %d is drawn twice (also %d)", i, j, k)
			}
			seen[key] = i
		}
	}
}

// TestDrawnGolden fails when the drawing changes. A saved run is identified by its
// data's fingerprint, so such a change affects users and must be deliberate. Other
// machines may round differently (see Drawn).
func TestDrawnGolden(t *testing.T) {
	if runtime.GOARCH != "amd64" || fused(1+0x1p-30, 1+0x1p-30, -(1+0x1p-29)) != 0 {
		t.Skip("this machine rounds otherwise")
	}
	const want = "2e8f143a88ff6c4b0532dc6b7981a224b0842916fbcfd624f46bdc56afabc414"
	if train, _ := Drawn(1, 100, 0); train.Fingerprint() != want {
		t.Errorf("fingerprint %s, want %s", train.Fingerprint(), want)
	}
}

// fused is x·y + z, which is 0 for the values above unless computed in one step.
//
//go:noinline
func fused(x, y, z float64) float64 { return x*y + z }

func TestDrawnIsBalanced(t *testing.T) {
	train, _ := Drawn(1, 200, 0)
	for ten := range 20 {
		labels := slices.Clone(train.Labels[10*ten : 10*ten+10])
		slices.Sort(labels)
		if !slices.Equal(labels, []uint8{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}) {
			t.Errorf("images %d to %d have labels %v", 10*ten, 10*ten+9, labels)
		}
	}
	if slices.Equal(train.Labels[:10], train.Labels[10:20]) && slices.Equal(train.Labels[:10], train.Labels[20:30]) {
		t.Error("the labels' order is not shuffled")
	}
}

// TestDrawnIsLikePhotographs bounds brightness and contrast: neither black nor
// white images, and something to see in each.
func TestDrawnIsLikePhotographs(t *testing.T) {
	train, _ := Drawn(2, 1000, 0)
	s := train.Stats()
	for c := range Channels {
		if s.Mean[c] < 90 || s.Mean[c] > 160 || s.Std[c] < 40 || s.Std[c] > 80 {
			t.Errorf("channel %d: mean %.1f, standard deviation %.1f; CIFAR-10 has about 120 and 63", c, s.Mean[c], s.Std[c])
		}
	}
	for i := range 50 {
		one, err := train.Subset([]int{i})
		if err != nil {
			t.Fatal(err)
		}
		if std := one.Stats().Std; max(std[0], std[1], std[2]) < 4 {
			t.Errorf("image %d (%s) is nearly empty: standard deviations %.1f", i, train.Class(i), std)
		}
	}
}

func TestPolygonDistance(t *testing.T) {
	square := []vec{{0, 0}, {2, 0}, {2, 2}, {0, 2}}
	for v, want := range map[vec]float64{{1, 1}: -1, {0.5, 1}: -0.5, {3, 1}: 1, {5, 6}: 5, {1, -2}: 2, {2, 1}: 0} {
		if got := polygonDistance(square, v); math.Abs(got-want) > 1e-12 {
			t.Errorf("distance of %v is %v, want %v", v, got, want)
		}
	}
}

func TestPoseThereAndBack(t *testing.T) {
	p := newPainter(stream(1, 2, 3))
	for range 20 {
		p.place(stage{kind: sceneSea, horizon: 12}, subjectOf(p.IntN(Classes)))
		x, y := p.pose.toPixels(vec{0.3, -0.7})
		if v := p.pose.toUnits(x, y); math.Abs(v.x-0.3)+math.Abs(v.y+0.7) > 1e-9 {
			t.Errorf("(0.3, -0.7) comes back as %v", v)
		}
	}
}

// BenchmarkDrawn reports images per second on one core.
func BenchmarkDrawn(b *testing.B) {
	out := make([]byte, PixelBytes)
	for i := 0; b.Loop(); i++ {
		drawImage(1, splitTrain, i, drawnLabel(1, splitTrain, i), out)
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "images/s")
}
