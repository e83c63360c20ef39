package sweep

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"slices"

	"github.com/cnnbook/cnnbook/cnn"
)

// MaxTrainings limits the trainings of one sweep.
const MaxTrainings = 100_000

// maxFile limits the size of a sweep's file.
const maxFile = 1 << 20

// Sweep names trainings. Its zero fields mean the default stated beside them.
type Sweep struct {
	Name    string            `json:"name"`                  // begins the name of each of its runs: at most 32 letters, digits, "-", "_" or "."
	Budget  string            `json:"budget,omitempty"`      // which images, by the budgets of notebooks; empty is "smoke"
	Images  uint64            `json:"images_seed,omitempty"` // seed of the split into training and validation images, the same for all; 0 is 1
	Network *cnn.Architecture `json:"network,omitempty"`     // nil is the write-up's
	Base    map[string]any    `json:"base,omitempty"`        // fields that all trainings share
	// Variants are named changes, of which each training has one: an ablation, or ideas to try. The first is what
	// [Differences] compares the others with. With Vary, each variant is trained with each combination.
	Variants []Variant `json:"variants,omitempty"`
	Vary     []Field   `json:"vary,omitempty"`    // fields that differ; the last one changes fastest
	Draw     *Draw     `json:"draw,omitempty"`    // nil trains every combination
	Seeds    []uint64  `json:"seeds,omitempty"`   // each combination is trained with each; none is seed 1
	Halving  *Halving  `json:"halving,omitempty"` // nil trains every combination to its end
}

// Variant is a change with a name.
type Variant struct {
	Name string         `json:"name"`          // at most 40 letters, digits, "-", "_", "." or spaces between them
	Set  map[string]any `json:"set,omitempty"` // fields, in place of those of the same name in Base, and null in place of one that the variant is without; a rate is in place of a schedule, too
}

// Field is a field with the values that it takes: a list, or for a [Draw] also a range.
type Field struct {
	Field  string  `json:"field"`
	Values []any   `json:"values,omitempty"`
	From   float64 `json:"from,omitempty"` // a number from From to To, rounded to three digits so that it can be written down
	To     float64 `json:"to,omitempty"`
	Log    bool    `json:"log,omitempty"`   // uniform in its logarithm: for learning rates
	Whole  bool    `json:"whole,omitempty"` // rounded to a whole number
}

// Draw chooses random combinations.
type Draw struct {
	Number int    `json:"number"`
	Seed   uint64 `json:"seed"` // the same seed and a larger number keep the combinations and add more
}

// Load reads and checks a sweep's file. Errors name the file, and the line of a syntax error.
func Load(path string) (Sweep, error) {
	f, err := os.Open(path)
	if err != nil {
		return Sweep{}, err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err != nil {
		return Sweep{}, err
	}
	s, err := Parse(data)
	if err != nil {
		return Sweep{}, fmt.Errorf("%s: %w", path, err)
	}
	return s, nil
}

// Parse reads and checks a sweep's JSON. Every error wraps cnn.ErrConfig.
func Parse(data []byte) (Sweep, error) {
	var s Sweep
	if len(data) > maxFile {
		return s, fmt.Errorf("%w: a sweep of more than %d bytes", cnn.ErrConfig, maxFile)
	}
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	if err := d.Decode(&s); err != nil {
		return s, fmt.Errorf("%w: line %d: %w", cnn.ErrConfig, lineOf(data, d, err), err)
	}
	if _, err := d.Token(); err != io.EOF {
		return s, fmt.Errorf("%w: line %d: text after the end of the sweep", cnn.ErrConfig, 1+bytes.Count(data[:d.InputOffset()], []byte("\n")))
	}
	return s, s.check()
}

// lineOf is the line of the JSON in which an error is.
func lineOf(data []byte, d *json.Decoder, err error) int {
	offset := d.InputOffset()
	var syntax *json.SyntaxError
	var kind *json.UnmarshalTypeError
	switch {
	case errors.As(err, &syntax):
		offset = syntax.Offset
	case errors.As(err, &kind):
		offset = kind.Offset
	}
	return 1 + bytes.Count(data[:min(int(offset), len(data))], []byte("\n"))
}

// check finds what is wrong with a sweep apart from the values of fields.
func (s Sweep) check() error {
	wrong := func(format string, args ...any) error {
		return fmt.Errorf("%w: "+format, append([]any{cnn.ErrConfig}, args...)...)
	}
	if slug(s.Name) != s.Name || s.Name == "" || len(s.Name) > 32 || !letterOrDigit(s.Name[0]) {
		return wrong(`name %q: use 1 to 32 letters, digits, "-", "_" or ".", starting with a letter or digit`, s.Name)
	}
	if err := checkVariants(s.Variants); err != nil {
		return wrong("%w", err)
	}
	seen := map[string]bool{}
	for i, f := range s.Vary {
		switch _, shared := s.Base[f.Field]; {
		case f.Field == "seed":
			return wrong(`field %d of vary is seed: list the seeds in "seeds"`, i+1)
		case seen[f.Field] || shared:
			return wrong("field %q is set twice", f.Field)
		}
		seen[f.Field] = true
		if err := f.check(s.Draw != nil); err != nil {
			return wrong("field %q: %w", f.Field, err)
		}
	}
	if _, ok := s.Base["seed"]; ok {
		return wrong(`seed is in base: list the seeds in "seeds"`)
	}
	if s.Draw != nil && (s.Draw.Number < 1 || len(s.Vary) == 0) {
		return wrong("a draw needs a number of at least 1, and fields that vary: got %d, and %d fields", s.Draw.Number, len(s.Vary))
	}
	if s.Draw != nil && len(s.Variants) > 0 {
		return wrong("it has both variants and a draw: choose one")
	}
	if sorted := slices.Sorted(slices.Values(s.Seeds)); len(slices.Compact(sorted)) < len(s.Seeds) {
		return wrong("a seed is listed twice in %d", s.Seeds)
	}
	if n := s.size(); n > MaxTrainings {
		return wrong("more than %d trainings", MaxTrainings)
	}
	if err := s.checkHalving(); err != nil {
		return wrong("halving: %w", err)
	}
	return nil
}

func (f Field) check(drawn bool) error {
	isRange := f.From != 0 || f.To != 0
	switch {
	case isRange && len(f.Values) > 0:
		return errors.New("it has both values and a range: choose one")
	case isRange && !drawn:
		return errors.New(`a range needs a "draw": a grid takes values`)
	case isRange && !(f.From < f.To) || math.IsInf(f.To-f.From, 0):
		return fmt.Errorf("the range must go upwards, got from %g to %g", f.From, f.To)
	case isRange && f.Log && f.From <= 0:
		return fmt.Errorf("a logarithmic range must be above 0, got from %g", f.From)
	case !isRange && len(f.Values) == 0:
		return errors.New("it has no values")
	case !isRange && (f.Log || f.Whole):
		return errors.New("log and whole are for a range")
	}
	return nil
}

// size is the number of trainings, or a number above MaxTrainings if there are more.
func (s Sweep) size() int {
	n := max(1, len(s.Seeds))
	if s.Draw != nil {
		return min(n, MaxTrainings+1) * min(s.Draw.Number, MaxTrainings+1)
	}
	for _, f := range s.axes() {
		n = min(n*len(f.Values), MaxTrainings+1)
	}
	return n
}

// ImagesSeed is the seed of the split.
func (s Sweep) ImagesSeed() uint64 { return max(1, s.Images) }

// BudgetName is the name of the budget that chooses the images.
func (s Sweep) BudgetName() string { return cmp.Or(s.Budget, "smoke") }
