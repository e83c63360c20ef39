package kernelext

import (
	"math"
	"slices"
	"time"
)

// recorder keeps the history that a live display shows.
type recorder struct {
	began time.Time
	last  Progress
	ended []Progress

	loss, accuracy           series // one value for each snapshot, smoothed
	validLoss, validAccuracy series // one for each validated epoch

	smoothLoss, smoothAccuracy smoother
}

// add records a snapshot.
func (r *recorder) add(p Progress) {
	if r.last.Epoch != 0 && p.Epoch != r.last.Epoch && !r.last.EpochEnd {
		r.ended = append(r.ended, r.last) // its end was not reported
	}
	if p.EpochEnd {
		r.ended = append(r.ended, p)
	}
	at := float64(p.Epoch - 1)
	if p.Steps > 0 {
		at += float64(p.Step) / float64(p.Steps)
	}
	if loss, accuracy, steps := r.since(p); steps > 0 {
		r.loss.add(at, r.smoothLoss.add(loss, steps))
		r.accuracy.add(at, r.smoothAccuracy.add(accuracy, steps))
	}
	if p.Validated {
		r.validLoss.add(at, p.ValidLoss)
		r.validAccuracy.add(at, p.ValidAccuracy)
	}
	r.last = p
}

// since gives the mean loss and accuracy of the steps since the last snapshot, and how many these are. Progress has means over
// the epoch so far, which begin anew with each epoch: drawn as they are, a curve would jump there although nothing happened.
func (r *recorder) since(p Progress) (loss, accuracy float64, steps int) {
	if p.Step < 1 {
		return p.Loss, p.Accuracy, 1 // the trainer reports no steps
	}
	before := r.last
	if before.Epoch != p.Epoch {
		before = Progress{}
	}
	steps = p.Step - before.Step
	if steps < 1 {
		return 0, 0, 0 // the end of an epoch whose last step was reported
	}
	of := func(mean, meanBefore float64) float64 {
		return (mean*float64(p.Step) - meanBefore*float64(before.Step)) / float64(steps)
	}
	return of(p.Loss, before.Loss), of(p.Accuracy, before.Accuracy), steps
}

// smoother is an exponential moving average: the weight of a value halves every 14 steps. It is corrected for its start as
// Adam's averages are (Kingma and Ba 2014, section 3).
type smoother struct{ sum, weight float64 }

// smoothing is the weight that an average keeps in one step.
const smoothing = 0.95

// add takes a value that is the mean of some steps, and returns the average.
func (s *smoother) add(v float64, steps int) float64 {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return v // shown as a gap; the average goes on
	}
	keep := math.Pow(smoothing, float64(steps))
	s.sum, s.weight = keep*s.sum+(1-keep)*v, keep*s.weight+(1-keep)
	return s.sum / s.weight
}

// snapshot copies the state, so that it can be drawn while more snapshots arrive.
func (r *recorder) snapshot(title string) snapshot {
	return snapshot{
		title: title, last: r.last, ended: slices.Clone(r.ended), elapsed: time.Since(r.began),
		panels: []panel{
			{name: "loss", train: r.loss.clone(), valid: r.validLoss.clone()},
			{name: "accuracy", train: r.accuracy.clone(), valid: r.validAccuracy.clone()},
		},
	}
}

// panel is what one small plot shows. x counts epochs.
type panel struct {
	name         string
	train, valid []point
}

// series is a curve of bounded size: when it is full, pairs of neighbours are
// averaged, and from then on as many values as went into one point.
type series struct {
	points  []point
	each    int // values averaged in one point; 0 is 1
	pending point
	held    int // values in pending
}

type point struct{ x, y float64 }

// maxPoints is more than a small curve can show.
const maxPoints = 400

func (s *series) add(x, y float64) {
	s.each = max(s.each, 1)
	s.pending.x += x
	s.pending.y += y
	s.held++
	if s.held < s.each {
		return
	}
	s.points = append(s.points, point{s.pending.x / float64(s.held), s.pending.y / float64(s.held)})
	s.pending, s.held = point{}, 0
	if len(s.points) == maxPoints {
		for i := range maxPoints / 2 {
			a, b := s.points[2*i], s.points[2*i+1]
			s.points[i] = point{(a.x + b.x) / 2, (a.y + b.y) / 2}
		}
		s.points = s.points[:maxPoints/2]
		s.each *= 2
	}
}

func (s *series) clone() []point { return slices.Clone(s.points) }
