package sweep

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"

	"github.com/cnnbook/cnnbook/cifar"
	"github.com/cnnbook/cnnbook/cnn"
)

// Training is one training of a sweep.
type Training struct {
	Index  int      // from 0: its place in the plan
	Rung   int      // from 0; always 0 in a sweep without [Halving]
	Name   string   // of its run
	Values []string // of the fields that vary, in their order
	Group  int      // trainings of one group differ only by their seed
	Seed   uint64

	settings settings
}

// Plan lists the trainings of a sweep, in an order that never changes: all seeds of the first combination, then those of the
// second. Of a sweep with [Halving] they are those of the first rung, and [Sweep.Next] lists the others. It checks every field's value.
func (s Sweep) Plan() ([]Training, error) {
	if err := s.check(); err != nil {
		return nil, err
	}
	shared, err := s.shared()
	if err != nil {
		return nil, err
	}
	axes := s.axes()
	seeds := s.Seeds
	if len(seeds) == 0 {
		seeds = []uint64{1}
	}
	var out []Training
	seen := map[string]bool{}
	combinations := s.grid
	if s.Draw != nil {
		combinations = s.drawn
	}
	for values := range combinations() {
		combined, texts := shared[""], make([]string, len(values))
		for i, v := range values {
			texts[i] = text(v)
			if axes[i].Field == variantField {
				combined = shared[texts[i]]
			} else if err := combined.set(axes[i].Field, v); err != nil {
				return nil, err
			}
		}
		group := len(out) / len(seeds)
		for _, seed := range seeds {
			t := Training{Index: len(out), Values: texts, Group: group, Seed: seed, settings: combined}
			t.Name = s.runName(t)
			t.settings.config.Seed = seed
			if s.Halving != nil {
				t.settings.config.Epochs = s.Halving.Epochs[0]
			}
			if seen[t.Name] {
				return nil, fmt.Errorf("%w: the values %s are listed twice", cnn.ErrConfig, s.Describe(t))
			}
			seen[t.Name] = true
			out = append(out, t)
		}
	}
	if s.Draw != nil && len(out) < s.size() {
		return nil, fmt.Errorf("%w: the fields that vary have only %d different combinations, %d are to be drawn: make it a grid", cnn.ErrConfig, len(out)/len(seeds), s.Draw.Number)
	}
	return out, nil
}

// settings are the write-up's, or those of the sweep's network, with fields set in the order of their names; fields of layers before
// layers come and go.
func (s Sweep) settings(fields map[string]any) (settings, error) {
	out := settings{layers: cnn.WriteUp()}
	if s.Network != nil {
		out.layers = *s.Network
	}
	names := slices.SortedFunc(maps.Keys(fields), func(a, b string) int {
		return cmp.Or(cmp.Compare(strings.Count(a, " "), strings.Count(b, " ")), cmp.Compare(a, b))
	})
	for _, field := range names {
		if err := out.set(field, fields[field]); err != nil {
			return out, err
		}
	}
	return out, nil
}

// grid yields each combination of values.
func (s Sweep) grid() func(yield func([]any) bool) {
	return func(yield func([]any) bool) {
		axes := s.axes()
		at := make([]int, len(axes))
		for {
			values := make([]any, len(axes))
			for i, f := range axes {
				values[i] = f.Values[at[i]]
			}
			if !yield(values) {
				return
			}
			last := len(at) - 1
			for ; last >= 0; last-- {
				if at[last]++; at[last] < len(axes[last].Values) {
					break
				}
				at[last] = 0
			}
			if last < 0 {
				return
			}
		}
	}
}

