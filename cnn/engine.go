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
	ahead   bool              // state has had steps that the run's arrays have not
	fixed   *Moments          // the moments by which evaluation standardises images; nil: each image's own
	views   []View            // over which evaluation averages; nil: each image as it is

	team     *team // the ranks with which it trains, and what they add up
	pool     *pool // of a cache; nil: the backend is the engine's own
	programs map[programKey]program
}

// programKey tells the graphs of an engine apart.
type programKey struct {
	train, flip bool
	watched     bool     // a step of training that also returns what telemetry records
	settled     bool     // a step after the epochs in which some arrays are trained
	images      int      // in the dataset on the device
	part        stepPart // of a sharded step
}

// stepPart says which of a training step's graphs is meant.
type stepPart string

const (
	partWhole  stepPart = ""       // the one of an ordinary step
	partShard  stepPart = "shard"  // see shardStep
	partUpdate stepPart = "update" // see updateStep
)

// newEngine opens the backend, or takes the cache's if there is one, and sends weights and slots to it.
func newEngine(cache *Cache, net Architecture, config Config, weights, slots Weights) (*engine, error) {
	e := &engine{net: net, config: config.undivided(), team: &team{}, programs: map[programKey]program{}}
	if err := e.open(cache); err != nil {
		return nil, err
	}
	err := guard("preparing the network", func() error {
		devices := config.devices()
		if has := e.backend.NumDevices(); devices > has {
			return fmt.Errorf("%w: %d devices cannot share a batch: %s has %d", ErrConfig, devices, backendLabel(), has)
		}
		return e.setState(append(weights[:len(weights):len(weights)], slots...))
	})
	if err != nil {
		e.close()
		return nil, err
	}
	return e, nil
}

// open opens the backend.
func (e *engine) open(cache *Cache) (err error) {
	if cache == nil {
		e.backend, err = openBackend()
	} else if e.pool, err = cache.join(); err == nil {
		e.backend = e.pool.backend
	}
	if err == nil && e.config.devices() > 1 {
		e.backend = withoutOneDNN(e.backend)
	}
	return err
}

// program returns the graph of that key, which compiles at its first call, and again for another batch size.
func (e *engine) program(key programKey) (program, error) {
	if p, ok := e.programs[key]; ok {
		return p, nil
	}
	p, err := e.newProgram(key)
	if err == nil {
		e.programs[key] = p
	}
	return p, err
}

func (e *engine) newProgram(key programKey) (p program, err error) {
	build := e.newEvaluation
	switch {
	case key.part != partWhole:
		build = e.newShardPart
	case key.train:
		build = e.newTraining
	}
	if e.pool == nil {
		p.Exec, err = build(key)
		return p, err
	}
	text, err := graphKey(e.net, e.config, e.fixed, e.views, key.train)
	if err != nil {
		return p, err
	}
	p.entry, err = e.pool.get(fmt.Sprintf("%+v %s", key, text), 0, func() (any, func(), error) {
		exec, err := build(key)
		if err != nil {
			return nil, nil, err
		}
		return exec, exec.Finalize, nil
	})
	if err == nil {
		p.Exec = p.entry.value.(*graph.Exec)
	}
	return p, err
}

// newTraining makes the graph of a training step. It must not refer to e, which it may outlive.
func (e *engine) newTraining(key programKey) (*graph.Exec, error) {
	net, config, devices := e.net, e.config, e.config.devices()
	exec, err := graph.NewExec(e.backend, func(inputs []*graph.Node) []*graph.Node {
		if key.watched {
			return watchedStep(net, config, key.settled, inputs)
		}
		return trainStep(net, config, key.settled, inputs)
	})
	if err == nil && devices > 1 {
		err = share(exec, devices, len(e.state)/devices, stepOptionsOf(net, config))
	}
	return exec, err
}

// newEvaluation makes the graph of an evaluation. It must not refer to e, which it may outlive.
func (e *engine) newEvaluation(key programKey) (*graph.Exec, error) {
	net, config, fixed, views := e.net, e.config, e.fixed, e.views
	config.Preprocess = config.Preprocess.ForEvaluation()
	config.Preprocess.Flip = key.flip
	return graph.NewExec(e.backend, func(inputs []*graph.Node) []*graph.Node {
		return evalStep(net, config, fixed, views, inputs)
	})
}

