package lab

import (
	"context"

	"github.com/cnnbook/cnnbook/kernelext"
	"github.com/cnnbook/cnnbook/viz"
)

// Choose lets the reader choose one of several names from a list, and shows the figure for each choice. Where nobody can
// choose, as in a terminal, it shows those at the positions stills. A page carries up to 200 choices, with the budget smoke up to 20.
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

// smokeChoices is how many choices a page carries with the smallest budget, which has seconds for them.
const smokeChoices = 20

func explore(e kernelext.Explorer, show func(i int) *viz.Figure) {
	if p, err := kernelext.ParamsFromEnv(); err == nil && p.Budget == kernelext.BudgetSmoke {
		e.OnPage = smokeChoices
	}
	e.Show = func(i int) ([]any, error) { return []any{show(i)}, nil }
	interruptible(func(ctx context.Context) (struct{}, error) { return struct{}{}, e.Run(ctx) })
}
