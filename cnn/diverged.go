package cnn

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
)

// diverged returns the error for a training that diverged: what is no longer finite,
// after how many steps, and in which layer it began. Training is deterministic, so
// the steps since the last save are repeated, with a check of every array after
// each. That takes a few seconds, which matter little, as the training has ended.
func (t *training) diverged(ctx context.Context, what string, step int) error {
	rate := t.rate(max(0, step-1))
	where, err := t.whereItBegan(ctx, step)
	if err != nil {
		where = fmt.Sprintf("looking for the layer failed: %v", err) // the divergence is what matters
	}
	return fmt.Errorf("%w: %s is not finite (rate %g): %s: the save of step %d is kept: try a rate of %.2g or lower (SearchRate finds one), or a longer warm-up",
		ErrDiverged, what, rate, where, t.run.saved.Step, rate/10)
}

// whereItBegan repeats the steps from the last save to the given number, plus one
// forward pass, and names the first layer with a NaN or an infinity.
func (t *training) whereItBegan(ctx context.Context, steps int) (string, error) {
	r, e := t.run, t.engine
	specs := slices.Concat(r.weights, r.slots)
	if err := e.setState(specs); err != nil {
		return "", err
	}
	batches := batchesOf(e.config, t.train.n)
	request := func(step int) stepRequest {
		return newStepRequest(e.config, t.train.n, step, t.rate(step), batches(step))
	}
	for step := r.saved.Step; step < steps; step++ {
		if err := ctx.Err(); err != nil {
			return "", err
		}
		if _, _, err := e.step(t.train, request(step)); err != nil {
			return "", err
		}
		arrays, err := e.arrays(specs)
		if err != nil {
			return "", err
		}
		if name := Weights(arrays).firstNonFinite(); name != "" {
			return fmt.Sprintf("it began in layer %q, where %s was not finite after step %d", r.Network.layerOf(name), name, step+1), nil
		}
	}
	layer, err := e.firstNonFiniteLayer(t.train, request(steps))
	if err != nil {
		return "", err
	}
	if layer == "" {
		return "the output of every layer is finite", nil
	}
	return fmt.Sprintf("it began in layer %q, whose output was not finite in step %d", layer, steps+1), nil
}

// firstNonFiniteLayer runs a step's forward pass and returns the name of the first
// layer whose output holds a NaN or an infinity, or "".
func (e *engine) firstNonFiniteLayer(data *deviceData, r stepRequest) (layer string, err error) {
	err = guard("examining the layers", func() error {
		specs, err := e.net.WeightSpecs()
		if err != nil {
			return err
		}
		exec, err := graph.NewExec(e.backend, func(inputs []*graph.Node) *graph.Node {
			return examineStep(e.net, e.config, inputs)
		})
		if err != nil {
			return err
		}
		var inputs []any
		for _, w := range e.state[:len(specs)] {
			inputs = append(inputs, w)
		}
		inputs = append(inputs, data.images[0], r.indices, r.flips, r.rng)
		if e.config.Preprocess.Crop > 0 {
			inputs = append(inputs, shiftsTensor(r.shifts))
		}
		outputs, err := exec.Call(inputs...)
		if err != nil {
			return err
		}
		counts, err := tensors.CopyFlatData[int32](outputs[0])
		if err != nil {
			return err
		}
		if i := slices.IndexFunc(counts, func(n int32) bool { return n > 0 }); i >= 0 {
			layer = e.net.Layers[i].LayerName()
		}
		return nil
	})
	return layer, err
}

// layerOf returns the layer to which an array of the weights or slots belongs: the
// array's name begins with the layer's.
func (a Architecture) layerOf(array string) string {
	name := ""
	for _, l := range a.Layers {
		if n := l.LayerName(); len(n) > len(name) && strings.HasPrefix(array, n+"/") {
			name = n
		}
	}
	return name
}
