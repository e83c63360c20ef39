package cifar

import (
	"errors"
	"math"
	"slices"
	"testing"
)

// uneven makes a dataset of n images for splits. Its pixels don't matter; label 0
// has half of the images.
func uneven(n int) *Dataset {
	d := &Dataset{Name: "uneven", Names: classNames(), Images: make([]byte, n*PixelBytes), Origin: identity(n)}
	for i := range n {
		label := 0
		if i%2 == 1 {
			label = 1 + i/2%9
		}
		d.Labels = append(d.Labels, uint8(label))
	}
	return d
}

type splitFunc func(*Dataset, float64, uint64) (*Dataset, *Dataset, error)

func splits() map[string]splitFunc {
	return map[string]splitFunc{
		"Split": (*Dataset).Split, "SplitStratified": (*Dataset).SplitStratified, "SplitWithReplacement": (*Dataset).SplitWithReplacement,
	}
}

func TestSplitSizes(t *testing.T) {
	tests := []struct {
		n        int
		fraction float64
		want     int
	}{{500, 0.8, 400}, {100, 0.29, 29}, {100, 0.57, 57}, {7, 0.5, 3}, {10, 0.99, 9}, {2, 0.5, 1}}
	for name, split := range splits() {
		for _, test := range tests {
			train, valid, err := split(uneven(test.n), test.fraction, 1)
			if err != nil {
				t.Fatalf("%s of %d at %v: %v", name, test.n, test.fraction, err)
			}
			if train.Len() != test.want || train.Len()+valid.Len() != test.n {
				t.Errorf("%s of %d at %v: %d and %d, want %d in train", name, test.n, test.fraction, train.Len(), valid.Len(), test.want)
			}
			if err := errors.Join(train.Check(), valid.Check()); err != nil {
				t.Error(err)
			}
		}
	}
}

func TestSplitRefuses(t *testing.T) {
	for name, split := range splits() {
		for _, fraction := range []float64{0, 1, -0.1, 1.5, math.NaN(), math.Inf(1), 0.001, 1e-300} {
			if _, _, err := split(uneven(100), fraction, 1); !errors.Is(err, ErrArgument) {
				t.Errorf("%s at %v: %v, want ErrArgument", name, fraction, err)
			}
		}
		if _, _, err := split(new(Dataset), 0.5, 1); !errors.Is(err, ErrArgument) {
			t.Errorf("%s of nothing: %v, want ErrArgument", name, err)
		}
	}
}

func TestSplitIsDisjointAndWhole(t *testing.T) {
	for _, name := range []string{"Split", "SplitStratified"} {
		train, valid, err := splits()[name](uneven(501), 0.8, 9)
		if err != nil {
			t.Fatal(err)
		}
		all := slices.Concat(train.Origin, valid.Origin)
		slices.Sort(all)
		if !slices.Equal(all, identity(501)) {
			t.Errorf("%s: the parts do not hold each image once", name)
		}
		if leak := CountLeak(train, valid); leak.Shared != 0 || leak.Lost != 0 || leak.Fraction() != 0 {
			t.Errorf("%s leaks: %v", name, leak)
		}
		if slices.IsSorted(train.Origin) {
			t.Errorf("%s: train is in the old order", name)
		}
	}
}

func TestSplitSeed(t *testing.T) {
	d := uneven(100)
	for name, split := range splits() {
		one, _, _ := split(d, 0.5, 1)
		same, _, _ := split(d, 0.5, 1)
		other, _, _ := split(d, 0.5, 2)
		if !slices.Equal(one.Origin, same.Origin) {
			t.Errorf("%s: the same seed gives another split", name)
		}
		if slices.Equal(one.Origin, other.Origin) {
			t.Errorf("%s: another seed gives the same split", name)
		}
	}
}

func TestSplitStratifiedShares(t *testing.T) {
	d := uneven(1003)
	train, _, err := d.SplitStratified(0.7, 4)
	if err != nil {
		t.Fatal(err)
	}
	whole, part := d.Stats().PerClass, train.Stats().PerClass
	for label := range whole {
		if want := 0.7 * float64(whole[label]); math.Abs(float64(part[label])-want) >= 1 {
			t.Errorf("class %d: %d of %d in train, want %.1f to within one", label, part[label], whole[label], want)
		}
	}
}

