package sweep

import "fmt"

// Verdicts in words, as [Difference.Verdict] gives them.
const (
	Helps   = "helps"
	Hurts   = "hurts"
	Unclear = "not enough to tell"
)

// Difference is what a combination changes against the first one of a sweep, in validation accuracy.
type Difference struct {
	Group
	// Change is the mean over the seeds of the combination's accuracy minus that of the first combination with the same seed,
	// and with it its first weights where the network is the same, and its order of the images. Pairing removes what both owe to
	// their seed. The interval is Student's, of these differences: it assumes that they are roughly normal, and covers the choice
	// of seeds, not that of images. It is for one difference alone: of twenty without any effect, one is expected to look like one.
	Change Mean
	Pairs  []float64 // the differences
}

// Differences compares each combination with the first one, in the plan's order. Seeds that have not finished in both are left out.
func Differences(rows []Row) []Difference {
	groups := Groups(rows)
	if len(groups) == 0 {
		return nil
	}
	base := map[uint64]float64{}
	out := make([]Difference, len(groups))
	for i, g := range groups {
		out[i].Group = g
	}
	for _, r := range rows {
		if r.State != Finished {
			continue
		}
		accuracy := r.Final().ValidAccuracy
		if r.Group == rows[0].Group {
			base[r.Seed] = accuracy
		}
		if first, ok := base[r.Seed]; ok { // the first combination comes first
			d := &out[r.Group-rows[0].Group]
			d.Pairs = append(d.Pairs, accuracy-first)
		}
	}
	for i := range out {
		out[i].Change = NewMean(out[i].Pairs)
	}
	return out
}

// Verdict says in words what the interval allows to say: [Helps] if all of it is above 0, [Hurts] if all of it is below or if any
// of the trainings diverged, and [Unclear] otherwise, as with fewer than two seeds.
func (d Difference) Verdict() string {
	switch low, high := d.Interval(); {
	case d.Diverged > 0:
		return Hurts
	case d.Change.N < 2:
		return Unclear
	case low > 0:
		return Helps
	case high < 0:
		return Hurts
	}
	return Unclear
}

// Interval is the 95 % interval of the change. Of fewer than two seeds nothing is known, and both ends are the change itself.
func (d Difference) Interval() (low, high float64) {
	return d.Change.Mean - d.Change.Half, d.Change.Mean + d.Change.Half
}

// String is "+0.0312 (+0.0101 to +0.0523): helps".
func (d Difference) String() string {
	text := "–"
	switch low, high := d.Interval(); {
	case d.Change.N > 1:
		text = fmt.Sprintf("%+.4f (%+.4f to %+.4f)", d.Change.Mean, low, high)
	case d.Change.N == 1:
		text = fmt.Sprintf("%+.4f", d.Change.Mean)
	}
	if d.Diverged > 0 {
		text += fmt.Sprintf(", %d of %d diverged", d.Diverged, d.Seeds)
	}
	return text + ": " + d.Verdict()
}
