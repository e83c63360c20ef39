package cnn

import (
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/cnnbook/cnnbook/cifar"
)

// Stretch is a part of a run's training that can be trained again, to see whether the same bits come of it: from one of its
// saves, or from the beginning, to a later one. A run keeps its last save and the one before it.
//
// Where the way from the beginning to a save is too long, a stretch is its first steps. No save says what came of
// them; the loss and accuracy that the run recorded at each step do, to the last bit.
type Stretch struct {
	From, To int  // finished steps
	Epochs   int  // finished epochs at To
	Saved    bool // there is a save at To

	from *savedState // nil: the beginning
	to   *savedState // nil: none
}

// String is a part of a sentence: "steps 41 to 80", or "the first 40 steps, by what was recorded at each".
func (s Stretch) String() string {
	text := fmt.Sprintf("steps %d to %d", s.From+1, s.To)
	if s.From == 0 {
		text = fmt.Sprintf("the first %d steps", s.To)
	}
	if s.To == s.From {
		text = fmt.Sprintf("the validation after step %d", s.To)
	}
	if !s.Saved {
		text += ", by what was recorded at each"
	}
	return text
}

// Stretches lists the parts of the run that can be trained again, each within about the given time at the speed at which the
// run was trained: from its save before the last to the last, and from the beginning to the first save that it has.
func (r *Run) Stretches(limit time.Duration) []Stretch {
	last := r.saved
	if last.Step == 0 || r.Recovered != "" {
		return nil
	}
	first := &last
	var out []Stretch
	if before := r.manifest.Previous; before != nil && before.Step > 0 {
		first = before
		if r.within(limit, last.Step-before.Step) {
			out = append(out, Stretch{From: before.Step, To: last.Step, Epochs: last.Epochs, Saved: true, from: before, to: &last})
		}
	}
	if r.within(limit, first.Step) {
		return append(out, Stretch{To: first.Step, Epochs: first.Epochs, Saved: true, to: first})
	}
	per := r.Estimate(1)
	if steps := int(limit / per); steps > 0 {
		out = append(out, Stretch{To: steps, Epochs: r.epochsAt(steps)})
	}
	return out
}

func (r *Run) within(limit time.Duration, steps int) bool { return r.Estimate(steps) <= limit }

// epochsAt returns how many epochs had finished right after a step that does not end one, or before the validation that ends it.
func (r *Run) epochsAt(step int) int { return r.History.Steps[step-1].Epoch - 1 }

// Ingredients are what training a run again needs, as the run recorded it: identified by content, wherever they come from.
type Ingredients struct {
	// Images returns the images with a name and a fingerprint (cifar.Dataset.Fingerprint), or nil.
	Images func(name, fingerprint string) *cifar.Dataset
	// Run returns the run with an identity, or nil: the one that another one starts from.
	Run func(identity string) *Run
}

// Identity returns the SHA-256 of all that defines the run.
func (r *Run) Identity() string { return r.manifest.Identity }

// WeightsSHA256 returns the sha256 of the file with the weights in use.
func (r *Run) WeightsSHA256() string { _, sum := r.usedStep(); return sum }

// ErrCannotVerify is wrapped by the errors of a run that cannot be trained again here: another kind of machine
// trained it, or its images are not at hand. It says nothing against the run.
var ErrCannotVerify = errors.New("cannot be trained again here")

// Difference says that training a part of a run again gave other bits than the run has.
type Difference struct {
	Stretch Stretch
	What    string // the first thing that differs
}

func (d *Difference) Error() string {
	return fmt.Sprintf("%s: not the same bits: %s", d.Stretch, d.What)
}

