package bench

import (
	"fmt"
	"io"
	"runtime"
	"slices"
	"time"

	"github.com/cnnbook/cnnbook/internal/processor"
	"github.com/cnnbook/cnnbook/internal/stats"
	"github.com/cnnbook/cnnbook/kernelext/setup"
)

func (b Benchmark) writeHeading(w io.Writer, plugin setup.Plugin, extent string) {
	fmt.Fprintf(w, "%s; %s.\n", machine(), plugin)
	steps := fmt.Sprintf("%d timed steps in each", b.Steps)
	if b.Seconds > 0 && b.Turn > 0 && !b.Growth {
		steps = fmt.Sprintf("up to %d timed steps in each, or as many as end the first turn after %g s", b.Steps, b.Seconds)
	}
	fmt.Fprintf(w, "%s, %s, after %d warm-up steps; batch %d, %d training images, %s.\n\n",
		extent, steps, b.Warm, b.Batch, b.Images, time.Now().Format(time.DateOnly))
}

// writeRace writes the table of a race, and the versions of the contenders. The
// ratio is our time to theirs, in the turns that both took. The utilisation is the time that a step's operations would take
// at our speed of matrix multiplication, as a share of the step. Both are computed per round.
func writeRace(w io.Writer, contenders []contender, samples [][]sample, work Workload, operations float64) {
	fmt.Fprintln(w, "| | step, median (lowest–highest round) | timed steps | ours to it (lowest–highest round) | FLOPs utilisation | start to first step | evaluation, images/s | peak memory |")
	fmt.Fprintln(w, "|---|---|---|---|---|---|---|---|")
	for i, c := range contenders {
		its := steps(samples[i])
		ratio := "–"
		if i > 0 {
			ratios := make([]float64, len(its))
			for k := range its {
				ratios[k] = stats.Median(shared(samples[0][k], samples[i][k])) / stats.Median(shared(samples[i][k], samples[0][k]))
			}
			ratio = spread("%.2f", ratios)
		}
		utilisation := make([]float64, len(its))
		for k := range its {
			utilisation[k] = operations / its[k] / samples[0][k].Product
		}
		first := column(samples[i], func(s sample) float64 { return s.FirstStep })
		speed := speeds(samples[i], work.Evaluate)
		peak := column(samples[i], func(s sample) float64 { return float64(s.Peak) / 1e9 })
		count := 0
		for _, s := range samples[i] {
			count += len(s.Steps)
		}
		fmt.Fprintf(w, "| %s | %s s | %d | %s | %.2f | %.1f s | %.0f | %.2f GB |\n", c.name, spread("%.3f", its), count, ratio, stats.Median(utilisation), stats.Median(first), stats.Median(speed), slices.Max(peak))
	}
	product := column(samples[0], func(s sample) float64 { return s.Product / 1e9 })
	fmt.Fprintf(w, "\nFLOPs utilisation: a step's convolutions and dense layers are %.1f GFLOP; cnnbook's backend multiplies matrices at %s GFLOPS, which would be 1.\n\n",
		operations/1e9, spread("%.0f", product))
	for i, c := range contenders {
		fmt.Fprintf(w, "%s: %s\n", c.name, samples[i][0].Versions)
	}
}

// machine describes the machine of a measurement.
func machine() string {
	return processor.Machine() + ", " + runtime.Version()
}

// steps are the rounds' median steps.
func steps(samples []sample) []float64 {
	return column(samples, func(s sample) float64 { return stats.Median(s.Steps) })
}

// shared are a sample's steps, except those after the other's last.
func shared(s, other sample) []float64 { return s.Steps[:min(len(s.Steps), len(other.Steps))] }

// speeds are the rounds' median evaluations, in images per second.
func speeds(samples []sample, images int) []float64 {
	return column(samples, func(s sample) float64 { return float64(images) / stats.Median(s.Evaluate) })
}

func column(samples []sample, value func(sample) float64) []float64 {
	out := make([]float64, len(samples))
	for i, s := range samples {
		out[i] = value(s)
	}
	return out
}

// spread is the median of values, with the lowest and the highest.
func spread(format string, values []float64) string {
	return fmt.Sprintf(format+" ("+format+"–"+format+")", stats.Median(values), slices.Min(values), slices.Max(values))
}
