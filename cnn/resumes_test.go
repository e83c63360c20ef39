package cnn

import (
	"context"
	"errors"
	"testing"
)

// resumesExactly trains a spec as a whole, and stopped after each of some steps and resumed: the files are the same, byte for byte.
func resumesExactly(t *testing.T, spec Spec) *Run {
	t.Helper()
	whole := trainTiny(t, t.TempDir(), spec)
	all := len(whole.History.Steps)
	for _, stop := range []int{1, all / 2, all - 1} {
		root := t.TempDir()
		r := openTiny(t, root, spec)
		ctx, cancel := context.WithCancel(t.Context())
		err := r.Train(ctx, func(Progress) {
			if len(r.History.Steps) == stop {
				cancel()
			}
		})
		cancel()
		if !errors.Is(err, context.Canceled) {
			t.Fatal(err)
		}
		r.Close()
		sameFiles(t, whole, trainTiny(t, root, spec))
	}
	return whole
}
