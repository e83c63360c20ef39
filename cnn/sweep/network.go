package sweep

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/cnnbook/cnnbook/cnn"
)

// networkJSON is a network's JSON, whose layers fields change before cnn.Architecture reads and checks it.
type networkJSON struct {
	Name   string          `json:"name,omitempty"`
	Input  json.RawMessage `json:"input_shape"`
	Layers []layerJSON     `json:"layers"`
	Frozen json.RawMessage `json:"frozen,omitempty"`
}

type layerJSON map[string]json.RawMessage

// network applies a field that changes the network.
func (s *settings) network(field string, value json.RawMessage) error {
	data, err := json.Marshal(s.layers)
	if err != nil {
		return err
	}
	var n networkJSON
	if err := json.Unmarshal(data, &n); err != nil {
		return err
	}
	if err := n.change(field, value); err != nil {
		return err
	}
	if data, err = json.Marshal(n); err != nil {
		return err
	}
	return json.Unmarshal(data, &s.layers)
}

func (n *networkJSON) change(field string, value json.RawMessage) error {
	if field == "frozen" {
		n.Frozen = value
		return nil
	}
	if verb, selector, ok := strings.Cut(field, " "); ok && slices.Contains([]string{"before", "after", "replace", "remove"}, verb) {
		return n.rebuild(verb, selector, value)
	}
	selector, key, ok := strings.Cut(field, ".")
	if !ok {
		return fmt.Errorf("there is no such field: expected optimizer, rate, schedule, batch, drop_last, epochs, patience, keep_best, monitor, min_delta, " +
			"precision, flip_evaluation, telemetry, preprocess, loss, lookahead, ema, clip, plateau, frozen, LAYER.FIELD of the network, or before, after, replace or remove with a LAYER")
	}
	found := 0
	for _, layer := range n.Layers {
		if layer.is(selector) {
			found++
			layer[key] = value
		}
	}
	return foundSome(found, selector)
}

// is reports whether a layer has that name, class or, if it is an activation, function.
func (l layerJSON) is(selector string) bool {
	return unquote(l["name"]) == selector || unquote(l["class_name"]) == selector || unquote(l["activation"]) == selector
}

func foundSome(found int, selector string) error {
	if found == 0 {
		return fmt.Errorf("the network has no layer, no class of layers, and no activation, that is called %q", selector)
	}
	return nil
}

// rebuild puts a layer before, after or in the place of each layer that a selector means, or leaves those out.
func (n *networkJSON) rebuild(verb, selector string, value json.RawMessage) error {
	var out []layerJSON
	found := 0
	for _, layer := range n.Layers {
		if !layer.is(selector) {
			out = append(out, layer)
			continue
		}
		found++
		if verb == "remove" {
			if string(value) != "true" {
				return fmt.Errorf("got %s, expected true", value)
			}
			continue
		}
		other, err := newLayer(value, unquote(layer["name"]), verb)
		if err != nil {
			return err
		}
		switch verb {
		case "before":
			out = append(out, other, layer)
		case "after":
			out = append(out, layer, other)
		case "replace":
			out = append(out, other)
		}
	}
	n.Layers = out
	return foundSome(found, selector)
}

// newLayer reads a layer: its class alone, or with its fields. Without a name of its own it is named after the layer at whose
// place it comes, so that one value can serve several places.
func newLayer(value json.RawMessage, at, verb string) (layerJSON, error) {
	var layer layerJSON
	if class := unquote(value); class != "" {
		layer = layerJSON{"class_name": value}
	} else if err := json.Unmarshal(value, &layer); err != nil || layer == nil {
		return nil, fmt.Errorf(`got %s, expected the class of a layer or {"class_name": …, and its fields}`, value)
	}
	if unquote(layer["name"]) != "" {
		return layer, nil
	}
	name := at
	if verb != "replace" {
		name += "-" + unquote(layer["class_name"])
	}
	quoted, err := json.Marshal(name)
	layer["name"] = quoted
	return layer, err
}

func unquote(data json.RawMessage) (s string) {
	_ = json.Unmarshal(data, &s) // no string: no name
	return s
}

// Network is what a training trains, before it is changed to fit the images: see [Training.Spec].
func (t Training) Network() cnn.Architecture { return t.settings.layers }

// Config is how it is trained.
func (t Training) Config() cnn.Config { return t.settings.config }
