package lab

import (
	"context"

	"github.com/cnnbook/cnnbook/kernelext"
	"github.com/cnnbook/cnnbook/viz"
)

// Choose lets the reader choose one of several names from a list, and shows the figure for each choice. Where nobody can
// choose, as on a page, it shows those at the positions stills.
func Choose(label string, names []string, show func(i int) *viz.Figure, stills ...int) {
	explore(kernelext.Explorer{Label: label, Choices: names, Stills: stills}, show)
}

// Slide is [Choose] with a slider over count positions, which begins at the first of stills.
func Slide(label string, count int, show func(i int) *viz.Figure, stills ...int) {
	e := kernelext.Explorer{Label: label, Count: count, Stills: stills}
	if len(stills) > 0 {
		e.Start = stills[0]
	}
	explore(e, show)
}

func explore(e kernelext.Explorer, show func(i int) *viz.Figure) {
	e.Show = func(i int) ([]any, error) { return []any{show(i)}, nil }
	interruptible(func(ctx context.Context) (struct{}, error) { return struct{}{}, e.Run(ctx) })
}
