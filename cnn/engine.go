package cnn

import (
	"fmt"
	"time"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/shapes"
	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
)

// engine runs the compiled graphs of one network on one backend and holds the
// network's state there: the weights, then the optimizer's slots.
type engine struct {
	net     Architecture
	config  Config
	backend compute.Backend
	state   []*tensors.Tensor // of the first device, then of the next one
	train   *graph.Exec
	eval    map[bool]*graph.Exec // by whether images are flipped
	fixed   *Moments             // the moments by which eval standardises images; nil: each image's own
}

// newEngine opens the backend and sends weights and slots to it. The executors
// compile at their first call, and again for each new batch size.
func newEngine(net Architecture, config Config, weights, slots Weights) (*engine, error) {
	backend, err := openBackend()
	if err != nil {
		return nil, err
	}
	if config.devices() > 1 {
		backend = withoutOneDNN(backend)
	}
	e := &engine{net: net, config: config, backend: backend}
	err = guard("preparing the network", func() error {
		devices := config.devices()
		if has := backend.NumDevices(); devices > has {
			return fmt.Errorf("%w: %d devices cannot share a batch: %s has %d", ErrConfig, devices, backendLabel(), has)
		}
		e.train, err = graph.NewExec(backend, func(inputs []*graph.Node) []*graph.Node {
			return trainStep(net, config, inputs)
		})
		if err != nil {
			return err
		}
		if devices > 1 {
			if err := share(e.train, devices, len(weights)+len(slots)); err != nil {
				return err
			}
		}
		if err := e.prepareEvaluation(); err != nil {
			return err
		}
		return e.setState(append(weights[:len(weights):len(weights)], slots...))
	})
	if err != nil {
		e.close()
		return nil, err
	}
	return e, nil
}

// prepareEvaluation makes the evaluation graphs.
func (e *engine) prepareEvaluation() (err error) {
	e.eval = map[bool]*graph.Exec{}
	for _, flip := range []bool{false, true} {
		c := e.config
		c.Preprocess.Flip = flip
		e.eval[flip], err = graph.NewExec(e.backend, func(inputs []*graph.Node) []*graph.Node {
			return evalStep(e.net, c, e.fixed, inputs)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// standardizing returns an engine with the same network and weights that standardises
// all images by the same moments; nil moments return e itself.
func (e *engine) standardizing(fixed *Moments) (*engine, error) {
	if fixed == nil {
		return e, nil
	}
	other := *e
	other.fixed = fixed
	err := guard("preparing the network", other.prepareEvaluation)
	return &other, err
}

// close releases the device. The engine cannot be used afterwards.
func (e *engine) close() {
	if e == nil || e.backend == nil {
		return
	}
	e.backend.Finalize()
	e.backend = nil
}

func (e *engine) setState(arrays []Array) error {
	var state []*tensors.Tensor
	for d := range e.config.devices() {
		for _, a := range arrays {
			t := tensors.FromFlatDataAndDimensions(a.Values, a.Shape...)
			if err := t.ToDevice(e.backend, compute.DeviceNum(d)); err != nil {
				return fmt.Errorf("%s: %w", a.Name, err)
			}
			state = append(state, t)
		}
	}
	e.state = state
	return nil
}

// arrays copies the first device's state back, named as in specs.
func (e *engine) arrays(specs []Array) ([]Array, error) {
	out := make([]Array, len(specs))
	for i, t := range e.state[:len(specs)] {
		values, err := tensors.CopyFlatData[float32](t)
		if err != nil {
			return nil, fmt.Errorf("%w: reading %s back: %s", ErrBackend, specs[i].Name, firstLine(err.Error()))
		}
		out[i] = Array{Name: specs[i].Name, Shape: specs[i].Shape, Values: values}
	}
	return out, nil
}

// step trains on one batch and returns its mean loss and its number of correct
// predictions. The state's buffers are donated, so that the update needs no
// second copy of them.
func (e *engine) step(data *deviceData, r stepRequest) (loss, correct float64, err error) {
	err = guard("training step", func() error {
		devices := e.config.devices()
		var inputs []any
		for d := range devices {
			for _, t := range part(e.state, d, devices) {
				donated, err := graph.DonateTensorBuffer(t, e.backend, compute.DeviceNum(d))
				if err != nil {
					return err
				}
				inputs = append(inputs, donated)
			}
			inputs = append(inputs, data.images[d], data.labels[d],
				part(r.indices, d, devices), part(r.flips, d, devices), r.rng, r.rate, r.stepRate)
		}
		outputs, err := e.train.Call(inputs...)
		if err != nil {
			return err
		}
		e.state = e.state[:0]
		for d := range devices {
			own := part(outputs, d, devices)
			e.state = append(e.state, own[:len(own)-stepFigures]...)
		}
		figures := part(outputs, 0, devices)[len(e.state)/devices:] // equal on every device
		loss = float64(tensors.ToScalar[float32](figures[0]))
		correct = float64(tensors.ToScalar[float32](figures[1]))
		settle()
		return nil
	})
	return loss, correct, err
}

// compile starts compiling the training step for n images and full batches,
// and closes done at its end; e must not be closed before. The first step waits
// for it, and reports errors.
func (e *engine) compile(n int) (done chan struct{}) {
	done = make(chan struct{})
	devices := e.config.devices()
	batch := min(e.config.Batch, n) / devices
	var inputs []shapes.Shape
	for d := range devices {
		for _, t := range part(e.state, d, devices) {
			inputs = append(inputs, t.Shape())
		}
		inputs = append(inputs, stepShapes(n, e.net.Input, batch)...)
	}
	go func() {
		defer close(done)
		_ = guard("compiling the training step", func() error {
			_, err := e.train.Compile(inputs...)
			return err
		})
	}()
	return done
}

// evaluate runs the network on the images at indices; flips may be nil. It
// returns probabilities, one row of classes per image, and losses.
func (e *engine) evaluate(data *deviceData, indices []int32, flips []bool) (probabilities, losses []float32, err error) {
	err = guard("evaluation", func() error {
		inputs := make([]any, 0, len(e.state)+4)
		specs, err := e.net.WeightSpecs()
		if err != nil {
			return err
		}
		for _, t := range e.state[:len(specs)] {
			inputs = append(inputs, t)
		}
		exec := e.eval[flips != nil]
		if flips == nil {
			flips = make([]bool, len(indices))
		}
		outputs, err := exec.Call(append(inputs, data.images[0], data.labels[0], indices, flips)...)
		if err != nil {
			return err
		}
		if probabilities, err = tensors.CopyFlatData[float32](outputs[0]); err != nil {
			return err
		}
		losses, err = tensors.CopyFlatData[float32](outputs[1])
		settle()
		return err
	})
	return probabilities, losses, err
}

// settle gives XLA on the CPU time to release the memory of a call whose results it
// has already returned. A step that began earlier would allocate its own memory,
// 450 MB for batches of 500, in addition: that happened in one of a few steps, and
// the process kept both blocks.
func settle() {
	if backendLabel() == "xla:cpu" {
		time.Sleep(time.Millisecond)
	}
}
