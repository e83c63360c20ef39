package cnn

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/cnnbook/cnnbook/cifar"
)

// Spec is everything that defines a run.
type Spec struct {
	Name    string // of the run, for display and for FindRun: letters, digits, "-", "_" and "."
	Network Architecture
	Config  Config
	Train   *cifar.Dataset
	Valid   *cifar.Dataset
	// From is the run whose weights this one starts from; nil starts with new
	// weights. Layers that differ from its layers in name or shape start anew: see [Run.Fresh]. The
	// optimizer's state and the schedule always start from the beginning, as when Keras compiles a
	// trained model again.
	From *Run
}

// Run is one training, saved in its own folder as it proceeds. Several processes may
// read a run; only one at a time may train it.
type Run struct {
	Dir     string
	Name    string
	Network Architecture
	History History
	// Changed describes the differences from the latest other run of the same
	// name, if there is one: "epochs (5, was 3)".
	Changed []string
	// PassedOver says why a run of the same name that has some of this one's epochs is not what it goes on from:
	// see [Run.GoesOnFrom].
	PassedOver string
	// Recovered describes the damage of the latest save if the one before it had
	// to be used; empty otherwise.
	Recovered string

	spec     Spec // zero Train and Valid for a run that was only loaded
	manifest manifest
	saved    savedState // the state on disk; manifest.State is ahead of it during training
	weights  Weights
	slots    Weights
	best     Weights // of the best epoch so far, if the configuration keeps them
	engine   *engine // opened on first use
	earlier  []byte  // the history that a new run begins with, from the run that it goes on from

	earlierTelemetry []byte // likewise

	saveEvery time.Duration // 0 is the constant's
}

