package sweep

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/cnnbook/cnnbook/cifar"
	"github.com/cnnbook/cnnbook/cnn"
)

// Halving trains all combinations for a few epochs, the best of them for more, and the best of those for still more: successive
// halving (Jamieson and Talwalkar 2016, arXiv 1502.07943, with the factor η of Li et al. 2018, arXiv 1603.06560, in the place of 2).
//
// A combination is as good as its validation accuracy, the mean over its seeds, of the epoch with whose weights each run answers. Test
// images never take part. Of equals, the one that comes first in the plan is better. One of which a training diverged does not go on.
//
// In a later rung each training is the run with that rung's epochs, and goes on from the rung before: see [cnn.Run.GoesOnFrom]. A
// training whose schedule spans it is another one with other epochs ([cnn.Config.SpansTraining]), and each rung trains it anew.
type Halving struct {
	Epochs []int `json:"epochs"`           // at the end of each rung, upwards; those of the rungs before are among them
	Factor int   `json:"factor,omitempty"` // of n combinations ⌊n/Factor⌋ go on, but at least one; 0 is 2
}

// Rung is a part of a plan. Which combinations it trains is known once all trainings of the rung before have ended.
type Rung struct {
	Epochs       int // at its end; 0 in a sweep without [Halving], whose fields say it
	Combinations int
	First        int // index of its first training
	Trainings    int // its combinations with each seed; the last ones are missing where too many diverged in the rung before
}

// Rungs lists the rungs of a sweep, with all trainings as the only one if it has no [Halving].
func (s Sweep) Rungs() []Rung {
	seeds, combinations := max(1, len(s.Seeds)), s.combinations()
	epochs, factor := []int{0}, 1
	if s.Halving != nil {
		epochs, factor = s.Halving.Epochs, cmp.Or(s.Halving.Factor, 2)
	}
	var out []Rung
	first := 0
	for _, n := range epochs {
		out = append(out, Rung{Epochs: n, Combinations: combinations, First: first, Trainings: combinations * seeds})
		first += combinations * seeds
		combinations = max(1, combinations/factor)
	}
	return out
}

// combinations is the number of combinations.
func (s Sweep) combinations() int { return s.size() / max(1, len(s.Seeds)) }

// maxRungs limits the rungs of one sweep.
const maxRungs = 100

// checkHalving finds what is wrong with a sweep's halving. All else has been checked.
func (s Sweep) checkHalving() error {
	h := s.Halving
	switch {
	case h == nil:
		return nil
	case len(h.Epochs) < 2 || len(h.Epochs) > maxRungs:
		return fmt.Errorf("epochs %d: expected those of 2 to %d rungs, such as [1, 3, 9]", h.Epochs, maxRungs)
	case h.Epochs[0] < 1:
		return fmt.Errorf("epochs %d: the first rung needs at least 1", h.Epochs)
	case h.Factor != 0 && h.Factor < 2:
		return fmt.Errorf("factor %d: expected at least 2, of which one goes on", h.Factor)
	case s.combinations() < 2:
		return errors.New("it chooses between combinations, and there is only one")
	}
	for i, n := range h.Epochs[1:] {
		if n <= h.Epochs[i] {
			return fmt.Errorf("epochs %d: each rung needs more than the one before, and rung %d has %d after %d", h.Epochs, i+2, n, h.Epochs[i])
		}
	}
	if where := s.setsEpochs(); where != "" {
		return fmt.Errorf("it says the epochs, and so does %s: leave that out", where)
	}
	rungs := s.Rungs()
	if last := rungs[len(rungs)-1]; last.First+last.Trainings > MaxTrainings {
		return fmt.Errorf("more than %d trainings in all rungs", MaxTrainings)
	}
	return nil
}

// setsEpochs says where a sweep's fields set the epochs; it is empty if nowhere.
func (s Sweep) setsEpochs() string {
	const field = "epochs"
	if _, ok := s.Base[field]; ok {
		return "base"
	}
	if slices.ContainsFunc(s.Vary, func(f Field) bool { return f.Field == field }) {
		return "vary"
	}
	for _, v := range s.Variants {
		if v.sets(field) {
			return fmt.Sprintf("variant %q", v.Name)
		}
	}
	return ""
}

// Read reads what the runs of a sweep have recorded below root, as [Read] does: those of its planned trainings, and of a sweep with
// [Halving] those of each further rung that is decided.
func (s Sweep) Read(root string, planned []Training, train, valid *cifar.Dataset) ([]Row, error) {
	var folders cnn.Folders
	var all []Row
	for trainings := planned; len(trainings) > 0; trainings = s.Next(all) {
		rows, err := readIn(&folders, root, trainings, train, valid, cnn.ReadRecord)
		if err != nil {
			return nil, err
		}
		all = append(all, rows...)
	}
	return all, nil
}

