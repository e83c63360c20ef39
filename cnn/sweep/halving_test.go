package sweep

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/cnnbook/cnnbook/cifar"
	"github.com/cnnbook/cnnbook/cnn"
)

// tinyNetwork trains in a moment.
func tinyNetwork() *cnn.Architecture {
	return &cnn.Architecture{Name: "tiny", Input: cnn.Shape{32, 32, 3}, Layers: []cnn.Layer{
		cnn.MaxPooling2D{Name: "pool", Size: 8}, cnn.Flatten{Name: "flatten"}, cnn.Dense{Name: "dense", Units: 10}, cnn.Activation{Name: "softmax", Function: "softmax"},
	}}
}

// rates is a sweep of six rates, one of which diverges, with two seeds each: six, three and one combination.
func rates() Sweep {
	return Sweep{
		Name: "rates", Network: tinyNetwork(), Base: map[string]any{"batch": 20, "optimizer": "SGD"}, Seeds: []uint64{1, 2},
		Vary:    []Field{{Field: "rate", Values: []any{1e-6, 3e38, 1e-4, 0.3, 0.003, 0.03}}},
		Halving: &Halving{Epochs: []int{1, 2, 4}},
	}
}

func planOf(t *testing.T, s Sweep) []Training {
	t.Helper()
	trainings, err := s.Plan()
	if err != nil {
		t.Fatal(err)
	}
	return trainings
}

// trainAll trains what has not ended, and counts the steps.
func trainAll(t *testing.T, root string, rows []Row, train, valid *cifar.Dataset) (steps int) {
	t.Helper()
	for _, r := range rows {
		if r.Ended() {
			continue
		}
		began := 0
		err := r.Train(t.Context(), root, train, valid, func(r *cnn.Run) { began = len(r.History.Steps) }, func(p cnn.Progress) {
			if done := (p.Epoch-1)*p.Steps + p.Step; !p.Validated && done > began {
				steps++
			}
		})
		if err != nil && !errors.Is(err, cnn.ErrDiverged) {
			t.Fatal(err)
		}
	}
	return steps
}

// byHand are the values that should be in each rung, from trainings of all epochs: the definition, written down once more. Each rung's
// are in the plan's order.
func byHand(full []Row, epochs []int) (rungs [][]string) {
	type rate struct {
		value string
		sum   []float64 // of the accuracies over the seeds after each epoch; shorter where one diverged
	}
	var left []rate
	for i := 0; i < len(full); i += 2 {
		r := rate{value: full[i].Values[0]}
		one, other := full[i].Record.History.Epochs, full[i+1].Record.History.Epochs
		for e := range min(len(one), len(other)) {
			r.sum = append(r.sum, one[e].ValidAccuracy+other[e].ValidAccuracy)
		}
		left = append(left, r)
	}
	for _, n := range epochs {
		var values []string
		for _, r := range left {
			values = append(values, r.value)
		}
		rungs = append(rungs, values)
		var best []rate
		for range len(left) / 2 {
			at := -1
			for i, r := range left {
				chosen := slices.ContainsFunc(best, func(b rate) bool { return b.value == r.value })
				if !chosen && len(r.sum) >= n && (at < 0 || r.sum[n-1] > left[at].sum[n-1]+1e-9) {
					at = i
				}
			}
			best = append(best, left[at])
		}
		left = slices.DeleteFunc(left, func(r rate) bool {
			return !slices.ContainsFunc(best, func(b rate) bool { return b.value == r.value })
		})
	}
	return rungs
}

