package kernelext

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/cnnbook/cnnbook/kernelext/internal/testkit"
)

func ExampleLive() {
	live := &Live{Title: "Base model", Out: os.Stdout}
	for epoch := 1; epoch <= 2; epoch++ {
		for step := 1; step <= 4; step++ {
			p := Progress{Epoch: epoch, Epochs: 2, Step: step, Steps: 4, Loss: 2.3 / float64(epoch), Accuracy: 0.1 * float64(epoch)}
			if step == 4 {
				p.EpochEnd, p.Validated, p.ValidLoss, p.ValidAccuracy = true, true, p.Loss+0.1, p.Accuracy
			}
			live.Update(p)
		}
	}
	if err := live.Finish(nil); err != nil {
		fmt.Println(err)
	}
	// Output:
	// Base model
	// Epoch 1/2  4/4 [==============================] - 0s 0ms/step - loss: 2.3000 - accuracy: 0.1000 - val_loss: 2.4000 - val_accuracy: 0.1000
	// Epoch 2/2  4/4 [==============================] - 0s 0ms/step - loss: 1.1500 - accuracy: 0.2000 - val_loss: 1.2500 - val_accuracy: 0.2000
}

// slowPainter holds its first drawing until it is released, as a slow notebook would.
type slowPainter struct {
	entered, release chan struct{}
	once             sync.Once
	paints           []snapshot
	err              error
}

func (p *slowPainter) paint(s snapshot) error {
	p.once.Do(func() { close(p.entered); <-p.release })
	p.paints = append(p.paints, s)
	return p.err
}

func newSlowPainter() *slowPainter {
	return &slowPainter{entered: make(chan struct{}), release: make(chan struct{})}
}

func TestUpdateDoesNotWaitForTheDisplay(t *testing.T) {
	p := newSlowPainter()
	live := &Live{Every: time.Millisecond, painter: p}
	live.Update(Progress{Epoch: 1, Step: 1, Steps: 1000})
	<-p.entered // the painter is stuck from here on
	for step := 2; step <= 1000; step++ {
		live.Update(Progress{Epoch: 1, Step: step, Steps: 1000})
	}
	close(p.release)
	if err := live.Finish(nil); err != nil {
		t.Fatal(err)
	}
	last := p.paints[len(p.paints)-1]
	if !last.final || last.last.Step != 1000 {
		t.Errorf("the last drawing shows step %d, final %v; expected step 1000 and final", last.last.Step, last.final)
	}
	// The stuck one, at most one more by the goroutine, and the final one.
	if len(p.paints) > 3 {
		t.Errorf("1000 updates gave %d drawings, expected at most 3", len(p.paints))
	}
}

func TestFinishReturnsTheRunsError(t *testing.T) {
	boom := errors.New("loss is NaN")
	live := &Live{Out: io.Discard}
	if err := live.Finish(boom); err != boom {
		t.Errorf("without an update: got %v, expected the error itself", err)
	}
	live.Update(Progress{Epoch: 1, Step: 1, Steps: 2})
	if err := live.Finish(boom); err != boom {
		t.Errorf("got %v, expected the error itself", err)
	}
	if err := live.Finish(nil); err != nil {
		t.Errorf("second call: %v", err)
	}
	painter := &slowPainter{entered: make(chan struct{}), release: make(chan struct{}), err: errors.New("pipe is closed")}
	close(painter.release)
	broken := &Live{painter: painter}
	broken.Update(Progress{Epoch: 1})
	if err := broken.Finish(boom); !errors.Is(err, boom) || !errors.Is(err, painter.err) {
		t.Errorf("got %v, expected both errors", err)
	}
}

