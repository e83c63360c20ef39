package cnn

import (
	"fmt"
	"io/fs"
	"path/filepath"

	"github.com/cnnbook/cnnbook/cifar"
)

// Folders computes where [OpenRun] keeps runs, without opening or making any: thousands of runs on the same images, whose
// fingerprint it computes only once. The zero value is ready for use. The datasets must not be changed meanwhile.
type Folders struct {
	datasets map[*cifar.Dataset]datasetIdentity
}

// Of returns the name of a run's folder below the root, and the run's identity. It checks the spec as OpenRun does.
func (f *Folders) Of(spec Spec) (folder, identity string, err error) {
	m, err := newManifestOf(spec.complete(), f.identify)
	if err != nil {
		return "", "", err
	}
	return m.folder(""), m.Identity, nil
}

func (f *Folders) identify(d *cifar.Dataset) datasetIdentity {
	known, ok := f.datasets[d]
	if !ok {
		if f.datasets == nil {
			f.datasets = map[*cifar.Dataset]datasetIdentity{}
		}
		known = identifyDataset(d)
		f.datasets[d] = known
	}
	return known
}

// Record is what a run has recorded, without its weights.
type Record struct {
	Dir, Name, Identity string

	Finished      bool
	Epochs, Total int     // finished epochs, and those of the whole run
	Kept          int     // the epoch with whose weights the run answers: [Run.KeptEpoch], or the last finished one
	Seconds       float64 // of training, over all processes
	Data          string  // name of the training images
	Drawn         bool    // they are drawn images
	TrainImages   int
	ValidImages   int
	Backend       string // that trained it last
	Processor     string // likewise; empty in a run from before this was recorded
	Threads       int    // likewise, and 0
	History       History
}

// ReadRecord reads what the run saved in a folder has recorded: two small files, which it checks, but neither weights nor
// the optimizer's state. A folder without a run gives fs.ErrNotExist.
func ReadRecord(dir string) (Record, error) {
	for {
		m, err := readManifest(dir)
		if notThere(err) {
			return Record{}, fmt.Errorf("no run in %s: %w", dir, fs.ErrNotExist)
		}
		if err != nil {
			return Record{}, err
		}
		r := &Run{Dir: dir, Name: m.Name, Network: m.Architecture, manifest: m}
		r.History, err = readHistory(dir, m.State)
		if err == nil {
			return r.record(), nil
		}
		if now, failed := readManifest(dir); failed == nil && !now.Updated.Equal(m.Updated) {
			continue // a training process saved in the meantime
		}
		return Record{}, err
	}
}

// readHistory reads the history of a saved state.
func readHistory(dir string, s savedState) (History, error) {
	data, err := readSaved(dir, s.History, maxHistoryLine*int64(s.Step+s.Epochs))
	if err != nil {
		return History{}, err
	}
	h, err := parseHistory(data, filepath.Join(dir, s.History.Name))
	if err != nil {
		return History{}, err
	}
	if len(h.Steps) != s.Step || len(h.Epochs) != s.Epochs {
		return History{}, fmt.Errorf("%w: %s: the history has %d steps and %d epochs, the manifest %d and %d",
			ErrFormat, dir, len(h.Steps), len(h.Epochs), s.Step, s.Epochs)
	}
	return h, nil
}

func (r *Run) record() Record {
	m := r.manifest
	out := Record{
		Dir: r.Dir, Name: r.Name, Identity: m.Identity, Finished: r.Finished(), Kept: r.KeptEpoch(), Seconds: r.Seconds(),
		Data: r.Data(), Drawn: r.Drawn(), TrainImages: m.Data.Train.Images, ValidImages: m.Data.Valid.Images,
		Backend: m.Backend, Processor: m.Processor, Threads: m.Threads, History: r.History,
	}
	out.Epochs, out.Total = r.Epochs()
	if out.Kept == 0 {
		out.Kept = out.Epochs
	}
	return out
}
