package sweep

import (
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/cnnbook/cnnbook/cifar"
	"github.com/cnnbook/cnnbook/cnn"
)

// one plans a sweep of one training with fields set.
func one(t *testing.T, fields map[string]any) (Training, error) {
	t.Helper()
	all, err := Sweep{Name: "one", Base: map[string]any{"rate": 0.1}, Variants: []Variant{{Name: "it", Set: fields}}}.Plan()
	if err != nil {
		return Training{}, err
	}
	return all[0], nil
}

// Each field of a network gives the network that a program would write.
func TestFieldsOfTheNetwork(t *testing.T) {
	written := func(change func(layers []cnn.Layer) []cnn.Layer) cnn.Architecture {
		a := cnn.WriteUp()
		a.Layers = change(a.Layers)
		return a
	}
	for name, c := range map[string]struct {
		fields map[string]any
		want   cnn.Architecture
	}{
		"after a name": {map[string]any{"after First-Convolution": "BatchNormalization"}, written(func(l []cnn.Layer) []cnn.Layer {
			return append([]cnn.Layer{l[0], cnn.BatchNormalization{Name: "First-Convolution-BatchNormalization"}}, l[1:]...)
		})},
		"before, with a name": {map[string]any{"before First-Convolution": cnn.WhiteningConv2D{Name: "white", Kernel: 2}}, written(func(l []cnn.Layer) []cnn.Layer {
			return append([]cnn.Layer{cnn.WhiteningConv2D{Name: "white", Kernel: 2}}, l...)
		})},
		"replace an activation": {map[string]any{"replace relu": cnn.LeakyReLU{Alpha: 0.1}}, written(func(l []cnn.Layer) []cnn.Layer {
			for i, layer := range l {
				if a, ok := layer.(cnn.Activation); ok && a.Function == "relu" {
					l[i] = cnn.LeakyReLU{Name: a.Name, Alpha: 0.1}
				}
			}
			return l
		})},
		"strides, and no pooling": {map[string]any{"remove MaxPooling2D": true, "Second-Convolution.strides": 2, "Fourth-Convolution.strides": 2}, written(func(l []cnn.Layer) (out []cnn.Layer) {
			for _, layer := range l {
				switch x := layer.(type) {
				case cnn.MaxPooling2D:
					continue
				case cnn.Conv2D:
					if x.Name == "Second-Convolution" || x.Name == "Fourth-Convolution" {
						x.Stride = 2
					}
					layer = x
				}
				out = append(out, layer)
			}
			return out
		})},
		"frozen":               {map[string]any{"frozen": []string{"First-Convolution"}}, cnn.WriteUp().Freeze("First-Convolution")},
		"frozen, and a filter": {map[string]any{"frozen": []string{"First-Affine"}, "relu.activation": "gelu"}, written(gelu).Freeze("First-Affine")},
		"L2":                   {map[string]any{"Conv2D.kernel_l2": 1e-4, "Dense.kernel_l2": 1e-4}, cnn.WriteUp().WithL2(1e-4)},
	} {
		got, err := one(t, c.fields)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if g, w := asJSON(t, got.Network()), asJSON(t, c.want); g != w {
			t.Errorf("%s: the network is\n%s, want\n%s", name, g, w)
		}
	}
}

func gelu(l []cnn.Layer) []cnn.Layer {
	for i, layer := range l {
		if a, ok := layer.(cnn.Activation); ok && a.Function == "relu" {
			a.Function = "gelu"
			l[i] = a
		}
	}
	return l
}

