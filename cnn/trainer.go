package cnn

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"time"

	"github.com/cnnbook/cnnbook/internal/stats"
)

// Progress is reported to an observer after every step and at the end of every
// epoch. It has only basic types, so that any display can use it.
type Progress struct {
	Epoch, Epochs int // the current epoch, from 1, and the total
	Step, Steps   int // steps done in this epoch, and the total

	Loss, Accuracy float64 // means over the epoch so far
	Rate           float64 // learning rate of the last step

	ValidLoss, ValidAccuracy float64 // after the epoch, if Validated
	Validated                bool
	EpochEnd                 bool // the epoch's last report

	StepTime time.Duration // median of the latest steps
	Elapsed  time.Duration // since the epoch's first step in this process
	ETA      time.Duration // until the end of the run, at the median step time
}

// saveEvery is the longest work that a killed process may lose.
const saveEvery = 15 * time.Second

// Train trains until the run has all its epochs, or until ctx ends: then it
// finishes the step, saves, and returns ctx's error; training the same run
// again continues from there, and ends with exactly the weights of a run that was
// never interrupted. A finished run trains nothing. observe may be nil; it is called
// on this goroutine and should be quick. It first receives the run's
// finished epochs, so that a display always shows the whole run.
//
// With ranks in ctx, other processes take part: see [WithRanks].
func (r *Run) Train(ctx context.Context, observe func(Progress)) (err error) {
	t := &team{ranks: ranksOf(ctx)}
	if err := r.config().CheckRanks(t.Size()); err != nil {
		return err
	}
	if t.Rank() != 0 {
		return fmt.Errorf("%w: rank %d trains a run, which is rank 0's part: the others assist", ErrConfig, t.Rank())
	}
	err = r.train(ctx, t, observe)
	t.dismiss(err, ctx.Err() != nil && errors.Is(err, ctx.Err()))
	return err
}

func (r *Run) train(ctx context.Context, others *team, observe func(Progress)) (err error) {
	if r.spec.Train == nil && !r.Finished() {
		return errUntrainable
	}
	if observe == nil {
		observe = func(Progress) {}
	}
	if r.Finished() {
		r.replay(observe)
		return nil
	}
	release, err := lockRun(r.Dir)
	if err != nil {
		return err
	}
	defer release()
	if err := r.refresh(); err != nil {
		return err
	}
	r.replay(observe)
	if r.Finished() {
		return nil // another process finished it
	}
	t, err := newTraining(ctx, r, others, observe)
	if err != nil {
		return err
	}
	err = t.loop(ctx)
	stopped := func(err error) bool { return err == nil || ctx.Err() != nil && errors.Is(err, ctx.Err()) }
	if stopped(err) {
		err = cmp.Or(t.save(ctx), err)
	}
	t.close()
	if r.KeptEpoch() > 0 {
		r.Close() // the device holds the last epoch's weights
	}
	if stopped(err) { // finished or interrupted, and saved
		return err
	}
	return r.fallBack(err)
}

// fallBack resets the run to its last save, because the state on the device and the
// history after the save may be damaged, and returns an error that says so.
func (r *Run) fallBack(cause error) error {
	if errors.Is(cause, ErrSuperseded) { // all files are another process's now
		r.Close()
		return cause
	}
	step := r.saved.Step
	if err := r.reload(); err != nil {
		return fmt.Errorf("%w; reading the last save again: %w", cause, err)
	}
	// The part after the save; opening the history again would also cut it off.
	_ = os.Truncate(filepath.Join(r.Dir, historyName), r.saved.History.Bytes)
	if errors.Is(cause, ErrDiverged) { // has more detail than this
		return cause
	}
	return fmt.Errorf("%w: the save of step %d is kept, and training again continues from there", cause, step)
}

// refresh reads the state again once the lock is held: another process may have
// trained the run since it was opened.
func (r *Run) refresh() error {
	m, err := readManifest(r.Dir)
	if err != nil {
		return err
	}
	if m.Updated.Equal(r.manifest.Updated) {
		return nil
	}
	return r.reload()
}

// reload reads the run's state from its folder.
func (r *Run) reload() error {
	r.Close()
	fresh, err := LoadRun(r.Dir)
	if err != nil {
		return err
	}
	r.manifest, r.saved, r.weights, r.slots, r.best, r.History = fresh.manifest, fresh.saved, fresh.weights, fresh.slots, fresh.best, fresh.History
	r.Recovered = fresh.Recovered
	return nil
}

// training is one call of Train.
type training struct {
	run          *Run
	engine       *engine
	compiled     <-chan struct{} // closed when the step is compiled
	train, valid *deviceData
	observe      func(Progress)
	historyFile  *os.File
	lines        []byte // of the history, since the last save
	telemetry    *telemetryFile
	unsaved      bool
	validated    bool // in this process: the graph is compiled
	lastSave     time.Time
	began        time.Time // of the time not yet counted in the run's seconds
	epochBegan   time.Time
	stepTimes    []time.Duration
}