var runName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$`)

func checkRunName(name string) error {
	if runName.MatchString(name) {
		return nil
	}
	return fmt.Errorf(`%w: run name %q: use 1 to 64 letters, digits, "-", "_" or ".", starting with a letter or digit`, ErrConfig, name)
}

// OpenRun opens the run that spec describes below the folder root, or starts
// it. Its own folder is named after the spec's name and identity: the same
// network, configuration, data and origin always lead to the same folder, and
// any change to another one, so that a result is never shown for the wrong run. A run that is new, and differs from
// another one of its name in nothing but the number of epochs, goes on from the other's state: see [Run.GoesOnFrom].
// Nothing is trained yet. Close the run after use.
func OpenRun(root string, spec Spec) (*Run, error) {
	spec = spec.complete()
	m, err := newManifest(spec)
	if err != nil {
		return nil, err
	}
	dir := m.folder(root)
	r, err := LoadRun(dir)
	if notThere(err) {
		r, err = startRun(root, spec, m)
	}
	if errors.Is(err, ErrFormat) || errors.Is(err, ErrMismatch) {
		err = fmt.Errorf("%w: to train it again, remove the run: go run . runs rm %s", err, filepath.Base(dir))
	}
	if err != nil {
		return nil, err
	}
	if r.manifest.Identity != m.Identity {
		return nil, fmt.Errorf("%w: %s holds the run %s, expected %s: move the folder away", ErrMismatch, dir, r.manifest.Identity, m.Identity)
	}
	r.spec = spec
	slots, err := spec.Network.freshSlots(spec.Config, r.weights)
	if err != nil {
		return nil, err
	}
	if err := r.slots.sameAs(slots, "the optimizer"); err != nil {
		return nil, fmt.Errorf("%s: %w", filepath.Join(dir, r.saved.Optimizer.Name), err)
	}
	if other, ok := latest(root, spec.Name, dir); ok {
		r.Changed = differences(other, m)
	}
	return r, nil
}

// complete fills in the configuration's defaults and the number of steps of a schedule that spans the training.
func (s Spec) complete() Spec {
	s.Config = s.Config.withDefaults()
	if s.Train != nil {
		s.Config = s.Config.over(s.Train.Len())
	}
	return s
}

// newManifest checks a spec and computes its identity.
func newManifest(spec Spec) (manifest, error) { return newManifestOf(spec, identifyDataset) }

func newManifestOf(spec Spec, identify func(*cifar.Dataset) datasetIdentity) (manifest, error) {
	m := manifest{Format: formatVersion, Name: spec.Name, Architecture: spec.Network, Software: Software()}
	if err := checkRunName(spec.Name); err != nil {
		return m, err
	}
	if c := spec.Config; spec.Train != nil && spec.Train.Len() > 0 && c.Batch > 0 && c.Epochs > 0 { // otherwise validate and the data's check say what is wrong
		if err := c.checkSteps(spec.Train.Len()); err != nil {
			return m, err
		}
	}
	if err := spec.Config.validate(); err != nil {
		return m, err
	}
	for what, d := range map[string]*cifar.Dataset{"training": spec.Train, "validation": spec.Valid} {
		if d == nil || d.Len() == 0 {
			return m, fmt.Errorf("%w: no %s images", ErrConfig, what)
		}
	}
	if n := len(spec.Train.Names); n < 2 {
		return m, fmt.Errorf("%w: the dataset %q has %d class; a training needs at least 2: import a folder with a folder for each class", ErrConfig, spec.Train.Name, n)
	}
	if err := spec.Network.Classifier(len(spec.Train.Names)); err != nil {
		return m, err
	}
	if err := spec.Network.trainable(); err != nil {
		return m, err
	}
	for _, d := range []*cifar.Dataset{spec.Train, spec.Valid} {
		if err := spec.Network.fits(d); err != nil {
			return m, err
		}
	}
	if err := spec.Config.Preprocess.check(spec.Network.Input); err != nil {
		return m, err
	}
	if err := spec.Config.checkDevices(spec.Train.Len()); err != nil {
		return m, err
	}
	if err := spec.Network.checkShards(spec.Config, spec.Train.Len()); err != nil {
		return m, err
	}
	if err := spec.Config.Loss.check(len(spec.Train.Names)); err != nil {
		return m, err
	}
	m.Data = dataIdentity{Train: identify(spec.Train), Valid: identify(spec.Valid)}
	if spec.From != nil {
		_, fresh, err := spec.fresh()
		if err != nil {
			return m, err
		}
		if was, is := spec.From.Preprocess(), spec.Config.Preprocess; !was.sameInput(is) {
			return m, fmt.Errorf("%w: starting from %s: it was trained on %s, this run would get %s", ErrMismatch, spec.From.Name, was, is)
		}
		step, weights := spec.From.usedStep()
		m.From = &origin{
			Name: spec.From.Name, Identity: spec.From.manifest.Identity,
			Step: step, Before: spec.From.manifest.stepsBefore(), Weights: weights, Fresh: fresh,
		}
	}
	var err error
	if m.Config, err = json.Marshal(spec.Config); err != nil {
		return m, err
	}
	m.Identity, err = identityOf(m)
	return m, err
}

func identifyDataset(d *cifar.Dataset) datasetIdentity {
	return datasetIdentity{Name: d.Name, Drawn: d.Drawn, Images: d.Len(), Classes: d.Names, Fingerprint: d.Fingerprint()}
}

// startRun makes the folder of a new run and saves its state before the first
// step.
func startRun(root string, spec Spec, m manifest) (*Run, error) {
	r := &Run{Dir: m.folder(root), Name: spec.Name, Network: spec.Network, spec: spec, manifest: m}
	var err error
	if r.weights, err = spec.startingWeights(); err != nil {
		return nil, err
	}
	if r.slots, err = spec.Network.freshSlots(spec.Config, r.weights); err != nil {
		return nil, err
	}
	r.goOn(root)
	return r.create()
}

// create makes the run's folder and saves its first state there. If another process
// was faster, that process's state is used.
func (r *Run) create() (*Run, error) {
	if err := os.MkdirAll(r.Dir, 0o755); err != nil {
		return nil, fmt.Errorf("making a folder for the run: %w", err)
	}
	release, err := lockRun(r.Dir)
	if err != nil {
		return nil, err
	}
	defer release()
	if other, err := LoadRun(r.Dir); !notThere(err) {
		return other, err
	}
	err = r.writeEarlier()
	if err == nil {
		err = r.save(0)
	}
	if err != nil {
		os.RemoveAll(r.Dir) // it holds no run, and the disk may be full
		return nil, err
	}
	return r, nil
}

// freshSlots makes the arrays that a training keeps beside a network's weights: the optimizer's, which are [newSlots] for
// all but the moving statistics, and then those of a [Lookahead] or an [EMA].
func (a Architecture) freshSlots(c Config, weights Weights) (Weights, error) {
	trained, err := a.trained(weights)
	return slices.Concat(newSlots(c.Optimizer, trained), c.Lookahead.slots(weights), c.EMA.slots(trained)), err
}

// newSlots makes the optimizer's arrays for weights that a gradient moves, all
// zero: the first slot of every weight, then the second.
func newSlots(o Optimizer, weights Weights) Weights {
	var slots Weights
	for _, slot := range o.slots() {
		for _, w := range weights {
			slots = append(slots, Array{Name: w.Name + "/" + slot, Shape: w.Shape, Values: make([]float32, len(w.Values))})
		}
	}
	return slots
}

// LoadRun opens the run saved in a folder, to inspect it, to evaluate it or to
// start another one from it. Only a run from [OpenRun] can be trained. A folder
// without a run gives fs.ErrNotExist.
func LoadRun(dir string) (*Run, error) {
	for {
		m, err := readManifest(dir)
		if err != nil {
			if notThere(err) {
				return nil, fmt.Errorf("no run in %s: %w", dir, fs.ErrNotExist)
			}
			return nil, err
		}
		r := &Run{Dir: dir, Name: m.Name, Network: m.Architecture, manifest: m}
		damage := r.readState(m.State)
		if damage == nil {
			return r, nil
		}
		if now, err := readManifest(dir); err == nil && !now.Updated.Equal(m.Updated) {
			continue // a training process saved in the meantime, and removed the files being read
		}
		if m.Previous == nil || r.readState(*m.Previous) != nil {
			return nil, damage
		}
		r.Recovered = damage.Error()
		r.manifest.State, r.manifest.Previous = *m.Previous, nil
		return r, nil
	}
}

// readState reads a saved state's files, checking each.
func (r *Run) readState(s savedState) error {
	size, err := r.Network.weightBytes()
	if err != nil {
		return err
	}
	read := func(f savedFile) ([]Array, error) {
		data, err := readSaved(r.Dir, f, maxHeader+maxSlots*size)
		if err != nil {
			return nil, err
		}
		return readSafetensors(data, filepath.Join(r.Dir, f.Name))
	}
	weights, err := read(s.Weights)
	if err != nil {
		return err
	}
	slots, err := read(s.Optimizer)
	if err != nil {
		return err
	}
	if err := Weights(weights).matches(r.Network); err != nil {
		return fmt.Errorf("%s: %w", filepath.Join(r.Dir, s.Weights.Name), err)
	}
	if r.History, err = readHistory(r.Dir, s); err != nil {
		return err
	}
	best, err := r.readBest(s, read)
	if err != nil {
		return err
	}
	r.weights, r.slots, r.best, r.saved = weights, slots, best, s
	return nil
}

// FindRun loads the most recently trained run with a name below root. A later
// notebook uses it to read a run that an earlier one saved.
func FindRun(root, name string) (*Run, error) {
	m, ok := latest(root, name, "")
	if !ok {
		return nil, fmt.Errorf("no run named %q in %s: train it first: %w", name, root, fs.ErrNotExist)
	}
	return LoadRun(m.folder(root))
}

// latest returns the manifest of the most recently saved run with a name, other than
// the one in the folder except.
func latest(root, name, except string) (manifest, bool) {
	var best manifest
	found := false
	for _, dir := range runFoldersOf(root, name) {
		m, err := readManifest(dir)
		if err != nil || m.Name != name || dir == except {
			continue // a damaged run must not make another one fail
		}
		if !found || m.Updated.After(best.Updated) {
			best, found = m, true
		}
	}
	return best, found
}

// runFoldersOf lists the folders below root that may hold a run of that name.
func runFoldersOf(root, name string) []string {
	dirs, _ := filepath.Glob(filepath.Join(globEscape(root), globEscape(name)+"-????????????")) // the pattern is valid
	return dirs
}

func globEscape(s string) string {
	return strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`, `[`, `\[`).Replace(s)
}