func asJSON(t *testing.T, v any) string {
	t.Helper()
	data, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// Fields of a configuration are those of Go, in JSON or as values; a variant's rate is in place of the base's.
func TestFieldsOfTheConfiguration(t *testing.T) {
	for name, c := range map[string]struct {
		fields map[string]any
		want   cnn.Config
	}{
		"crops": {map[string]any{"preprocess.crop": 8, "preprocess.crop_zeros": true, "preprocess.flip": true},
			cnn.Config{Schedule: cnn.Constant(0.1), Preprocess: cnn.Preprocess{Crop: 8, CropZeros: true, Flip: true}}},
		"Adam":      {map[string]any{"optimizer": cnn.Adam{}, "rate": 0.001}, cnn.Config{Optimizer: cnn.Adam{}, Schedule: cnn.Constant(0.001)}},
		"momentum":  {map[string]any{"optimizer": cnn.SGD{Momentum: 0.9}}, cnn.Config{Optimizer: cnn.SGD{Momentum: 0.9}, Schedule: cnn.Constant(0.1)}},
		"schedule":  {map[string]any{"schedule": cnn.OneCycle{Max: 0.5}}, cnn.Config{Schedule: cnn.OneCycle{Max: 0.5}}},
		"constant":  {map[string]any{"schedule": cnn.Constant(0.5)}, cnn.Config{Schedule: cnn.Constant(0.5)}},
		"smoothing": {map[string]any{"loss": map[string]any{"label_smoothing": 0.2}}, cnn.Config{Schedule: cnn.Constant(0.1), Loss: cnn.Loss{Smoothing: 0.2}}},
		"ema":       {map[string]any{"ema": map[string]any{"decay": 0.9}}, cnn.Config{Schedule: cnn.Constant(0.1), EMA: &cnn.EMA{Decay: 0.9}}},
		"clip":      {map[string]any{"clip": map[string]any{"global_norm": 1}}, cnn.Config{Schedule: cnn.Constant(0.1), Clip: &cnn.Clipping{GlobalNorm: 1}}},
		"plateau":   {map[string]any{"plateau": map[string]any{"patience": 5}}, cnn.Config{Schedule: cnn.Constant(0.1), Plateau: &cnn.Plateau{Patience: 5}}},
		"lookahead": {map[string]any{"lookahead": map[string]any{"every": 7}}, cnn.Config{Schedule: cnn.Constant(0.1), Lookahead: &cnn.Lookahead{Every: 7}}},
	} {
		got, err := one(t, c.fields)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		c.want.Seed = 1
		if g, w := asJSON(t, got.Config()), asJSON(t, c.want); g != w {
			t.Errorf("%s: the configuration is\n%s, want\n%s", name, g, w)
		}
	}
}

func TestVariantsThatAreWrong(t *testing.T) {
	for text, want := range map[string]string{
		`"variants": [{"name": ""}]`:                                                                                     `variant 1, name ""`,
		`"variants": [{"name": "a/b"}]`:                                                                                  `variant 1, name "a/b"`,
		`"variants": [{"name": "a "}]`:                                                                                   `variant 1, name "a "`,
		`"variants": [{"name": "a b"}, {"name": "a-b"}]`:                                                                 `variant 2: the name "a-b" is taken`,
		`"variants": [{"name": "a", "set": {"seed": 1}}]`:                                                                `variant "a" sets the seed`,
		`"variants": [{"name": "a", "set": {"rate": 1, "schedule": "OneCycle"}}]`:                                        `variant "a": `,
		`"variants": [{"name": "a", "set": {"after relu6": "Flatten"}}]`:                                                 `called "relu6"`,
		`"variants": [{"name": "a", "set": {"after relu": "Flaten"}}]`:                                                   `unknown class_name "Flaten"`,
		`"variants": [{"name": "a", "set": {"after relu": 3}}]`:                                                          `got 3, expected the class of a layer`,
		`"variants": [{"name": "a", "set": {"remove relu": false}}]`:                                                     `got false, expected true`,
		`"variants": [{"name": "a", "set": {"frozen": ["nobody"]}}]`:                                                     `nobody`,
		`"variants": [{"name": "a", "set": {"replace relu": {"class_name": "X", "y": 1}}}]`:                              `unknown class_name "X"`,
		`"variants": [{"name": "a", "set": {"preprocess.crp": 3}}]`:                                                      `unknown field "crp"`,
		`"variants": [{"name": "a"}], "vary": [{"field": "rate", "from": 1, "to": 2}], "draw": {"number": 2, "seed": 1}`: "both variants and a draw",
	} {
		s, err := Parse([]byte(`{"name": "x", ` + text + `}`))
		if err == nil {
			_, err = s.Plan()
		}
		if !errors.Is(err, cnn.ErrConfig) || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: error %v, want one line with %q", text, err, want)
		}
	}
}

// Variants are the first axis of the plan, and have names of their own.
func TestPlanOfVariants(t *testing.T) {
	s := Sweep{Name: "x", Variants: []Variant{{Name: "base"}, {Name: "batch normalisation", Set: map[string]any{"after Conv2D": "BatchNormalization"}}},
		Vary: []Field{{Field: "batch", Values: []any{10, 20}}}, Seeds: []uint64{4, 5}}
	all, err := s.Plan()
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, training := range SeedsFirst(all) {
		names = append(names, training.Name)
	}
	want := "x-base-batch10-s4 x-base-batch20-s4 x-batch-normalisation-batch10-s4 x-batch-normalisation-batch20-s4 " +
		"x-base-batch10-s5 x-base-batch20-s5 x-batch-normalisation-batch10-s5 x-batch-normalisation-batch20-s5"
	if got := strings.Join(names, " "); got != want {
		t.Errorf("the trainings are\n%s, want\n%s", got, want)
	}
	if got := s.Describe(all[7]); got != "variant=batch normalisation batch=20 seed=5" {
		t.Errorf("the last one is %q", got)
	}
}

// rowsOf are finished rows of groups with an accuracy for each seed; a negative one diverged, and 0 has not finished.
func rowsOf(groups ...[]float64) (rows []Row) {
	for g, accuracies := range groups {
		for k, a := range accuracies {
			r := Row{Training: Training{Index: len(rows), Group: g, Seed: uint64(k), Values: []string{fmt.Sprint("idea ", g)}}, State: Finished}
			r.Record = cnn.Record{Kept: 1, History: cnn.History{Epochs: []cnn.Epoch{{Epoch: 1, ValidAccuracy: a}}}}
			switch {
			case a < 0:
				r.State, r.Record = Diverged, cnn.Record{}
			case a == 0:
				r.State, r.Record = Begun, cnn.Record{}
			}
			rows = append(rows, r)
		}
	}
	return rows
}

