package exchange

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/cnnbook/cnnbook/cnn"
	"github.com/cnnbook/cnnbook/internal/hdf5"
)

// ErrNoNetwork means that a file holds only weights, and no network was given.
var ErrNoNetwork = fmt.Errorf("%w: it holds weights without their network", cnn.ErrFormat)

// ErrPreprocessing means that neither the file nor the caller states the preprocessing of
// the network's images, or that the two contradict each other.
var ErrPreprocessing = errors.New("unclear preprocessing")

// Imported is a network that was trained in another framework, converted for use here.
type Imported struct {
	Model
	// Notes tell the user what was left out, added or assumed.
	Notes []string
}

// Import reads any of Keras's files with weights: .keras and .h5 files of whole
// models, or files with only the weights of network. network is JSON in Keras's
// format or in ours, or nil if the file holds the network. preprocess is one of
// [Preprocessings], or empty: then the file must state the preprocessing of its
// images. A network that ends in logits gets a softmax. Other changes and omissions
// do not affect predictions, and are listed in the notes.
//
// data may also be an ONNX file of a plain chain of such layers, as PyTorch and others
// export it; [ImportFile] also reads weights that it keeps in files beside it.
func Import(data, network []byte, preprocess string) (Imported, error) {
	return importData(data, network, nil, preprocess)
}

// ImportFile is [Import] for the file at path.
func ImportFile(path string, network []byte, preprocess string) (Imported, error) {
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		return Imported{}, notFile(path)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return Imported{}, err
	}
	folder, err := os.OpenRoot(filepath.Dir(path)) // no name in the file leads out of it
	if err != nil {
		return Imported{}, err
	}
	defer folder.Close()
	return importData(data, network, folder.FS(), preprocess)
}

func importData(data, network []byte, folder fs.FS, preprocess string) (Imported, error) {
	if isONNX(data) {
		if network != nil {
			return Imported{}, fmt.Errorf("%w: an ONNX file holds its own layers: leave out the network", cnn.ErrFormat)
		}
		return importONNX(data, folder, preprocess)
	}
	var out Imported
	p, f, err := readFile(data, network)
	if err != nil {
		return out, err
	}
	if out.Weights, err = p.weights(f.weights); err != nil {
		return out, err
	}
	note, err := p.finish(f.loss)
	if err != nil {
		return out, err
	}
	out.Network = p.net
	if err := out.named(f.classes); err != nil {
		return out, err
	}
	out.Notes = notes(p.lost)
	if note != "" {
		out.Notes = append(out.Notes, note)
	}
	before, said, err := p.input(f.preprocess, preprocess)
	if err != nil {
		return out, err
	}
	out.Preprocess = before
	if said != "" {
		out.Notes = append(out.Notes, said)
	}
	return out, nil
}

// notes describes the losses to the user, grouped by kind.
func notes(lost []loss) (out []string) {
	names := map[loss][]string{} // by kind
	var kinds []loss
	for _, l := range lost {
		kind := loss{what: l.what, why: l.why}
		if names[kind] == nil {
			kinds = append(kinds, kind)
		}
		names[kind] = append(names[kind], fmt.Sprintf("%s %q", l.leaf.Class, l.leaf.text("name")))
	}
	for _, k := range kinds {
		out = append(out, fmt.Sprintf("%s: %s: %s", strings.Join(names[k], ", "), k.what, k.why))
	}
	return out
}

// kerasFile is the content of a file with weights.
type kerasFile struct {
	config     []byte // the network; nil for weights only
	weights    *hdf5.Group
	preprocess *cnn.Preprocess // if the file states it
	classes    []string        // if it names them
	loss       string          // that it was trained with, if the file states one that is not over classes
}

// readFile reads a file and its plan. A network that is not nil replaces the plan.
func readFile(data, network []byte) (*plan, *kerasFile, error) {
	f, err := openKeras(data)
	if err != nil {
		return nil, nil, err
	}
	if network == nil {
		if f.config == nil {
			return nil, nil, ErrNoNetwork
		}
		p, err := readPlan(f.config)
		return p, f, err
	}
	p, err := readAnyPlan(network)
	if err != nil || f.config == nil {
		return p, f, err
	}
	own, err := readPlan(f.config) // its order of arrays is the file's
	if err != nil {
		return nil, nil, err
	}
	if err := sameArrays(own, p); err != nil {
		return nil, nil, err
	}
	return own, f, nil
}

// readAnyPlan reads layers from JSON, in Keras's format or in ours.
func readAnyPlan(data []byte) (*plan, error) {
	if isKerasJSON(data) {
		return readPlan(data)
	}
	var ours cnn.Architecture
	if err := json.Unmarshal(data, &ours); err != nil {
		return nil, fmt.Errorf("neither Keras's JSON nor ours: %w", err)
	}
	return planOf(ours)
}

