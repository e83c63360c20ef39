package cnn

import "unsafe"

// The order of a sum decides its last bits. Here it is one binary tree over the shards of a batch: neighbours first, then
// neighbouring pairs, and so on. A rank adds up its own shards, which are a whole branch of the tree, and the ranks add up
// theirs by halving and doubling (Thakur, Rabenseifner and Gropp 2005, section 4): first each rank exchanges half of its sums with its
// neighbour and adds what it gets to the half it keeps, then a quarter with the rank two further, and so on; then the sums
// travel back the same way. Each number is added up in the order of the tree, whoever does it, so every number of ranks gives
// the same bits. A rank sends and receives 2·(1 − 1/ranks) times the sums' size, the least that is possible.

// add adds b to a.
func add(a, b []float32) {
	b = b[:len(a)]
	for i := range a {
		a[i] += b[i]
	}
}

// treeSum returns the sum of shards first to first+count, a power of two, in the order of the tree. leaf writes a shard's
// values to sum, or adds them to it. buffers has an array for each level of the tree but the lowest, at least one.
func treeSum(first, count int, buffers [][]float32, leaf func(shard int, sum []float32, add bool) error) ([]float32, error) {
	sum := buffers[0]
	if count <= 2 {
		err := leaf(first, sum, false)
		if err == nil && count == 2 {
			err = leaf(first+1, sum, true)
		}
		return sum, err
	}
	if _, err := treeSum(first, count/2, buffers, leaf); err != nil {
		return nil, err
	}
	other, err := treeSum(first+count/2, count/2, buffers[1:], leaf)
	if err != nil {
		return nil, err
	}
	add(sum, other)
	return sum, nil
}

// sumOverRanks adds up the values of all ranks in the order of the tree; all get the sums. scratch is as long as half of them.
func sumOverRanks(r Ranks, values, scratch []float32) error {
	type span struct{ from, to int }
	halves := func(s span, upper bool) (own, other span) {
		middle := s.from + (s.to-s.from)/2
		own, other = span{s.from, middle}, span{middle, s.to}
		if upper {
			own, other = other, own
		}
		return own, other
	}
	rank, size := r.Rank(), r.Size()
	has := []span{{0, len(values)}}
	for d := 1; d < size; d *= 2 {
		own, other := halves(has[len(has)-1], rank&d != 0)
		in := scratch[:own.to-own.from]
		if err := r.Exchange(rank^d, asBytes(values[other.from:other.to]), asBytes(in)); err != nil {
			return err
		}
		add(values[own.from:own.to], in)
		has = append(has, own)
	}
	for d := size / 2; d >= 1; d /= 2 {
		has = has[:len(has)-1]
		own, other := halves(has[len(has)-1], rank&d != 0)
		if err := r.Exchange(rank^d, asBytes(values[own.from:own.to]), asBytes(values[other.from:other.to])); err != nil {
			return err
		}
	}
	return nil
}

// asBytes is the memory of values: all ranks have the same order of bytes.
func asBytes(values []float32) []byte {
	return unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(values))), 4*len(values))
}
