package cnn

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math"
	"math/bits"
	"os"
	"slices"
	"strings"

	"github.com/gomlx/compute/shapes"
	"github.com/gomlx/gomlx/core/tensors"
)

// team is the ranks of a training as one of them sees them, and the memory in which they add up. Rank 0 gives orders, and the others
// follow them: so everything that depends on time, on files or on a display is decided in one place. The zero value is one rank.
type team struct {
	ranks   Ranks
	broken  bool // an exchange failed: nothing more can be said to the others
	sums    [][]float32
	scratch []float32
}

func (t *team) Rank() int { return t.all().Rank() }
func (t *team) Size() int { return t.all().Size() }

func (t *team) all() Ranks {
	if t.ranks == nil {
		return alone{}
	}
	return t.ranks
}

// orderKind is what rank 0 tells the others to do.
type orderKind uint64

const (
	orderIntroduce orderKind = iota + 1 // say what you would train, and where you run
	orderState                          // take this state
	orderStep                           // compute your shards of that step
	orderCompare                        // say the hash of your state
	orderFinished                       // the training has ended
	orderStopped                        // it was stopped, and saved
	orderFailed                         // it failed
)

// order tells all ranks what to do next, if this is rank 0 and there are others.
func (t *team) order(kind orderKind, step int, rate float64) error {
	if t.Rank() != 0 || t.Size() == 1 {
		return nil
	}
	var message [orderBytes]byte
	binary.LittleEndian.PutUint64(message[:], uint64(kind))
	binary.LittleEndian.PutUint64(message[8:], uint64(step))
	binary.LittleEndian.PutUint64(message[16:], math.Float64bits(rate))
	return t.spread(message[:])
}

const orderBytes = 24

// next waits for an order.
func (t *team) next() (kind orderKind, step int, rate float64, err error) {
	var message [orderBytes]byte
	err = t.spread(message[:])
	word := func(i int) uint64 { return binary.LittleEndian.Uint64(message[8*i:]) }
	return orderKind(word(0)), int(word(1)), math.Float64frombits(word(2)), err
}