// Next lists the trainings of the rung after the last one of rows, which are those of all rungs so far. There are none if a training
// of that rung has not ended, if all its combinations diverged, or after the last rung.
func (s Sweep) Next(rows []Row) []Training {
	rung := lastRung(rows)
	rungs := s.Rungs()
	if len(rung) == 0 || slices.ContainsFunc(rung, notEnded) || rung[0].Rung+1 == len(rungs) {
		return nil
	}
	next := rungs[rung[0].Rung+1]
	best := ranked(rung)
	best = best[:min(len(best), next.Combinations)]
	best = slices.DeleteFunc(best, diverged)
	slices.SortFunc(best, func(a, b []Row) int { return cmp.Compare(a[0].Group, b[0].Group) }) // the plan's order
	var out []Training
	for _, rows := range best {
		for _, r := range rows {
			t := r.Training
			t.Index, t.Rung = next.First+len(out), r.Rung+1
			t.settings.config.Epochs = next.Epochs
			out = append(out, t)
		}
	}
	return out
}

func notEnded(r Row) bool { return !r.Ended() }

// lastRung are the rows of the last rung.
func lastRung(rows []Row) []Row {
	first := len(rows)
	for first > 0 && rows[first-1].Rung == rows[len(rows)-1].Rung {
		first--
	}
	return rows[first:]
}

// combined cuts rows into those of one combination in one rung, which follow each other.
func combined(rows []Row) (out [][]Row) {
	first := 0
	for i, r := range rows {
		if i+1 == len(rows) || rows[i+1].Group != r.Group || rows[i+1].Rung != r.Rung {
			out = append(out, rows[first:i+1:i+1])
			first = i + 1
		}
	}
	return out
}

// ranked are the combinations of rows: the highest rung first, and in it those that have ended before others, the best one first
// and those that diverged last.
func ranked(rows []Row) [][]Row {
	out := combined(rows)
	slices.SortStableFunc(out, func(a, b []Row) int {
		return cmp.Or(cmp.Compare(b[0].Rung, a[0].Rung), cmp.Compare(class(a), class(b)), cmp.Compare(right(b), right(a)))
	})
	return out
}

// class is 0 for a combination whose trainings have all finished, 2 if one diverged, and 1 otherwise.
func class(combination []Row) int {
	switch {
	case diverged(combination):
		return 2
	case slices.ContainsFunc(combination, notEnded):
		return 1
	}
	return 0
}

func diverged(combination []Row) bool {
	return slices.ContainsFunc(combination, func(r Row) bool { return r.State == Diverged })
}

// right is the number of validation images that a combination's trainings classify correctly, together: a mean of fractions would be
// rounded, and equals would differ.
func right(combination []Row) (n int) {
	for _, r := range combination {
		n += int(math.Round(r.Final().ValidAccuracy * float64(r.Record.ValidImages)))
	}
	return n
}

// Standings are the trainings of each combination in the highest rung that it has reached, the best combination first.
func Standings(rows []Row) (out []Row) {
	seen := map[int]bool{}
	for _, combination := range ranked(rows) {
		if group := combination[0].Group; !seen[group] {
			seen[group] = true
			out = append(out, combination...)
		}
	}
	return out
}

// Winner are the trainings of the combination that is the best one of the last rung; none as long as one of that rung has not ended, or
// if all of them diverged.
func (s Sweep) Winner(rows []Row) []Row {
	rung := lastRung(rows)
	if s.Halving == nil || len(rung) == 0 || rung[0].Rung+1 < len(s.Halving.Epochs) || slices.ContainsFunc(rung, notEnded) {
		return nil
	}
	if best := ranked(rung)[0]; !diverged(best) {
		return best
	}
	return nil
}

// halvingCaption is the part of [Sweep.Caption] about rungs; empty in a sweep without [Halving].
func (s Sweep) halvingCaption(rows []Row) string {
	if s.Halving == nil {
		return ""
	}
	text := fmt.Sprintf("; successive halving by the validation accuracy, rungs of %s epochs, each combination with the last rung that it has reached", enumerate(s.Halving.Epochs))
	if winner := s.Winner(rows); winner != nil {
		text += fmt.Sprintf("; the winner, the best of %d, is %s", s.combinations(), s.Label(Groups(winner)[0]))
	}
	return text
}

// enumerate writes numbers as in a sentence: "1, 3 and 9".
func enumerate(numbers []int) string {
	var b strings.Builder
	for i, n := range numbers {
		switch {
		case i == 0:
		case i == len(numbers)-1:
			b.WriteString(" and ")
		default:
			b.WriteString(", ")
		}
		b.WriteString(strconv.Itoa(n))
	}
	return b.String()
}