// RemoveRun removes a run's folder, unless a process is training it. The run may be
// damaged.
func RemoveRun(dir string) error {
	release, err := lockRun(dir)
	if err != nil {
		return err
	}
	defer release()
	return os.RemoveAll(dir)
}

// Epochs returns the number of finished epochs, and the total number in the run.
func (r *Run) Epochs() (finished, total int) {
	return r.manifest.State.Epochs, r.config().Epochs
}

// Finished reports whether training is complete: all epochs are done, or it has stopped early.
func (r *Run) Finished() bool {
	finished, total := r.Epochs()
	if finished >= total {
		return true
	}
	_, stop := r.History.Best(r.config())
	return stop
}

// Seconds returns the training time, summed over all processes that trained the run.
func (r *Run) Seconds() float64 { return r.manifest.State.Seconds }

// Estimate returns how long a number of steps would take at the mean time of this
// run's own steps, validation and saving included; 0 for a run without steps. Other
// batch sizes, optimizers or machines need other times.
func (r *Run) Estimate(steps int) time.Duration {
	done := r.manifest.State.Step
	if done == 0 {
		return 0
	}
	return time.Duration(r.Seconds() / float64(done) * float64(steps) * float64(time.Second))
}

// Drawn reports whether the run was trained on drawn images instead of photographs.
func (r *Run) Drawn() bool { return r.manifest.Data.Train.Drawn }

