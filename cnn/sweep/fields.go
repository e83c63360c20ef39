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
	layers  cnn.Architecture
	rateSet bool // rate or schedule
}

// set applies one field.
func (s *settings) set(field string, value any) error {
	data, err := encode(value)
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
	case "drop_last":
		err = strict(data, &c.DropLast)
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
	case "telemetry":
		err = strict(data, &c.Telemetry)
	case "preprocess":
		err = strict(data, &c.Preprocess)
	case "loss":
		err = strict(data, &c.Loss)
	case "lookahead":
		c.Lookahead = &cnn.Lookahead{}
		err = strict(data, c.Lookahead)
	case "ema":
		c.EMA = &cnn.EMA{}
		err = strict(data, c.EMA)
	case "clip":
		c.Clip = &cnn.Clipping{}
		err = strict(data, c.Clip)
	case "plateau":
		c.Plateau = &cnn.Plateau{}
		err = strict(data, c.Plateau)
	default:
		if part, ok := strings.CutPrefix(field, "preprocess."); ok {
			return strict(fmt.Appendf(nil, "{%q: %s}", part, data), &c.Preprocess) // the other parts stay
		}
		err = s.network(field, data)
	}
	return err
}

// encode writes a value of a field as JSON: a layer, an optimizer or a schedule of package cnn with its class.
func encode(value any) ([]byte, error) {
	switch v := value.(type) {
	case cnn.Layer:
		fields, err := json.Marshal(v)
		if err != nil {
			return nil, err
		}
		return append(fmt.Appendf(nil, "{\"class_name\":%q,", v.Kind()), fields[1:]...), nil
	case cnn.Optimizer:
		return json.Marshal(map[string]any{"class_name": v.Kind(), "config": v})
	case cnn.Constant:
		return json.Marshal(map[string]any{"class_name": "Constant", "config": map[string]float64{"rate": float64(v)}})
	case cnn.Schedule:
		return json.Marshal(map[string]any{"class_name": strings.TrimPrefix(fmt.Sprintf("%T", v), "cnn."), "config": v})
	}
	return json.Marshal(value)
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
	case "TorchSGD":
		return as[cnn.TorchSGD](c.Config)
	}
	return nil, fmt.Errorf("unknown optimizer %q: expected SGD, RMSprop, Adagrad, Adadelta, Adam, AdamW or TorchSGD", c.Class)
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
	case "CosineRestarts":
		return as[cnn.CosineRestarts](c.Config)
	case "Triangle":
		return as[cnn.Triangle](c.Config)
	}
	return nil, fmt.Errorf("unknown schedule %q: expected Constant, Cyclic, OneCycle, CosineWarmup, Exponential, Linear, CosineRestarts or Triangle", c.Class)
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
