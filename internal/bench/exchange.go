package bench

import (
	"fmt"
	"io"
	"math"
	"slices"
	"time"

	"github.com/cnnbook/cnnbook/cnn"
	"github.com/cnnbook/cnnbook/internal/mpi"
	"github.com/cnnbook/cnnbook/internal/stats"
)

// Exchange measures how long the processes that mpirun started take to add up the gradients of the write-up's network, and
// compares that with a model. Then it says what the model says of more processes.
type Exchange struct {
	Gbit    float64 // of each host's network, in Gbit/s
	Latency float64 // of one message, in seconds; measured where there are several processes
	Step    float64 // seconds of a step on one host
	Batch   int     // images in it
	Rounds  int

	addition float64 // of one number, in seconds; measured
}

// goodput is the part of a network's bits that are data: TCP with timestamps in Ethernet frames of 1500 bytes carries 1448
// bytes in 1538 on the wire.
const goodput = 1448. / 1538

// seconds is the model: sums of so many bytes by halving and doubling among ranks, a power of two, with the three costs of Thakur,
// Rabenseifner and Gropp 2005, section 3. Each rank sends and receives 2·(1 − 1/ranks) times the bytes, in 2·log₂(ranks) messages, one
// after the other, and adds up 1 − 1/ranks times the numbers. rate is in bytes a second, in each direction.
func (e Exchange) seconds(bytes, ranks int, rate float64) float64 {
	r := float64(ranks)
	return 2*(1-1/r)*float64(bytes)/rate + 2*math.Log2(r)*e.Latency + (1-1/r)*float64(bytes)/4*e.addition
}

// rate is what a network of e.Gbit carries, in bytes a second.
func (e Exchange) rate() float64 { return e.Gbit * 1e9 / 8 * goodput }

// Check reports the first value that makes no sense, named by its flag.
func (e Exchange) Check() error {
	switch {
	case !(e.Gbit > 0) || e.Gbit > 10_000:
		return fmt.Errorf("bench: --gbit must be more than 0 and at most 10000, got %g", e.Gbit)
	case !(e.Step > 0) || e.Step > 1e6:
		return fmt.Errorf("bench: --step must be the seconds of a step on one host, got %g", e.Step)
	case e.Batch < 1:
		return fmt.Errorf("bench: --batch must be at least 1, got %d", e.Batch)
	case e.Rounds < 1 || e.Rounds > 100_000:
		return fmt.Errorf("bench: --rounds must be from 1 to 100000, got %d", e.Rounds)
	}
	return nil
}

// Run measures, and writes its tables to stdout if this is rank 0.
func (e Exchange) Run(stdout io.Writer) error {
	numbers, err := cnn.WriteUp().Exchanged()
	if err != nil {
		return err
	}
	world, err := mpi.Start()
	if err != nil {
		return err
	}
	several := world != nil && world.Size() > 1
	if several {
		if err := (cnn.Config{Shards: 1024}).CheckRanks(world.Size()); err != nil {
			return err
		}
	}
	e.addition = stats.Median(cnn.AdditionSeconds(numbers, 2*e.Rounds+1)) / float64(numbers) // by all at the same time
	if several {
		if err := e.measure(world, numbers, stdout); err != nil {
			return err
		}
	}
	if world == nil || world.Rank() == 0 {
		e.model(4*numbers, stdout)
	}
	return world.Finish()
}

// measure measures the latency of a message and an exchange, and compares it with the model.
func (e *Exchange) measure(world *mpi.World, numbers int, stdout io.Writer) error {
	if _, err := cnn.ExchangeSeconds(world, numbers, 3); err != nil { // warm up
		return err
	}
	small, err := cnn.ExchangeSeconds(world, 64, 10*e.Rounds)
	if err != nil {
		return err
	}
	pairs, err := pairSeconds(world, 2*numbers, e.Rounds)
	if err != nil {
		return err
	}
	full, err := cnn.ExchangeSeconds(world, numbers, e.Rounds)
	if err != nil || world.Rank() > 0 {
		return err
	}
	e.Latency = stats.Median(small) / (2 * math.Log2(float64(world.Size())))
	got, rate := stats.Median(full), float64(2*numbers)/stats.Median(pairs)
	fmt.Fprintf(stdout, "%d processes add up %d numbers (%.2f MB) in %.1f ms, the median of %d rounds; the shortest %.1f, the longest %.1f.\n",
		world.Size(), numbers, 4e-6*float64(numbers), 1e3*got, e.Rounds, 1e3*slices.Min(full), 1e3*slices.Max(full))
	fmt.Fprintf(stdout, "A message takes %.0f µs, adding up all numbers once %.1f ms. All in pairs, processes exchange half of the bytes at %.2f Gbit/s in each direction.\n",
		1e6*e.Latency, 1e3*e.addition*float64(numbers), rate*8/1e9)
	for _, m := range []struct {
		name string
		rate float64
	}{{fmt.Sprintf("a network of %g Gbit/s", e.Gbit), e.rate()}, {"the rate of the pairs", rate}} {
		want := e.seconds(4*numbers, world.Size(), m.rate)
		fmt.Fprintf(stdout, "With %s the model says %.1f ms: measured is %.2f of it.\n", m.name, 1e3*want, got/want)
	}
	fmt.Fprintln(stdout)
	return nil
}

// pairSeconds measures how long neighbouring ranks take to exchange bytes, each pair at the same time.
func pairSeconds(world *mpi.World, bytes, rounds int) ([]float64, error) {
	out, in, seconds := make([]byte, bytes), make([]byte, bytes), make([]float64, 0, rounds)
	for range rounds {
		if _, err := cnn.ExchangeSeconds(world, 1, 1); err != nil { // all begin at the same time
			return nil, err
		}
		began := time.Now()
		if err := world.Exchange(world.Rank()^1, out, in); err != nil {
			return nil, err
		}
		seconds = append(seconds, time.Since(began).Seconds())
	}
	return seconds, nil
}

// model writes what the model says of more hosts.
func (e Exchange) model(bytes int, stdout io.Writer) {
	fmt.Fprintf(stdout, "A model, not a measurement: %g Gbit/s, %.0f µs a message, %.1f ms to add up all numbers once, a step of %d images takes %g s on one host.\n\n",
		e.Gbit, 1e6*e.Latency, 1e3*e.addition*float64(bytes/4), e.Batch, e.Step)
	fmt.Fprintf(stdout, "| hosts | exchange | step, batch of %d | times as fast | the same images a host: batch | times as many images a second |\n|---|---|---|---|---|---|\n", e.Batch)
	for hosts := 1; hosts <= 64; hosts *= 2 {
		exchange := e.seconds(bytes, hosts, e.rate())
		step := e.Step/float64(hosts) + exchange
		fmt.Fprintf(stdout, "| %d | %.1f ms | %.0f ms | %.1f | %d | %.1f |\n", hosts, 1e3*exchange, 1e3*step, e.Step/step, e.Batch*hosts, float64(hosts)*e.Step/(e.Step+exchange))
	}
}
