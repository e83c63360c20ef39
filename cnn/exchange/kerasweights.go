package exchange

import (
	"fmt"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/cnnbook/cnnbook/cnn"
	"github.com/cnnbook/cnnbook/internal/hdf5"
)

// wanted is an array that a Keras model has.
type wanted struct {
	leaf   *leaf
	kind   string // "kernel", "moving_mean"
	spec   cnn.WeightSpec
	moving bool
	extra  bool // belongs to the preprocessing, not to the network
}

// wanted lists a layer's arrays in Keras's order.
func (l *leaf) wanted() (out []wanted) {
	if l.Class == "Normalization" && l.Config["mean"] == nil {
		for _, kind := range []string{"mean", "variance", "count"} {
			out = append(out, wanted{leaf: l, kind: kind, moving: true, extra: true})
		}
		return out
	}
	for _, s := range l.specs {
		kind := path.Base(s.Name)
		out = append(out, wanted{leaf: l, kind: kind, spec: s, moving: s.Moving})
	}
	return out
}

// found is an array of a file, and the kind that its name states.
type found struct {
	*hdf5.Dataset
	name string
}

// kindOf returns the last part of an array's name in a file: "kernel" of "conv/kernel:0".
func kindOf(name string) string {
	kind, _, _ := strings.Cut(path.Base(strings.ReplaceAll(name, `\`, "/")), ":")
	return kind
}

// weights reads the arrays of a network from a file, and those of its
// preprocessing.
func (p *plan) weights(root *hdf5.Group) (cnn.Weights, error) {
	if g := root.Groups["model_weights"]; g != nil {
		root = g
	}
	if version, _ := root.Attributes["keras_version"].(string); strings.HasPrefix(version, "1.") {
		return nil, keras1(version)
	}
	var list []wanted
	var arrays []found
	var err error
	if root.Attributes["layer_names"] != nil || root.Attributes["layer_names0"] != nil {
		list = p.legacyOrder()
		arrays, err = legacyArrays(root)
	} else {
		list, arrays, err = p.keras3Arrays(root)
	}
	if err != nil && len(arrays) == 0 {
		return nil, err
	}
	byName := map[string]*hdf5.Dataset{}
	extra := map[*leaf]map[string]*hdf5.Dataset{}
	for i, w := range list {
		name := w.spec.Name
		if w.extra {
			name = w.leaf.text("name") + "/" + w.kind
		}
		if i >= len(arrays) {
			if err != nil {
				break
			}
			return nil, fmt.Errorf("%w: the file's weights end before %q %v", cnn.ErrMismatch, name, w.spec.Shape)
		}
		a := arrays[i]
		if has := kindOf(a.name); has != w.kind && !(has == "depthwise_kernel" && w.leaf.Class == "DepthwiseConv2D" && w.kind == "kernel") && slices.Contains(arrayKinds, has) {
			return nil, fmt.Errorf("%w: the file holds the array %q where %q should be", cnn.ErrMismatch, a.name, name)
		}
		if w.extra {
			if extra[w.leaf] == nil {
				extra[w.leaf] = map[string]*hdf5.Dataset{}
			}
			extra[w.leaf][w.kind] = a.Dataset
			continue
		}
		if a.Unsupported != "" {
			return nil, fmt.Errorf("%w: the array for %q: %s", ErrUnsupported, name, a.Unsupported)
		}
		if !slices.Equal(a.Shape, w.spec.Shape) {
			return nil, fmt.Errorf("%w: the file holds an array %v where %q is %v", cnn.ErrMismatch, a.Shape, name, w.spec.Shape)
		}
		byName[w.spec.Name] = a.Dataset
	}
	if err != nil { // all arrays before it match
		return nil, err
	}
	if len(arrays) > len(list) {
		return nil, fmt.Errorf("%w: the file holds %d arrays, the network has %d", cnn.ErrMismatch, len(arrays), len(list))
	}
	if err := p.learn(extra); err != nil {
		return nil, err
	}
	return p.collect(byName)
}

// arrayKinds lists Keras's names for the arrays of the supported layers.
var arrayKinds = []string{
	"kernel", "bias", "gamma", "beta", "moving_mean", "moving_variance", "mean", "variance", "count",
	"depthwise_kernel", "pointwise_kernel",
}

// learn fills in the preprocessing steps that are stored with the weights.
func (p *plan) learn(extra map[*leaf]map[string]*hdf5.Dataset) error {
	for i := range p.steps {
		s := &p.steps[i]
		if !s.learnt {
			continue
		}
		var numbers [2][]float64
		for j, kind := range []string{"mean", "variance"} {
			a := extra[s.leaf][kind]
			if a == nil || len(a.Values) == 0 || (len(a.Values) != 1 && len(a.Values) != p.net.Input[2]) {
				return s.leaf.wrap(fmt.Errorf("%w: its %s is missing, or its size differs from the number of channels", cnn.ErrMismatch, kind))
			}
			for _, v := range a.Values {
				numbers[j] = append(numbers[j], float64(v))
			}
		}
		s.normalize(numbers[0], numbers[1])
	}
	return nil
}

// collect puts the network's arrays in order, and fills in those that Keras's layers
// lack.
func (p *plan) collect(byName map[string]*hdf5.Dataset) (cnn.Weights, error) {
	specs, err := p.net.WeightSpecs()
	if err != nil {
		return nil, err
	}
	var out cnn.Weights
	for _, s := range specs {
		a := cnn.Array{Name: s.Name, Shape: s.Shape}
		if d := byName[s.Name]; d != nil {
			a.Values = d.Values
		} else {
			a.Values = make([]float32, s.Size())
			if path.Base(s.Name) == "gamma" {
				for i := range a.Values {
					a.Values[i] = 1
				}
			}
		}
		out = append(out, a)
	}
	return out, out.Check(p.net)
}

// legacyOrder lists the arrays in the order of Keras 2's .h5 files: layer by layer, and
// for a nested model first all trained arrays, then all others.
func (p *plan) legacyOrder() (out []wanted) {
	var still []wanted // of a nested model: not trained
	place := 0
	for _, l := range p.listed {
		if l.place != place {
			out, still, place = append(out, still...), nil, l.place
		}
		for _, w := range l.wanted() {
			if l.frozen || w.moving {
				still = append(still, w)
			} else {
				out = append(out, w)
			}
		}
	}
	return append(out, still...)
}

// legacyArrays lists the arrays of a Keras 2 file, layer by layer.
func legacyArrays(root *hdf5.Group) ([]found, error) {
	var out []found
	for _, layer := range nameList(root, "layer_names") {
		g := root.FindGroup(layer)
		if g == nil {
			return nil, fmt.Errorf("%w: layer_names lists %q, which does not exist", cnn.ErrFormat, layer)
		}
		for _, name := range nameList(g, "weight_names") {
			if strings.HasSuffix(name, "_W:0") || strings.HasSuffix(name, "_W") {
				return nil, keras1("")
			}
			d := g.Find(name)
			if d == nil {
				return nil, fmt.Errorf("%w: layer %q lists the array %q, which does not exist", cnn.ErrFormat, layer, name)
			}
			out = append(out, found{d, name})
		}
	}
	return out, nil
}

// nameList returns a list attribute; Keras splits one that is too long into name0,
// name1 and so on.
func nameList(g *hdf5.Group, name string) []string {
	if list, ok := g.Attributes[name].([]string); ok {
		return list
	}
	var out []string
	for i := 0; ; i++ {
		part, ok := g.Attributes[name+strconv.Itoa(i)].([]string)
		if !ok {
			return out
		}
		out = append(out, part...)
	}
}

// layersOf returns the group of a model's layers: Keras 2.13 to 2.15 named it
// "_layer_checkpoint_dependencies".
func layersOf(g *hdf5.Group) *hdf5.Group {
	if g == nil {
		return nil
	}
	if layers := g.Groups["layers"]; layers != nil {
		return layers
	}
	return g.Groups["_layer_checkpoint_dependencies"]
}

// keras3Arrays lists the arrays of a .weights.h5 file of Keras 3, or of 2.13 to
// 2.15; with an error, it returns those before it.
func (p *plan) keras3Arrays(root *hdf5.Group) (list []wanted, out []found, err error) {
	if layersOf(root) == nil {
		return nil, nil, fmt.Errorf("%w: these are not weights saved by Keras: they have neither layer_names nor layers", cnn.ErrFormat)
	}
	for _, l := range p.listed {
		arrays := l.wanted()
		if len(arrays) == 0 {
			continue
		}
		g := root
		for _, name := range l.groups {
			if g = layersOf(g); g != nil {
				g = g.Groups[name]
			}
		}
		where := "layers/" + strings.Join(l.groups, "/layers/")
		if g == nil || g.Groups["vars"] == nil {
			return list, out, fmt.Errorf("%w: %s, the weights of %q, does not exist", cnn.ErrMismatch, where, l.text("name"))
		}
		vars := g.Groups["vars"].Datasets
		if len(vars) < len(arrays) && arrays[0].extra {
			arrays = arrays[:len(vars)] // some versions store no count
		}
		if len(vars) != len(arrays) {
			return list, out, fmt.Errorf("%w: %s holds %d arrays, %q has %d", cnn.ErrMismatch, where, len(vars), l.text("name"), len(arrays))
		}
		for j := range arrays {
			d := vars[strconv.Itoa(j)]
			if d == nil {
				return nil, nil, fmt.Errorf("%w: %s/vars/%d does not exist", cnn.ErrFormat, where, j)
			}
			out = append(out, found{d, ""})
		}
		list = append(list, arrays...)
	}
	return list, out, nil
}
