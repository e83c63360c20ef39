package lab

import (
	"fmt"
	"strings"
	"testing"

	"github.com/cnnbook/cnnbook/cifar"
	"github.com/cnnbook/cnnbook/kernelext"
	"github.com/cnnbook/cnnbook/viz"
)

// Every figure of a run is drawn, says what it shows, and names the run and the budget.
//
// Promise(pages/receipts) for every figure that package lab draws of a run
func TestFiguresOfARun(t *testing.T) {
	t.Setenv(kernelext.EnvBudget, kernelext.BudgetSmoke)
	run, valid := trainedRun(t)
	other := *run
	other.Name = "other"
	for name, c := range map[string]struct {
		figure *viz.Figure
		alt    string
	}{
		"curves":      {Curves(run), "training"},
		"two curves":  {Curves(run, &other), "tiny: validation"},
		"confusion":   {Confusion(run, valid), "onfusion"},
		"worst":       {Worst(run, valid, 8), "actual"},
		"predictions": {Predictions(run, valid, 1), "human"},
		"dashboard":   {Dashboard(run, valid), "Run tiny"},
	} {
		if _, err := c.figure.PNG(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if r := c.figure.Receipts(); len(r) == 0 || r[0]["identity"] != run.Identity() || r[0]["sha256"] != run.WeightsSHA256() || len(r) > 2 ||
			r[0]["accuracy"] != fmt.Sprintf("%.4f", run.History.Last().ValidAccuracy) {
			t.Errorf("%s: receipts %v, want the run's", name, r)
		}
		if !strings.Contains(c.figure.Alt, c.alt) {
			t.Errorf("%s: alternative text %q, want %q in it", name, c.figure.Alt, c.alt)
		}
		if text := c.figure.Caption; !strings.Contains(text, "tiny") || !strings.Contains(text, "reduced budget smoke") || !strings.Contains(text, "3 epochs") {
			t.Errorf("%s: caption %q, want the run and the budget", name, text)
		}
	}
}

// Figures of images alone depend on no training, and say nothing about one.
func TestFiguresOfImages(t *testing.T) {
	d, _ := cifar.Drawn(1, 60, 10)
	for name, figure := range map[string]*viz.Figure{
		"samples": Samples(d, 2, 1), "gallery": Gallery(OfClass(d, "cat")),
	} {
		if _, err := figure.PNG(); err != nil || len(figure.Receipts()) > 0 || strings.Contains(figure.Caption, "budget") || !strings.Contains(figure.Caption, d.Name) {
			t.Errorf("%s: %v, caption %q", name, err, figure.Caption)
		}
	}
	if err := ended(func() { OfClass(d, "unicorn") }); err == nil || !strings.Contains(err.Error(), "airplane") && !strings.Contains(err.Error(), "plane") {
		t.Errorf("an unknown class: %v, expected the classes that exist", err)
	}
	if err := ended(func() { Figure(viz.Lines{}) }); err == nil {
		t.Error("a figure without data does not end the cell")
	}
}

func TestCaptionNamesEqualRunsOnce(t *testing.T) {
	t.Setenv(kernelext.EnvBudget, kernelext.BudgetFull)
	run, _ := trainedRun(t)
	second, third := *run, *run
	second.Name, third.Name = "second", "third"
	one := run.String()
	if got, want := Caption(run), one; got != want {
		t.Errorf("one run: %q, want %q", got, want)
	}
	if got, want := Caption(run, &second, &third), strings.Replace(one, "run tiny", "runs tiny, second, third", 1); got != want {
		t.Errorf("three runs: %q, want %q", got, want)
	}
}

func TestSplitsEndTheCell(t *testing.T) {
	d, _ := cifar.Drawn(1, 60, 10)
	train, valid := Split(d, 0.8, 1)
	if leak := cifar.CountLeak(train, valid); train.Len() != 48 || valid.Len() != 12 || leak.Shared != 0 {
		t.Errorf("%d and %d images, %s", train.Len(), valid.Len(), leak)
	}
	train, valid = SplitWithReplacement(d, 0.8, 1)
	if leak := cifar.CountLeak(train, valid); leak.Shared == 0 {
		t.Errorf("with replacement: %s", leak)
	}
	if err := ended(func() { Split(d, 2, 1) }); err == nil {
		t.Error("a fraction of 2 is accepted")
	}
}

func TestTablesOfResults(t *testing.T) {
	table := NewTable("Scores", "name", "images", "accuracy", "rate").Add("base", 50_000, 0.86934, 0.0005).Add("small", 7, 0.5, 8e-9)
	for _, want := range []string{"50,000", "0.8693", "0.0005", "8 × 10⁻⁹", "0.5000"} {
		found := false
		for _, row := range table.Rows {
			for _, cell := range row {
				found = found || cell == want
			}
		}
		if !found {
			t.Errorf("no cell %q in %q", want, table.Rows)
		}
	}
	if got := Percent(0.6321); got != "63.21 %" {
		t.Errorf("got %q", got)
	}
}

// What is drawn of predictions says whose they are, and so do the panels of a grid.
func TestReceiptsOfResults(t *testing.T) {
	run, valid := trainedRun(t)
	r := Evaluate(run, valid)
	some := Some(r, 0, 1, 2)
	for name, got := range map[string][]map[string]string{
		"recalls": Recalls(r).Receipts(), "calibration": Calibration(r).Receipts(), "scores": ClassScores(r).Receipts(),
		"one image": Probabilities(r, valid, 0).Receipts(), "a grid": Grid("", 2, Matrix("a", r), Matrix("b", Misaligned(some, 1))).Receipts(),
		"two ways": TwoWays("a", r, "b", r).Receipts(),
	} {
		if len(got) != 1 || got[0]["identity"] != run.Identity() {
			t.Errorf("%s: %v", name, got)
		}
	}
}
