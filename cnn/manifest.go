package cnn

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime/debug"
	"strings"
	"time"
)

// manifestName is the file that marks a folder as a run. It is replaced by an
// atomic rename; files that it does not list are not part of the run.
const manifestName = "manifest.json"

// formatVersion is the version of the manifest and of the files that it lists. In
// version 1 a run that continued another one repeated its random streams, and some
// were trained with a faulty setting of the CPU plugin: they must not be mistaken for
// current runs.
const formatVersion = 2

// maxManifest limits the size of a manifest.
const maxManifest = 1 << 20

// manifest is a run's table of contents.
type manifest struct {
	Format       int             `json:"format"`
	Name         string          `json:"name"`
	Identity     string          `json:"identity"` // sha256 of the four fields after it
	Architecture Architecture    `json:"architecture"`
	Config       json.RawMessage `json:"config"`
	Data         dataIdentity    `json:"data"`
	From         *origin         `json:"from,omitempty"`
	Shorter      *shorter        `json:"goes_on_from,omitempty"`
	Notes        []string        `json:"notes,omitempty"` // of an import: what was left out or assumed; no part of the identity
	State        savedState      `json:"state"`
	Previous     *savedState     `json:"previous,omitempty"` // the state before, kept in case a file is damaged on disk
	Software     []string        `json:"software"`
	Backend      string          `json:"backend"`             // the last one that trained it
	Processor    string          `json:"processor,omitempty"` // likewise: its name, and its vector instructions
	Threads      int             `json:"threads,omitempty"`   // likewise: how many its process could use
	Updated      time.Time       `json:"updated"`
}

// dataIdentity identifies the images on which a run is trained and validated.
type dataIdentity struct {
	Train datasetIdentity `json:"train"`
	Valid datasetIdentity `json:"valid"`
}

// datasetIdentity is a dataset's name and content.
type datasetIdentity struct {
	Name        string   `json:"name"`
	Drawn       bool     `json:"drawn"` // procedurally drawn, not photographs
	Images      int      `json:"images"`
	Classes     []string `json:"classes"`
	Fingerprint string   `json:"fingerprint"` // cifar.Dataset.Fingerprint
}

// origin is the run whose weights another one starts from.
type origin struct {
	Name     string `json:"name"`
	Identity string `json:"identity"`
	Step     int    `json:"step"`
	Before   int    `json:"before"`  // steps that its weights had had before its own first step
	Weights  string `json:"weights"` // sha256 of its weights file
	// Fresh describes the layers that do not start from them.
	Fresh []string `json:"fresh,omitempty"`
}

// stepsBefore returns the number of steps that a run's weights had had before its own
// first step.
func (m manifest) stepsBefore() int {
	if m.From == nil {
		return 0
	}
	return m.From.Before + m.From.Step
}

// folder returns the run's folder below root.
func (m manifest) folder(root string) string {
	return filepath.Join(root, m.Name+"-"+m.Identity[:12])
}

// savedState is one complete state of a run: its position and its files.
type savedState struct {
	Step      int       `json:"step"`   // finished steps
	Epochs    int       `json:"epochs"` // finished epochs, validation included
	Seconds   float64   `json:"seconds"`
	Weights   savedFile `json:"weights"`
	Optimizer savedFile `json:"optimizer"`
	History   savedFile `json:"history"` // the first Bytes of the file; the rest was written by a killed process after its last save

	Best *savedBest `json:"best,omitempty"` // the weights of the best epoch, if the configuration keeps them
}

// savedFile is a file of the run's folder.
type savedFile struct {
	Name   string `json:"name"`
	Bytes  int64  `json:"bytes"`
	SHA256 string `json:"sha256"`
}

// files lists the files that a state consists of.
func (s savedState) files() []savedFile {
	files := []savedFile{s.Weights, s.Optimizer, s.History}
	if s.Best != nil {
		files = append(files, s.Best.savedFile)
	}
	return files
}

// identityOf hashes everything that defines a run: network, configuration, data and
// origin.
func identityOf(m manifest) (string, error) {
	data, err := json.Marshal(struct {
		Format       int             `json:"format"`
		Architecture Architecture    `json:"architecture"`
		Config       json.RawMessage `json:"config"`
		Data         dataIdentity    `json:"data"`
		From         *origin         `json:"from"`
	}{m.Format, m.Architecture, m.Config, m.Data, m.From})
	if err != nil {
		return "", err
	}
	var canonical bytes.Buffer // independent of the indentation on disk
	if err := json.Compact(&canonical, data); err != nil {
		return "", err
	}
	sum := sha256.Sum256(canonical.Bytes())
	return hex.EncodeToString(sum[:]), nil
}

