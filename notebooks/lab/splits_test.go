package lab

import (
	"math"
	"strings"
	"testing"

	"github.com/cnnbook/cnnbook/cifar"
	"github.com/cnnbook/cnnbook/cnn"
	"github.com/cnnbook/cnnbook/kernelext"
)

func TestCutKeepsItsNameAndEndsTheCell(t *testing.T) {
	d, _ := cifar.Drawn(1, 50, 10)
	p := Cut("disjoint", d.Split, 0.8, 3)
	if p.Name != "disjoint" || p.Train.Len() != 40 || p.Valid.Len() != 10 || cifar.CountLeak(p.Train, p.Valid).Shared != 0 {
		t.Errorf("%q, %d and %d images", p.Name, p.Train.Len(), p.Valid.Len())
	}
	if err := ended(func() { Cut("bad", d.Split, 2, 3) }); err == nil || !strings.Contains(err.Error(), "fraction") {
		t.Errorf("a fraction of 2: %v, expected an error about the fraction", err)
	}
}

func TestClassTableCountsClasses(t *testing.T) {
	train := &cifar.Dataset{Name: "train", Names: []string{"a", "b"}, Labels: []uint8{0, 0, 1, 0}, Images: make([]byte, 4*cifar.PixelBytes)}
	test := &cifar.Dataset{Name: "test", Names: []string{"a", "b"}, Labels: []uint8{1, 0}, Images: make([]byte, 2*cifar.PixelBytes)}
	got := ClassTable(train, test)
	if row := strings.Join(got.Rows[0], " | "); row != "a | 3 | 75.00 % | 1 | 50.00 %" {
		t.Errorf("row of the first class: %s", row)
	}
	if !strings.Contains(got.Caption, "75.00 %") {
		t.Errorf("caption %q, expected the share of the most frequent class", got.Caption)
	}
	if s := ClassShares(train); s != "25.00 % to 75.00 %" {
		t.Errorf("shares %q", s)
	}
}

// The counted leak agrees with the formula, and with the number of different images that it implies.
func TestLeakTrialsFollowTheFormula(t *testing.T) {
	const n, splits = 400, 40
	got := LeakTrials(n, splits)
	shared, lost := cifar.ExpectedLeak(n, 0.8)
	for name, c := range map[string]struct {
		values       []float64
		want, within float64
	}{
		"shared": {got.Shared, shared, 0.02}, "lost": {got.Lost, lost, 0.01}, "distinct": {got.Distinct, n * shared, 5},
	} {
		if s := cnn.NewSpread(c.values); s.N != splits || math.Abs(s.Mean-c.want) > c.within {
			t.Errorf("%s: %d values with mean %g, expected %d with %g", name, s.N, s.Mean, splits, c.want)
		}
	}
	if s := MeanAndRange([]float64{0.5, 0.25, 0.75}); s != "50.00 % (25.00 to 75.00)" {
		t.Errorf("mean and range are %q", s)
	}
}

func TestSeenDividesAResult(t *testing.T) {
	p := Parts{Train: &cifar.Dataset{Labels: make([]uint8, 2), Origin: []int{4, 1}}, Valid: &cifar.Dataset{Labels: make([]uint8, 3), Origin: []int{1, 2, 4}}}
	r := &cnn.Result{
		Names: []string{"a", "b"}, Actual: []int{0, 0, 0}, Predicted: []int{0, 1, 0},
		Probabilities: [][]float64{{1, 0}, {0, 1}, {1, 0}}, Losses: []float64{1, 2, 3},
	}
	seen, unseen := p.Seen(r)
	if len(seen.Actual) != 2 || seen.Accuracy != 1 || len(unseen.Actual) != 1 || unseen.Accuracy != 0 {
		t.Errorf("seen: %v; unseen: %v", seen, unseen)
	}
	p.Valid = p.Train
	if err := ended(func() { p.Seen(r) }); err == nil {
		t.Error("a split without unseen images does not end the cell")
	}
}

func TestFewImagesGrowWithTheBudget(t *testing.T) {
	for name, want := range map[string][2]int{kernelext.BudgetSmoke: {1000, 8}, kernelext.BudgetCPU: {2500, 30}} {
		budget, err := ParseBudget(name)
		if err != nil {
			t.Fatal(err)
		}
		l, err := New(kernelext.Params{Budget: name, Seed: 1}, budget)
		if err != nil {
			t.Fatal(err)
		}
		if d, passes := l.Few(); d.Len() != want[0] || passes != want[1] {
			t.Errorf("%s: %d images, %d passes, expected %v", name, d.Len(), passes, want)
		}
	}
}
