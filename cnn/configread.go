package cnn

import (
	"bytes"
	"encoding/json"
	"fmt"
)

// readConfig reads a configuration as [Config.MarshalJSON] writes it. Whatever would be written otherwise, such as an
// optimizer of a later version, is an error that wraps ErrFormat.
func readConfig(data json.RawMessage) (Config, error) {
	var f struct {
		Optimizer  named      `json:"optimizer"`
		Schedule   named      `json:"schedule"`
		Batch      int        `json:"batch"`
		Epochs     int        `json:"epochs"`
		Seed       uint64     `json:"seed"`
		Preprocess Preprocess `json:"preprocess"`
		FlipEval   bool       `json:"flip_evaluation"`
		Devices    int        `json:"devices"`
		Shards     int        `json:"shards"`
		Precision  Precision  `json:"precision"`
		Patience   int        `json:"patience"`
		KeepBest   bool       `json:"keep_best"`
		Monitor    Monitor    `json:"monitor"`
		MinDelta   float64    `json:"min_delta"`
		Plateau    *Plateau   `json:"plateau"`
		Loss       Loss       `json:"loss"`
		Lookahead  *Lookahead `json:"lookahead"`
		EMA        *EMA       `json:"ema"`
		Clip       *Clipping  `json:"clip"`
		DropLast   bool       `json:"drop_last"`
		Steps      int        `json:"steps"`
	}
	if err := json.Unmarshal(data, &f); err != nil {
		return Config{}, fmt.Errorf("%w: configuration: %w", ErrFormat, err)
	}
	c := Config{
		Batch: f.Batch, Epochs: f.Epochs, Seed: f.Seed, Preprocess: f.Preprocess, FlipEvaluation: f.FlipEval, Devices: f.Devices, Shards: f.Shards,
		Precision: f.Precision, Patience: f.Patience, KeepBest: f.KeepBest, Monitor: f.Monitor, MinDelta: f.MinDelta, Plateau: f.Plateau,
		Loss: f.Loss, Lookahead: f.Lookahead, EMA: f.EMA, Clip: f.Clip, DropLast: f.DropLast, Steps: f.Steps,
	}
	var err error
	if c.Optimizer, err = f.Optimizer.optimizer(); err != nil {
		return c, err
	}
	if c.Schedule, err = f.Schedule.schedule(); err != nil {
		return c, err
	}
	var want bytes.Buffer
	if err := json.Compact(&want, data); err != nil {
		return c, fmt.Errorf("%w: configuration: %w", ErrFormat, err)
	}
	if got, err := json.Marshal(c); err != nil || !bytes.Equal(got, want.Bytes()) {
		return c, fmt.Errorf("%w: configuration: this program would write it as %s, found %s", ErrFormat, got, &want)
	}
	return c, nil
}

// named is a value of one of several types, with its type's name.
type named struct {
	Class  string          `json:"class_name"`
	Config json.RawMessage `json:"config"`
}

func (n named) optimizer() (Optimizer, error) {
	read, ok := map[string]func(json.RawMessage) (Optimizer, error){
		"SGD": readAs[SGD, Optimizer], "RMSprop": readAs[RMSprop, Optimizer], "Adagrad": readAs[Adagrad, Optimizer], "Adadelta": readAs[Adadelta, Optimizer],
		"Adam": readAs[Adam, Optimizer], "AdamW": readAs[AdamW, Optimizer], "TorchSGD": readAs[TorchSGD, Optimizer],
	}[n.Class]
	if !ok {
		return nil, fmt.Errorf("%w: unknown optimizer %q", ErrFormat, n.Class)
	}
	return read(n.Config)
}

func (n named) schedule() (Schedule, error) {
	read, ok := map[string]func(json.RawMessage) (Schedule, error){
		"Constant": readConstant, "Cyclic": readAs[Cyclic, Schedule], "OneCycle": readAs[OneCycle, Schedule], "CosineWarmup": readAs[CosineWarmup, Schedule], "CosineRestarts": readAs[CosineRestarts, Schedule],
		"Exponential": readAs[Exponential, Schedule], "Linear": readAs[Linear, Schedule], "Triangle": readAs[Triangle, Schedule],
	}[n.Class]
	if !ok {
		return nil, fmt.Errorf("%w: unknown schedule %q", ErrFormat, n.Class)
	}
	return read(n.Config)
}

// readAs reads a T, which is an I.
func readAs[T, I any](data json.RawMessage) (I, error) {
	var v T
	err := json.Unmarshal(data, &v)
	i, _ := any(v).(I)
	if err != nil {
		err = fmt.Errorf("%w: configuration: %T: %w", ErrFormat, v, err)
	}
	return i, err
}

func readConstant(data json.RawMessage) (Schedule, error) {
	var v struct {
		Rate float64 `json:"rate"`
	}
	if err := json.Unmarshal(data, &v); err != nil {
		return nil, fmt.Errorf("%w: configuration: Constant: %w", ErrFormat, err)
	}
	return Constant(v.Rate), nil
}
