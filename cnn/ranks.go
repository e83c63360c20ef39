package cnn

import (
	"context"
	"errors"
	"math/bits"
	"sync"
)

// Ranks are the processes that train one run together: see [WithRanks]. Each has its own value.
type Ranks interface {
	Rank() int // of this process, from 0
	Size() int // the number of processes, a power of two
	// Exchange sends out to another rank while it receives in from it. Both ranks call it, and know each other's lengths; either
	// may be empty.
	Exchange(with int, out, in []byte) error
}

type ranksKey struct{}

// WithRanks returns a context with which [Run.Train] trains together with other processes. This one must be rank 0; the others
// call [Assist] with the same [Spec]. The configuration must have [Config.Shards], at least as many as there are ranks. Rank 0
// alone reads and writes the run's folder, validates and reports.
//
// Every number of ranks gives the same weights, bit for bit, on processors of one kind and with the same number of threads.
func WithRanks(ctx context.Context, r Ranks) context.Context {
	return context.WithValue(ctx, ranksKey{}, r)
}

// ranksOf returns the context's ranks, or a single one.
func ranksOf(ctx context.Context) Ranks {
	if r, ok := ctx.Value(ranksKey{}).(Ranks); ok && r != nil {
		return r
	}
	return alone{}
}

// alone is the only rank.
type alone struct{}

func (alone) Rank() int                          { return 0 }
func (alone) Size() int                          { return 1 }
func (alone) Exchange(int, []byte, []byte) error { return errors.New("there is no other rank") }

// LocalRanks returns ranks that are goroutines of this process, each of which uses one of them. close ends what waits for
// others, with an error.
func LocalRanks(size int) (ranks []Ranks, close func()) {
	shared := &localRanks{size: size, ended: make(chan struct{})}
	for range size * size {
		shared.messages = append(shared.messages, make(chan []byte, 1))
	}
	for rank := range size {
		ranks = append(ranks, localRank{shared, rank})
	}
	return ranks, sync.OnceFunc(func() { closeChannel(shared.ended) })
}

func closeChannel(c chan struct{}) { close(c) }

// localRanks has a channel for the messages of each rank to each other one.
type localRanks struct {
	size     int
	messages []chan []byte // from rank·size + to
	ended    chan struct{}
}

type localRank struct {
	*localRanks
	rank int
}

var errRanksEnded = errors.New("another rank has ended")

func (r localRank) Rank() int { return r.rank }
func (r localRank) Size() int { return r.size }

func (r localRank) Exchange(with int, out, in []byte) error {
	if len(out) > 0 {
		select {
		case r.messages[r.rank*r.size+with] <- append([]byte(nil), out...):
		case <-r.ended:
			return errRanksEnded
		}
	}
	if len(in) == 0 {
		return nil
	}
	select {
	case data := <-r.messages[with*r.size+r.rank]:
		if copy(in, data) != len(data) || len(in) != len(data) {
			return errors.New("another rank sent a message of another length")
		}
		return nil
	case <-r.ended:
		return errRanksEnded
	}
}

// isPowerOfTwo reports whether n is 1, 2, 4, …
func isPowerOfTwo(n int) bool { return n > 0 && bits.OnesCount(uint(n)) == 1 }