// Promise(runs/halving): Successive halving goes on with the combinations that trainings of all epochs would have chosen, by validation
// images alone. A later rung trains only the epochs that are missing, to the bytes of a training that had them all at once.
func TestHalvingChoosesAsFullTrainingsWould(t *testing.T) {
	train, valid := cifar.Drawn(1, 100, 50)
	s := rates()
	full, whole := s, t.TempDir()
	full.Halving, full.Base = nil, map[string]any{"batch": 20, "optimizer": "SGD", "epochs": 4}
	fullRows := func() []Row {
		rows, err := full.Read(whole, planOf(t, full), train, valid)
		if err != nil {
			t.Fatal(err)
		}
		return rows
	}
	trainAll(t, whole, fullRows(), train, valid)
	want := byHand(fullRows(), s.Halving.Epochs)
	if slices.Equal(want[1], want[0][:3]) || len(want[2]) != 1 {
		t.Fatalf("%q: the first three are the best, which shows little", want)
	}

	root := t.TempDir()
	read := func() []Row {
		t.Helper()
		rows, err := s.Read(root, planOf(t, s), train, valid)
		if err != nil {
			t.Fatal(err)
		}
		return rows
	}
	for rung, steps := range []int{10 * 5, 6 * 5, 2 * 10} { // the two that diverge have none, or few
		rows := lastRung(read())
		var values []string
		for _, c := range combined(rows) {
			values = append(values, c[0].Values[0])
		}
		if !slices.Equal(values, want[rung]) || rows[0].Rung != rung || rows[0].Index != []int{0, 12, 18}[rung] {
			t.Fatalf("rung %d, from index %d, trains %q, by hand it is %q", rows[0].Rung, rows[0].Index, values, want[rung])
		}
		if rung == 1 { // one is stopped in its middle: nothing is decided, and it goes on
			stopOne(t, root, rows[3].Training, train, valid)
			if again := lastRung(read()); again[3].State != Begun || again[3].Rung != 1 || s.Winner(read()) != nil {
				t.Errorf("stopped: %s in rung %d", again[3].State, again[3].Rung)
			}
		}
		trained := trainAll(t, root, read(), train, valid)
		if rung == 0 {
			trained = min(trained, steps) // with what the diverging ones did
		} else if rung == 1 {
			trained += 2 // before it was stopped
		}
		if trained != steps {
			t.Errorf("rung %d trains %d steps, want %d", rung, trained, steps)
		}
	}
	rows := read()
	if n := trainAll(t, root, rows, train, valid); n != 0 || len(rows) != 20 || len(s.Next(rows)) != 0 {
		t.Errorf("at its end it trains %d steps more, and has %d trainings", n, len(rows))
	}
	winner := s.Winner(rows)
	if len(winner) != 2 || winner[0].Values[0] != want[2][0] || winner[0].Record.Total != 4 {
		t.Fatalf("the winner is %+v, by hand it is %q", winner, want[2])
	}
	got, undisturbed := weights(t, root, 20), weights(t, whole, 20)
	for _, w := range winner {
		if len(got[w.Folder]) == 0 || !bytes.Equal(got[w.Folder], undisturbed[w.Folder]) {
			t.Errorf("%s has other weights than trained at once", w.Folder)
		}
	}
}

// stopOne stops a training after its second step of this process.
func stopOne(t *testing.T, root string, training Training, train, valid *cifar.Dataset) {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	err := training.Train(ctx, root, train, valid, nil, func(p cnn.Progress) {
		if p.Epoch == 2 && p.Step == 2 {
			stop()
		}
	})
	if !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
}

// judged are rows of the first rung: for each combination the right answers, of 100 images, of each seed. −1 diverged, −2 has not finished.
func judged(rung int, combinations ...[]int) (rows []Row) {
	for g, answers := range combinations {
		for seed, n := range answers {
			r := Row{Training: Training{Index: len(rows), Rung: rung, Group: g, Seed: uint64(seed), Values: []string{fmt.Sprint(g)}}, State: Finished}
			r.Record = cnn.Record{Finished: true, Kept: 1, ValidImages: 100, History: cnn.History{Epochs: []cnn.Epoch{{Epoch: 1, ValidAccuracy: float64(n) / 100}}}}
			if n < 0 {
				r.State, r.Record = map[int]State{-1: Diverged, -2: Begun}[n], cnn.Record{}
			}
			rows = append(rows, r)
		}
	}
	return rows
}