// isKerasJSON reports whether a model's JSON is Keras's: ours has no class_name.
func isKerasJSON(data []byte) bool {
	var model struct {
		Class *string `json:"class_name"`
	}
	return json.Unmarshal(data, &model) == nil && model.Class != nil
}

// sameArrays refuses a model's file if its arrays do not fit the requested network.
func sameArrays(file, asked *plan) error {
	specs, err := file.net.WeightSpecs()
	if err != nil {
		return err
	}
	var w cnn.Weights
	for _, s := range specs {
		w = append(w, cnn.Array{Name: s.Name, Shape: s.Shape, Values: make([]float32, s.Size())})
	}
	return w.Check(asked.net)
}

// openKeras detects the kind of file by its bytes.
func openKeras(data []byte) (*kerasFile, error) {
	if err := notKeras(data); err != nil {
		return nil, err
	}
	if bytes.HasPrefix(data, []byte("PK")) {
		return openArchive(data)
	}
	root, err := hdf5.Decode(data)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", cnn.ErrFormat, err)
	}
	if err := knownTree(root); err != nil {
		return nil, err
	}
	f := &kerasFile{weights: root}
	if config, ok := root.Attributes["model_config"].(string); ok {
		f.config = []byte(config)
	}
	if version, _ := root.Attributes["keras_version"].(string); strings.HasPrefix(version, "1.") {
		return nil, keras1(version)
	}
	if training, ok := root.Attributes["training_config"].(string); ok {
		f.loss = lossOf([]byte(training))
	}
	ours, _ := root.Attributes[preprocessKey].(string)
	if f.preprocess, err = toldPreprocess(ours, ""); err != nil {
		return nil, err
	}
	ours, _ = root.Attributes[classesKey].(string)
	f.classes, err = toldClasses(ours)
	return f, err
}

// knownTree refuses an HDF5 file that Keras did not write.
func knownTree(root *hdf5.Group) error {
	if root.Attributes["model_config"] != nil || root.Groups["model_weights"] != nil || layersOf(root) != nil ||
		root.Attributes["layer_names"] != nil || root.Attributes["layer_names0"] != nil {
		return nil
	}
	names := slices.Sorted(maps.Keys(root.Groups))
	names = append(names, slices.Sorted(maps.Keys(root.Datasets))...)
	return fmt.Errorf("%w: it is an HDF5 file, but not one of Keras's: it has neither a model nor layers; it holds %s", cnn.ErrFormat, shortList(names))
}

// openArchive reads a .keras file.
func openArchive(data []byte) (*kerasFile, error) {
	z, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if errors.Is(err, zip.ErrFormat) {
		return nil, fmt.Errorf("%w: .keras file: not a valid zip file: its end is missing after %d bytes: it is cut short, so download or copy it again", cnn.ErrFormat, len(data))
	}
	if err != nil {
		return nil, fmt.Errorf("%w: .keras file: %w", cnn.ErrFormat, err)
	}
	var names []string
	has := map[string]bool{}
	for _, f := range z.File {
		names, has[f.Name] = append(names, f.Name), true
	}
	if !has["config.json"] {
		return nil, notKerasArchive(names)
	}
	f := &kerasFile{}
	if f.config, err = unpack(z, "config.json", maxConfig); err != nil {
		return nil, err
	}
	var compiled struct {
		Compile json.RawMessage `json:"compile_config"`
	}
	if json.Unmarshal(f.config, &compiled) == nil {
		f.loss = lossOf(compiled.Compile)
	}
	if has["metadata.json"] {
		text, err := unpack(z, "metadata.json", maxConfig)
		if err != nil {
			return nil, err
		}
		var metadata map[string]any
		if json.Unmarshal(text, &metadata) == nil {
			ours, _ := metadata[preprocessKey].(string)
			note, _ := metadata["cnnbook"].(string)
			if f.preprocess, err = toldPreprocess(ours, note); err != nil {
				return nil, err
			}
			ours, _ = metadata[classesKey].(string)
			if f.classes, err = toldClasses(ours); err != nil {
				return nil, err
			}
		}
	}
	weights, err := unpack(z, "model.weights.h5", maxWeights)
	if err != nil {
		return nil, err
	}
	if f.weights, err = hdf5.Decode(weights); err != nil {
		return nil, fmt.Errorf("%w: .keras file: model.weights.h5: %w", cnn.ErrFormat, err)
	}
	return f, nil
}

// lossOf returns the name of the loss in a training configuration: of several, the first that is
// not over classes.
func lossOf(config []byte) string {
	var c struct {
		Loss any `json:"loss"`
	}
	if len(config) == 0 || json.Unmarshal(config, &c) != nil {
		return ""
	}
	for _, name := range lossNames(c.Loss) {
		if !overClasses(name) {
			return name
		}
	}
	return ""
}

