package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/cnnbook/cnnbook/cnn"
	"github.com/cnnbook/cnnbook/kernelext/setup"
)

// benchmark is a workload and how often it is done.
type benchmark struct {
	workload workload
	rounds   int
	log      io.Writer
}

// race lets the contenders work, and writes the table. Stopped, it writes that of the
// rounds that are complete.
func (b benchmark) race(ctx context.Context, contenders []contender, plugin setup.Plugin, stdout io.Writer) error {
	_, operations, err := cnn.WriteUp().Operations()
	if err != nil {
		return err
	}
	samples := make([][]sample, len(contenders))
	var stopped error
	for round := range b.rounds {
		row, err := b.round(ctx, round, contenders)
		if err != nil {
			stopped = err
			if ctx.Err() != nil {
				stopped = fmt.Errorf("bench: stopped; %d of %d rounds are complete", round, b.rounds)
			}
			break
		}
		for i, s := range row {
			samples[i] = append(samples[i], s)
		}
	}
	if done := len(samples[0]); done > 0 {
		b.writeHeading(stdout, plugin, fmt.Sprintf("%d of %d rounds", done, b.rounds))
		writeRace(stdout, contenders, samples, b.workload, float64(operations)*float64(b.workload.batch))
	}
	return stopped
}

// round is one measurement of each contender. They start one after the other, and then
// take turns of a few steps, so that all see the machine's better and worse seconds alike.
func (b benchmark) round(ctx context.Context, round int, contenders []contender) ([]sample, error) {
	ctx, cancel := context.WithCancel(ctx)
	var racers, left []*racer
	defer func() { // ends those that wait for a turn
		cancel()
		for _, r := range racers {
			r.stop()
		}
	}()
	for _, c := range contenders {
		fmt.Fprintf(b.log, "round %d of %d: %s starts\n", round+1, b.rounds, c.name)
		r, err := c.start(ctx, b.workload)
		if err != nil {
			return nil, err
		}
		racers = append(racers, r)
		finished, err := r.next(ctx)
		if err != nil {
			return nil, err
		}
		if !finished {
			left = append(left, r)
		}
	}
	for len(left) > 0 {
		for i, r := range slices.Backward(left) {
			finished, err := r.turn(ctx)
			if err != nil {
				return nil, err
			}
			if finished {
				left = slices.Delete(left, i, i+1)
			}
		}
	}
	row := make([]sample, len(racers))
	for i, r := range racers {
		row[i] = r.sample
		fmt.Fprintf(b.log, "round %d of %d: %s: %.3f s a step\n", round+1, b.rounds, r.name, median(r.Steps))
	}
	return row, nil
}

func (b benchmark) writeHeading(w io.Writer, plugin setup.Plugin, extent string) {
	fmt.Fprintf(w, "%s; %s.\n", machine(), plugin)
	fmt.Fprintf(w, "%s, %d timed steps in each, after %d; batch %d, %d training images, %s.\n\n",
		extent, b.workload.steps, b.workload.warm, b.workload.batch, b.workload.images, time.Now().Format(time.DateOnly))
}

// writeRace writes the table of a race, and who took part in which version. The
// ratio is ours to theirs, and the utilisation what a step's operations would take
// at ours' product speed as a part of the step, both round by round.
func writeRace(w io.Writer, contenders []contender, samples [][]sample, work workload, operations float64) {
	fmt.Fprintln(w, "| | step, median (lowest–highest round) | ours to it (lowest–highest round) | FLOPs utilisation | start to first step | evaluation, images/s | peak memory |")
	fmt.Fprintln(w, "|---|---|---|---|---|---|---|")
	ours := steps(samples[0])
	for i, c := range contenders {
		its := steps(samples[i])
		ratio := "–"
		if i > 0 {
			ratios := make([]float64, len(its))
			for k := range its {
				ratios[k] = ours[k] / its[k]
			}
			ratio = spread("%.2f", ratios)
		}
		utilisation := make([]float64, len(its))
		for k := range its {
			utilisation[k] = operations / its[k] / samples[0][k].Product
		}
		first := column(samples[i], func(s sample) float64 { return s.FirstStep })
		speed := column(samples[i], func(s sample) float64 { return float64(work.evaluate) / s.Evaluate })
		peak := column(samples[i], func(s sample) float64 { return float64(s.Peak) / 1e9 })
		fmt.Fprintf(w, "| %s | %s s | %s | %.2f | %.1f s | %.0f | %.2f GB |\n", c.name, spread("%.3f", its), ratio, median(utilisation), median(first), median(speed), slices.Max(peak))
	}
	product := column(samples[0], func(s sample) float64 { return s.Product / 1e9 })
	fmt.Fprintf(w, "\nFLOPs utilisation: a step's convolutions and dense layers are %.1f GFLOP; cnnbook's backend multiplies matrices at %s GFLOPS, which would be 1.\n\n",
		operations/1e9, spread("%.0f", product))
	for i, c := range contenders {
		fmt.Fprintf(w, "%s: %s\n", c.name, samples[i][0].Versions)
	}
}

// growth measures ours at one setting after another.
func (b benchmark) growth(ctx context.Context, plugin setup.Plugin, stdout io.Writer) error {
	var settings []workload
	for _, images := range []int{5_000, 10_000, 20_000, 40_000} {
		w := b.workload
		w.images = images
		settings = append(settings, w)
	}
	for _, batch := range []int{100, 200, 1000, 2000} {
		w := b.workload
		w.batch, w.images = batch, 10_000
		settings = append(settings, w)
	}
	for _, devices := range []int{2, 4} {
		w := b.workload
		w.devices, w.images = devices, 10_000
		settings = append(settings, w)
	}
	b.writeHeading(stdout, plugin, "growth, one round a line")
	fmt.Fprintln(stdout, "| training images | batch | devices | step | per image | start to first step | peak memory |")
	fmt.Fprintln(stdout, "|---|---|---|---|---|---|---|")
	for _, w := range settings {
		s, err := contender{"cnnbook", ours, plugin.Environ()}.once(ctx, w)
		if err != nil {
			return err
		}
		fmt.Fprintf(stdout, "| %d | %d | %d | %.3f s | %.2f ms | %.1f s | %.2f GB |\n",
			w.images, w.batch, w.devices, median(s.Steps), 1000*median(s.Steps)/float64(w.batch), s.FirstStep, float64(s.Peak)/1e9)
	}
	return nil
}

// machine says where something was measured.
func machine() string {
	return fmt.Sprintf("%s, %d processors, %s/%s, %s", processor(), runtime.NumCPU(), runtime.GOOS, runtime.GOARCH, runtime.Version())
}

// steps are the rounds' median steps.
func steps(samples []sample) []float64 {
	return column(samples, func(s sample) float64 { return median(s.Steps) })
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
	return fmt.Sprintf(format+" ("+format+"–"+format+")", median(values), slices.Min(values), slices.Max(values))
}

// median of values, of which there is at least one.
func median(values []float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	n := len(sorted)
	return (sorted[(n-1)/2] + sorted[n/2]) / 2
}

// processor is the processor's name where the system tells it, on Linux.
func processor() string {
	f, err := os.Open("/proc/cpuinfo")
	if errors.Is(err, os.ErrNotExist) {
		return "processor unknown"
	} else if err != nil {
		return err.Error()
	}
	defer f.Close()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		if name, value, _ := strings.Cut(lines.Text(), ":"); strings.TrimSpace(name) == "model name" {
			return strings.TrimSpace(value)
		}
	}
	return "processor unknown"
}
