package cnn

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"
)

// save writes the run's weights and slots and makes them the current state. The
// order makes it safe to kill the process at any point: first the new files, each
// renamed only when complete, then the manifest that lists them, then the removal of
// files that no manifest lists any more.
//
// Nothing is written if another process has saved the run in the meantime: see [Run.checkCurrent].
func (r *Run) save(seconds float64) (err error) {
	if err := r.checkCurrent(); err != nil {
		return err
	}
	state := r.manifest.State
	state.Seconds += seconds
	defer func() {
		if err != nil && !errors.Is(err, ErrSuperseded) { // partial files on a disk that is full
			current := r.manifest
			current.State = r.saved
			_ = removeExcept(r.Dir, current)
		}
	}()
	if state.Weights, err = writeArrays(r.Dir, fmt.Sprintf("weights-%06d.safetensors", state.Step), r.weights); err != nil {
		return err
	}
	if state.Optimizer, err = writeArrays(r.Dir, fmt.Sprintf("optimizer-%06d.safetensors", state.Step), r.slots); err != nil {
		return err
	}
	if best := state.Best; best != nil && best.Name == "" {
		file, err := writeArrays(r.Dir, fmt.Sprintf("best-%06d.safetensors", best.Epoch), r.best)
		if err != nil {
			return err
		}
		state.Best = &savedBest{Epoch: best.Epoch, savedFile: file}
	}
	if state.History, err = hashFile(r.Dir, historyName); err != nil {
		return err
	}
	m := r.manifest
	m.State, m.Updated = state, time.Now().UTC()
	if r.engine != nil {
		m.Backend, m.Processor, m.Threads = backendLabel(), processorLabel(), threads()
	}
	if r.saved.Weights.Name != "" && r.saved.Step != state.Step {
		// A second save at the same step, after the validation, replaces the
		// first one's files: the state before both remains the previous state.
		previous := r.saved
		m.Previous = &previous
	}
	if err := r.checkCurrent(); err != nil { // writing the arrays may have taken long
		return err
	}
	if err := writeManifest(r.Dir, m); err != nil {
		return err
	}
	r.manifest, r.saved = m, state
	return removeExcept(r.Dir, m)
}

// hashFile describes a file's present content, and creates the file if it does not exist.
func hashFile(dir, name string) (savedFile, error) {
	f, err := os.OpenFile(filepath.Join(dir, name), os.O_RDWR|os.O_CREATE, 0o644)
	if err != nil {
		return savedFile{}, err
	}
	defer f.Close()
	if err := f.Sync(); err != nil {
		return savedFile{}, err
	}
	sum := sha256.New()
	n, err := io.Copy(sum, f)
	if err != nil {
		return savedFile{}, err
	}
	return savedFile{Name: name, Bytes: n, SHA256: hex.EncodeToString(sum.Sum(nil))}, nil
}
