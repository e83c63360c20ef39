package kernelext

import (
	"fmt"
	"math"
	"strings"
	"time"
)

// Progress is the state of a training run in progress, from any
// trainer. A field that is not known stays zero and is not shown.
type Progress struct {
	Epoch, Epochs int // the current epoch, counted from 1, and the number of epochs
	Step, Steps   int // steps done in this epoch, and the number of steps

	Loss, Accuracy float64 // means over this epoch so far; accuracy from 0 to 1
	Rate           float64 // learning rate of the last step

	// ValidLoss and ValidAccuracy were measured on the validation data after this
	// epoch when Validated is true.
	ValidLoss, ValidAccuracy float64
	Validated                bool

	// EpochEnd marks the last snapshot of an epoch, which is always shown.
	EpochEnd bool

	StepTime time.Duration // mean time of a step in this epoch
	Elapsed  time.Duration // since the epoch began
	ETA      time.Duration // expected time to the end of the whole run
}

// barWidth is the number of characters of Keras's bar.
const barWidth = 30

// Line is the progress line that Keras prints (keras.utils.Progbar, version 2):
//
//	80/80 [==============================] - 112s 1403ms/step - loss: 2.3291 - accuracy: 0.1034 - val_loss: 2.2901 - val_accuracy: 0.1276
//
// During an epoch it has the time left in the epoch instead: "- ETA: 1:12 -".
func (p Progress) Line() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%*d/%d [%s] - ", digits(p.Steps), p.Step, p.Steps, bar(p.Step, p.Steps))
	if p.EpochEnd || p.Step >= p.Steps {
		fmt.Fprintf(&b, "%s %s", secondsText(p.Elapsed), stepText(p.StepTime))
	} else {
		fmt.Fprintf(&b, "ETA: %s", clockText(time.Duration(p.Steps-p.Step)*p.StepTime))
	}
	fmt.Fprintf(&b, " - loss: %s - accuracy: %s", metricText(p.Loss), metricText(p.Accuracy))
	if p.Validated {
		fmt.Fprintf(&b, " - val_loss: %s - val_accuracy: %s", metricText(p.ValidLoss), metricText(p.ValidAccuracy))
	}
	return b.String()
}

// head is the first part of a line: "Epoch 3/5".
func (p Progress) head() string {
	if p.Epochs > 0 {
		return fmt.Sprintf("Epoch %d/%d", p.Epoch, p.Epochs)
	}
	return fmt.Sprintf("Epoch %d", p.Epoch)
}

// done is the completed share of the whole run, from 0 to 1.
func (p Progress) done() float64 {
	if p.Epochs < 1 || p.Steps < 1 {
		return 0
	}
	return min(max((float64(p.Epoch-1)+float64(p.Step)/float64(p.Steps))/float64(p.Epochs), 0), 1)
}

func bar(step, steps int) string {
	if steps < 1 {
		return strings.Repeat(".", barWidth)
	}
	filled := min(max(step*barWidth/steps, 0), barWidth)
	if filled == barWidth {
		return strings.Repeat("=", barWidth)
	}
	if filled == 0 {
		return strings.Repeat(".", barWidth)
	}
	return strings.Repeat("=", filled-1) + ">" + strings.Repeat(".", barWidth-filled)
}

func digits(n int) int { return len(fmt.Sprint(max(n, 0))) }

// metricText formats with four decimals as Keras does, or with an exponent for smaller values.
func metricText(v float64) string {
	if v != 0 && math.Abs(v) < 1e-3 {
		return fmt.Sprintf("%.4e", v)
	}
	return fmt.Sprintf("%.4f", v)
}

// stepText is the time of a step, in milliseconds where Keras uses them.
func stepText(d time.Duration) string {
	switch {
	case d >= 10*time.Second:
		return fmt.Sprintf("%.0fs/step", d.Seconds())
	case d >= time.Millisecond || d == 0:
		return fmt.Sprintf("%dms/step", d.Round(time.Millisecond).Milliseconds())
	}
	return fmt.Sprintf("%dus/step", d.Microseconds())
}

func secondsText(d time.Duration) string { return fmt.Sprintf("%.0fs", d.Seconds()) }

// clockText is a remaining time: 41s, 1:12 or 2:03:09.
func clockText(d time.Duration) string {
	s := int(max(d, 0).Round(time.Second).Seconds())
	switch {
	case s < 60:
		return fmt.Sprintf("%ds", s)
	case s < 3600:
		return fmt.Sprintf("%d:%02d", s/60, s%60)
	}
	return fmt.Sprintf("%d:%02d:%02d", s/3600, s/60%60, s%60)
}
