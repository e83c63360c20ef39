package sweep

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"github.com/cnnbook/cnnbook/cnn"
)

// settings is what fields set: what a training is, but for its images.
type settings struct {
	config  cnn.Config
	network cnn.Architecture
	rateSet bool // rate or schedule
}

// set applies one field.
func (s *settings) set(field string, value any) error {
	data, err := json.Marshal(value)
	if err == nil {
		err = s.setJSON(field, data)
	}
	if err != nil {
		return fmt.Errorf("%w: field %q: %w", cnn.ErrConfig, field, err)
	}
	return nil
}

func (s *settings) setJSON(field string, data []byte) (err error) {
	c := &s.config
	if field == "rate" || field == "schedule" {
		if s.rateSet {
			return fmt.Errorf("both rate and schedule are set: choose one")
		}
		s.rateSet = true
	}
	switch field {
	case "optimizer":
		c.Optimizer, err = optimizer(data)
	case "rate":
		var rate float64
		err = strict(data, &rate)
		c.Schedule = cnn.Constant(rate)
	case "schedule":
		c.Schedule, err = schedule(data)
	case "batch":
		err = strict(data, &c.Batch)
	case "shards":
		err = strict(data, &c.Shards)
	case "epochs":
		err = strict(data, &c.Epochs)
	case "patience":
		err = strict(data, &c.Patience)
	case "keep_best":
		err = strict(data, &c.KeepBest)
	case "monitor":
		err = strict(data, &c.Monitor)
	case "min_delta":
		err = strict(data, &c.MinDelta)
	case "precision":
		err = strict(data, &c.Precision)
	case "flip_evaluation":
		err = strict(data, &c.FlipEvaluation)
	case "preprocess":
		err = strict(data, &c.Preprocess)
	case "preprocess.flip":
		err = strict(data, &c.Preprocess.Flip)
	case "preprocess.raw":
		err = strict(data, &c.Preprocess.Raw)
	default:
		err = s.setLayer(field, data)
	}
	return err
}

// setLayer sets a field of a layer, or of all layers of a class, in the network's JSON, whose reader checks it.
func (s *settings) setLayer(field string, value json.RawMessage) error {
	name, key, ok := strings.Cut(field, ".")
	if !ok {
		return fmt.Errorf("there is no such field: expected optimizer, rate, schedule, batch, shards, epochs, patience, keep_best, monitor, min_delta, " +
			"precision, flip_evaluation, preprocess, or LAYER.FIELD of the network")
	}
	data, err := json.Marshal(s.network)
	if err != nil {
		return err
	}
	var network struct {
		Name   string                       `json:"name,omitempty"`
		Input  json.RawMessage              `json:"input_shape"`
		Layers []map[string]json.RawMessage `json:"layers"`
	}
	if err := json.Unmarshal(data, &network); err != nil {
		return err
	}
	found := 0
	for _, layer := range network.Layers {
		if unquote(layer["name"]) == name || unquote(layer["class_name"]) == name {
			found++
			layer[key] = value
		}
	}
	if found == 0 {
		return fmt.Errorf("the network has no layer, and no class of layers, that is called %q", name)
	}
	if data, err = json.Marshal(network); err != nil {
		return err
	}
	return json.Unmarshal(data, &s.network)
}

func unquote(data json.RawMessage) (s string) {
	_ = json.Unmarshal(data, &s) // no string: no name
	return s
}

// classed is a value with its class: as configurations and Keras write optimizers and schedules.
type classed struct {
	Class  string          `json:"class_name"`
	Config json.RawMessage `json:"config"`
}

// readClass reads a class's name alone, or with its fields.
func readClass(data []byte) (c classed, err error) {
	if json.Unmarshal(data, &c.Class) != nil {
		err = strict(data, &c)
	}
	if c.Config == nil {
		c.Config = json.RawMessage("{}")
	}
	return c, err
}

func optimizer(data []byte) (cnn.Optimizer, error) {
	c, err := readClass(data)
	if err != nil {
		return nil, err
	}
	switch c.Class {
	case "SGD":
		return as[cnn.SGD](c.Config)
	case "RMSprop":
		return as[cnn.RMSprop](c.Config)
	case "Adagrad":
		return as[cnn.Adagrad](c.Config)
	case "Adadelta":
		return as[cnn.Adadelta](c.Config)
	case "Adam":
		return as[cnn.Adam](c.Config)
	case "AdamW":
		return as[cnn.AdamW](c.Config)
	}
	return nil, fmt.Errorf("unknown optimizer %q: expected SGD, RMSprop, Adagrad, Adadelta, Adam or AdamW", c.Class)
}

func schedule(data []byte) (cnn.Schedule, error) {
	c, err := readClass(data)
	if err != nil {
		return nil, err
	}
	switch c.Class {
	case "Constant":
		constant, err := as[struct {
			Rate float64 `json:"rate"`
		}](c.Config)
		return cnn.Constant(constant.Rate), err
	case "Cyclic":
		return as[cnn.Cyclic](c.Config)
	case "OneCycle":
		return as[cnn.OneCycle](c.Config)
	case "CosineWarmup":
		return as[cnn.CosineWarmup](c.Config)
	case "Exponential":
		return as[cnn.Exponential](c.Config)
	case "Linear":
		return as[cnn.Linear](c.Config)
	}
	return nil, fmt.Errorf("unknown schedule %q: expected Constant, Cyclic, OneCycle, CosineWarmup, Exponential or Linear", c.Class)
}

func as[T any](data []byte) (value T, err error) {
	err = strict(data, &value)
	return value, err
}

// strict refuses null, unknown fields and trailing text.
func strict(data []byte, into any) error {
	if string(data) == "null" {
		return fmt.Errorf("got null, expected a value")
	}
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
