package cnn

import (
	"context"
	"reflect"
	"testing"

	"github.com/cnnbook/cnnbook/cifar"
)

// kept counts what a cache holds: compiled graphs, datasets, results.
func kept(c *Cache) (programs, datasets, results int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.pool != nil {
		for _, e := range c.pool.entries {
			if e.bytes > 0 {
				datasets++
			} else {
				programs++
			}
		}
	}
	return programs, datasets, len(c.scores)
}

func trainWith(t *testing.T, ctx context.Context, spec Spec) *Run {
	t.Helper()
	r := openTiny(t, t.TempDir(), spec)
	if err := r.Train(ctx, nil); err != nil {
		t.Fatal(err)
	}
	return r
}

// TestCacheCompilesAndSendsOnce: a second training with the same shapes takes graphs and images from the cache, and trainings
// end with the weights that they have without one.
func TestCacheCompilesAndSendsOnce(t *testing.T) {
	c := NewCache()
	defer c.Close()
	ctx := WithCache(t.Context(), c)
	spec := tinySpec(t)
	trainWith(t, ctx, spec).Close()
	programs, datasets, _ := kept(c)
	if programs == 0 || datasets != 2 {
		t.Fatalf("after a training the cache holds %d graphs and %d datasets", programs, datasets)
	}
	was := map[string]any{}
	for _, e := range c.pool.entries {
		was[e.key] = e.value
	}
	spec.Config.Seed, spec.Config.Schedule = 8, Constant(0.02)
	r := trainWith(t, ctx, spec)
	for _, e := range c.pool.entries {
		if was[e.key] != e.value {
			t.Errorf("the second training made %.200s", e.key)
		}
	}
	if want := trainWith(t, t.Context(), spec); r.Weights().Fingerprint() != want.Weights().Fingerprint() {
		t.Error("weights trained with the cache differ from those without")
	}
	r.Close()
	for _, e := range c.pool.entries {
		if e.users != 0 {
			t.Errorf("%d users of %.200s after all runs are closed", e.users, e.key)
		}
	}
	if c.pool.users != 0 {
		t.Errorf("%d users of the backend after all runs are closed", c.pool.users)
	}
	spec.Config.Optimizer, spec.Config.Schedule = Adam{}, nil
	a := trainWith(t, ctx, spec)
	defer a.Close()
	if want := trainWith(t, t.Context(), spec); a.Weights().Fingerprint() != want.Weights().Fingerprint() {
		t.Error("another optimizer takes the first one's graph")
	}
}

// TestCacheEvaluatesOnce: an evaluation of the same weights on the same images is computed once; other weights, images or flips are
// computed, and a caller that changes a result changes no other one.
func TestCacheEvaluatesOnce(t *testing.T) {
	c := NewCache()
	defer c.Close()
	ctx := WithCache(t.Context(), c)
	spec := tinySpec(t)
	r := trainWith(t, ctx, spec)
	defer r.Close()
	results := func(want int, what string) {
		t.Helper()
		if _, _, n := kept(c); n != want {
			t.Errorf("%s: the cache holds %d results, want %d", what, n, want)
		}
	}
	evaluate := func(r *Run, d *cifar.Dataset, how Evaluation) *Result {
		t.Helper()
		with, err := r.EvaluateWith(ctx, d, how)
		if err != nil {
			t.Fatal(err)
		}
		plain, err := LoadRun(r.Dir)
		if err != nil {
			t.Fatal(err)
		}
		defer plain.Close()
		want, err := plain.EvaluateWith(t.Context(), d, how)
		if err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(with, want) {
			t.Errorf("an evaluation with the cache differs from one without: loss %v, %v", with.Loss, want.Loss)
		}
		return with
	}
	first := evaluate(r, spec.Valid, Evaluation{})
	first.Predicted[0], first.Probabilities[0][0] = -1, 7
	var seen []int
	evaluate(r, spec.Valid, Evaluation{Observe: func(done, total int) { seen = append(seen, done, total) }})
	results(1, "the same again")
	if n := spec.Valid.Len(); len(seen) < 2 || seen[len(seen)-2] != n || seen[len(seen)-1] != n {
		t.Errorf("progress %v of %d images", seen, n)
	}
	loaded, err := LoadRun(r.Dir)
	if err != nil {
		t.Fatal(err)
	}
	defer loaded.Close()
	evaluate(loaded, spec.Valid, Evaluation{})
	results(1, "the saved run")
	if loaded.engine != nil {
		t.Error("a result that is there opens the backend")
	}
	evaluate(r, spec.Valid, Evaluation{Flips: EvaluationFlips(1, 0, spec.Valid.Len())})
	results(2, "with flips")
	evaluate(r, spec.Valid, Evaluation{Moments: &Moments{Mean: 120, Deviation: 60}})
	results(3, "with moments")
	spec.Valid.Images[5]++
	evaluate(r, spec.Valid, Evaluation{})
	results(4, "another image")
	spec.Config.Seed++
	other := trainWith(t, ctx, spec)
	defer other.Close()
	evaluate(other, spec.Valid, Evaluation{})
	results(5, "other weights")
	if first := evaluate(r, spec.Valid, Evaluation{}); first.Predicted[0] < 0 {
		t.Error("a changed result is given again")
	}
	stopped, stop := context.WithCancel(ctx)
	stop()
	if _, err := r.Evaluate(stopped, spec.Valid, nil); err == nil {
		t.Error("an evaluation whose context has ended gives a result")
	}
}

// TestCacheWhileTraining: an evaluation between two steps is of the weights of that moment.
func TestCacheWhileTraining(t *testing.T) {
	c := NewCache()
	defer c.Close()
	ctx := WithCache(t.Context(), c)
	spec := tinySpec(t)
	r := openTiny(t, t.TempDir(), spec)
	var losses []float64
	err := r.Train(ctx, func(Progress) {
		result, err := r.Evaluate(ctx, spec.Valid, nil)
		if err != nil {
			t.Error(err)
			return
		}
		losses = append(losses, result.Loss)
	})
	if err != nil {
		t.Fatal(err)
	}
	for i := 1; i < len(losses); i++ {
		if losses[i] == losses[i-1] && losses[i] == losses[0] {
			t.Errorf("step %d evaluates as the first: %v", i+1, losses)
		}
	}
}

// TestCacheIsBounded: what nothing uses is freed beyond the bounds; what is in use stays.
func TestCacheIsBounded(t *testing.T) {
	c := NewCache()
	p := &pool{cache: c}
	freed := 0
	get := func(key string, bytes int64) *entry {
		e, err := p.get(key, bytes, func() (any, func(), error) { return key, func() { freed++ }, nil })
		if err != nil {
			t.Fatal(err)
		}
		return e
	}
	used := get("used", mostImageBytes)
	for _, key := range []string{"a", "b", "c"} {
		p.release(get(key, mostImageBytes/2))
	}
	if len(p.entries) != 1 || freed != 3 {
		t.Errorf("%d entries and %d freed while all the room is in use", len(p.entries), freed)
	}
	p.release(used)
	for range mostPrograms + 5 {
		p.release(get(string(rune('A'+freed)), 0))
		freed++ // another key
	}
	if len(p.entries) > mostPrograms+1 {
		t.Errorf("%d entries", len(p.entries))
	}
	for range 3 * mostScores {
		c.keep(string(rune('A'+freed)), &scores{losses: make([]float32, 4)})
		freed++
	}
	c.keep("huge", &scores{losses: make([]float32, mostScoreBytes/4-1)})
	if n := len(c.scores); n != 1 || c.find("huge") == nil {
		t.Errorf("%d results beside a huge one", n-1)
	}
}
