package lab

import (
	"context"

	"github.com/cnnbook/cnnbook/kernelext"
)

// check ends the cell with err, unless it is nil. A session shows it as one line with the line of the cell.
func check(err error) {
	if err != nil {
		panic(err)
	}
}

// must gives v, or ends the cell with err.
func must[T any](v T, err error) T {
	check(err)
	return v
}

// interruptible gives what do returns, or ends the cell with its error. Its context ends when the cell is interrupted.
func interruptible[T any](do func(context.Context) (T, error)) T {
	ctx, stop := kernelext.Interruptible()
	defer stop()
	return must(do(ctx))
}
