package cifar

import (
	"cmp"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
)

// Streams of random numbers, so that one seed gives different uses unrelated
// sequences.
const (
	streamSplit = 0x73706c6974 + iota
	streamStratified
	streamReplacement
	streamPick
)

// Split divides d at random into two parts: every image is in exactly one of them.
// fraction is the share of train, above 0 and below 1; the number of images is
// rounded down, and neither part may be empty. The same seed gives the same split.
func (d *Dataset) Split(fraction float64, seed uint64) (train, valid *Dataset, err error) {
	cut, err := d.cut(fraction)
	if err != nil {
		return nil, nil, err
	}
	order := rand.New(rand.NewPCG(seed, streamSplit)).Perm(d.Len())
	train, valid = d.parts(order, cut, "split", fraction, seed)
	return train, valid, nil
}

// SplitStratified is Split with the same share of each class: of a class with n
// images, fraction·n are in train, to within one image. train has the same size as
// with Split.
func (d *Dataset) SplitStratified(fraction float64, seed uint64) (train, valid *Dataset, err error) {
	cut, err := d.cut(fraction)
	if err != nil {
		return nil, nil, err
	}
	rng := rand.New(rand.NewPCG(seed, streamStratified))
	classes := d.byClass()
	quota := shares(classes, fraction, cut)
	var first, second []int
	for label, members := range classes {
		shuffle(rng, members)
		first = append(first, members[:quota[label]]...)
		second = append(second, members[quota[label]:]...)
	}
	shuffle(rng, first)
	shuffle(rng, second)
	train, valid = d.parts(append(first, second...), cut, "stratified split", fraction, seed)
	return train, valid, nil
}

// SplitWithReplacement is the write-up's shuffle_split: it draws Len() images
// with replacement and cuts the list of draws in two. The parts therefore share
// images, and some images are in neither; [CountLeak] counts both. It is here to
// show what that does to a validation score. Don't use it for anything else.
func (d *Dataset) SplitWithReplacement(fraction float64, seed uint64) (train, valid *Dataset, err error) {
	cut, err := d.cut(fraction)
	if err != nil {
		return nil, nil, err
	}
	rng := rand.New(rand.NewPCG(seed, streamReplacement))
	drawn := make([]int, d.Len())
	for i := range drawn {
		drawn[i] = rng.IntN(d.Len())
	}
	train, valid = d.parts(drawn, cut, "split with replacement", fraction, seed)
	return train, valid, nil
}

// cut returns the size of train.
func (d *Dataset) cut(fraction float64) (int, error) {
	if !(fraction > 0 && fraction < 1) { // also refuses NaN
		return 0, fmt.Errorf("%w: splitting %q at %v; want a fraction above 0 and below 1", ErrArgument, d.Name, fraction)
	}
	cut := int(math.Floor(fraction*float64(d.Len()) + 1e-9)) // 0.29·100 is 29, not 28.999…
	if cut == 0 || cut == d.Len() {
		return 0, fmt.Errorf("%w: splitting %q of %d images at %.4g leaves a part empty", ErrArgument, d.Name, d.Len(), fraction)
	}
	return cut, nil
}

func (d *Dataset) parts(order []int, cut int, how string, fraction float64, seed uint64) (train, valid *Dataset) {
	name := func(part float64) string {
		return fmt.Sprintf("%s, %.4g %% of a %s (seed %d)", d.Name, 100*part, how, seed)
	}
	return d.pick(order[:cut], name(fraction)), d.pick(order[cut:], name(1-fraction))
}

// byClass returns the indices of each label's images, in order.
func (d *Dataset) byClass() [][]int {
	out := make([][]int, len(d.Names))
	for i, label := range d.Labels {
		for int(label) >= len(out) { // a label without a name is still a class
			out = append(out, nil)
		}
		out[label] = append(out[label], i)
	}
	return out
}

// shares divides total among the classes in proportion to their size. What rounding
// down leaves over goes to the largest remainders (Hamilton's method).
func shares(classes [][]int, fraction float64, total int) []int {
	quota := make([]int, len(classes))
	rest := make([]float64, len(classes))
	for label, members := range classes {
		whole, part := math.Modf(fraction*float64(len(members)) + 1e-9)
		quota[label], rest[label] = int(whole), part
		total -= quota[label]
	}
	order := identity(len(classes))
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(rest[b], rest[a]) })
	for _, label := range order[:max(0, min(total, len(order)))] {
		quota[label]++
	}
	return quota
}

func shuffle(rng *rand.Rand, s []int) {
	rng.Shuffle(len(s), func(i, j int) { s[i], s[j] = s[j], s[i] })
}

// PickPerClass returns the indices of n different images of each class, chosen at
// random by seed, for a grid of samples. It fails if a class has fewer than n.
func (d *Dataset) PickPerClass(n int, seed uint64) ([][]int, error) {
	if n < 0 {
		return nil, fmt.Errorf("%w: picking %d images of each class of %q", ErrArgument, n, d.Name)
	}
	rng := rand.New(rand.NewPCG(seed, streamPick))
	classes := d.byClass()
	for label, members := range classes {
		if len(members) < n {
			return nil, fmt.Errorf("%w: picking %d images of each class of %q: %s has %d",
				ErrArgument, n, d.Name, d.className(label), len(members))
		}
		shuffle(rng, members)
		classes[label] = members[:n:n]
	}
	return classes, nil
}
