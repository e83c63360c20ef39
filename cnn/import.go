package cnn

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"slices"
)

// Foreign is a network that was trained in another framework.
type Foreign struct {
	Network    Architecture
	Weights    Weights
	Source     string     // its origin, for messages
	Preprocess Preprocess // the preprocessing that it was trained with; the zero value standardises
	Classes    []string   // names by output; nil: not known
	Notes      []string   // what was left out or assumed when it was read, for the user
}

// Import saves a network that was trained in another framework as a run below root,
// so that it can be evaluated and others can start from it. The run has no data
// and no epochs of its own. Importing the same network, weights and preprocessing
// again gives the same run.
func Import(root, name string, f Foreign) (*Run, error) {
	if err := checkRunName(name); err != nil {
		return nil, err
	}
	if err := f.Weights.Check(f.Network); err != nil {
		return nil, err
	}
	if err := f.Preprocess.check(f.Network.Input); err != nil {
		return nil, err
	}
	if f.Classes != nil {
		if err := f.Network.Classifier(len(f.Classes)); err != nil {
			return nil, err
		}
	}
	var file bytes.Buffer
	if err := WriteSafetensors(&file, f.Weights, nil); err != nil {
		return nil, err
	}
	sum := sha256.Sum256(file.Bytes())
	data := datasetIdentity{Name: "imported: " + f.Source, Classes: slices.Clone(f.Classes)}
	m := manifest{
		Format: formatVersion, Name: name, Architecture: f.Network, Software: Software(),
		Data:  dataIdentity{Train: data, Valid: data},
		From:  &origin{Name: f.Source, Weights: hex.EncodeToString(sum[:])},
		Notes: f.Notes,
	}
	var err error
	if m.Config, err = untrained(f.Preprocess); err != nil {
		return nil, err
	}
	if m.Identity, err = identityOf(m); err != nil {
		return nil, err
	}
	dir := m.folder(root)
	if r, err := LoadRun(dir); !notThere(err) {
		return r, err
	}
	r := &Run{Dir: dir, Name: name, Network: f.Network, manifest: m, weights: f.Weights.Clone()}
	return r.create()
}

// ImportRun is [Import] for a network that was trained on separately standardised
// images, this package's default.
func ImportRun(root, name string, net Architecture, weights Weights, source string) (*Run, error) {
	return Import(root, name, Foreign{Network: net, Weights: weights, Source: source})
}

// Notes returns what was left out or assumed when the run was imported.
func (r *Run) Notes() []string { return slices.Clone(r.manifest.Notes) }

// untrained is a configuration without epochs, which a [Config] cannot express: there
// 0 means the default.
func untrained(p Preprocess) (json.RawMessage, error) {
	data, err := json.Marshal(Config{Preprocess: p})
	if err != nil {
		return nil, err
	}
	var fields map[string]any
	if err := json.Unmarshal(data, &fields); err != nil {
		return nil, err
	}
	fields["epochs"] = 0
	return json.Marshal(fields)
}