// Data returns the name of the dataset that the run was trained on.
func (r *Run) Data() string { return r.manifest.Data.Train.Name }

// Weights returns a copy of the trained weights, those of [Run.KeptEpoch] if the run kept them.
func (r *Run) Weights() Weights { return r.inUse().Clone() }

// String returns one line for a caption: the run, its images, its progress, and the
// backend that computed it.
func (r *Run) String() string {
	finished, total := r.Epochs()
	m := r.manifest
	epochs := fmt.Sprintf("%d of %d epochs", finished, total)
	switch {
	case finished >= total && total == 1:
		epochs = "1 epoch"
	case finished >= total:
		epochs = fmt.Sprintf("%d epochs", total)
	}
	if r.StoppedEarly() {
		epochs += ", stopped early"
	}
	if kept := r.KeptEpoch(); kept > 0 {
		epochs += fmt.Sprintf(", weights of epoch %d", kept)
	}
	s := fmt.Sprintf("run %s: %s, %d training images, %s, seed %d", r.Name, m.Data.Train.Name, m.Data.Train.Images, epochs, r.config().Seed)
	if m.Backend != "" {
		s += ", " + m.Backend
	}
	return s
}

// config returns the part of the configuration that a loaded run needs.
func (r *Run) config() Config {
	if r.spec.Train != nil {
		return r.spec.Config
	}
	var c struct {
		Batch      int        `json:"batch"`
		Epochs     int        `json:"epochs"`
		Seed       uint64     `json:"seed"`
		Preprocess Preprocess `json:"preprocess"`
		FlipEval   bool       `json:"flip_evaluation"`
		Precision  Precision  `json:"precision"`
		Patience   int        `json:"patience"`
		KeepBest   bool       `json:"keep_best"`
		Monitor    Monitor    `json:"monitor"`
		MinDelta   float64    `json:"min_delta"`
		DropLast   bool       `json:"drop_last"`
		Steps      int        `json:"steps"`
		Shards     int        `json:"shards"`
	}
	// The manifest was checked when it was read; a field that is missing is 0.
	_ = json.Unmarshal(r.manifest.Config, &c)
	return Config{
		Optimizer: SGD{}, Batch: c.Batch, Epochs: c.Epochs, Seed: c.Seed, Preprocess: c.Preprocess, FlipEvaluation: c.FlipEval, Precision: c.Precision,
		Patience: c.Patience, KeepBest: c.KeepBest, Monitor: c.Monitor, MinDelta: c.MinDelta, DropLast: c.DropLast, Steps: c.Steps, Shards: c.Shards,
	}
}

// drawing sets the seed from which order, flips and dropout are drawn: the run's own
// seed, mixed with the number of steps that its weights have had before. Otherwise, if
// all stages of a chain use one seed, a stage would repeat the batches and the dropout
// of the one before, and memorise them. Runs that start from the same weights still
// draw the same values.
func (r *Run) drawing(c Config) Config {
	if before := r.manifest.stepsBefore(); before > 0 {
		c.Seed = mix(c.Seed, uint64(before))
	}
	return c
}

// Close releases the backend. The run's files stay.
func (r *Run) Close() {
	r.engine.close()
	r.engine = nil
}

// open creates the engine on first use, with the context's cache if it has one.
func (r *Run) open(ctx context.Context) (*engine, error) {
	if r.engine == nil {
		e, err := newEngine(cacheOf(ctx), r.Network, r.drawing(r.config()), r.inUse(), r.slots)
		if err != nil {
			return nil, err
		}
		r.engine = e
	}
	return r.engine, nil
}

// errUntrainable is returned for a run without data.
var errUntrainable = errors.New("this run was loaded read-only: open it with OpenRun to train it")
