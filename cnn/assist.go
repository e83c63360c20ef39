package cnn

import (
	"context"
	"errors"
	"fmt"
)

// ErrRanks means that the processes that train a run together have failed or differ.
var ErrRanks = errors.New("ranks")

// Assist computes this rank's part of the training that rank 0 leads: see [WithRanks]. It returns nil once the training has
// ended, and an error that wraps [context.Canceled] if rank 0 was asked to stop. It follows rank 0 alone: ctx only hands over
// a [Cache]. It writes no file.
func Assist(ctx context.Context, ranks Ranks, spec Spec) error {
	spec = spec.complete()
	m, err := newManifest(spec)
	if err != nil {
		return err
	}
	if err := spec.Config.CheckRanks(ranks.Size()); err != nil {
		return err
	}
	r := &Run{Name: spec.Name, Network: spec.Network, spec: spec, manifest: m}
	if r.weights, err = spec.startingWeights(); err != nil {
		return err
	}
	if r.slots, err = spec.Network.freshSlots(spec.Config, r.weights); err != nil {
		return err
	}
	e, err := r.open(ctx)
	if err != nil {
		return err
	}
	defer r.Close()
	e.team = &team{ranks: ranks}
	compiled := e.compile(spec.Train.Len(), 0)
	defer func() { <-compiled }()
	data, err := e.send(spec.Train, 1)
	if err != nil {
		return err
	}
	defer data.free()
	return r.follow(data)
}

// follow does what rank 0 orders.
func (r *Run) follow(data *deviceData) error {
	e := r.engine
	batches := batchesOf(e.config, data.n)
	for {
		kind, step, rate, err := e.team.next()
		if err != nil {
			return fmt.Errorf("%w: waiting for rank 0: %w", ErrRanks, err)
		}
		switch kind {
		case orderIntroduce:
			_, err = e.team.introductions(r.manifest.Identity)
		case orderState:
			err = r.takeState()
		case orderStep:
			_, _, err = e.step(data, newStepRequest(e.config, data.n, step, rate, batches(step)))
		case orderCompare:
			_, err = e.hashes()
		case orderFinished:
			return nil
		case orderStopped:
			return fmt.Errorf("rank 0 was asked to stop: %w", context.Canceled)
		default:
			return fmt.Errorf("%w: rank 0 has ended with an error", ErrRanks)
		}
		if err != nil {
			return err
		}
	}
}

// takeState receives the state that rank 0 sends.
func (r *Run) takeState() error {
	arrays := append(r.weights.Clone(), r.slots.Clone()...)
	n := 0
	for _, a := range arrays {
		n += len(a.Values)
	}
	state := make([]float32, n)
	if err := r.engine.team.spread(asBytes(state)); err != nil {
		return err
	}
	for _, a := range arrays {
		state = state[copy(a.Values, state):]
	}
	return r.engine.setState(arrays)
}