// Verify trains a stretch of the run again, in a temporary folder, and compares the bits of weights, optimizer and history with
// the run's. Other bits are a *Difference. The run's own files are only read. An error that wraps ErrCannotVerify means that
// nothing was compared. observe may be nil; it gets the steps done of those of the stretch.
func (r *Run) Verify(ctx context.Context, s Stretch, in Ingredients, observe func(done, steps int)) error {
	if why := r.otherMachine(); why != "" {
		return fmt.Errorf("%w: %s", ErrCannotVerify, why)
	}
	spec, err := r.respec(in)
	if err != nil {
		return err
	}
	root, err := os.MkdirTemp("", "cnnbook-verify-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(root)
	again, err := r.copyOf(root, spec, s.from)
	if err != nil {
		return err
	}
	defer again.Close()
	if err := again.trainTo(ctx, s, observe); err != nil {
		return err
	}
	if what := r.differs(again, s); what != "" {
		return &Difference{s, what}
	}
	return nil
}

// otherMachine says why the bits of a training here need not be those of the run: other hardware or software computed it.
func (r *Run) otherMachine() string {
	m := r.manifest
	if m.Processor == "" {
		return "the run is from before processors were recorded"
	}
	var changes []string
	for _, c := range [][2]string{
		{m.Backend, backendLabel()}, {m.Processor, processorLabel()}, {countThreads(m.Threads), countThreads(threads())},
		{strings.Join(m.Software, ", "), strings.Join(Software(), ", ")},
	} {
		if c[0] != c[1] {
			changes = append(changes, fmt.Sprintf("%s, here %s", c[0], c[1]))
		}
	}
	if len(changes) == 0 {
		return ""
	}
	return "trained on another kind of machine: " + strings.Join(changes, "; ")
}

// MachineKind says on what the bits of a training depend here: processor, threads and backend.
func MachineKind() string {
	return fmt.Sprintf("%s, %s, %s", processorLabel(), countThreads(threads()), backendLabel())
}

// respec rebuilds the spec of a run that was loaded. It is right: its identity is that of the run.
func (r *Run) respec(in Ingredients) (Spec, error) {
	m := r.manifest
	spec := Spec{Name: r.Name, Network: r.Network}
	var err error
	if spec.Config, err = readConfig(m.Config); err != nil {
		return spec, fmt.Errorf("%s: %w", filepath.Join(r.Dir, manifestName), err)
	}
	for _, d := range []struct {
		what  string
		want  datasetIdentity
		found **cifar.Dataset
	}{{"training", m.Data.Train, &spec.Train}, {"validation", m.Data.Valid, &spec.Valid}} {
		if *d.found = in.Images(d.want.Name, d.want.Fingerprint); *d.found == nil {
			return spec, fmt.Errorf("%w: its %s images (%s, %d images, fingerprint %.12s…) are not at hand", ErrCannotVerify, d.what, d.want.Name, d.want.Images, d.want.Fingerprint)
		}
	}
	if from := m.From; from != nil {
		if spec.From = in.Run(from.Identity); spec.From == nil {
			return spec, fmt.Errorf("%w: the run %s that it starts from is not at hand", ErrCannotVerify, from.Name)
		}
		if step, sum := spec.From.usedStep(); step != from.Step || sum != from.Weights {
			return spec, fmt.Errorf("%w: it starts from step %d of %s, whose last save is of step %d or has other weights", ErrCannotVerify, from.Step, from.Name, step)
		}
	}
	again, err := newManifest(spec.complete())
	if err != nil {
		return spec, err
	}
	if again.Identity != m.Identity {
		return spec, fmt.Errorf("%w: what it is made of would be another run: %s", ErrCannotVerify, strings.Join(differences(m, again), "; "))
	}
	return spec, nil
}

// copyOf makes a copy of the run in a saved state below another root or, without a state, the run before its first step.
func (r *Run) copyOf(root string, spec Spec, at *savedState) (*Run, error) {
	if at != nil {
		m := r.manifest
		m.State, m.Previous = *at, nil
		dir := m.folder(root)
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return nil, err
		}
		for _, f := range at.files() {
			data, err := readSaved(r.Dir, f, math.MaxInt64)
			if err != nil {
				return nil, err
			}
			if err := os.WriteFile(filepath.Join(dir, f.Name), data, 0o644); err != nil {
				return nil, err
			}
		}
		if err := writeManifest(dir, m); err != nil {
			return nil, err
		}
	}
	return OpenRun(root, spec)
}

// trainTo trains a run up to the end of a stretch and saves it there.
func (r *Run) trainTo(ctx context.Context, s Stretch, observe func(done, steps int)) error {
	arrived, arrive := context.WithCancel(ctx)
	defer arrive()
	err := r.Train(arrived, func(p Progress) {
		before, _ := r.config().stepsOf(p.Epoch-1, r.spec.Train.Len())
		step, epochs := before+p.Step, p.Epoch-1
		if p.EpochEnd {
			epochs++
		}
		if observe != nil && step > s.From {
			observe(step-s.From, s.To-s.From)
		}
		if step == s.To && epochs == s.Epochs {
			arrive()
		}
	})
	state := r.manifest.State
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case err != nil && !errors.Is(err, context.Canceled):
		return err
	case state.Step != s.To || state.Epochs != s.Epochs:
		return fmt.Errorf("cnn: verify %s: it ended at step %d after %d epochs, expected step %d after %d", r.Name, state.Step, state.Epochs, s.To, s.Epochs)
	}
	return nil
}

// differs names the first thing in which the run and what was trained again differ at the end of a stretch.
func (r *Run) differs(again *Run, s Stretch) string {
	for i := s.From; i < s.To; i++ {
		if a, b := r.History.Steps[i], again.History.Steps[i]; a != b {
			return fmt.Sprintf("step %d: loss %v and accuracy %v were recorded, again %v and %v", a.Step, a.Loss, a.Accuracy, b.Loss, b.Accuracy)
		}
	}
	for i := range s.Epochs {
		if a, b := r.History.Epochs[i], again.History.Epochs[i]; a != b {
			return fmt.Sprintf("epoch %d: validation loss %v and accuracy %v were recorded, again %v and %v", a.Epoch, a.ValidLoss, a.ValidAccuracy, b.ValidLoss, b.ValidAccuracy)
		}
	}
	if s.to == nil {
		return ""
	}
	was, is := s.to.files(), again.saved.files()
	if len(was) != len(is) {
		return fmt.Sprintf("the save of step %d has %d files, again %d", s.To, len(was), len(is))
	}
	for i := range was {
		if was[i] != is[i] {
			return r.differingArray(again, was[i], is[i])
		}
	}
	return ""
}

// differingArray says in which array a file of the run first differs from the one that was made again.
func (r *Run) differingArray(again *Run, was, is savedFile) string {
	text := fmt.Sprintf("%s has sha256 %.12s…, again %.12s…", was.Name, was.SHA256, is.SHA256)
	a, err := r.arraysOf(was)
	b, errAgain := again.arraysOf(is)
	if err != nil || errAgain != nil || len(a) != len(b) {
		return text
	}
	for i := range a {
		if a[i].Name != b[i].Name || !slices.Equal(a[i].Shape, b[i].Shape) {
			return text + "; other arrays"
		}
		n := 0
		for j, v := range a[i].Values {
			if math.Float32bits(v) != math.Float32bits(b[i].Values[j]) {
				n++
			}
		}
		if n > 0 {
			return fmt.Sprintf("%s: %d of %d values of %s differ", text, n, len(a[i].Values), a[i].Name)
		}
	}
	return text
}

func (r *Run) arraysOf(f savedFile) ([]Array, error) {
	data, err := readSaved(r.Dir, f, math.MaxInt64)
	if err != nil {
		return nil, err
	}
	return readSafetensors(data, filepath.Join(r.Dir, f.Name))
}