// lossNames lists the losses in what Keras saves of the argument loss: a name, the configuration
// of a class or a function, or a list or a dictionary of those.
func lossNames(v any) (names []string) {
	switch v := v.(type) {
	case string:
		return []string{v}
	case []any:
		for _, of := range v {
			names = append(names, lossNames(of)...)
		}
	case object:
		class, isClass := v["class_name"].(string)
		switch function, isFunction := v["config"].(string); {
		case class == "__tuple__":
			return lossNames(v["items"])
		case isClass && isFunction: // {"class_name": "function", "config": its name}
			return []string{function}
		case isClass:
			return []string{class}
		}
		for _, output := range slices.Sorted(maps.Keys(v)) {
			names = append(names, lossNames(v[output])...)
		}
	}
	return names
}

// overClasses reports whether a network that was trained with this loss gives classes, as
// probabilities or logits.
func overClasses(loss string) bool {
	name := snakeCase(loss[strings.LastIndexAny(loss, ".>")+1:]) // without its module or package
	return name == "categorical_crossentropy" || name == "sparse_categorical_crossentropy"
}

// unpack reads a member of a .keras file, up to a maximum size in bytes.
func unpack(z *zip.Reader, name string, most int64) ([]byte, error) {
	f, err := z.Open(name)
	if err != nil {
		return nil, fmt.Errorf("%w: .keras file: %w", cnn.ErrFormat, err)
	}
	data, err := io.ReadAll(io.LimitReader(f, most+1))
	if closing := f.Close(); err == nil {
		err = closing
	}
	if err != nil {
		return nil, fmt.Errorf("%w: .keras file: %s: %w: it is damaged: download or copy it again", cnn.ErrFormat, name, err)
	}
	if int64(len(data)) > most {
		return nil, fmt.Errorf("%w: .keras file: %s has more than %d MiB", cnn.ErrFormat, name, most>>20)
	}
	return data, nil
}

// finish adds a softmax to a network that ends in logits, and returns a note about
// it. loss is the loss that it was trained with if that is not over classes, or empty.
func (p *plan) finish(loss string) (note string, err error) {
	shapes, err := p.net.Shapes()
	if err != nil {
		return "", err
	}
	if err := p.softmaxLast(shapes); err != nil {
		return "", err
	}
	last, out := p.net.Layers[len(p.net.Layers)-1], shapes[len(shapes)-1]
	if a, ok := last.(cnn.Activation); ok {
		if a.Function == "softmax" && len(out) == 1 {
			return "", nil
		}
		return "", fmt.Errorf("%w: the network ends in the activation %q, %s: only softmax gives class probabilities", ErrUnsupported, a.Function, a.Name)
	}
	if len(out) != 1 || out[0] < 2 {
		return "", fmt.Errorf("%w: the network ends in %v, %q: expected one number per class, for two or more classes", ErrUnsupported, out, last.LayerName())
	}
	if loss != "" {
		return "", fmt.Errorf("%w: the network was trained with the loss %.80s and ends in %q without a softmax: only outputs trained with a categorical crossentropy are classes",
			ErrUnsupported, printable(loss), last.LayerName())
	}
	name := "softmax"
	for i := 2; p.taken(name); i++ {
		name = "softmax_" + strconv.Itoa(i)
	}
	p.net.Layers = append(p.net.Layers, cnn.Activation{Name: name, Function: "softmax"})
	return fmt.Sprintf("%s %q is the last layer: a softmax was added, which makes probabilities of its numbers", last.Kind(), last.LayerName()), nil
}

// softmaxLast puts a softmax that only flattening and dropout follow at the end, if it is over the
// same numbers there. It refuses one that other layers without weights follow: a second softmax
// would change its probabilities.
func (p *plan) softmaxLast(shapes []cnn.Shape) error {
	layers := p.net.Layers
	for i := len(layers) - 1; i >= 0; i-- {
		a, isActivation := layers[i].(cnn.Activation)
		if isActivation && a.Function == "softmax" {
			after := layers[i+1:]
			out := shapes[i]
			same := len(out) == 1 || (len(out) == 3 && out[0] == 1 && out[1] == 1)
			for _, l := range after {
				if kind := l.Kind(); !same || (kind != "Flatten" && kind != "Dropout") {
					return fmt.Errorf("%w: the softmax %q is followed by %s, %q: only a softmax over the classes that is the last layer gives class probabilities",
						ErrUnsupported, a.Name, after[0].Kind(), after[0].LayerName())
				}
			}
			p.net.Layers = slices.Concat(layers[:i], after, []cnn.Layer{a})
			return nil
		}
		in := p.net.Input
		if i > 0 {
			in = shapes[i-1]
		}
		if isActivation || len(layers[i].Weights(in)) > 0 {
			return nil
		}
	}
	return nil
}

func (p *plan) taken(name string) bool {
	for _, l := range p.net.Layers {
		if l.LayerName() == name {
			return true
		}
	}
	return false
}
