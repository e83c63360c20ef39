package sweep

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/cnnbook/cnnbook/cifar"
	"github.com/cnnbook/cnnbook/cnn"
	"github.com/cnnbook/cnnbook/internal/testplugin"
)

func TestMain(m *testing.M) {
	if err := testplugin.Apply(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(m.Run())
}

// tiny is a sweep of two optimizers with three seeds each, on a network that trains in a moment.
func tiny(t *testing.T) []Training {
	t.Helper()
	s := Sweep{
		Name: "tiny", Base: map[string]any{"epochs": 2, "batch": 20}, Vary: []Field{{Field: "optimizer", Values: []any{"SGD", "Adam"}}},
		Seeds:   []uint64{1, 2, 3},
		Network: tinyNetwork(),
	}
	trainings, err := s.Plan()
	if err != nil {
		t.Fatal(err)
	}
	if len(trainings) != 6 {
		t.Fatalf("%d trainings, want 6", len(trainings))
	}
	return trainings
}

// weights are the files of the weights after some steps of all runs, by name.
func weights(t *testing.T, root string, steps int) map[string][]byte {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(root, "*", fmt.Sprintf("weights-*%d.safetensors", steps)))
	if err != nil {
		t.Fatal(err)
	}
	all := map[string][]byte{}
	for _, name := range files {
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		all[filepath.Base(filepath.Dir(name))] = data
	}
	return all
}

// Promise(runs/sweeps): A sweep that was interrupted goes on to the same bytes, and one that has finished trains nothing.
func TestSweepGoesOn(t *testing.T) {
	trainings := tiny(t)
	train, valid := cifar.Drawn(1, 100, 50)
	all := func(root string) (steps int) {
		t.Helper()
		for _, tr := range trainings {
			began := 0
			err := tr.Train(t.Context(), root, train, valid, func(r *cnn.Run) { began = len(r.History.Steps) }, func(p cnn.Progress) {
				if done := (p.Epoch-1)*p.Steps + p.Step; !p.Validated && done > began {
					steps++
				}
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		return steps
	}
	whole := t.TempDir()
	if steps := all(whole); steps != 60 {
		t.Errorf("%d steps, want 60", steps)
	}
	if steps := all(whole); steps != 0 {
		t.Errorf("the same sweep again trains %d steps", steps)
	}
	rows, err := Read(whole, trainings, train, valid)
	if err != nil || Count(rows, Finished) != 6 {
		t.Fatalf("%v: %d finished", err, Count(rows, Finished))
	}

	stopped := t.TempDir()
	ctx, stop := context.WithCancel(t.Context())
	err = trainings[4].Train(ctx, stopped, train, valid, nil, func(p cnn.Progress) {
		if p.Step == 3 {
			stop()
		}
	})
	if !errors.Is(err, context.Canceled) {
		t.Fatalf("error %v, want that of the context", err)
	}
	if rows, err = Read(stopped, trainings, train, valid); err != nil || rows[4].State != Begun || Count(rows, Waiting) != 5 {
		t.Errorf("%v: %d waiting, and the one that was stopped is %s", err, Count(rows, Waiting), rows[4].State)
	}
	all(stopped)
	want, got := weights(t, whole, 10), weights(t, stopped, 10)
	if len(want) != 6 || len(got) != 6 {
		t.Fatalf("weights of %d and %d runs", len(want), len(got))
	}
	for name := range want {
		if !bytes.Equal(want[name], got[name]) {
			t.Errorf("%s has other weights", name)
		}
	}

	var csv, table strings.Builder
	s := Sweep{Name: "tiny", Vary: []Field{{Field: "optimizer"}}}
	if err := errors.Join(s.WriteCSV(&csv, rows), s.WriteMarkdown(&table, rows)); err != nil {
		t.Fatal(err)
	}
	if lines := strings.Count(csv.String(), "\n"); lines != 7 {
		t.Errorf("%d lines of CSV, want 7:\n%s", lines, csv.String())
	}
	if text := table.String(); !strings.Contains(text, "| SGD | ") || !strings.Contains(text, "| Adam | ") {
		t.Errorf("table:\n%s", text)
	}
}

// A training that diverges is not tried again, and says why.
func TestDivergedIsNotTriedAgain(t *testing.T) {
	s := Sweep{Name: "wild", Base: map[string]any{"epochs": 1, "batch": 20, "rate": 1e30, "optimizer": "SGD"}}
	trainings, err := s.Plan()
	if err != nil {
		t.Fatal(err)
	}
	train, valid := cifar.Drawn(1, 100, 50)
	root := t.TempDir()
	for i, want := range []string{"diverged", "is not tried again"} {
		if err := trainings[0].Train(t.Context(), root, train, valid, nil, nil); !errors.Is(err, cnn.ErrDiverged) || !strings.Contains(err.Error(), want) {
			t.Errorf("time %d: error %v, want %q", i+1, err, want)
		}
	}
	rows, err := Read(root, trainings, train, valid)
	if err != nil || rows[0].State != Diverged || rows[0].Problem == "" {
		t.Errorf("%v: %+v", err, rows[0].State)
	}
}

func TestSweepsThatAreWrong(t *testing.T) {
	for text, want := range map[string]string{
		`{`:                                  "line 1",
		"{\n\"nme\": \"x\"}":                 "unknown field",
		`{"name": "a b"}`:                    `name "a b"`,
		`{"name": "x"} {}`:                   "text after the end",
		`{"name": "x", "base": {"seed": 1}}`: `list the seeds in "seeds"`,
		`{"name": "x", "base": {"batch": 1}, "vary": [{"field": "batch", "values": [2]}]}`: `"batch" is set twice`,
		`{"name": "x", "base": {"batchs": 1}}`:                                             "batchs",
		`{"name": "x", "base": {"optimizer": "Adm"}}`:                                      "Adm",
		`{"name": "x", "base": {"nolayer.filters": 3}}`:                                    "nolayer",
		`{"name": "x", "base": {"batch": "many"}}`:                                         "batch",
	} {
		s, err := Parse([]byte(text))
		if err == nil {
			_, err = s.Plan()
		}
		if !errors.Is(err, cnn.ErrConfig) || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: error %v, want one line with %q", text, err, want)
		}
	}
}

// Random combinations are the same each time, more of them keep the earlier ones, and they stay within their range.
func TestDrawnCombinations(t *testing.T) {
	s := Sweep{Name: "random", Vary: []Field{{Field: "rate", From: 0.001, To: 0.1, Log: true}}, Draw: &Draw{Number: 5, Seed: 3}}
	few, err := s.Plan()
	if err != nil {
		t.Fatal(err)
	}
	s.Draw.Number = 20
	many, err := s.Plan()
	if err != nil || len(few) != 5 || len(many) != 20 {
		t.Fatalf("%v: %d and %d", err, len(few), len(many))
	}
	for i := range few {
		if few[i].Name != many[i].Name {
			t.Errorf("training %d is %s, and %s among more", i, few[i].Name, many[i].Name)
		}
	}
	if _, err := (Sweep{Name: "large", Vary: []Field{{Field: "batch", Values: make([]any, 1000)}}, Seeds: make([]uint64, 1000)}).Plan(); err == nil {
		t.Error("a million trainings are planned")
	}
}