func newTraining(ctx context.Context, r *Run, others *team, observe func(Progress)) (*training, error) {
	e, err := r.open(ctx)
	if err != nil {
		return nil, err
	}
	if err := e.config.Precision.worthwhile(e.backend); err != nil {
		return nil, err
	}
	t := &training{run: r, engine: e, observe: observe, began: time.Now(), lastSave: time.Now()}
	t.compiled = e.compile(r.spec.Train.Len(), r.manifest.State.Epochs, t.firstSteps()...) // while the images are sent
	if t.train, err = e.send(r.spec.Train, e.config.devices()); err != nil {
		t.close()
		return nil, err
	}
	if t.valid, err = e.send(r.spec.Valid, 1); err != nil {
		t.close()
		return nil, err
	}
	if t.historyFile, err = openHistory(r); err != nil {
		t.close()
		return nil, err
	}
	if t.telemetry, err = openTelemetry(r); err != nil {
		t.close()
		return nil, err
	}
	if err := e.lead(others, r.manifest.Identity); err != nil {
		t.close()
		return nil, err
	}
	return t, nil
}

func (t *training) close() {
	<-t.compiled
	t.engine.team = &team{}
	t.train.free()
	t.valid.free()
	if t.historyFile != nil {
		t.historyFile.Close() // every save has synced it
	}
	t.telemetry.close()
}

// openHistory opens the history for appending, and cuts off what a killed process
// wrote after its last save.
func openHistory(r *Run) (*os.File, error) {
	f, err := os.OpenFile(filepath.Join(r.Dir, historyName), os.O_RDWR, 0o644)
	if err != nil {
		return nil, err
	}
	keep := r.manifest.State.History.Bytes
	if err := f.Truncate(keep); err != nil {
		f.Close()
		return nil, err
	}
	if _, err := f.Seek(keep, 0); err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}

// firstSteps says which kinds of step to compile, watched or not, the one that comes first at the front.
func (t *training) firstSteps() []bool {
	switch {
	case !t.engine.config.Telemetry:
		return []bool{false}
	case t.run.manifest.State.Step == 0:
		return []bool{true, false}
	}
	return []bool{false, true}
}

// steps returns the numbers of steps before an epoch, counted from 0, and at its end.
func (t *training) steps(epoch int) (before, end int) {
	return t.engine.config.stepsOf(epoch, t.train.n)
}

// replay reports the epochs that are already finished.
func (r *Run) replay(observe func(Progress)) {
	_, total := r.Epochs()
	config := r.config() // read from the manifest
	for _, e := range r.History.Epochs {
		before, end := config.stepsOf(e.Epoch-1, r.manifest.Data.Train.Images)
		steps := end - before
		observe(Progress{
			Epoch: e.Epoch, Epochs: total, Step: steps, Steps: steps,
			Loss: e.Loss, Accuracy: e.Accuracy, Rate: r.History.Steps[end-1].Rate,
			ValidLoss: e.ValidLoss, ValidAccuracy: e.ValidAccuracy, Validated: true, EpochEnd: true,
		})
	}
}

func (t *training) loop(ctx context.Context) error {
	state := &t.run.manifest.State
	for !t.run.Finished() {
		order := EpochOrder(t.engine.config.Seed, state.Epochs, t.train.n)
		t.epochBegan = time.Now()
		before, end := t.steps(state.Epochs)
		for state.Step < end {
			if err := ctx.Err(); err != nil {
				return err
			}
			if err := t.step(ctx, order, state.Step-before, end); err != nil {
				return err
			}
			if t.saveIsDue() {
				if err := t.save(ctx); err != nil {
					return err
				}
			}
		}
		if err := t.endEpoch(ctx); err != nil {
			return err
		}
	}
	return nil
}

// saveIsDue also reports true after a slow step: an interrupted notebook might not
// wait for the end of the next one.
func (t *training) saveIsDue() bool {
	every := cmp.Or(t.run.saveEvery, saveEvery)
	return time.Since(t.lastSave) > every || t.stepTimes[len(t.stepTimes)-1] > every/8
}

// step trains on batch k of the epoch, which ends with step end.
func (t *training) step(ctx context.Context, order []int32, k, end int) error {
	state, config := &t.run.manifest.State, t.engine.config
	began := time.Now()
	indices := batchOf(order, k, config.Batch)
	rate := t.rate(state.Step)
	request := newStepRequest(config, t.train.n, state.Step, rate, indices)
	var seen *WatchedStep
	var loss, right float64
	var err error
	if config.Telemetry && watches(state.Step+1, end) {
		loss, right, seen, err = t.engine.watch(t.train, request, state.Step+1 == end)
	} else {
		loss, right, err = t.engine.step(t.train, request)
	}
	if err != nil {
		return err
	}
	if !finite(loss) {
		return t.diverged(ctx, fmt.Sprintf("the loss of step %d", state.Step+1), state.Step)
	}
	state.Step++
	t.unsaved = true
	s := Step{Step: state.Step, Epoch: state.Epochs + 1, Rate: rate, Images: len(indices), Loss: loss, Accuracy: right / float64(len(indices))}
	if err := t.record(historyLine{Step: &s}); err != nil {
		return err
	}
	if err := t.telemetry.add(seen, s); err != nil {
		return err
	}
	t.run.History.Steps = append(t.run.History.Steps, s)
	t.stepTimes = append(t.stepTimes, time.Since(began))
	t.report(Progress{Step: k + 1, Rate: rate})
	return nil
}

