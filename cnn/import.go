package cnn

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"slices"

	"github.com/cnnbook/cnnbook/cifar"
	"github.com/cnnbook/cnnbook/internal/atomicfile"
)

// WriteSafetensors writes float32 arrays, and free text by name, in the
// safetensors format.
func WriteSafetensors(w io.Writer, arrays []Array, metadata map[string]string) error {
	return writeSafetensors(w, arrays, metadata)
}

// Check says which array differs first from what the network asks for, or holds
// a NaN or an infinity.
func (w Weights) Check(net Architecture) error {
	if err := w.matches(net); err != nil {
		return err
	}
	if name := w.firstNonFinite(); name != "" {
		return fmt.Errorf("%w: %s holds a NaN or an infinity", ErrFormat, name)
	}
	return nil
}

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
	if err := writeSafetensors(&file, weights, nil); err != nil {
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

// Inputs are a dataset's images as a network gets them in evaluation: each
// standardised by itself, float32 [n, 32, 32, 3], channels last. It is what other
// programs must be given.
func Inputs(d *cifar.Dataset) []float32 {
	pixels := channelsLast(d)
	out := make([]float32, 0, len(pixels))
	for image := range slices.Chunk(pixels, cifar.PixelBytes) {
		out = append(out, Standardize(image)...)
	}
	return out
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

// WriteNewFile makes a file that appears whole or not at all. A name that is taken
// is refused with an error that wraps [fs.ErrExist].
func WriteNewFile(path string, data []byte) error {
	if err := atomicfile.WriteNewBytes(path, data, 0o644); err != nil {
		return fmt.Errorf("writing %s: %w", path, err)
	}
	return nil
}
