package cnn

import (
	"fmt"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
)

// maxShards limits the number of parts of a batch.
const maxShards = 1024

func (c Config) validateShards() error {
	switch {
	case c.Shards == 0:
		return nil
	case !isPowerOfTwo(c.Shards) || c.Shards > min(c.Batch, maxShards):
		return fmt.Errorf("%w: a batch of %d images can have 1, 2, 4, 8 … shards, at most %d, got %d", ErrConfig, c.Batch, min(c.Batch, maxShards), c.Shards)
	case c.Telemetry:
		return fmt.Errorf("%w: telemetry watches whole batches, and this training computes them in %d shards: leave out one of the two", ErrConfig, c.Shards)
	case c.EMA != nil || c.Preprocess.Cutout > 0:
		return fmt.Errorf("%w: averages of the weights (EMA) and cutout are not computed in shards: leave them out, or the %d shards", ErrConfig, c.Shards)
	case c.devices() > 1:
		return fmt.Errorf("%w: %d shards and %d devices: a rank computes its shards on one device: start one rank for each device instead", ErrConfig, c.Shards, c.Devices)
	}
	return nil
}

// CheckRanks refuses numbers of processes that cannot share the batches of a training: see [WithRanks].
func (c Config) CheckRanks(ranks int) error {
	switch {
	case ranks == 1:
		return nil
	case c.Shards == 0:
		return fmt.Errorf("%w: %d processes cannot share batches that are not divided: choose a number of shards, a power of two from %d on", ErrConfig, ranks, ranks)
	case !isPowerOfTwo(ranks) || ranks > c.Shards:
		return fmt.Errorf("%w: %d processes cannot share %d shards: start 1, 2, 4, 8 … processes, at most one for each shard", ErrConfig, ranks, c.Shards)
	}
	return nil
}

// checkShards refuses shards of a single image where batches are normalised: the image would be compared with itself. n is the
// number of training images.
func (a Architecture) checkShards(c Config, n int) error {
	if c.Shards == 0 {
		return nil
	}
	specs, err := a.WeightSpecs()
	if err != nil {
		return err
	}
	normalises := false
	for _, role := range a.roles(specs) {
		normalises = normalises || role == roleStatistic
	}
	smallest := min(c.Batch, n)
	if last := n % c.Batch; last > 0 && !c.DropLast {
		smallest = min(smallest, last)
	}
	if normalises && smallest/c.Shards < 2 {
		return fmt.Errorf("%w: the smallest batch has %d images, so some of its %d shards have fewer than 2, and batch normalisation needs 2: choose fewer shards, or leave out the last batch (DropLast)",
			ErrConfig, smallest, c.Shards)
	}
	return nil
}

// shardRange returns where a shard of n images begins and ends. Shards differ by at most one image; of fewer images than shards, some
// are empty.
func shardRange(n, shard, shards int) (from, to int) {
	return n * shard / shards, n * (shard + 1) / shards
}

// shard returns the part of a step that is one of so many shards. What is drawn for an image depends on its place in the batch,
// and what is drawn within the graph, dropout, on the shard: neither depends on who computes it.
func (r stepRequest) shard(shard, shards int) stepRequest {
	from, to := shardRange(len(r.indices), shard, shards)
	part := r
	part.indices, part.flips = r.indices[from:to], r.flips[from:to]
	if r.shifts != nil {
		part.shifts = r.shifts[2*from : 2*to]
	}
	part.rng = make([]uint64, len(r.rng))
	for i, state := range r.rng {
		part.rng[i] = mix(state, uint64(shard))
	}
	return part
}

// newShardPart makes one of the graphs of a sharded step. It must not refer to e, which it may outlive.
func (e *engine) newShardPart(key programKey) (*graph.Exec, error) {
	net, config := e.net, e.config
	build := shardStep
	if key.part == partUpdate {
		build = updateStep
	}
	return graph.NewExec(e.backend, func(inputs []*graph.Node) []*graph.Node { return build(net, config, inputs) })
}

// shardedStep is [engine.step] of a sharded training. Rank 0 calls it, and tells the others to.
func (e *engine) shardedStep(data *deviceData, r stepRequest) (loss, correct float64, err error) {
	if err := e.team.order(orderStep, r.step, r.exact); err != nil {
		return 0, 0, err
	}
	err = guard("training step", func() error {
		e.ahead = true
		sums, err := e.sumShards(data, r)
		if err != nil {
			return err
		}
		if err := e.team.sum(sums); err != nil {
			return err
		}
		figures := sums[len(sums)-stepFigures:]
		loss, correct = float64(figures[0])/float64(len(r.indices)), float64(figures[1])
		if err := e.update(sums[:len(sums)-stepFigures], r); err != nil {
			return err
		}
		settle()
		return nil
	})
	return loss, correct, err
}

