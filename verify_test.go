package main

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/cnnbook/cnnbook/cnn"
	"github.com/cnnbook/cnnbook/kernelext"
	"github.com/cnnbook/cnnbook/kernelext/book"
	course "github.com/cnnbook/cnnbook/notebooks/lab"
)

// twoRuns trains two small runs, the second from the first, on images of the smallest budget.
func twoRuns(t *testing.T) (params kernelext.Params, runs []*cnn.Run, receipts []book.Receipt) {
	t.Helper()
	t.Setenv("GOMLX_BACKEND", "go")
	params = kernelext.Params{Budget: kernelext.BudgetSmoke, Seed: 1, Runs: t.TempDir()}
	budget, err := course.ParseBudget(params.Budget)
	if err != nil {
		t.Fatal(err)
	}
	l, err := course.New(params, budget.ForStages())
	if err != nil {
		t.Fatal(err)
	}
	small := cnn.Architecture{Name: "small", Input: cnn.Shape{32, 32, 3}, Layers: []cnn.Layer{
		cnn.MaxPooling2D{Name: "pool", Size: 16}, cnn.Flatten{Name: "flatten"}, cnn.Dense{Name: "dense", Units: 10}, cnn.Activation{Name: "softmax", Function: "softmax"},
	}}
	var from *cnn.Run
	for _, name := range []string{"first", "second"} {
		spec := l.Spec(name, cnn.Config{Batch: 200, Epochs: 2, Seed: 3}, from)
		spec.Network = small
		run, err := cnn.OpenRun(params.Runs, spec)
		if err != nil {
			t.Fatal(err)
		}
		if err := run.Train(t.Context(), nil); err != nil {
			t.Fatal(err)
		}
		run.Close()
		runs, receipts, from = append(runs, run), append(receipts, run.Receipt()), run
	}
	return params, runs, receipts
}

// Promise(pages/verify): `book --verify` trains random stretches of the runs behind the figures again from their saves; the same
// bits, a difference, and a run that cannot be trained again are each said so.
func TestVerifyRunsBehindFigures(t *testing.T) {
	params, runs, receipts := twoRuns(t)
	known, err := course.NewKnown(params)
	if err != nil {
		t.Fatal(err)
	}
	verify := func(receipts ...book.Receipt) (book.Verification, string) {
		t.Helper()
		var log strings.Builder
		v := &verifier{params: params, stretches: 9, seed: 5, log: &log, known: known}
		found, err := v.verifyHere(t.Context(), receipts)
		if err != nil {
			t.Fatal(err)
		}
		return found, log.String()
	}
	found, log := verify(receipts...)
	if found.Err() != nil || len(found.Stretches) != 4 || len(found.Skipped) != 0 || !strings.HasPrefix(found.String(), "4 stretches of 2 runs trained again, the same bits, on ") {
		t.Errorf("%s, %v\n%s", found, found.Err(), log)
	}
	for _, want := range []string{"--verify-seed 5", "the first 6 steps: the same bits", "Verified: 4 stretches"} {
		if !strings.Contains(log, want) {
			t.Errorf("the log has no %q:\n%s", want, log)
		}
	}
	if again, _ := verify(receipts...); len(again.Stretches) != 4 || again.Stretches[0].What != found.Stretches[0].What || again.Stretches[0].Run != found.Stretches[0].Run {
		t.Errorf("the same seed chose otherwise: %+v", again)
	}

	gone := book.Receipt{"run": "gone", "identity": strings.Repeat("a", 64), "sha256": "b"}
	changed := book.Receipt{"run": "first", "identity": runs[0].Identity(), "sha256": strings.Repeat("c", 64)}
	found, _ = verify(gone, changed)
	if len(found.Skipped) != 1 || found.Err() == nil || !strings.Contains(found.Err().Error(), "the figures were made with sha256 cccccccccccc…") {
		t.Errorf("%+v, %v", found, found.Err())
	}

	files, _ := filepath.Glob(filepath.Join(runs[1].Dir, "weights-*12.safetensors"))
	if len(files) != 1 {
		t.Fatal(files)
	}
	data, err := os.ReadFile(files[0])
	if err != nil {
		t.Fatal(err)
	}
	data[len(data)-1] ^= 1
	if err := os.WriteFile(files[0], data, 0o644); err != nil {
		t.Fatal(err)
	}
	found, log = verify(receipts...)
	if err := found.Err(); err == nil || !strings.Contains(err.Error(), filepath.Base(files[0])+": its sha256 is not the manifest's") || strings.Contains(log, params.Runs) {
		t.Errorf("%v\n%s", err, log)
	}
}

// Promise(pages/verify) an interrupt keeps what was found
func TestVerifyInterrupted(t *testing.T) {
	params, _, receipts := twoRuns(t)
	ctx, cancel := context.WithCancel(t.Context())
	log := &cancelling{after: "the same bits (", cancel: cancel}
	found, err := (&verifier{params: params, stretches: 9, seed: 5, log: log}).verifyHere(ctx, receipts)
	if !errors.Is(err, context.Canceled) || len(found.Stretches) != 1 || found.Err() != nil {
		t.Errorf("%+v, %v", found, err)
	}
}

// cancelling ends a context when a text is written.
type cancelling struct {
	io.Writer
	after  string
	cancel func()
}

func (c *cancelling) Write(text []byte) (int, error) {
	if strings.Contains(string(text), c.after) {
		c.cancel()
	}
	return len(text), nil
}

// Promise(pages/verify) a number beside --verify is not taken for a folder
func TestVerifyFlag(t *testing.T) {
	for args, want := range map[string]string{
		"--verify 7": "write --verify=7", "--verify=-1": "at least 1", "--verify --watch": "choose one of the two",
	} {
		if _, _, err := call(t, append([]string{"book"}, strings.Fields(args)...)...); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("book %s: %v, want %q", args, err, want)
		}
	}
}
