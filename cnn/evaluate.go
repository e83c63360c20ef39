package cnn

import (
	"context"
	"fmt"

	"github.com/cnnbook/cnnbook/cifar"
)

// evalBatch is the number of images in a batch of evaluation. It does not
// change the result.
const evalBatch = 500

// Evaluation describes how [Run.EvaluateWith] presents images to the network. The zero
// value flips none and standardises each image separately.
type Evaluation struct {
	Flips   []bool   // which images are flipped left to right, one entry per image; nil flips none
	Moments *Moments // moments by which every image is standardised, instead of its own
	Views   []View   // test-time augmentation: what the network says about an image is the mean over these; nil: about the image itself
	Observe func(done, total int)
}

// Moments are the mean and the standard deviation of pixel values, 0 to 255.
type Moments struct{ Mean, Deviation float64 }

// Evaluate runs the network, without dropout and without flips, on every image
// of d. observe, if not nil, receives the number of images done so far.
func (r *Run) Evaluate(ctx context.Context, d *cifar.Dataset, observe func(done, total int)) (*Result, error) {
	return r.EvaluateWith(ctx, d, Evaluation{Observe: observe})
}

// EvaluateWith runs the network, without dropout, on every image of d, presented as
// described by how.
func (r *Run) EvaluateWith(ctx context.Context, d *cifar.Dataset, how Evaluation) (*Result, error) {
	if d == nil || d.Len() == 0 {
		return nil, fmt.Errorf("%w: no images to evaluate", ErrConfig)
	}
	if err := r.Network.fits(d); err != nil {
		return nil, err
	}
	if how.Flips != nil && len(how.Flips) != d.Len() {
		return nil, fmt.Errorf("%w: %d flips for %d images", ErrConfig, len(how.Flips), d.Len())
	}
	if err := checkViews(how.Views, r.Network.Input); err != nil {
		return nil, err
	}
	if err := r.Network.Classifier(len(d.Names)); err != nil {
		return nil, err
	}
	if err := r.sameClasses(d); err != nil {
		return nil, err
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	cache := cacheOf(ctx)
	key, err := r.evaluationKey(cache, d, how)
	if err != nil {
		return nil, err
	}
	if key != "" {
		if s := cache.find(key); s != nil {
			if how.Observe != nil {
				how.Observe(d.Len(), d.Len())
			}
			return r.result(s, d), nil
		}
	}
	s, err := r.evaluate(ctx, d, how)
	if err != nil {
		return nil, err
	}
	if key != "" {
		cache.keep(key, s)
	}
	return r.result(s, d), nil
}

func (r *Run) evaluate(ctx context.Context, d *cifar.Dataset, how Evaluation) (*scores, error) {
	e, err := r.open(ctx)
	if err != nil {
		return nil, err
	}
	e, release := e.presenting(how.Moments, how.Views)
	defer release()
	data, err := e.send(d, 1)
	if err != nil {
		return nil, err
	}
	defer data.free()
	return score(ctx, e, data, how.Flips, how.Observe)
}

// evaluationKey identifies all that an evaluation's scores depend on. It is empty if there is no cache or the run has not been
// opened with it, and while the run trains: then the newest weights are on the device only.
func (r *Run) evaluationKey(cache *Cache, d *cifar.Dataset, how Evaluation) (string, error) {
	settings := backendSettings()
	if e := r.engine; cache == nil || e != nil && (e.pool == nil || e.ahead) {
		return "", nil
	} else if e != nil {
		settings = e.pool.settings
	}
	graph, err := graphKey(r.Network, r.config(), how.Moments, how.Views, false)
	if err != nil {
		return "", err
	}
	return fmt.Sprint(settings, graph, cache.weights(r.inUse()), cache.images(d), how.Flips), nil
}

// scores holds the raw results of an evaluation, by image.
type scores struct {
	classes       int
	probabilities []float32 // classes per image
	losses        []float32
}

// score evaluates all of data, or returns ctx's error between two batches.
// flipped, if not nil, states for each image whether it is flipped.
func score(ctx context.Context, e *engine, data *deviceData, flipped []bool, observe func(done, total int)) (*scores, error) {
	s := &scores{}
	for start := 0; start < data.n; start += evalBatch {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		count := min(evalBatch, data.n-start)
		// A last, smaller batch is padded with image 0, so that it needs no
		// separate graph; the padding's results are dropped.
		indices := make([]int32, min(evalBatch, data.n))
		var batchFlips []bool
		if flipped != nil {
			batchFlips = make([]bool, len(indices))
		}
		for i := range count {
			indices[i] = int32(start + i)
			if flipped != nil {
				batchFlips[i] = flipped[start+i]
			}
		}
		probabilities, losses, err := e.evaluate(data, indices, batchFlips)
		if err != nil {
			return nil, err
		}
		s.classes = len(probabilities) / len(indices)
		s.probabilities = append(s.probabilities, probabilities[:count*s.classes]...)
		s.losses = append(s.losses, losses[:count]...)
		if observe != nil {
			observe(start+count, data.n)
		}
	}
	return s, nil
}

func (s *scores) meanLoss() float64 {
	sum := 0.0
	for _, l := range s.losses {
		sum += float64(l)
	}
	return sum / float64(len(s.losses))
}

// predicted returns the most probable class of image i, the first if several are equal.
func (s *scores) predicted(i int) int {
	best := 0
	p := s.probabilities[i*s.classes : (i+1)*s.classes]
	for c := range p {
		if p[c] > p[best] {
			best = c
		}
	}
	return best
}

func (s *scores) accuracy(labels []uint8) float64 {
	right := 0
	for i, l := range labels {
		if s.predicted(i) == int(l) {
			right++
		}
	}
	return float64(right) / float64(len(labels))
}

// result says whose predictions these are.
func (r *Run) result(s *scores, d *cifar.Dataset) *Result {
	out := s.result(d)
	out.Epoch, out.receipt = r.KeptEpoch(), r.Receipt()
	return out
}

func (s *scores) result(d *cifar.Dataset) *Result {
	n := len(s.losses)
	r := &Result{
		Names: d.Names, Actual: make([]int, n), Predicted: make([]int, n),
		Probabilities: make([][]float64, n), Losses: make([]float64, n),
		Loss: s.meanLoss(), Accuracy: s.accuracy(d.Labels),
	}
	for i := range n {
		r.Actual[i], r.Predicted[i], r.Losses[i] = int(d.Labels[i]), s.predicted(i), float64(s.losses[i])
		r.Probabilities[i] = make([]float64, s.classes)
		for c := range s.classes {
			r.Probabilities[i][c] = float64(s.probabilities[i*s.classes+c])
		}
	}
	return r
}
