// Package cache makes the folders of the cache: each once per machine, complete or not at all, under a name that identifies everything
// that made it.
package cache

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

	"github.com/cnnbook/cnnbook/internal/atomicfile"
	"github.com/cnnbook/cnnbook/internal/filelock"
)

// MarkerName is the file that marks a folder of the cache as finished; it is written last.
const MarkerName = "complete.json"

// PartialSuffix marks a folder that is being made; one without a live lock holder was left by a killed process.
const PartialSuffix = ".partial"

// Folder is one part of the installation: a folder whose name ends in a hash of everything that made it, so that a finished
// folder never changes and a new version never affects a running kernel.
type Folder struct {
	Dir  string // the finished folder
	What string // for messages: "Building GoNB v0.11.4"

	// InPlace makes the folder under its final name, for content that cannot be moved later (a Python environment holds
	// its own path); the marker alone then distinguishes a finished folder from an incomplete one.
	InPlace bool

	// Check tests quickly whether a finished folder is still usable; nil trusts the marker.
	Check func(dir string) error

	// Build fills dir, an empty folder. What it returns is kept in the marker as JSON.
	Build func(ctx context.Context, dir string) (note any, err error)
}

// Marker is the content of MarkerName.
type Marker struct {
	What string          `json:"what"`
	Made time.Time       `json:"made"`
	Note json.RawMessage `json:"note,omitempty"`
}

// Run makes the folder unless it exists, and returns the note from Build. Two processes that make one folder
// take turns: the second finds the folder finished. An incomplete folder is removed and rebuilt.
func (s Folder) Run(ctx context.Context, r *Reporter) (note json.RawMessage, err error) {
	if m, err := s.Finished(); err == nil {
		return m.Note, nil
	}
	release, err := Lock(ctx, s.Dir+".lock", s.What, func(h filelock.Holder) {
		r.Say("Waiting for another set-up (%s): %s", h, s.What)
	})
	if err != nil {
		return nil, err
	}
	defer release()

	if m, err := s.Finished(); err == nil {
		return m.Note, nil
	}
	end := r.begin(s.What)
	note, err = s.make(ctx)
	end(err)
	return note, err
}

// Finished reads the marker and checks the folder.
func (s Folder) Finished() (Marker, error) {
	var m Marker
	data, err := os.ReadFile(filepath.Join(s.Dir, MarkerName))
	if err != nil {
		return m, err
	}
	if err := json.Unmarshal(data, &m); err != nil {
		return m, fmt.Errorf("%s: %w", filepath.Join(s.Dir, MarkerName), err)
	}
	if s.Check != nil {
		if err := s.Check(s.Dir); err != nil {
			return m, err
		}
	}
	return m, nil
}

// make builds the folder under a temporary name and renames it, or builds it in place. The caller holds the lock.
func (s Folder) make(ctx context.Context) (json.RawMessage, error) {
	work := s.Dir + PartialSuffix
	if s.InPlace {
		work = s.Dir
	}
	for _, old := range []string{work, s.Dir} {
		if err := RemoveTree(old); err != nil {
			return nil, fmt.Errorf("remove the unfinished %s: %w", old, err)
		}
	}
	if err := os.MkdirAll(work, 0o755); err != nil {
		return nil, err
	}
	note, err := s.fill(ctx, work)
	if err == nil && !s.InPlace {
		err = os.Rename(work, s.Dir)
	}
	if err != nil {
		return nil, errors.Join(err, RemoveTree(work))
	}
	return note, atomicfile.SyncFolder(filepath.Dir(s.Dir))
}

// fill builds into work and writes the marker last.
func (s Folder) fill(ctx context.Context, work string) (json.RawMessage, error) {
	note, err := s.Build(ctx, work)
	if err == nil {
		err = ctx.Err()
	}
	if err != nil {
		return nil, err
	}
	m := Marker{What: s.What, Made: time.Now().UTC().Truncate(time.Second)}
	if note != nil {
		if m.Note, err = json.Marshal(note); err != nil {
			return nil, err
		}
	}
	data, err := json.MarshalIndent(m, "", "  ")
	if err != nil {
		return nil, err
	}
	return m.Note, atomicfile.WriteBytes(filepath.Join(work, MarkerName), append(data, '\n'), 0o644)
}

// RemoveTree removes dir even if folders in it are read-only, as Go's module files are.
func RemoveTree(dir string) error {
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

// Hash is the short hash for a folder's name: the first 12 hex digits of the parts' SHA-256, each part counted.
func Hash(parts ...string) string {
	h := sha256.New()
	for _, p := range parts {
		fmt.Fprintf(h, "%d:%s\n", len(p), p)
	}
	return hex.EncodeToString(h.Sum(nil))[:12]
}

// HashFiles is Hash over file contents and further parts.
func HashFiles(files []string, parts ...string) (string, error) {
	var all strings.Builder
	for _, name := range files {
		data, err := os.ReadFile(name)
		if err != nil {
			return "", err
		}
		fmt.Fprintf(&all, "%s %x\n", filepath.Base(name), sha256.Sum256(data))
	}
	return Hash(append(parts, all.String())...), nil
}
