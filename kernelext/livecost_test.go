package kernelext

import (
	"bytes"
	"testing"
	"time"
)

// paintedRun is a run of 300 epochs of 80 steps, as long as any here: what a drawing takes grows with its curves.
func paintedRun() *recorder {
	var r recorder
	for epoch := 1; epoch <= 300; epoch++ {
		for step := 1; step <= 80; step++ {
			end := step == 80
			r.add(Progress{
				Epoch: epoch, Epochs: 300, Step: step, Steps: 80, Loss: 2.3 / float64(epoch), Accuracy: float64(epoch) / 400, Rate: 0.001,
				StepTime: 100 * time.Millisecond, ETA: time.Hour, EpochEnd: end, Validated: end, ValidLoss: 1, ValidAccuracy: 0.5,
			})
		}
	}
	return &r
}

// BenchmarkLivePaint measures the processor time for drawing a long run: there are at most four drawings per second. The goal is
// at most one per cent of the training's time.
func BenchmarkLivePaint(b *testing.B) {
	r := paintedRun()
	var out bytes.Buffer
	p := &blockPainter{out: textOutput{&out}, id: "x"}
	for b.Loop() {
		out.Reset()
		if err := p.paint(r.snapshot("Base model")); err != nil {
			b.Fatal(err)
		}
	}
	paint := b.Elapsed().Seconds() / float64(b.N)
	b.ReportMetric(100*paint/liveInterval.Seconds(), "%-of-one-processor")
}

// BenchmarkLiveUpdate measures the cost of the display for a training step: a note under a lock.
func BenchmarkLiveUpdate(b *testing.B) {
	live := &Live{painter: discardPainter{}}
	for b.Loop() {
		live.Update(Progress{Epoch: 1, Epochs: 1, Step: 1, Steps: 1 << 40, Loss: 2.3, Accuracy: 0.1})
	}
	if err := live.Finish(nil); err != nil {
		b.Fatal(err)
	}
}

type discardPainter struct{}

func (discardPainter) paint(snapshot) error { return nil }

// TestLiveBlockStaysSmall: what is sent at each drawing is bounded, however long the run, since the notebook's connection and
// the browser pay for it as well.
func TestLiveBlockStaysSmall(t *testing.T) {
	const limit = 64 << 10
	if n := len(blockHTML(paintedRun().snapshot("Base model"))); n > limit {
		t.Errorf("the block of a run of 24,000 steps has %d bytes, expected at most %d", n, limit)
	}
}