// sumShards computes this rank's shards and adds up what they give.
func (e *engine) sumShards(data *deviceData, r stepRequest) ([]float32, error) {
	exec, err := e.program(programKey{train: true, images: data.n, part: partShard})
	if err != nil {
		return nil, err
	}
	specs, err := e.net.WeightSpecs()
	if err != nil {
		return nil, err
	}
	weights := e.state[:len(specs)]
	sizes := e.net.summed(specs)
	count := e.config.Shards / e.team.Size()
	first := e.team.Rank() * count
	return treeSum(first, count, e.team.buffers(count, sizes), func(shard int, sum []float32, add bool) error {
		part := r.shard(shard, e.config.Shards)
		if len(part.indices) == 0 {
			addShard(sum, make([]float32, len(sum)), add)
			return nil
		}
		var inputs []any
		for _, w := range weights {
			inputs = append(inputs, w)
		}
		inputs = append(inputs, data.images[0], data.labels[0], part.indices, part.flips, part.rng)
		if part.shifts != nil {
			inputs = append(inputs, shiftsTensor(part.shifts))
		}
		outputs, err := exec.Call(inputs...)
		if err != nil {
			return err
		}
		for i, output := range outputs {
			n := sizes[i].Size()
			if err := tensors.ConstFlatData(output, func(values []float32) { addShard(sum[:n], values, add) }); err != nil {
				return err
			}
			sum = sum[n:]
			if err := output.FinalizeAll(); err != nil {
				return err
			}
		}
		return nil
	})
}

// addShard writes a shard's values to a sum, or adds them.
func addShard(sum, values []float32, adds bool) {
	if adds {
		add(sum, values)
	} else {
		copy(sum, values)
	}
}

// update updates the state by the sums of a step.
func (e *engine) update(sums []float32, r stepRequest) error {
	specs, err := e.net.WeightSpecs()
	if err != nil {
		return err
	}
	exec, err := e.program(programKey{train: true, part: partUpdate})
	if err != nil {
		return err
	}
	var inputs []any
	for _, t := range e.state {
		donated, err := graph.DonateTensorBuffer(t, e.backend, compute.DeviceNum(0))
		if err != nil {
			return err
		}
		inputs = append(inputs, donated)
	}
	shapes := e.net.summed(specs)
	for _, s := range shapes[:len(shapes)-stepFigures] {
		inputs = append(inputs, tensors.FromFlatDataAndDimensions(sums[:s.Size()], s.Dimensions...))
		sums = sums[s.Size():]
	}
	inputs = append(inputs, float32(len(r.indices)), r.rate, r.stepRate)
	has := stepOptionsOf(e.net, e.config).ofUpdate()
	e.state, err = exec.Call(append(inputs, r.optional(has, 0, 1)...)...)
	return err
}

// compileShards is [engine.compile] of a sharded training.
func (e *engine) compileShards(n int) (done chan struct{}) {
	done = make(chan struct{})
	specs, err := e.net.WeightSpecs()
	if err != nil {
		close(done)
		return done
	}
	var state []shapes.Shape
	for _, t := range e.state {
		state = append(state, t.Shape())
	}
	has := stepOptionsOf(e.net, e.config)
	sums := e.net.summed(specs)
	number := shapes.Make(dtypes.Float32)
	update := append(append(state[:len(state):len(state)], sums[:len(sums)-stepFigures]...), number, number, number)
	if has.epochs > 0 {
		update = append(update, shapes.Make(dtypes.Int32))
	}
	for _, one := range []bool{has.lookahead, has.momentum} {
		if one {
			update = append(update, number)
		}
	}
	shard, err := e.program(programKey{train: true, images: n, part: partShard})
	if err != nil {
		close(done)
		return done
	}
	whole, err := e.program(programKey{train: true, part: partUpdate})
	if err != nil {
		close(done)
		return done
	}
	batch := min(e.config.Batch, n)
	from, to := shardRange(batch, e.config.Shards-1, e.config.Shards) // the last shard is one of the larger ones
	go func() {
		defer close(done)
		_ = guard("compiling the training step", func() error {
			inputs := append(state[:len(specs):len(specs)], shardShapes(n, e.net.Input, to-from, e.config)...)
			if _, err := shard.Compile(inputs...); err != nil {
				return err
			}
			_, err := whole.Compile(update...)
			return err
		})
	}()
	return done
}