// Who goes on: by the mean over the seeds, ties by order, nobody who diverged, and nobody before all have ended.
func TestWhoGoesOn(t *testing.T) {
	for name, c := range map[string]struct {
		answers [][]int
		want    string // groups, in order
	}{
		"the best two of four":                {[][]int{{10, 10}, {30, 30}, {20, 20}, {40, 40}}, "1 3"},
		"the mean, not the best seed":         {[][]int{{0, 90}, {50, 50}, {49, 49}, {60, 10}}, "1 2"},
		"the mean, not the first seed":        {[][]int{{90, 0}, {40, 60}, {30, 80}, {80, 5}}, "1 2"},
		"of equals the first":                 {[][]int{{30, 30}, {20, 40}, {10, 50}, {30, 30}}, "0 1"},
		"of equals whose fractions round":     {[][]int{{10, 20}, {7, 23}, {28, 2}, {15, 15}}, "0 1"},
		"divergence is last":                  {[][]int{{-1, 99}, {1, 1}, {2, 2}, {-1, -1}}, "1 2"},
		"all but one diverged":                {[][]int{{-1, 99}, {1, 1}, {99, -1}, {-1, -1}}, "1"},
		"all diverged":                        {[][]int{{-1, 99}, {-1, 1}, {99, -1}, {-1, -1}}, ""},
		"one has not ended":                   {[][]int{{90, 90}, {80, 80}, {1, -2}, {0, 0}}, ""},
		"one has not ended, another diverged": {[][]int{{90, 90}, {80, 80}, {1, -1}, {0, -2}}, ""},
	} {
		s := Sweep{Name: "x", Vary: []Field{{Field: "rate", Values: []any{1, 2, 3, 4}}}, Seeds: []uint64{0, 1}, Halving: &Halving{Epochs: []int{1, 5, 9}}}
		var groups []string
		for i, training := range s.Next(judged(0, c.answers...)) {
			if training.Index != 8+i || training.Rung != 1 || training.Config().Epochs != 5 || training.Seed != uint64(i%2) {
				t.Errorf("%s: training %d is %+v", name, i, training)
			}
			if i%2 == 0 {
				groups = append(groups, fmt.Sprint(training.Group))
			}
		}
		if got := strings.Join(groups, " "); got != c.want {
			t.Errorf("%s: %q go on, want %q", name, got, c.want)
		}
	}
	s := Sweep{Name: "x", Vary: []Field{{Field: "rate", Values: []any{1, 2}}}, Seeds: []uint64{0, 1}, Halving: &Halving{Epochs: []int{1, 5}}}
	first, last := judged(0, []int{1, 1}, []int{2, 2}), judged(1, []int{-1, 5}) // the only one of the last rung diverged
	if rows := slices.Concat(first, last); s.Winner(rows) != nil || s.Next(rows) != nil || s.Winner(first) != nil || s.Winner(nil) != nil || s.Next(nil) != nil {
		t.Error("there is a winner")
	}
}

func TestRungs(t *testing.T) {
	for name, c := range map[string]struct {
		combinations int
		halving      *Halving
		want         string
	}{
		"none":               {4, nil, "0:4@0"},
		"halves":             {5, &Halving{Epochs: []int{1, 2, 4}}, "1:5@0 2:2@10 4:1@14"},
		"thirds":             {27, &Halving{Epochs: []int{1, 3, 9, 27}, Factor: 3}, "1:27@0 3:9@54 9:3@72 27:1@78"},
		"more rungs than it": {2, &Halving{Epochs: []int{1, 3, 9}, Factor: 3}, "1:2@0 3:1@4 9:1@6"},
	} {
		f := Field{Field: "rate"}
		for i := range c.combinations {
			f.Values = append(f.Values, float64(i+1))
		}
		s := Sweep{Name: "x", Vary: []Field{f}, Seeds: []uint64{1, 2}, Halving: c.halving}
		var got []string
		for _, r := range s.Rungs() {
			got = append(got, fmt.Sprintf("%d:%d@%d", r.Epochs, r.Combinations, r.First))
			if r.Trainings != 2*r.Combinations {
				t.Errorf("%s: %+v", name, r)
			}
		}
		if strings.Join(got, " ") != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
		if first := planOf(t, s); len(first) != 2*c.combinations || first[0].Config().Epochs != cmp.Or(s.Rungs()[0].Epochs, first[0].Config().Epochs) {
			t.Errorf("%s: %d trainings of %d epochs are planned", name, len(first), first[0].Config().Epochs)
		}
	}
}

// A training whose schedule spans it is another one in each rung, and begins anew. It says so.
func TestHalvingOfASpanningSchedule(t *testing.T) {
	train, valid := cifar.Drawn(1, 40, 20)
	s := Sweep{Name: "cycle", Network: tinyNetwork(), Base: map[string]any{"batch": 20}, Halving: &Halving{Epochs: []int{1, 2}},
		Vary: []Field{{Field: "schedule", Values: []any{cnn.OneCycle{Max: 0.1}, cnn.OneCycle{Max: 0.01}}}}}
	root := t.TempDir()
	for range 2 {
		rows, err := s.Read(root, planOf(t, s), train, valid)
		if err != nil {
			t.Fatal(err)
		}
		trainAll(t, root, rows, train, valid)
	}
	rows, err := s.Read(root, planOf(t, s), train, valid)
	if err != nil || len(rows) != 3 || rows[2].State != Finished {
		t.Fatalf("%v: %d trainings", err, len(rows))
	}
	if !rows[2].Config().SpansTraining() {
		t.Error("its schedule spans it")
	}
	run, err := cnn.LoadRun(filepath.Join(root, rows[2].Folder))
	if err != nil || run.GoesOnFrom() != "" {
		t.Fatalf("%v: it goes on", err)
	}
	if err := cnn.RemoveRun(run.Dir); err != nil {
		t.Fatal(err)
	}
	if run, err = cnn.OpenRun(root, rows[2].Spec(train, valid)); err != nil || !strings.Contains(run.Beginning(), "starts from the beginning, because its learning rates differ") {
		t.Errorf("%v: %q", err, run.Beginning())
	}
}

