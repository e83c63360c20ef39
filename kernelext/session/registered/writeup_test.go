package registered

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/cnnbook/cnnbook/cnn"
	"github.com/cnnbook/cnnbook/internal/testplugin"
	"github.com/cnnbook/cnnbook/kernelext"
	"github.com/cnnbook/cnnbook/notebooks/lab"
)

// trainedTheWriteUp checks that notebook 01 has trained exactly the runs of the recipe as-written, on a split with replacement and with
// flips in the evaluation. Its numbers come from the budget alone, so this holds for each of them.
func trainedTheWriteUp(t *testing.T) {
	t.Helper()
	params, err := kernelext.ParamsFromEnv()
	if err != nil {
		t.Fatal(err)
	}
	budget, err := lab.ParseBudget(params.Budget)
	if err != nil {
		t.Fatal(err)
	}
	budget = budget.ForStages()
	images, _, err := budget.Images(params.Data, params.Seed)
	if err != nil {
		t.Fatal(err)
	}
	chain := lab.Chain{Root: params.Runs, Budget: budget, Seed: params.Seed, FlipEvaluation: true, Trainer: func(_ context.Context, run *cnn.Run) error {
		return fmt.Errorf("%s is not trained by the notebook", filepath.Base(run.Dir))
	}}
	if chain.Train, chain.Valid, err = images.SplitWithReplacement(0.8, params.Seed); err != nil {
		t.Fatal(err)
	}
	runs, err := chain.WriteUp(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if trained := folders(t, params.Runs); len(runs) != 8 || len(trained) != len(runs) {
		t.Errorf("the recipe has %d runs, and the notebook trained %q", len(runs), trained)
	}
}

// firstSteps are the cells with which a newcomer changes the network, trains again and compares both curves. The README has
// them on its first screen.
var firstSteps = []string{`import (
	"github.com/cnnbook/cnnbook/cnn"
	"github.com/cnnbook/cnnbook/notebooks/lab"
)

l := lab.Open()
network := cnn.WriteUp()
config := cnn.Config{Optimizer: cnn.Adam{}, Epochs: 2}
first := l.Fit("first", network, config)`,
	`network.Layers[0] = cnn.Conv2D{Name: "wider", Filters: 32, Kernel: 5, Padding: "same"}
second := l.Fit("second", network, config)`,
	`lab.Curves(first, second)`,
}

// TestFirstSteps: they run as they stand, the first run keeps its own network, and the figure has both curves.
func TestFirstSteps(t *testing.T) {
	if testing.Short() {
		t.Skip("trains two networks")
	}
	if err := testplugin.Apply(); err != nil {
		t.Fatal(err)
	}
	setNotebookParams(t)
	check := `lab.Evaluate(first, l.Test)
first.Network.Layers[0].LayerName()`
	out := sessionOutput(t, append(slices.Clone(firstSteps), check))
	for _, want := range []string{"first: validation", "second: validation", "runs first, second: ", "First-Convolution"} {
		if !strings.Contains(out, want) {
			t.Errorf("no %q in what the cells print:\n%s", want, out)
		}
	}
	if len(firstSteps) > 4 {
		t.Errorf("%d cells, at most 4", len(firstSteps))
	}
}
