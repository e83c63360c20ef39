package cnn

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/cnnbook/cnnbook/internal/atomicfile"
)

// shorter is the run that a longer one went on from.
type shorter struct {
	Name     string `json:"name"` // of its folder
	Identity string `json:"identity"`
	Epochs   int    `json:"epochs"` // that it had finished
	Step     int    `json:"step"`
}

// GoesOnFrom says which run with fewer epochs this one went on from: "epoch 2 of base-0123456789ab". It is empty
// for one that was trained from its own beginning.
func (r *Run) GoesOnFrom() string {
	s := r.manifest.Shorter
	switch {
	case s == nil:
		return ""
	case s.Epochs == 0:
		return fmt.Sprintf("step %d of %s", s.Step, s.Name)
	}
	return fmt.Sprintf("epoch %d of %s", s.Epochs, s.Name)
}

// SpansTraining reports whether the schedule or the Lookahead takes its number of steps from the whole training. With more epochs it is
// another training then, from its first step on, and a run does not go on from one with fewer: see [Run.GoesOnFrom].
func (c Config) SpansTraining() bool {
	c = c.withDefaults()
	return c.Schedule.over(1) != c.Schedule || c.Lookahead != nil && c.Lookahead.Steps == 0
}

// Beginning says in one line where a training that is not finished begins, if that is worth a word: which run it goes on
// from, why it starts from the beginning although there is a run of its name with other epochs, or that another machine
// has trained it so far. Otherwise it is empty.
func (r *Run) Beginning() string {
	var parts []string
	for _, part := range []string{r.goesOn(), r.elsewhere()} {
		if part != "" {
			parts = append(parts, part)
		}
	}
	return strings.Join(parts, "; ")
}

// goesOn is the part of [Run.Beginning] about runs with other epochs.
func (r *Run) goesOn() string {
	from := r.GoesOnFrom()
	switch {
	case r.Finished():
		return ""
	case r.manifest.Shorter != nil && r.manifest.State.Step == r.manifest.Shorter.Step:
		return "goes on from " + from
	case r.manifest.State.Step > 0:
		return ""
	case r.PassedOver != "":
		return "starts from the beginning: " + r.PassedOver
	case len(r.Changed) == 2 && strings.HasPrefix(r.Changed[0], "schedule ") && strings.HasPrefix(r.Changed[1], "epochs "):
		return "starts from the beginning, because its learning rates differ: " + strings.Join(r.Changed, "; ")
	case len(r.Changed) > 1 && r.changed("epochs ") && !r.changed("training data") && !r.changed("architecture"):
		return "starts from the beginning, because it is another training than the last of its name: " + strings.Join(r.Changed, "; ")
	}
	return ""
}

// changed says whether the run of the same name that was trained last differs in a field.
func (r *Run) changed(field string) bool {
	return slices.ContainsFunc(r.Changed, func(change string) bool { return strings.HasPrefix(change, field) })
}

// goOn gives a new run the state of the run below root that has been trained longest among those of the same name that
// differ from it in nothing but their number of epochs, and that have no more steps than it will have. All that a
// step depends on is equal then, so the run ends as if it had had these steps itself. A schedule that spans the
// training has other rates in a longer one, and is another difference.
//
// A run whose state is damaged, or was computed by other software or hardware, is passed over, and r.PassedOver says why.
func (r *Run) goOn(root string) {
	var found *Run
	for _, dir := range runFoldersOf(root, r.Name) {
		m, err := readManifest(dir)
		if err != nil || m.Name != r.Name || m.State.Step == 0 || !r.differsInEpochs(m) {
			continue // what a damaged manifest was for is not known
		}
		if r.isPassedBy(m.State) {
			r.passOver(dir, fmt.Sprintf("it has gone further, to step %d, and keeps no earlier state", m.State.Step))
			continue
		}
		old, err := LoadRun(dir)
		if err != nil {
			r.passOver(dir, err.Error())
			continue
		}
		if why := old.unlike(r); why != "" {
			r.passOver(dir, why)
			continue
		}
		if found == nil || found.saved.Step < old.saved.Step {
			found = old
		}
	}
	if found == nil {
		return
	}
	data, err := readSaved(found.Dir, found.saved.History, found.saved.History.Bytes)
	if err == nil {
		r.earlierTelemetry, err = readTelemetryFile(found.Dir)
	}
	if err != nil {
		r.passOver(found.Dir, err.Error())
		return
	}
	s := found.saved
	r.weights, r.slots, r.best, r.History, r.earlier = found.weights, found.slots, found.best, found.History, data
	r.manifest.State = savedState{Step: s.Step, Epochs: s.Epochs, Seconds: s.Seconds}
	if s.Best != nil {
		r.manifest.State.Best = &savedBest{Epoch: s.Best.Epoch}
	}
	r.manifest.Backend, r.manifest.Processor, r.manifest.Threads = found.manifest.Backend, found.manifest.Processor, found.manifest.Threads
	r.manifest.Shorter = &shorter{Name: filepath.Base(found.Dir), Identity: found.manifest.Identity, Epochs: s.Epochs, Step: s.Step}
}

func (r *Run) passOver(dir, why string) {
	r.PassedOver = fmt.Sprintf("%s has some of these epochs, but: %s", filepath.Base(dir), why)
}

// isPassedBy reports whether another run of the same training has gone further than this one will.
func (r *Run) isPassedBy(s savedState) bool {
	c := r.spec.Config
	_, last := c.stepsOf(c.Epochs-1, r.spec.Train.Len())
	return s.Step > last || s.Epochs > c.Epochs
}

// differsInEpochs reports whether another run would be this one with another number of epochs.
func (r *Run) differsInEpochs(other manifest) bool {
	var fields map[string]json.RawMessage
	if json.Unmarshal(other.Config, &fields) != nil {
		return false
	}
	fields["epochs"] = json.RawMessage(strconv.Itoa(r.spec.Config.Epochs))
	var err error
	if other.Config, err = json.Marshal(fields); err != nil {
		return false
	}
	identity, err := identityOf(other)
	return err == nil && identity == r.manifest.Identity
}

// unlike says why the run's state is not the one that longer would have had; it is empty if it is.
func (r *Run) unlike(longer *Run) string {
	switch {
	case r.Recovered != "":
		return "its latest save is damaged: " + r.Recovered
	case r.manifest.Backend != backendLabel():
		return fmt.Sprintf("it was computed on %s, and this is %s", r.manifest.Backend, backendLabel())
	case !slices.Equal(r.manifest.Software, longer.manifest.Software):
		return fmt.Sprintf("it was computed by %s, and this is %s", strings.Join(r.manifest.Software, ", "), strings.Join(longer.manifest.Software, ", "))
	}
	return ""
}

// writeEarlier writes the history, and the telemetry, with which the run begins. A process that was killed while it made the same folder may
// have left another one.
func (r *Run) writeEarlier() error {
	for name, data := range map[string][]byte{historyName: r.earlier, telemetryName: r.earlierTelemetry} {
		path := filepath.Join(r.Dir, name)
		if _, err := os.Stat(path); notThere(err) && len(data) == 0 {
			continue
		}
		if err := atomicfile.WriteBytes(path, data, 0o644); err != nil {
			return err
		}
	}
	r.earlier, r.earlierTelemetry = nil, nil
	return nil
}
