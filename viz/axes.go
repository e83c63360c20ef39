package viz

import (
	"math"
	"strconv"
	"strings"

	"github.com/cnnbook/cnnbook/internal/number"
	"gonum.org/v1/plot"
)

// linearTicks puts about count labelled ticks on round numbers; gonum's own
// ticker aims at three, too few to read a curve.
type linearTicks struct {
	count int  // number to aim at
	whole bool // whole numbers only, counted from 1: epochs
}

// Ticks implements plot.Ticker.
func (t linearTicks) Ticks(low, high float64) []plot.Tick {
	if !(high > low) || math.IsInf(high-low, 0) {
		return []plot.Tick{{Value: low, Label: formatTick(low, 2)}}
	}
	step := roundStep((high - low) / float64(max(t.count, 1)))
	if t.whole {
		return wholeTicks(low, high, math.Ceil(max(step, 1)))
	}
	decimals := max(0, -int(math.Floor(math.Log10(step)+1e-9)))
	var ticks []plot.Tick
	first := math.Ceil(low/step - 1e-9)
	for i := range mostTicks {
		v := (first + float64(i)) * step
		if v > high+1e-9*step {
			break
		}
		ticks = append(ticks, plot.Tick{Value: v, Label: formatTick(v, decimals)})
	}
	return ticks
}

// mostTicks ends loops over numbers so large that adding a step changes nothing.
const mostTicks = 50

// wholeTicks counts from 1: 1, 3, 5 … for a step of 2; 1, 50, 100 … for larger ones.
func wholeTicks(low, high, step float64) []plot.Tick {
	var ticks []plot.Tick
	add := func(v float64) {
		if v >= low-1e-9 && v <= high+1e-9 {
			ticks = append(ticks, plot.Tick{Value: v, Label: formatTick(v, 0)})
		}
	}
	start := math.Ceil(low/step) * step
	if first := max(math.Ceil(low), 1); step <= 2 {
		start = first
	} else if first == 1 {
		add(1)
		start = step
	}
	for i := range mostTicks {
		add(start + float64(i)*step)
	}
	return ticks
}

// roundStep rounds a distance to the nearest of 1, 2 and 5 times a power of ten, by ratio.
func roundStep(rough float64) float64 {
	unit := math.Pow(10, math.Floor(math.Log10(rough)))
	best := unit
	for _, m := range []float64{2, 5, 10} {
		if math.Abs(math.Log(m*unit/rough)) < math.Abs(math.Log(best/rough)) {
			best = m * unit
		}
	}
	return best
}

// formatTick writes v with the given decimals and grouped thousands.
func formatTick(v float64, decimals int) string {
	if a := math.Abs(v); a != 0 && (a < 1e-5 || a >= 1e9) {
		return number.Short(v)
	}
	if v == 0 {
		v = 0 // no "-0"
	}
	return groupThousands(strconv.FormatFloat(v, 'f', decimals, 64))
}

// groupThousands turns 24000 into 24,000, and leaves 4000 unchanged.
func groupThousands(s string) string {
	digits, fraction, _ := strings.Cut(strings.TrimPrefix(s, "-"), ".")
	if len(digits) < 5 {
		return s
	}
	var b strings.Builder
	if strings.HasPrefix(s, "-") {
		b.WriteByte('-')
	}
	for i, d := range digits {
		if i > 0 && (len(digits)-i)%3 == 0 {
			b.WriteByte(',')
		}
		b.WriteRune(d)
	}
	if fraction != "" {
		b.WriteString("." + fraction)
	}
	return b.String()
}

// classTicks puts labels on n-1 … 1, 0, so that the first is on top.
func classTicks(labels []string) plot.ConstantTicks {
	ticks := make(plot.ConstantTicks, len(labels))
	for i, label := range labels {
		ticks[i] = plot.Tick{Value: float64(len(labels) - 1 - i), Label: orWord(label, " ")}
	}
	return ticks
}

// logTicks labels the powers of ten, and 2 and 5 times them where there are fewer than two decades.
type logTicks struct{}

// Ticks implements plot.Ticker. It returns none for a range that is not positive,
// where gonum's ticker would panic.
func (logTicks) Ticks(low, high float64) []plot.Tick {
	if !(low > 0 && high > low) || math.IsInf(high, 0) {
		return nil
	}
	first, last := int(math.Floor(math.Log10(low))), int(math.Ceil(math.Log10(high)))
	few := math.Log10(high/low) < 2
	every := max(1, (last-first+7)/8)
	var ticks []plot.Tick
	for e := first; e <= last; e++ {
		for m := 1; m < 10; m++ {
			v := float64(m) * math.Pow10(e)
			if v < low*(1-1e-9) || v > high*(1+1e-9) {
				continue
			}
			tick := plot.Tick{Value: v}
			if m == 1 && (e-first)%every == 0 || few && (m == 2 || m == 5) {
				tick.Label = number.Short(v)
			}
			ticks = append(ticks, tick)
		}
	}
	return ticks
}

// sentence ends s with a full stop unless it already ends in one.
func sentence(s string) string {
	s = strings.TrimSpace(s)
	if s == "" || strings.ContainsRune(".!?", rune(s[len(s)-1])) {
		return s
	}
	return s + "."
}
