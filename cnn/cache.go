package cnn

import (
	"context"
	"encoding/json"
	"fmt"
	"hash/maphash"
	"os"
	"slices"
	"sync"
	"unsafe"

	"github.com/cnnbook/cnnbook/cifar"
	"github.com/gomlx/compute"
	"github.com/gomlx/gomlx/core/graph"
)

// Bounds of what a Cache keeps beside what is in use.
const (
	mostPrograms   = 16        // compiled graphs, of a few MB each
	mostImageBytes = 400 << 20 // of images on the devices: CIFAR-10's 60,000 are 184 MB
	mostScores     = 32        // evaluations
	mostScoreBytes = 32 << 20
)

// Cache lets the trainings and evaluations of one process share work: the backend, compiled graphs, images that are on the
// device, and the results of evaluations. A second training with the same network, optimizer, batch size and images compiles
// nothing and sends no images; a second evaluation of the same weights on the same images computes nothing. Results are the same,
// bit for bit, as without.
//
// Hand it over in a context: see [WithCache]. Images and weights are recognised by their content, so that changed ones are
// never taken for the same. What is not in use is bounded: 16 compiled graphs, 400 MB of images, 32 results.
//
// A Cache may be used by several goroutines.
type Cache struct {
	seed maphash.Seed

	mu     sync.Mutex
	pool   *pool // of the current backend; nil before the first use
	scores []keptScores
}

// NewCache returns an empty cache. Close it after use, unless it lives as long as the process.
func NewCache() *Cache { return &Cache{seed: maphash.MakeSeed()} }

type cacheKey struct{}

// WithCache returns a context with which [Run.Train], [Run.Evaluate], [Run.EvaluateWith] and [Run.SearchRate] use c.
func WithCache(ctx context.Context, c *Cache) context.Context {
	return context.WithValue(ctx, cacheKey{}, c)
}

// cacheOf returns the context's cache, or nil.
func cacheOf(ctx context.Context) *Cache {
	c, _ := ctx.Value(cacheKey{}).(*Cache)
	return c
}

// Close releases the backend as soon as no run uses it, and all that was kept.
func (c *Cache) Close() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.pool != nil {
		c.pool.retire()
	}
	c.pool, c.scores = nil, nil
}

// pool is a backend with what was compiled for it and sent to it. The cache's mutex guards it.
type pool struct {
	cache    *Cache
	settings string // the variables that choose the backend
	backend  compute.Backend
	users    int // engines
	retired  bool
	entries  []*entry // the one used last is last
}

// entry is a value in a pool. It is freed only if nothing uses it.
type entry struct {
	key   string
	bytes int64 // of images; 0 for a compiled graph
	users int
	ready chan struct{} // closed when value and err are set
	value any
	err   error
	free  func()
}

// backendSettings are the variables on which a backend depends.
func backendSettings() string { return backendName() + "\n" + os.Getenv(oneDNNEnv) }

// join opens the backend that the environment names, or returns the one that is open. leave must be called after use.
func (c *Cache) join() (*pool, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if settings := backendSettings(); c.pool == nil || c.pool.settings != settings {
		backend, err := openBackend()
		if err != nil {
			return nil, err
		}
		if c.pool != nil {
			c.pool.retire()
		}
		c.pool = &pool{cache: c, settings: settings, backend: backend}
	}
	c.pool.users++
	return c.pool, nil
}

func (p *pool) leave() {
	p.cache.mu.Lock()
	defer p.cache.mu.Unlock()
	p.users--
	if p.retired && p.users == 0 {
		p.backend.Finalize()
	}
}

func (p *pool) retire() {
	p.retired = true
	if p.users == 0 {
		p.backend.Finalize()
	}
}

// get returns the entry of that key, and makes its value if there is none yet. release must be called after use.
func (p *pool) get(key string, bytes int64, build func() (value any, free func(), err error)) (*entry, error) {
	p.cache.mu.Lock()
	i := slices.IndexFunc(p.entries, func(e *entry) bool { return e.key == key })
	if i >= 0 {
		e := p.entries[i]
		e.users++
		p.entries = append(slices.Delete(p.entries, i, i+1), e)
		p.cache.mu.Unlock()
		<-e.ready
		if e.err != nil {
			p.release(e)
		}
		return e, e.err
	}
	e := &entry{key: key, bytes: bytes, users: 1, ready: make(chan struct{})}
	p.entries = append(p.entries, e)
	p.cache.mu.Unlock()
	e.value, e.free, e.err = build()
	close(e.ready)
	if e.err != nil {
		p.release(e)
	}
	return e, e.err
}