// The table has a line for each combination with the last rung that it reached, the winner first; the CSV one for each training.
func TestGatheredHalving(t *testing.T) {
	s := Sweep{Name: "x", Vary: []Field{{Field: "rate", Values: []any{1, 2, 3, 4}}}, Seeds: []uint64{0, 1}, Halving: &Halving{Epochs: []int{1, 3}}}
	rows := judged(0, []int{30, 40}, []int{20, 20}, []int{-1, 99}, []int{60, 50})
	for i, training := range s.Next(rows) {
		r := judged(1, []int{70 - 10*i})[0]
		r.Training = training
		r.Record.History.Epochs = append(r.Record.History.Epochs, cnn.Epoch{Epoch: 2}, cnn.Epoch{Epoch: 3, ValidAccuracy: float64(70-10*i) / 100})
		r.Record.Kept, r.Record.Data = 3, "drawn"
		rows = append(rows, r)
	}
	var table, lines, epochs strings.Builder
	if err := errors.Join(s.WriteMarkdown(&table, rows), s.WriteCSV(&lines, rows), s.WriteEpochs(&epochs, rows)); err != nil {
		t.Fatal(err)
	}
	want := []string{"| rate | rung | epochs | trainings |", "|---", "| 0 | 2 | 3 | 2 | 0.6500 ± 0.6353 |", "| 3 | 2 | 3 | 2 | 0.4500 ± 0.6353 |", "| 1 | 1 | 1 | 2 | 0.2000 ± 0.0000 |", "| 2 | 1 | 1 | 1 of 2, 1 diverged |",
		"", "Sweep x: 11 of 12 trainings finished, 1 diverged; mean ± 95 % interval over the seeds (Student's t); successive halving by the validation accuracy, rungs of 1 and 3 epochs, each combination with the last rung that it has reached; the winner, the best of 4, is rate 0, 3 epochs; "}
	for i, line := range strings.Split(strings.TrimSpace(table.String()), "\n") {
		if i >= len(want) || !strings.HasPrefix(line, want[i]) {
			t.Errorf("line %d is %q, want %q", i, line, want)
		}
	}
	if text := lines.String(); !strings.HasPrefix(text, "index,name,seed,rung,rate,state,") || strings.Count(text, "\n") != 13 || !strings.Contains(text, "\n8,,0,2,0,finished,") {
		t.Errorf("%s", text)
	}
	if n := strings.Count(epochs.String(), "\n"); n != 1+4*3+2+1 { // two combinations with three epochs, one with one, and one training of the last
		t.Errorf("%d lines of epochs:\n%s", n, epochs.String())
	}
}

func TestHalvingsThatAreWrong(t *testing.T) {
	two := `"vary": [{"field": "batch", "values": [1, 2]}], `
	for text, want := range map[string]string{
		two + `"halving": {"epochs": []}`:                                                                 "expected those of 2 to 100 rungs",
		two + `"halving": {"epochs": [3]}`:                                                                "epochs [3]: expected those of 2 to 100 rungs",
		two + `"halving": {"epochs": [0, 3]}`:                                                             "the first rung needs at least 1",
		two + `"halving": {"epochs": [1, 3, 3]}`:                                                          "rung 3 has 3 after 3",
		two + `"halving": {"epochs": [3, 1]}`:                                                             "rung 2 has 1 after 3",
		two + `"halving": {"epochs": [1, 3], "factor": 1}`:                                                "factor 1: expected at least 2",
		two + `"halving": {"epochs": [1, 3], "factor": -3}`:                                               "factor -3",
		two + `"halving": {"epochs": [1, 2.5]}`:                                                           "line 1",
		two + `"halving": {"epochs": [1, 3], "keep": 0.3}`:                                                `unknown field "keep"`,
		two + `"halving": {"epochs": [1, 3]}, "base": {"epochs": 4}`:                                      "so does base",
		`"vary": [{"field": "epochs", "values": [1, 2]}], "halving": {"epochs": [1, 3]}`:                  "so does vary",
		`"variants": [{"name": "a"}, {"name": "b", "set": {"epochs": 2}}], "halving": {"epochs": [1, 3]}`: `so does variant "b"`,
		`"halving": {"epochs": [1, 3]}`:                                                                   "there is only one",
		`"vary": [{"field": "rate", "from": 1, "to": 2}], "draw": {"number": 99999, "seed": 1}, "halving": {"epochs": [1, 3]}`: "more than 100000 trainings in all rungs",
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