func TestLinesInATerminal(t *testing.T) {
	var out strings.Builder
	p := &linePainter{w: &out, terminal: true}
	var r recorder
	for _, step := range []Progress{
		{Epoch: 1, Epochs: 2, Step: 1, Steps: 2},
		{Epoch: 1, Epochs: 2, Step: 2, Steps: 2, EpochEnd: true},
		{Epoch: 2, Epochs: 2, Step: 1, Steps: 2},
	} {
		r.add(step)
		if err := p.paint(r.snapshot("")); err != nil {
			t.Fatal(err)
		}
	}
	s := r.snapshot("")
	s.final, s.err = true, context.Canceled
	if err := p.paint(s); err != nil {
		t.Fatal(err)
	}
	if got := strings.Count(out.String(), "\n"); got != 3 {
		t.Errorf("%d lines, expected two epochs and the outcome:\n%q", got, out.String())
	}
	if got := strings.Count(out.String(), eraseLine); got != 2 {
		t.Errorf("%d lines were overwritten, expected 2:\n%q", got, out.String())
	}
	if !strings.HasSuffix(strings.TrimSpace(out.String()), "Stopped at epoch 2, step 1 of 2, after 0 s") && !strings.Contains(out.String(), "Stopped at epoch 2, step 1 of 2") {
		t.Errorf("no outcome in %q", out.String())
	}
}

func TestNoLinesDuringAnEpochElsewhere(t *testing.T) {
	var out strings.Builder
	p := &linePainter{w: &out}
	var r recorder
	r.add(Progress{Epoch: 1, Step: 1, Steps: 2})
	if err := p.paint(r.snapshot("")); err != nil {
		t.Fatal(err)
	}
	if out.Len() != 0 {
		t.Errorf("printed %q in the middle of an epoch", out.String())
	}
	r.add(Progress{Epoch: 2, Step: 1, Steps: 2}) // the end of epoch 1 was not told
	if err := p.paint(r.snapshot("")); err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(out.String(), "Epoch 1 ") || strings.ContainsAny(out.String(), "\r\x1b") {
		t.Errorf("printed %q, expected the line of epoch 1 without control characters", out.String())
	}
}

func TestBlock(t *testing.T) {
	for _, title := range append(testkit.Hostile, "Base model", "") {
		var r recorder
		for step := 1; step <= 50; step++ {
			r.add(Progress{
				Epoch: 1, Epochs: 2, Step: step, Steps: 50, Loss: 2.3 / float64(step), Accuracy: 0.01 * float64(step), Rate: 0.01,
				StepTime: 20 * time.Millisecond, ETA: time.Minute, EpochEnd: step == 50, Validated: step == 50, ValidLoss: 1, ValidAccuracy: 0.5,
			})
		}
		s := r.snapshot(title)
		running := testkit.CheckHTML(t, blockHTML(s))
		for _, want := range []string{"Training", "epoch 1 of 2", "step 50 of 50", "loss 0.0460", "validation loss 1.0000", "rate 0.01", "time 20ms per step", "remaining 1:00", "Curve of the loss: from 2.3 to 0.0101"} {
			if !strings.Contains(running, want) {
				t.Errorf("no %q in %q", want, running)
			}
		}
		s.final, s.err = true, errors.New(title)
		if got := testkit.CheckHTML(t, blockHTML(s)); strings.Contains(got, "remaining") || !strings.Contains(got, "Failed at epoch 1, step 50 of 50") {
			t.Errorf("final block: %q", got)
		}
		testkit.CheckHTML(t, s.panels[0].svgFragment())
		if words := blockText(s); !strings.Contains(words, "Epoch 1/2  50/50") {
			t.Errorf("words: %q", words)
		}
	}
}

// svgFragment checks nothing but that the image is well-formed: its elements are not those of the page.
func (p panel) svgFragment() string {
	low, high := p.span()
	if err := checkSVG([]byte(p.svg(low, high))); err != nil {
		return "<broken>" + err.Error()
	}
	return ""
}

func TestCurvesLeaveOutWhatIsNotFinite(t *testing.T) {
	var r recorder
	zero := 0.0
	for step, loss := range []float64{2, 1, 1 / zero, zero / zero, 1.5} {
		r.add(Progress{Epoch: 1, Step: step, Steps: 5, Loss: loss})
	}
	html := panelsHTML(r.snapshot("").panels)
	if strings.Contains(html, "NaN") || strings.Contains(html, "Inf") {
		t.Errorf("not a number in %s", html)
	}
	testkit.CheckHTML(t, html)
}