// release ends a use, and frees the oldest entries that nothing uses while there are too many.
func (p *pool) release(e *entry) {
	p.cache.mu.Lock()
	defer p.cache.mu.Unlock()
	e.users--
	if e.err != nil {
		p.entries = slices.DeleteFunc(p.entries, func(other *entry) bool { return other == e })
	}
	programs, bytes := 0, int64(0)
	for _, e := range p.entries {
		bytes += e.bytes
		if e.bytes == 0 {
			programs++
		}
	}
	p.entries = slices.DeleteFunc(p.entries, func(e *entry) bool {
		tooMany := e.bytes > 0 && bytes > mostImageBytes || e.bytes == 0 && programs > mostPrograms
		if e.users > 0 || !tooMany {
			return false
		}
		if e.bytes == 0 {
			programs--
		}
		bytes -= e.bytes
		e.free()
		return true
	})
}

// hash identifies content within this process, by its length and 64 bits.
func (c *Cache) hash(parts ...[]byte) string {
	var h maphash.Hash
	h.SetSeed(c.seed)
	bytes := 0
	for _, p := range parts {
		maphash.WriteComparable(&h, len(p))
		h.Write(p)
		bytes += len(p)
	}
	return fmt.Sprintf("%d %016x", bytes, h.Sum64())
}

// images identifies a dataset's images and labels.
func (c *Cache) images(d *cifar.Dataset) string { return c.hash(d.Images, d.Labels) }

// weights identifies arrays by names, shapes and the bits of their values.
func (c *Cache) weights(arrays []Array) string {
	var parts [][]byte
	for _, a := range arrays {
		parts = append(parts, fmt.Append(nil, a.Name, a.Shape))
		if len(a.Values) > 0 {
			parts = append(parts, unsafe.Slice((*byte)(unsafe.Pointer(&a.Values[0])), 4*len(a.Values)))
		}
	}
	return c.hash(parts...)
}

// graphKey identifies what a network's graphs depend on: not seed, schedule, batch size and epochs, which are inputs or shapes, and
// for an evaluation neither optimizer nor flips.
func graphKey(net Architecture, config Config, fixed *Moments, views []View, train bool) (string, error) {
	config.Seed, config.Schedule, config.Batch, config.Epochs, config.FlipEvaluation = 0, nil, 0, 0, false
	config.DropLast, config.Steps, config.Plateau = false, 0, nil
	if !train {
		config.Optimizer, config.Preprocess = nil, config.Preprocess.ForEvaluation()
		config.Loss, config.Lookahead = Loss{}, nil
	}
	data, err := json.Marshal(struct {
		Network Architecture
		Config  Config
		Fixed   *Moments
		Views   []View
	}{net, config, fixed, views})
	return string(data), err
}

// keptScores is the result of an evaluation.
type keptScores struct {
	key string
	*scores
}

func (s *scores) bytes() int { return 4 * (len(s.probabilities) + len(s.losses)) }

// find returns the scores of an evaluation, or nil. They must not be changed.
func (c *Cache) find(key string) *scores {
	c.mu.Lock()
	defer c.mu.Unlock()
	i := slices.IndexFunc(c.scores, func(k keptScores) bool { return k.key == key })
	if i < 0 {
		return nil
	}
	found := c.scores[i]
	c.scores = append(slices.Delete(c.scores, i, i+1), found)
	return found.scores
}

// keep notes the scores of an evaluation.
func (c *Cache) keep(key string, s *scores) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.scores = append(c.scores, keptScores{key, s})
	bytes := 0
	for _, k := range c.scores {
		bytes += k.bytes()
	}
	for len(c.scores) > mostScores || bytes > mostScoreBytes {
		bytes -= c.scores[0].bytes()
		c.scores = slices.Delete(c.scores, 0, 1)
	}
}

// program is a graph that an engine uses, and its entry if the engine shares it.
type program struct {
	*graph.Exec
	entry *entry
}
