package kernelext

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// markerName is the file that says that a folder of the cache is finished; it is written last.
const markerName = "complete.json"

// partialSuffix marks a folder that is being made; one without a live lock holder is left from a killed process.
const partialSuffix = ".partial"

// step is one part of the installation: a folder whose name ends in a hash of all that made it, so that a finished
// folder never changes and a new version never disturbs a running kernel.
type step struct {
	dir  string // the finished folder
	what string // for a person: "Building GoNB v0.11.4"

	// inPlace makes the folder under its final name, for what cannot be moved later (a Python environment holds
	// its own path); the marker alone then tells a finished folder from a torn one.
	inPlace bool

	// check looks quickly whether a finished folder is still usable; nil trusts the marker.
	check func(dir string) error

	// build fills dir, an empty folder. What it returns is kept in the marker as JSON.
	build func(ctx context.Context, dir string) (note any, err error)
}

// marker is the content of markerName.
type marker struct {
	What string          `json:"what"`
	Made time.Time       `json:"made"`
	Note json.RawMessage `json:"note,omitempty"`
}

// run makes the folder unless it is there, and gives the note that build left. Two processes that run one step
// take turns: the second finds the folder finished. A torn folder is removed and made anew.
func (s step) run(ctx context.Context, r *reporter) (note json.RawMessage, err error) {
	if m, err := s.finished(); err == nil {
		return m.Note, nil
	}
	release, err := acquire(ctx, s.dir+".lock", s.what, func(h lockHolder) {
		r.say("Waiting for another set-up (%s): %s", h, s.what)
	})
	if err != nil {
		return nil, err
	}
	defer release()

	if m, err := s.finished(); err == nil {
		return m.Note, nil
	}
	end := r.begin(s.what)
	note, err = s.make(ctx)
	end(err)
	return note, err
}

// finished reads the marker and checks the folder.
func (s step) finished() (marker, error) {
	var m marker
	data, err := os.ReadFile(filepath.Join(s.dir, markerName))
	if err != nil {
		return m, err
	}
	if err := json.Unmarshal(data, &m); err != nil {
		return m, fmt.Errorf("%s: %w", filepath.Join(s.dir, markerName), err)
	}
	if s.check != nil {
		if err := s.check(s.dir); err != nil {
			return m, err
		}
	}
	return m, nil
}

// make builds the folder aside and renames it, or builds it in place. The lock is held.
func (s step) make(ctx context.Context) (json.RawMessage, error) {
	work := s.dir + partialSuffix
	if s.inPlace {
		work = s.dir
	}
	for _, old := range []string{work, s.dir} {
		if err := removeTree(old); err != nil {
			return nil, fmt.Errorf("remove the unfinished %s: %w", old, err)
		}
	}
	if err := os.MkdirAll(work, 0o755); err != nil {
		return nil, err
	}
	note, err := s.fill(ctx, work)
	if err == nil && !s.inPlace {
		err = os.Rename(work, s.dir)
	}
	if err != nil {
		return nil, errors.Join(err, removeTree(work))
	}
	return note, syncDir(filepath.Dir(s.dir))
}

// fill builds into work and writes the marker last.
func (s step) fill(ctx context.Context, work string) (json.RawMessage, error) {
	note, err := s.build(ctx, work)
	if err == nil {
		err = ctx.Err()
	}
	if err != nil {
		return nil, err
	}
	m := marker{What: s.what, Made: time.Now().UTC().Truncate(time.Second)}
	if note != nil {
		if m.Note, err = json.Marshal(note); err != nil {
			return nil, err
		}
	}
	data, err := json.MarshalIndent(m, "", "  ")
	if err != nil {
		return nil, err
	}
	return m.Note, writeFile(filepath.Join(work, markerName), append(data, '\n'), 0o644)
}

// removeTree removes dir also where folders in it are read-only, as Go's module files are.
func removeTree(dir string) error {
	err := os.RemoveAll(dir)
	if err == nil || !errors.Is(err, fs.ErrPermission) {
		return err
	}
	filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err == nil && d.IsDir() {
			os.Chmod(path, 0o755)
		}
		return nil
	})
	return os.RemoveAll(dir)
}

// hashOf is the short hash for a folder's name: the first 12 hex digits of the parts' SHA-256, each part counted.
func hashOf(parts ...string) string {
	h := sha256.New()
	for _, p := range parts {
		fmt.Fprintf(h, "%d:%s\n", len(p), p)
	}
	return hex.EncodeToString(h.Sum(nil))[:12]
}

// hashOfFiles is hashOf over file contents and further parts.
func hashOfFiles(files []string, parts ...string) (string, error) {
	var all strings.Builder
	for _, name := range files {
		data, err := os.ReadFile(name)
		if err != nil {
			return "", err
		}
		fmt.Fprintf(&all, "%s %x\n", filepath.Base(name), sha256.Sum256(data))
	}
	return hashOf(append(parts, all.String())...), nil
}