// Promise(runs/ideas): A change is compared with the base seed by seed, and its verdict is that of the interval: it helps, it hurts, or there is
// not enough to tell.
func TestVerdicts(t *testing.T) {
	base := []float64{0.50, 0.60, 0.55}
	for name, c := range map[string]struct {
		idea []float64
		want string
	}{
		// scipy.stats.ttest_rel([.53, .64, .58], [.5, .6, .55]).confidence_interval() is (0.0190, 0.0477). Unpaired, the interval contains 0.
		"every pair is better":         {[]float64{0.53, 0.64, 0.58}, "+0.0333 (+0.0190 to +0.0477): helps"},
		"every pair is worse":          {[]float64{0.47, 0.56, 0.52}, "-0.0333 (-0.0477 to -0.0190): hurts"},
		"nothing changes":              {base, "+0.0000 (+0.0000 to +0.0000): not enough to tell"},
		"better in two of three":       {[]float64{0.60, 0.70, 0.54}, "+0.0633 (-0.0944 to +0.2211): not enough to tell"},
		"one seed alone":               {[]float64{0.90, 0, 0}, "+0.4000: not enough to tell"},
		"the base's seed is missing":   {[]float64{0, 0, 0}, "–: not enough to tell"},
		"better, but one has diverged": {[]float64{0.53, 0.64, -1}, "+0.0350 (-0.0285 to +0.0985), 1 of 3 diverged: hurts"},
	} {
		all := Differences(rowsOf(base, c.idea))
		if len(all) != 2 || all[1].String() != c.want {
			t.Errorf("%s: %v, want %q", name, all, c.want)
		}
	}
	if all := Differences(nil); all != nil {
		t.Errorf("no rows: %v", all)
	}
	if all := Differences(rowsOf([]float64{0, 0.5}, []float64{0.6, 0.6})); all[1].Change.N != 1 || all[1].Accuracy.N != 2 {
		t.Errorf("of two trainings one has no pair: %+v", all[1])
	}
}

// The table and the CSV files of variants say what each changes.
func TestGatheredVariants(t *testing.T) {
	s := Sweep{Name: "ideas", Variants: []Variant{{Name: "idea 0"}, {Name: "idea 1"}}}
	rows := rowsOf([]float64{0.5, 0.6, 0.55}, []float64{0.53, 0.64, 0.58})
	var table, lines, epochs strings.Builder
	if err := errors.Join(s.WriteMarkdown(&table, rows), s.WriteCSV(&lines, rows), s.WriteEpochs(&epochs, rows)); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"| idea 1 | 3 | 0.5833 ± 0.1368 | 0.0000 ± 0.0000 | +0.0333 (+0.0190 to +0.0477): helps |"} {
		if !strings.Contains(table.String(), want) {
			t.Errorf("no %q in\n%s", want, table.String())
		}
	}
	if !strings.HasPrefix(lines.String(), "index,name,seed,variant,state,") || !strings.Contains(epochs.String(), "\n5,2,idea 1,1,0,0,0,0.58\n") {
		t.Errorf("%s\n%s", lines.String(), epochs.String())
	}
}

// The example files plan, and their trainings' networks take CIFAR-10's images.
func TestExampleFiles(t *testing.T) {
	var files []string
	for _, pattern := range []string{"../../docs/sweeps/*.json", "../../notebooks/lab/ideas/*.json"} {
		found, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, found...)
	}
	if len(files) < 3 {
		t.Fatalf("only %q", files)
	}
	train, valid := cifar.Drawn(1, 1100, 10) // as many as the largest batch
	for _, file := range files {
		s, err := Load(file)
		if err != nil {
			t.Error(err)
			continue
		}
		trainings, err := s.Plan()
		if err != nil {
			t.Errorf("%s: %v", file, err)
			continue
		}
		if _, err := Read(t.TempDir(), trainings, train, valid); err != nil {
			t.Errorf("%s: %v", file, err)
		}
	}
}

// A variant goes without a field that the others share by setting it to null; one that they do not share cannot be null.
func TestVariantsGoWithout(t *testing.T) {
	s, err := Parse([]byte(`{"name": "s", "base": {"rate": 0.1, "lookahead": {"every": 5}},
		"variants": [{"name": "with"}, {"name": "without", "set": {"lookahead": null}}]}`))
	if err != nil {
		t.Fatal(err)
	}
	all, err := s.Plan()
	if err != nil {
		t.Fatal(err)
	}
	if all[0].Config().Lookahead == nil || all[1].Config().Lookahead != nil || all[1].Config().Schedule != all[0].Config().Schedule {
		t.Errorf("%+v and %+v", all[0].Config(), all[1].Config())
	}
	s.Variants[1].Set = map[string]any{"ema": nil}
	if _, err := s.Plan(); err == nil || !strings.Contains(err.Error(), "null") {
		t.Errorf("null for a field that is not shared: %v", err)
	}
	s.Variants[1].Set, s.Base["lookahead"] = nil, nil
	if _, err := s.Plan(); err == nil || !strings.Contains(err.Error(), "null") {
		t.Errorf("null in the base: %v", err)
	}
}
