package cnn

import "time"

// ExchangeSeconds measures how long ranks take to add up so many numbers, as after each step of a training, and returns the seconds
// of each round. All ranks call it with the same arguments.
func ExchangeSeconds(r Ranks, numbers, rounds int) ([]float64, error) {
	t := &team{ranks: r}
	values, seconds := make([]float32, numbers), make([]float64, 0, rounds)
	for range rounds {
		if err := t.sum(make([]float32, 1)); err != nil { // all begin at the same time
			return nil, err
		}
		began := time.Now()
		if err := t.sum(values); err != nil {
			return nil, err
		}
		seconds = append(seconds, time.Since(began).Seconds())
	}
	return seconds, nil
}

// AdditionSeconds measures, in seconds, how long adding an array of so many numbers to another takes, in each of several rounds.
func AdditionSeconds(numbers, rounds int) []float64 {
	a, b, seconds := make([]float32, numbers), make([]float32, numbers), make([]float64, rounds)
	add(a, b) // the memory is there
	for i := range seconds {
		began := time.Now()
		add(a, b)
		seconds[i] = time.Since(began).Seconds()
	}
	return seconds
}

// Exchanged returns how many numbers the ranks of a training of this network add up after each step: all gradients, the moving
// statistics, the loss and the number of correct predictions.
func (a Architecture) Exchanged() (int, error) {
	specs, err := a.WeightSpecs()
	n := 0
	for _, s := range a.summed(specs) {
		n += s.Size()
	}
	return n, err
}
