package kernelext

import (
	"context"
	"testing"
)

// TestInterruptibleInASession: calls without a context of their own get the cell's, with its values and its end.
func TestInterruptibleInASession(t *testing.T) {
	type key struct{}
	cell, interrupt := context.WithCancelCause(context.WithValue(t.Context(), key{}, "shared"))
	InSession(func() context.Context { return cell })
	defer sessionCell.Store(nil)
	ctx, stop := Interruptible()
	defer stop()
	if ctx.Value(key{}) != "shared" || ctx.Err() != nil {
		t.Errorf("value %v, error %v", ctx.Value(key{}), ctx.Err())
	}
	interrupt(ErrInterrupted)
	<-ctx.Done()
	if context.Cause(ctx) != ErrInterrupted {
		t.Errorf("it ends with %v", context.Cause(ctx))
	}
	next, cancel := context.WithCancel(t.Context())
	defer cancel()
	cell = next
	again, stop := Interruptible()
	defer stop()
	if again.Err() != nil {
		t.Error("the next cell's has ended")
	}
}