// TestLeakByHand counts a split that is small enough to count by hand.
func TestLeakByHand(t *testing.T) {
	train := &Dataset{Labels: make([]uint8, 4), Origin: []int{0, 0, 3, 5}}
	valid := &Dataset{Labels: make([]uint8, 3), Origin: []int{3, 3, 6}}
	leak := CountLeak(train, valid)
	if want := (Leak{Valid: 3, Shared: 2, Originals: 7, Lost: 3}); leak != want { // lost: 1, 2, 4
		t.Errorf("%+v, want %+v", leak, want)
	}
	const text = "2 of 3 validation images (66.67 %) are in train too; 3 of 7 originals (42.86 %) are in neither"
	if leak.String() != text {
		t.Errorf("%q, want %q", leak, text)
	}
	if (Leak{}).Fraction() != 0 || (Leak{}).LostFraction() != 0 {
		t.Error("an empty leak has a fraction")
	}
}

// TestExpectedLeak compares the formula with known figures for CIFAR-10 and with
// what splits do; 5,000 images keep the error of one split near one percent.
func TestExpectedLeak(t *testing.T) {
	shared, lost := ExpectedLeak(50000, 0.8)
	if math.Abs(shared-0.5507) > 5e-5 || math.Abs(lost-0.3679) > 5e-5 {
		t.Errorf("expected %.4f shared and %.4f lost, want 0.5507 and 0.3679", shared, lost)
	}
	d := uneven(5000)
	var sharedSum, lostSum float64
	const rounds = 4
	for seed := range uint64(rounds) {
		train, valid, err := d.SplitWithReplacement(0.8, seed)
		if err != nil {
			t.Fatal(err)
		}
		leak := CountLeak(train, valid)
		sharedSum += leak.Fraction() / rounds
		lostSum += leak.LostFraction() / rounds
	}
	if math.Abs(sharedSum-0.5507) > 0.02 || math.Abs(lostSum-0.3679) > 0.02 {
		t.Errorf("splits share %.4f and lose %.4f, want about 0.5507 and 0.3679", sharedSum, lostSum)
	}
	if s, l := ExpectedLeak(0, 0.5); s != 0 || l != 0 {
		t.Errorf("a split of nothing leaks %v, %v", s, l)
	}
}

func TestPickPerClass(t *testing.T) {
	d := uneven(400)
	picked, err := d.PickPerClass(10, 1)
	if err != nil {
		t.Fatal(err)
	}
	if len(picked) != Classes {
		t.Fatalf("%d classes, want %d", len(picked), Classes)
	}
	for label, indices := range picked {
		seen := map[int]bool{}
		for _, i := range indices {
			if int(d.Labels[i]) != label || seen[i] {
				t.Errorf("class %d: image %d has label %d or is picked twice", label, i, d.Labels[i])
			}
			seen[i] = true
		}
		if len(indices) != 10 {
			t.Errorf("class %d: %d images, want 10", label, len(indices))
		}
	}
	again, _ := d.PickPerClass(10, 1)
	other, _ := d.PickPerClass(10, 2)
	if !slices.EqualFunc(picked, again, slices.Equal) || slices.EqualFunc(picked, other, slices.Equal) {
		t.Error("the picks do not follow the seed")
	}
	for _, n := range []int{-1, 30} { // the small classes have 22
		if _, err := d.PickPerClass(n, 1); !errors.Is(err, ErrArgument) {
			t.Errorf("%d of each: %v, want ErrArgument", n, err)
		}
	}
}

func TestSeenAndDistinct(t *testing.T) {
	train := &Dataset{Labels: make([]uint8, 4), Origin: []int{7, 2, 7, 5}}
	valid := &Dataset{Labels: make([]uint8, 3), Origin: []int{2, 9, 5}}
	seen, unseen := Seen(train, valid)
	if !slices.Equal(seen, []int{0, 2}) || !slices.Equal(unseen, []int{1}) {
		t.Errorf("seen %v and unseen %v, expected 0, 2 and 1", seen, unseen)
	}
	if n := train.Distinct(); n != 3 {
		t.Errorf("%d different images, expected 3", n)
	}
	leaking, held, err := uneven(500).SplitWithReplacement(0.8, 1)
	if err != nil {
		t.Fatal(err)
	}
	if seen, _ := Seen(leaking, held); len(seen) != CountLeak(leaking, held).Shared {
		t.Errorf("Seen finds %d images, CountLeak %d", len(seen), CountLeak(leaking, held).Shared)
	}
}