// presenting returns an engine with the same network and weights that standardises
// all images by the same moments and averages over views; if both are nil it is e itself. Call release after use.
func (e *engine) presenting(fixed *Moments, views []View) (other *engine, release func()) {
	if fixed == nil && views == nil {
		return e, func() {}
	}
	o := *e
	o.fixed, o.views, o.programs = fixed, views, map[programKey]program{}
	return &o, o.releasePrograms
}

func (e *engine) releasePrograms() {
	for _, p := range e.programs {
		if p.entry != nil {
			e.pool.release(p.entry)
		}
	}
	e.programs = nil
}

// close releases the device. The engine cannot be used afterwards.
func (e *engine) close() {
	if e == nil || e.backend == nil {
		return
	}
	if e.pool == nil {
		e.backend.Finalize()
	} else {
		_ = guard("releasing the network", func() error {
			for _, t := range e.state {
				_ = t.FinalizeAll()
			}
			return nil
		})
		e.releasePrograms()
		e.pool.leave()
	}
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
	e.state, e.ahead = state, false
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
	if e.config.Shards > 0 {
		return e.shardedStep(data, r)
	}
	loss, correct, _, err = e.train(data, r, false)
	return loss, correct, err
}

// train is [engine.step]. It also returns the further outputs of a watched one.
func (e *engine) train(data *deviceData, r stepRequest, watched bool) (loss, correct float64, seen []*tensors.Tensor, err error) {
	err = guard("training step", func() error {
		devices, has := e.config.devices(), stepOptionsOf(e.net, e.config)
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
			inputs = append(inputs, r.optional(has, d, devices)...)
		}
		exec, err := e.program(programKey{train: true, watched: watched, settled: has.settled(int(r.epoch)), images: data.n})
		if err != nil {
			return err
		}
		e.ahead = true
		outputs, err := exec.Call(inputs...)
		if err != nil {
			return err
		}
		count := len(e.state) / devices
		e.state = e.state[:0]
		for d := range devices {
			e.state = append(e.state, part(outputs, d, devices)[:count]...)
		}
		figures := part(outputs, 0, devices)[count:] // equal on every device
		loss = float64(tensors.ToScalar[float32](figures[0]))
		correct = float64(tensors.ToScalar[float32](figures[1]))
		seen = figures[stepFigures:]
		settle()
		return nil
	})
	return loss, correct, seen, err
}

// compile starts compiling the training step of that epoch, counted from 0, for n images and full batches, as a watched one, a plain one, or both in that
// order, and closes done at its end; e must not be closed before. The first step waits
// for it, and reports errors.
func (e *engine) compile(n, epoch int, watched ...bool) (done chan struct{}) {
	if e.config.Shards > 0 {
		return e.compileShards(n)
	}
	done = make(chan struct{})
	devices, has := e.config.devices(), stepOptionsOf(e.net, e.config)
	batch := min(e.config.Batch, n) / devices
	var inputs []shapes.Shape
	for d := range devices {
		for _, t := range part(e.state, d, devices) {
			inputs = append(inputs, t.Shape())
		}
		inputs = append(inputs, stepShapes(n, e.net.Input, batch, has)...)
	}
	var programs []program
	for _, w := range watched {
		p, err := e.program(programKey{train: true, watched: w, settled: has.settled(epoch), images: n})
		if err != nil {
			break
		}
		programs = append(programs, p)
	}
	go func() {
		defer close(done)
		for _, p := range programs {
			_ = guard("compiling the training step", func() error {
				_, err := p.Compile(inputs...)
				return err
			})
		}
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
		exec, err := e.program(programKey{flip: flips != nil, images: data.n})
		if err != nil {
			return err
		}
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
// 285 MB for batches of 500, in addition: that happened in one of a few steps, and
// the process kept both blocks.
func settle() {
	if backendLabel() == "xla:cpu" {
		time.Sleep(time.Millisecond)
	}
}