// spread gives all ranks rank 0's data.
func (t *team) spread(data []byte) error {
	rank, size := t.Rank(), t.Size()
	for d := size / 2; d >= 1; d /= 2 {
		var err error
		switch rank % (2 * d) {
		case 0:
			err = t.exchange(rank+d, data, nil)
		case d:
			err = t.exchange(rank-d, nil, data)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// collect gives rank 0 the data of all ranks, in their order; the others get nothing.
func (t *team) collect(data []byte) ([][]byte, error) {
	size := func(n int) []byte { return binary.LittleEndian.AppendUint64(nil, uint64(n)) }
	if t.Rank() != 0 {
		if err := t.exchange(0, size(len(data)), nil); err != nil {
			return nil, err
		}
		return nil, t.exchange(0, data, nil)
	}
	all := [][]byte{data}
	for rank := 1; rank < t.Size(); rank++ {
		n := size(0)
		if err := t.exchange(rank, nil, n); err != nil {
			return nil, err
		}
		other := make([]byte, binary.LittleEndian.Uint64(n))
		if err := t.exchange(rank, nil, other); err != nil {
			return nil, err
		}
		all = append(all, other)
	}
	return all, nil
}

func (t *team) exchange(with int, out, in []byte) error {
	err := t.all().Exchange(with, out, in)
	t.broken = t.broken || err != nil
	return err
}

// sum adds up what the ranks have added up, each for its own shards.
func (t *team) sum(values []float32) error {
	if t.Size() == 1 {
		return nil
	}
	if half := (len(values) + 1) / 2; len(t.scratch) < half {
		t.scratch = make([]float32, half)
	}
	err := sumOverRanks(t.all(), values, t.scratch)
	t.broken = t.broken || err != nil
	return err
}

// buffers returns the arrays in which so many shards of these shapes are added up: see [treeSum].
func (t *team) buffers(shards int, sizes []shapes.Shape) [][]float32 {
	n := 0
	for _, s := range sizes {
		n += s.Size()
	}
	for levels := max(1, bits.Len(uint(shards))-1); len(t.sums) < levels; {
		t.sums = append(t.sums, make([]float32, n))
	}
	return t.sums
}

// introduction is what a rank says of itself.
type introduction struct {
	Host, Identity, Backend, Processor string
	Threads                            int
	Software                           []string
}

func introduce(identity string) introduction {
	host, _ := os.Hostname() // for messages only
	return introduction{Host: host, Identity: identity, Backend: backendLabel(), Processor: processorLabel(), Threads: threads(), Software: Software()}
}

// meet lets all ranks introduce themselves, and refuses those that would not compute the same training.
func (t *team) meet(identity string) error {
	if err := t.order(orderIntroduce, 0, 0); err != nil {
		return err
	}
	all, err := t.introductions(identity)
	if err != nil {
		return err
	}
	for rank, other := range all {
		if why := other.unlike(all[0]); why != "" {
			return fmt.Errorf("%w: rank %d on %s %s", ErrMismatch, rank, other.Host, why)
		}
	}
	return nil
}

// introductions tells rank 0 about all ranks; the others get nothing.
func (t *team) introductions(identity string) ([]introduction, error) {
	own, err := json.Marshal(introduce(identity))
	if err != nil {
		return nil, err
	}
	texts, err := t.collect(own)
	if err != nil {
		return nil, err
	}
	all := make([]introduction, len(texts))
	for rank, text := range texts {
		if err := json.Unmarshal(text, &all[rank]); err != nil {
			return nil, fmt.Errorf("rank %d introduces itself: %w", rank, err)
		}
	}
	return all, nil
}

// unlike says why a rank would not compute what rank 0 does.
func (i introduction) unlike(first introduction) string {
	switch {
	case i.Identity != first.Identity:
		return fmt.Sprintf("would train another run, %.12s, than rank 0, %.12s: start all ranks by the same command, with the same images", i.Identity, first.Identity)
	case i.Backend != first.Backend:
		return fmt.Sprintf("computes on %s, and rank 0 on %s", i.Backend, first.Backend)
	case i.Threads != first.Threads:
		return fmt.Sprintf("has %s, and rank 0 has %s, on which the last bits depend: give all the same (OMP_NUM_THREADS, or train --threads)", countThreads(i.Threads), countThreads(first.Threads))
	case i.Processor != first.Processor:
		return fmt.Sprintf("has another processor, %s, than rank 0, %s, on which the last bits depend: use machines of one kind", i.Processor, first.Processor)
	case !slices.Equal(i.Software, first.Software):
		return fmt.Sprintf("runs %s, and rank 0 %s", strings.Join(i.Software, ", "), strings.Join(first.Software, ", "))
	}
	return ""
}

// lead makes this process rank 0 of a training with the engine's state.
func (e *engine) lead(t *team, identity string) error {
	e.team = t
	if t.Size() == 1 {
		return nil
	}
	if err := t.meet(identity); err != nil {
		return err
	}
	return e.sendState()
}

// restore sets the state of all ranks.
func (e *engine) restore(arrays []Array) error {
	if err := e.setState(arrays); err != nil {
		return err
	}
	return e.sendState()
}

// sendState gives all ranks rank 0's state.
func (e *engine) sendState() error {
	if e.team.Size() == 1 {
		return nil
	}
	if err := e.team.order(orderState, 0, 0); err != nil {
		return err
	}
	state, err := e.flatState()
	if err != nil {
		return err
	}
	return e.team.spread(asBytes(state))
}

// flatState copies all arrays of the state back, one after the other.
func (e *engine) flatState() ([]float32, error) {
	var all []float32
	for _, t := range e.state {
		values, err := tensors.CopyFlatData[float32](t)
		if err != nil {
			return nil, fmt.Errorf("%w: reading the state back: %s", ErrBackend, firstLine(err.Error()))
		}
		all = append(all, values...)
	}
	return all, nil
}

// compare refuses ranks whose state differs from rank 0's.
func (e *engine) compare() error {
	if e.team.Size() == 1 {
		return nil
	}
	if err := e.team.order(orderCompare, 0, 0); err != nil {
		return err
	}
	all, err := e.hashes()
	if err != nil {
		return err
	}
	for rank, other := range all {
		own, _, _ := strings.Cut(string(all[0]), " ")
		if hash, host, _ := strings.Cut(string(other), " "); hash != own {
			return fmt.Errorf("%w: rank %d on %s has other weights (%.12s) than rank 0 (%.12s): its processor, its software or its memory differs: take it out", ErrRanks, rank, host, hash, own)
		}
	}
	return nil
}

// hashes tells rank 0 the hash of each rank's state, and its host; the others get nothing.
func (e *engine) hashes() ([][]byte, error) {
	state, err := e.flatState()
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(asBytes(state))
	host, _ := os.Hostname() // for messages only
	return e.team.collect([]byte(hex.EncodeToString(sum[:]) + " " + host))
}

// dismiss tells the others how the training ended.
func (t *team) dismiss(err error, stopped bool) {
	kind := orderFinished
	switch {
	case stopped:
		kind = orderStopped
	case err != nil:
		kind = orderFailed
	}
	if !t.broken {
		_ = t.order(kind, 0, 0) // they may be gone, and the training has ended anyway
	}
}
