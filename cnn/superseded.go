package cnn

import (
	"fmt"
	"path/filepath"
)

// checkCurrent reports whether the manifest on disk is still the one that this process read or wrote last.
//
// A lock on a file system that several machines share can be lost without notice: a machine that is cut off from the
// network keeps computing while the server hands its lock to a successor. When it is back, it must not write over what
// the successor has saved. A process checks this before it writes any file of a run. Between the check and the write
// remains a moment without protection: a file system offers no better.
func (r *Run) checkCurrent() error {
	if r.saved.Weights.Name == "" {
		return nil // its first save: create holds the lock and has looked
	}
	m, err := readManifest(r.Dir)
	if notThere(err) {
		return fmt.Errorf("%w: %s was removed while this process trained it: it writes nothing more", ErrSuperseded, filepath.Join(r.Dir, manifestName))
	}
	if err != nil {
		return err
	}
	if !m.Updated.Equal(r.manifest.Updated) {
		return fmt.Errorf("%w: %s is at step %d, saved at %s, and this process last saved step %d at %s: it writes nothing more; train again to continue from there",
			ErrSuperseded, r.Dir, m.State.Step, m.Updated.Format("15:04:05.000"), r.saved.Step, r.manifest.Updated.Format("15:04:05.000"))
	}
	return nil
}