// drawn yields random combinations, each of them once. It gives up after many that it has drawn before.
func (s Sweep) drawn() func(yield func([]any) bool) {
	return func(yield func([]any) bool) {
		random := rand.New(rand.NewPCG(s.Draw.Seed, 0))
		seen := map[string]bool{}
		for vain := 0; len(seen) < s.Draw.Number && vain < 1000; vain++ {
			values := make([]any, len(s.Vary))
			for i, f := range s.Vary {
				values[i] = f.draw(random)
			}
			key := fmt.Sprintf("%q", values)
			if seen[key] {
				continue
			}
			seen[key], vain = true, 0
			if !yield(values) {
				return
			}
		}
	}
}

func (f Field) draw(random *rand.Rand) any {
	u := random.Float64()
	if len(f.Values) > 0 {
		return f.Values[int(u*float64(len(f.Values)))]
	}
	v := f.From + (f.To-f.From)*u
	if f.Log {
		v = math.Exp(math.Log(f.From) + (math.Log(f.To)-math.Log(f.From))*u)
	}
	if f.Whole {
		return math.Round(v)
	}
	v, _ = strconv.ParseFloat(strconv.FormatFloat(v, 'g', 3, 64), 64)
	return min(max(v, f.From), f.To)
}

// text is a field's value in tables: a word, a number, or JSON.
func text(v any) string {
	if word, ok := v.(string); ok {
		return word
	}
	var buf bytes.Buffer
	e := json.NewEncoder(&buf)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return fmt.Sprint(v)
	}
	return strings.TrimSpace(buf.String())
}

// maxName is the longest name of a run.
const maxName = 64

// runName is a training's name: the sweep's, the values that vary, the seed. It does not depend on the other trainings, so that
// a value more or less in the file leaves them where they are.
func (s Sweep) runName(t Training) string {
	var name, exact strings.Builder
	name.WriteString(s.Name)
	lossless := true
	for i, field := range s.fieldNames() {
		v := t.Values[i]
		if field == variantField {
			v = dashes(v) // no two variants have the same, as checkVariants holds
		}
		lossless = lossless && slug(v) == v
		part := slug(v)
		if needsField(v) && field != variantField { // 0.1 of what?
			part = slug(field[strings.LastIndexByte(field, '.')+1:]) + part
		}
		name.WriteString("-" + part)
		fmt.Fprintf(&exact, "%s=%s\n", field, t.Values[i])
	}
	end := fmt.Sprintf("-s%d", t.Seed)
	if lossless && name.Len()+len(end) <= maxName {
		return name.String() + end
	}
	sum := sha256.Sum256([]byte(exact.String()))
	end = fmt.Sprintf("-%x%s", sum[:4], end)
	return name.String()[:min(name.Len(), maxName-len(end))] + end
}

// needsField says whether a value, a number or true or false, means nothing without the name of its field.
func needsField(s string) bool {
	_, err := strconv.ParseFloat(s, 64)
	return err == nil || s == "true" || s == "false"
}

// slug keeps the characters of a name.
func slug(s string) string {
	return strings.Map(func(r rune) rune {
		if r < 0x80 && (letterOrDigit(byte(r)) || r == '.' || r == '-' || r == '_') {
			return r
		}
		return -1
	}, s)
}

func letterOrDigit(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
}

// Describe says how a training differs from the others: "optimizer=Adam rate=0.01 seed=1".
func (s Sweep) Describe(t Training) string {
	var parts []string
	for i, field := range s.fieldNames() {
		parts = append(parts, field+"="+t.Values[i])
	}
	return strings.Join(append(parts, fmt.Sprintf("seed=%d", t.Seed)), " ")
}

// Spec describes a training's run on given images. The write-up's network is changed to fit them: see [cnn.Architecture.For].
func (t Training) Spec(train, valid *cifar.Dataset) cnn.Spec {
	network := t.settings.layers
	if slices.Equal(network.Input, cnn.Shape{cifar.Height, cifar.Width, cifar.Channels}) && network.Classifier(cifar.Classes) == nil {
		network = network.For(train)
	}
	return cnn.Spec{Name: t.Name, Network: network, Config: t.settings.config, Train: train, Valid: valid}
}