func TestSeriesIsBounded(t *testing.T) {
	var s series
	const n = 100_000
	for i := range n {
		s.add(float64(i), float64(i))
	}
	if len(s.points) >= maxPoints || len(s.points) < maxPoints/2 {
		t.Errorf("%d points, expected %d to %d", len(s.points), maxPoints/2, maxPoints-1)
	}
	for i, at := range s.points {
		if at.x != at.y || i > 0 && at.x <= s.points[i-1].x {
			t.Fatalf("point %d is %v: averages of a straight line must lie on it, in order", i, at)
		}
	}
	if first := s.points[0].x; first > n/maxPoints*2 {
		t.Errorf("the curve begins at %v, expected its first points to be kept", first)
	}
}

// BenchmarkUpdate is what a training step pays for the display.
func BenchmarkUpdate(b *testing.B) {
	live := &Live{painter: &blockPainter{out: textOutput{io.Discard}}}
	for i := range b.N {
		live.Update(Progress{Epoch: 1, Epochs: 1, Step: i, Steps: b.N, Loss: 1})
	}
	b.StopTimer()
	if err := live.Finish(nil); err != nil {
		b.Fatal(err)
	}
}

// BenchmarkBlock is one drawing of a block with full curves.
func BenchmarkBlock(b *testing.B) {
	var r recorder
	for step := range 10_000 {
		r.add(Progress{Epoch: 1, Epochs: 1, Step: step, Steps: 10_000, Loss: 1 / float64(step+1)})
	}
	for b.Loop() {
		_ = blockHTML(r.snapshot("Base model"))
	}
}

// The curve of a training whose steps all have the loss 1, or fall evenly, does not jump where an epoch begins.
func TestLiveCurveHasNoSawTooth(t *testing.T) {
	const epochs, steps = 3, 40
	var r recorder
	sum := 0.0
	for epoch := range epochs {
		sum = 0
		for step := range steps {
			sum += 3 - float64(epoch*steps+step)/60 // falls by 1/60 a step
			p := Progress{Epoch: epoch + 1, Epochs: epochs, Step: step + 1, Steps: steps, Loss: sum / float64(step+1), Accuracy: 0.5}
			r.add(p)
			if step == steps-1 {
				p.EpochEnd = true
				r.add(p)
			}
		}
	}
	if n := len(r.loss.points); n != epochs*steps {
		t.Fatalf("%d points, want one for each of %d steps", n, epochs*steps)
	}
	for i, p := range r.loss.points {
		if i > 0 && (p.y >= r.loss.points[i-1].y || r.loss.points[i-1].y-p.y > 1.01/60) {
			t.Fatalf("point %d is %g after %g: expected an even fall", i, p.y, r.loss.points[i-1].y)
		}
		if a := r.accuracy.points[i].y; a < 0.4999 || a > 0.5001 {
			t.Fatalf("point %d of the accuracy is %g, expected 0.5", i, a)
		}
	}
	// Fewer snapshots than steps, and a saved run that is shown again with one snapshot for each epoch.
	var few, saved recorder
	few.add(Progress{Epoch: 1, Step: 10, Steps: 20, Loss: 2})
	few.add(Progress{Epoch: 1, Step: 20, Steps: 20, Loss: 1.5})
	if got := few.loss.points[1].y; got >= 2 || got <= 1 {
		t.Errorf("after steps with means of 2 and 1: %g", got)
	}
	for epoch, loss := range []float64{2, 1} {
		saved.add(Progress{Epoch: epoch + 1, Step: 80, Steps: 80, Loss: loss, EpochEnd: true})
	}
	if got := saved.loss.points; len(got) != 2 || got[0].y != 2 || got[1].y > 1.02 {
		t.Errorf("a saved run: %v", got)
	}
}

func TestOutcomeOfAnEarlyEnd(t *testing.T) {
	for epochs, want := range map[int]string{2: "Finished: 2 epochs in 3 s", 20: "Stopped early, as planned: 2 epochs of 20 in 3 s"} {
		// The first epoch was reported by an earlier process.
		s := snapshot{last: Progress{Epoch: 2, Epochs: epochs}, ended: make([]Progress, 1), elapsed: 3 * time.Second, final: true}
		if got := s.outcome(); got != want {
			t.Errorf("%d epochs: %q, want %q", epochs, got, want)
		}
	}
}
