package cnn

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
)

// ImportRun saves a network that was trained elsewhere as a run below the
// folder root, so that it can be evaluated and others can start from it. source
// says where it comes from. The run has no data and no epochs of its own. The
// same network and weights imported again are the same run.
func ImportRun(root, name string, net Architecture, weights Weights, source string) (*Run, error) {
	if err := checkRunName(name); err != nil {
		return nil, err
	}
	if err := weights.Check(net); err != nil {
		return nil, err
	}
	var file bytes.Buffer
	if err := WriteSafetensors(&file, weights, nil); err != nil {
		return nil, err
	}
	sum := sha256.Sum256(file.Bytes())
	m := manifest{
		Format: formatVersion, Name: name, Architecture: net, Software: Software(),
		Data: dataIdentity{Train: datasetIdentity{Name: "imported: " + source}, Valid: datasetIdentity{Name: "imported: " + source}},
		From: &origin{Name: source, Weights: hex.EncodeToString(sum[:])},
	}
	var err error
	if m.Config, err = untrained(); err != nil {
		return nil, err
	}
	if m.Identity, err = identityOf(m); err != nil {
		return nil, err
	}
	dir := m.folder(root)
	if r, err := LoadRun(dir); !notThere(err) {
		return r, err
	}
	r := &Run{Dir: dir, Name: name, Network: net, manifest: m, weights: weights.Clone()}
	return r.create()
}

// untrained is a configuration without epochs, which a [Config] cannot say: there
// 0 is the default.
func untrained() (json.RawMessage, error) {
	data, err := json.Marshal(Config{})
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