// readManifest reads and checks a run folder's manifest. A folder without one
// gives fs.ErrNotExist.
func readManifest(dir string) (manifest, error) {
	var m manifest
	path := filepath.Join(dir, manifestName)
	info, err := os.Stat(path)
	if err != nil {
		return m, err
	}
	if info.Size() > maxManifest {
		return m, fmt.Errorf("%w: %s: %d bytes, at most %d are accepted", ErrFormat, path, info.Size(), maxManifest)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return m, err
	}
	return parseManifest(data, path)
}

func parseManifest(data []byte, path string) (manifest, error) {
	var m manifest
	var version struct {
		Format int `json:"format"`
	}
	if err := json.Unmarshal(data, &version); err != nil {
		return m, fmt.Errorf("%w: %s: %w", ErrFormat, path, err)
	}
	if version.Format != formatVersion {
		return m, fmt.Errorf("%w: %s: format %d, this program reads format %d", ErrFormat, path, version.Format, formatVersion)
	}
	if err := strictJSON(data, &m); err != nil {
		return m, fmt.Errorf("%w: %s: %w", ErrFormat, path, err)
	}
	states := []savedState{m.State}
	if m.Previous != nil {
		states = append(states, *m.Previous)
	}
	for _, s := range states {
		if s.Step < 0 || s.Epochs < 0 {
			return m, fmt.Errorf("%w: %s: negative position", ErrFormat, path)
		}
		for _, f := range s.files() {
			if f.Name != filepath.Base(f.Name) || !filepath.IsLocal(f.Name) || f.Bytes < 0 {
				return m, fmt.Errorf("%w: %s: %q is not a file of the run's own folder", ErrFormat, path, f.Name)
			}
		}
	}
	if want, err := identityOf(m); err != nil || want != m.Identity {
		return m, fmt.Errorf("%w: %s: its identity does not match its content: the file was changed or damaged", ErrFormat, path)
	}
	return m, nil
}

// differences describes the differences between two runs.
func differences(a, b manifest) []string {
	var out []string
	differ := func(what string, x, y any) {
		jx, errX := json.Marshal(x)
		jy, errY := json.Marshal(y)
		if errX != nil || errY != nil || !bytes.Equal(jx, jy) {
			out = append(out, what)
		}
	}
	differ("architecture", a.Architecture, b.Architecture)
	differ("training data", a.Data.Train, b.Data.Train)
	differ("validation data", a.Data.Valid, b.Data.Valid)
	differ("starting weights", a.From, b.From)
	out = append(out, configDifferences(a.Config, b.Config)...)
	return out
}

// configDifferences lists the fields of the configuration that differ, with
// both values.
func configDifferences(a, b json.RawMessage) []string {
	var x, y map[string]json.RawMessage
	if json.Unmarshal(a, &x) != nil || json.Unmarshal(b, &y) != nil {
		return []string{"configuration"}
	}
	for _, m := range []map[string]json.RawMessage{x, y} { // fields that Config.MarshalJSON omits
		for key, omitted := range map[string]string{
			"devices": "1", "shards": "0", "precision": `"float32"`, "patience": "0", "keep_best": "false", "monitor": `"valid_loss"`, "min_delta": "0",
		} {
			if m[key] == nil {
				m[key] = json.RawMessage(omitted)
			}
		}
		for _, key := range []string{"plateau", "loss", "lookahead", "ema", "clip", "steps"} {
			if m[key] == nil {
				m[key] = json.RawMessage(`"the default"`)
			}
		}
		if m["drop_last"] == nil {
			m["drop_last"] = json.RawMessage("false")
		}
	}
	var out []string
	for _, key := range []string{
		"optimizer", "schedule", "batch", "epochs", "seed", "preprocess", "flip_evaluation", "devices", "shards", "precision",
		"patience", "keep_best", "monitor", "min_delta", "plateau", "loss", "lookahead", "ema", "clip", "drop_last", "steps",
	} {
		var cx, cy bytes.Buffer
		if json.Compact(&cx, x[key]) != nil || json.Compact(&cy, y[key]) != nil || !bytes.Equal(cx.Bytes(), cy.Bytes()) {
			out = append(out, fmt.Sprintf("%s (%s, was %s)", strings.ReplaceAll(key, "_", " "), &cy, &cx))
		}
	}
	return out
}

// Software lists the versions of Go and of the modules that compute a run.
func Software() []string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return nil
	}
	out := []string{info.GoVersion}
	for _, m := range info.Deps {
		if strings.HasPrefix(m.Path, "github.com/gomlx/") {
			out = append(out, m.Path+" "+m.Version)
		}
	}
	return out
}

// notThere reports whether an error means that there is no such file or folder.
func notThere(err error) bool { return errors.Is(err, fs.ErrNotExist) }
