package sweep

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"

	"github.com/cnnbook/cnnbook/cifar"
	"github.com/cnnbook/cnnbook/cnn"
)

// State is how far a training is.
type State string

const (
	Waiting  State = "waiting"  // no run yet
	Begun    State = "begun"    // not finished; whether a process trains it now is not known
	Finished State = "finished" // all its epochs, or stopped early
	Diverged State = "diverged" // and is not tried again
	Damaged  State = "damaged"  // its files are not what was saved
)

// Row is a training with what its run has recorded.
type Row struct {
	Training
	Folder  string // of its run, below the folder of all runs
	State   State
	Problem string     // why it diverged, or what is damaged
	Record  cnn.Record // without the history's steps; zero where there is no run
}

// Final is the epoch with whose weights the run answers: the last one, or the best one if the configuration keeps it.
func (r Row) Final() cnn.Epoch {
	if k := r.Record.Kept; k > 0 {
		return r.Record.History.Epochs[k-1]
	}
	return cnn.Epoch{}
}

// Read reads what the runs of the trainings have recorded below root. It reads two small files for each run, never its weights,
// and hashes the images once. [Sweep.Read] also reads the later rungs of a sweep with [Halving]. The error is that of a training that cannot be: a field that does not fit the network, say.
func Read(root string, trainings []Training, train, valid *cifar.Dataset) ([]Row, error) {
	return read(root, trainings, train, valid, cnn.ReadRecord)
}

func read(root string, trainings []Training, train, valid *cifar.Dataset, record func(dir string) (cnn.Record, error)) ([]Row, error) {
	return readIn(&cnn.Folders{}, root, trainings, train, valid, record)
}

func readIn(folders *cnn.Folders, root string, trainings []Training, train, valid *cifar.Dataset, record func(dir string) (cnn.Record, error)) ([]Row, error) {
	rows := make([]Row, len(trainings))
	for i, t := range trainings {
		folder, _, err := folders.Of(t.Spec(train, valid))
		if err != nil {
			return nil, fmt.Errorf("training %d, %s: %w", t.Index, t.Name, err)
		}
		rows[i] = Row{Training: t, Folder: folder}
		rows[i].fill(filepath.Join(root, folder), record)
	}
	return rows, nil
}

// Ended says whether a training needs nothing more: it has finished, or diverged.
func (r Row) Ended() bool { return r.State == Finished || r.State == Diverged }

func (r *Row) fill(dir string, record func(string) (cnn.Record, error)) {
	var err error
	r.Record, err = record(dir)
	r.Record.History.Steps = nil
	switch {
	case errors.Is(err, fs.ErrNotExist):
		r.State = Waiting
	case err != nil:
		r.State, r.Problem = Damaged, err.Error()
	case r.Record.Finished:
		r.State = Finished
	default:
		r.State = Begun
		if r.Problem = divergence(dir); r.Problem != "" {
			r.State = Diverged
		}
	}
}

// Count counts the rows in a state.
func Count(rows []Row, s State) (n int) {
	for _, r := range rows {
		if r.State == s {
			n++
		}
	}
	return n
}
