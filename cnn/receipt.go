package cnn

import (
	"cmp"
	"fmt"
	"maps"
	"strings"
)

// Receipt says which run a figure comes from and how the run can be recognised: names and values, for the page that shows
// the figure. It holds no path and no name of a machine.
//
//	run        its name
//	identity   SHA-256 of network, configuration, data and origin; its folder's name has the first twelve characters
//	trained    epochs, steps and seed
//	accuracy   on the validation images, 0 to 1, at the end of the epoch whose weights are in use; before the first epoch's end, nothing
//	weights    the file with the weights in use; before the first save, nothing
//	sha256     of that file
//	data       name and number of the training images
//	images     their fingerprint: cifar.Dataset.Fingerprint
//	backend, processor, threads, software   what computed it
func (r *Run) Receipt() map[string]string {
	m := r.manifest
	finished, total := r.Epochs()
	step, sum := r.usedStep()
	file := m.State.Weights.Name
	if epoch := r.KeptEpoch(); epoch > 0 {
		file = m.State.Best.Name
	}
	out := map[string]string{
		"run":       r.Name,
		"identity":  m.Identity,
		"trained":   fmt.Sprintf("%d of %d epochs, %d steps, seed %d", finished, total, step, r.config().Seed),
		"weights":   file,
		"sha256":    sum,
		"data":      fmt.Sprintf("%s, %d training images", m.Data.Train.Name, m.Data.Train.Images),
		"images":    m.Data.Train.Fingerprint,
		"backend":   m.Backend,
		"processor": m.Processor,
		"software":  strings.Join(m.Software, ", "),
	}
	if shown := cmp.Or(r.KeptEpoch(), finished); shown > 0 && shown <= len(r.History.Epochs) {
		out["accuracy"] = fmt.Sprintf("%.4f", r.History.Epochs[shown-1].ValidAccuracy)
	}
	if m.Threads > 0 {
		out["threads"] = fmt.Sprint(m.Threads)
	}
	maps.DeleteFunc(out, func(_, value string) bool { return value == "" })
	return out
}

// Receipt says whose predictions these are: the [Run.Receipt] at the evaluation. It is nil for a result of no run.
func (r *Result) Receipt() map[string]string { return maps.Clone(r.receipt) }
