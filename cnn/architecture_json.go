package cnn

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
)

// architectureJSON is the JSON format: each layer is an object with its class
// name and the fields of that class.
type architectureJSON struct {
	Name   string            `json:"name,omitempty"`
	Input  Shape             `json:"input_shape"`
	Layers []json.RawMessage `json:"layers"`
	Frozen []string          `json:"frozen,omitempty"`
}

// MarshalJSON writes the network as
//
//	{"name": …, "input_shape": [32,32,3], "layers": [{"class_name": "Conv2D", "name": …, "filters": 32, …}, …]}
//
// The fields of a layer are those of the Go types, named as Keras names them. "frozen" lists the frozen layers, if there are any.
func (a Architecture) MarshalJSON() ([]byte, error) {
	out := architectureJSON{Name: a.Name, Input: a.Input, Layers: []json.RawMessage{}, Frozen: a.frozenInOrder()}
	for _, l := range a.Layers {
		fields, err := json.Marshal(l)
		if err != nil {
			return nil, fmt.Errorf("layer %q: %w", l.LayerName(), err)
		}
		// The class comes first for readability.
		class := fmt.Sprintf(`{"class_name":%q,`, l.Kind())
		out.Layers = append(out.Layers, append([]byte(class), fields[1:]...))
	}
	return json.Marshal(out)
}

// UnmarshalJSON reads what [Architecture.MarshalJSON] writes and checks it: an
// unknown class or field, or a layer that does not fit, is an error that names
// the layer.
func (a *Architecture) UnmarshalJSON(data []byte) error {
	var in architectureJSON
	if err := strictJSON(data, &in); err != nil {
		return fmt.Errorf("%w: %w", ErrArchitecture, err)
	}
	read := Architecture{Name: in.Name, Input: in.Input, Frozen: in.Frozen}
	for i, raw := range in.Layers {
		l, err := layerFromJSON(raw)
		if err != nil {
			return fmt.Errorf("%w: layer %d: %w", ErrArchitecture, i+1, err)
		}
		read.Layers = append(read.Layers, l)
	}
	if _, err := read.Shapes(); err != nil {
		return err
	}
	*a = read
	return nil
}

func layerFromJSON(raw json.RawMessage) (Layer, error) {
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(raw, &fields); err != nil {
		return nil, err
	}
	var class string
	if err := json.Unmarshal(fields["class_name"], &class); err != nil {
		return nil, fmt.Errorf("no class_name")
	}
	delete(fields, "class_name")
	rest, err := json.Marshal(fields)
	if err != nil {
		return nil, err
	}
	switch class {
	case "Conv2D":
		return layerAs[Conv2D](rest)
	case "Activation":
		return layerAs[Activation](rest)
	case "MaxPooling2D":
		return layerAs[MaxPooling2D](rest)
	case "Dropout":
		return layerAs[Dropout](rest)
	case "Flatten":
		return layerAs[Flatten](rest)
	case "Dense":
		return layerAs[Dense](rest)
	case "LeakyReLU":
		return layerAs[LeakyReLU](rest)
	case "BatchNormalization":
		return layerAs[BatchNormalization](rest)
	case "GlobalAveragePooling2D":
		return layerAs[GlobalAveragePooling2D](rest)
	case "AveragePooling2D":
		return layerAs[AveragePooling2D](rest)
	case "WindowMaxPooling2D":
		return layerAs[WindowMaxPooling2D](rest)
	case "ZeroPadding2D":
		return layerAs[ZeroPadding2D](rest)
	case "DepthwiseConv2D":
		return layerAs[DepthwiseConv2D](rest)
	case "SeparableConv2D":
		return layerAs[SeparableConv2D](rest)
	case "Rescaling":
		return layerAs[Rescaling](rest)
	case "WhiteningConv2D":
		return layerAs[WhiteningConv2D](rest)
	case "ZCAWhitening":
		return layerAs[ZCAWhitening](rest)
	case "Residual":
		return layerAs[Residual](rest)
	}
	return nil, fmt.Errorf("unknown class_name %q: known are Conv2D, Activation, LeakyReLU, BatchNormalization, MaxPooling2D, GlobalAveragePooling2D, Dropout, Flatten, Dense, AveragePooling2D, WindowMaxPooling2D, ZeroPadding2D, DepthwiseConv2D, SeparableConv2D, Rescaling, WhiteningConv2D, ZCAWhitening, Residual", class)
}

func layerAs[L Layer](data []byte) (Layer, error) {
	var l L
	if err := strictJSON(data, &l); err != nil {
		return nil, fmt.Errorf("%s: %w", l.Kind(), err)
	}
	return l, nil
}

// strictJSON decodes one value and refuses unknown fields and trailing text, so
// that a misspelt field is not silently ignored.
func strictJSON(data []byte, into any) error {
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		return err
	}
	if _, err := d.Token(); err != io.EOF {
		return fmt.Errorf("text after the end of the JSON value")
	}
	return nil
}