// endEpoch validates and closes the epoch.
func (t *training) endEpoch(ctx context.Context) error {
	state, config := &t.run.manifest.State, t.engine.config
	if !t.validated { // compiling takes long and cannot be interrupted
		if err := t.save(ctx); err != nil {
			return err
		}
		t.validated = true
	}
	var flipped []bool
	if config.FlipEvaluation {
		flipped = EvaluationFlips(config.Seed, state.Epochs, t.valid.n)
	}
	scores, err := score(ctx, t.engine, t.valid, flipped, nil)
	if err != nil {
		return err
	}
	e := Epoch{Epoch: state.Epochs + 1, ValidLoss: scores.meanLoss(), ValidAccuracy: scores.accuracy(t.run.spec.Valid.Labels)}
	if !finite(e.ValidLoss) {
		return t.diverged(ctx, fmt.Sprintf("the validation loss of epoch %d", e.Epoch), state.Step)
	}
	e.Loss, e.Accuracy = t.run.History.meanOfEpoch(e.Epoch)
	if err := t.record(historyLine{Epoch: &e}); err != nil {
		return err
	}
	t.run.History.Epochs = append(t.run.History.Epochs, e)
	before, end := t.steps(state.Epochs)
	t.report(Progress{Step: end - before, Rate: t.rate(state.Step - 1), EpochEnd: true, Validated: true, ValidLoss: e.ValidLoss, ValidAccuracy: e.ValidAccuracy})
	state.Epochs++
	t.unsaved = true
	return t.keepBest(ctx)
}

func finite(x float64) bool { return !math.IsNaN(x) && !math.IsInf(x, 0) }

// record keeps a line of the history for the next save: what a killed process had written after its last one would be cut off.
func (t *training) record(line historyLine) error {
	lines, err := appendLine(t.lines, line)
	if err == nil {
		t.lines = lines
	}
	return err
}

// writeHistory writes the lines since the last save, unless the file is another process's by now.
func (t *training) writeHistory() error {
	if err := t.run.checkCurrent(); err != nil {
		return err
	}
	_, err := t.historyFile.Write(t.lines)
	t.lines = t.lines[:0]
	return cmp.Or(err, t.telemetry.write())
}

// report fills in the fields common to all reports.
func (t *training) report(p Progress) {
	state := t.run.manifest.State
	before, end := t.steps(state.Epochs)
	p.Epoch, p.Epochs, p.Steps = state.Epochs+1, t.engine.config.Epochs, end-before
	p.Loss, p.Accuracy = t.run.History.meanOfEpoch(p.Epoch)
	p.StepTime = stats.Median(t.stepTimes[max(0, len(t.stepTimes)-50):]) // hardly affected by the first step, which compiles
	p.Elapsed = time.Since(t.epochBegan)
	_, all := t.steps(p.Epochs - 1)
	p.ETA = time.Duration(all-state.Step) * p.StepTime
	t.observe(p)
}

// save writes the state if it has changed since the last save.
func (t *training) save(ctx context.Context) error {
	if !t.unsaved {
		return nil
	}
	r := t.run
	if err := t.engine.compare(); err != nil {
		return err
	}
	arrays, err := t.arrays(ctx, slices.Concat(r.weights, r.slots))
	if err != nil {
		return err
	}
	count := len(r.weights)
	r.weights, r.slots = arrays[:count:count], arrays[count:]
	if err := t.writeHistory(); err != nil {
		return err
	}
	now := time.Now()
	if err := r.save(now.Sub(t.began).Seconds()); err != nil {
		return err
	}
	t.unsaved, t.engine.ahead, t.lastSave, t.began = false, false, now, now
	// The arrays of the save before are garbage now. Beside 150 MB of images, Go would let that of twenty saves come together.
	runtime.GC()
	return nil
}

// arrays copies the device's first arrays, named as in specs, or returns an error if one of them is not finite.
func (t *training) arrays(ctx context.Context, specs []Array) ([]Array, error) {
	arrays, err := t.engine.arrays(specs)
	if err != nil {
		return nil, err
	}
	if name := Weights(arrays).firstNonFinite(); name != "" {
		step := t.run.manifest.State.Step
		return nil, t.diverged(ctx, fmt.Sprintf("%s after step %d", name, step), step)
	}
	return arrays, nil
}

// keepBest copies the weights if the epoch that has just ended is the best one so far. The next save writes them.
func (t *training) keepBest(ctx context.Context) error {
	r, state := t.run, &t.run.manifest.State
	if best, _ := r.History.Best(r.config()); !r.config().KeepBest || best != state.Epochs {
		return nil
	}
	arrays, err := t.arrays(ctx, r.weights)
	if err != nil {
		return err
	}
	r.best, state.Best = arrays, &savedBest{Epoch: state.Epochs}
	return nil
}
