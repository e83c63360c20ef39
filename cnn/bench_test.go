package cnn

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/cnnbook/cnnbook/cifar"
)

// BenchmarkTrainStep times one training step of the write-up's network, without
// its compilation.
func BenchmarkTrainStep(b *testing.B) {
	for _, batch := range []int{100, 500} {
		b.Run(fmt.Sprintf("batch=%d", batch), func(b *testing.B) {
			step := writeUpStep(b, batch)
			step(0)
			n := 1
			for b.Loop() {
				step(n)
				n++
			}
		})
	}
}

// writeUpStep prepares the write-up's network on drawn images and returns its
// step k at that batch size.
func writeUpStep(b *testing.B, batch int) func(k int) {
	e, data, request := writeUpEngine(b, batch)
	return func(k int) {
		if _, _, err := e.step(data, request(k)); err != nil {
			b.Fatal(err)
		}
	}
}

// writeUpEngine prepares the write-up's network on drawn images, and returns the request for its step k.
func writeUpEngine(b *testing.B, batch int) (*engine, *deviceData, func(k int) stepRequest) {
	b.Helper()
	net := WriteUp()
	config := Config{Batch: batch, Preprocess: Preprocess{Flip: true}}.withDefaults()
	weights, err := net.Initialize(config.Seed)
	if err != nil {
		b.Fatal(err)
	}
	e, err := newEngine(nil, net, config, weights, newSlots(config.Optimizer, weights))
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(e.close)
	d := &cifar.Dataset{Images: make([]byte, batch*cifar.PixelBytes), Labels: make([]uint8, batch)}
	for i := range d.Images {
		d.Images[i] = byte(mix(1, uint64(i)))
	}
	data, err := upload(e.backend, d, 1)
	if err != nil {
		b.Fatal(err)
	}
	order := EpochOrder(config.Seed, 0, batch)
	return e, data, func(k int) stepRequest { return newStepRequest(config, len(order), k, 1e-3, order) }
}

// BenchmarkTelemetry measures what telemetry adds to an epoch of the write-up's network: 80 steps, of which 8 are watched, the last
// with histograms. Each turn takes a plain and a watched step, in both orders by turns. The first metric is the median ratio of a
// turn's two times, the second what follows for the epoch, in percent of it.
func BenchmarkTelemetry(b *testing.B) {
	e, data, request := writeUpEngine(b, 500)
	file := &telemetryFile{}
	step := func(k int, watched bool) time.Duration {
		began := time.Now()
		if !watched {
			if _, _, err := e.step(data, request(k)); err != nil {
				b.Fatal(err)
			}
			return time.Since(began)
		}
		_, _, seen, err := e.watch(data, request(k), k%16 == 1)
		if err == nil {
			err = file.add(seen, Step{Step: k + 1, Epoch: 1})
		}
		if err != nil {
			b.Fatal(err)
		}
		return time.Since(began)
	}
	step(0, false)
	step(1, true)
	var ratios []float64
	for k := 2; b.Loop(); k += 2 {
		var spent [2]time.Duration
		for i := range 2 {
			watched := (i+k/2)%2 == 1
			spent[(i+k/2)%2] = step(k+i, watched)
		}
		ratios = append(ratios, spent[1].Seconds()/spent[0].Seconds())
	}
	slices.Sort(ratios)
	median := ratios[len(ratios)/2]
	b.ReportMetric(median, "watched/plain")
	b.ReportMetric(100*(median-1)*8/80, "%-of-an-epoch")
}

// BenchmarkEpoch compares the steps of a training, with all that belongs to
// them (history, progress, saves), with bare steps: each is followed by one of
// the other kind. The metric is the ratio of their times.
func BenchmarkEpoch(b *testing.B) {
	const batch, steps = 500, 20
	bareStep := writeUpStep(b, batch)
	bareStep(0)
	images, _ := cifar.Drawn(1, batch*steps, 5)
	for b.Loop() {
		run, err := OpenRun(b.TempDir(), Spec{
			Name: "epoch", Network: WriteUp(), Config: Config{Batch: batch, Preprocess: Preprocess{Flip: true}},
			Train: images, Valid: images.Head(batch),
		})
		if err != nil {
			b.Fatal(err)
		}
		var trained, bare time.Duration
		began := time.Now()
		err = run.Train(b.Context(), func(p Progress) {
			now := time.Now()
			if p.EpochEnd {
				return
			}
			if p.Step > 1 { // the first compiles
				trained += now.Sub(began)
				bareStep(p.Step)
				bare += time.Since(now)
			}
			began = time.Now()
		})
		if err != nil {
			b.Fatal(err)
		}
		run.Close()
		b.ReportMetric(trained.Seconds()/bare.Seconds(), "trained/bare")
	}
}
