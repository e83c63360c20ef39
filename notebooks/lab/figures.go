package lab

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/cnnbook/cnnbook/cifar"
	"github.com/cnnbook/cnnbook/cnn"
	"github.com/cnnbook/cnnbook/kernelext"
	"github.com/cnnbook/cnnbook/viz"
)

// Drawable is a description of a figure: any of package viz's.
type Drawable interface{ Figure() (*viz.Figure, error) }

// Figure draws a description, with notes as its caption: text, or runs, for which [Caption] writes the text. It ends the cell
// if the description cannot be drawn.
func Figure(d Drawable, notes ...any) *viz.Figure {
	var text []string
	var runs []*cnn.Run
	var receipts []map[string]string
	for _, note := range notes {
		switch note := note.(type) {
		case *cnn.Run:
			runs = append(runs, note)
		case []*cnn.Run:
			runs = append(runs, note...)
		case *cnn.Result:
			receipts = append(receipts, note.Receipt())
			text = append(text, note.String())
		default:
			text = append(text, fmt.Sprint(note))
		}
	}
	if len(runs) > 0 {
		text = append(text, Caption(runs...))
	}
	return must(d.Figure()).Note(strings.Join(text, "; ")).From(append(receipts, Receipts(runs...)...)...)
}

// Receipts are what a page shows of the runs that a figure or a table comes from: [cnn.Run.Receipt], for [viz.Figure.From]
// and [kernelext.Table.From].
func Receipts(runs ...*cnn.Run) []map[string]string {
	receipts := make([]map[string]string, len(runs))
	for i, run := range runs {
		receipts[i] = run.Receipt()
	}
	return receipts
}

// Caption describes runs in a line: their names, images, epochs, seed and backend, and the budget if it is not the write-up's.
// Every figure and table that shows what a training gave has it below.
func Caption(runs ...*cnn.Run) string {
	var names, rest []string
	for _, run := range runs {
		name, about, _ := strings.Cut(strings.TrimPrefix(run.String(), "run "), ": ")
		if n := len(rest); n > 0 && rest[n-1] == about {
			names[n-1] += ", " + name
			continue
		}
		names, rest = append(names, name), append(rest, about)
	}
	var parts []string
	for i, name := range names {
		word := "run "
		if strings.Contains(name, ", ") {
			word = "runs "
		}
		parts = append(parts, word+name+": "+rest[i])
	}
	if p, err := kernelext.ParamsFromEnv(); err == nil && p.Budget != kernelext.BudgetFull {
		parts = append(parts, "reduced budget "+p.Budget)
	}
	return strings.Join(parts, "; ")
}

// NewTable returns a table to which rows are added: see [kernelext.Table.Add].
func NewTable(caption string, columns ...string) *kernelext.Table {
	return kernelext.NewTable(caption, columns...)
}

// Percent writes a fraction as a percentage: 0.6321 is 63.21 %.
func Percent(fraction float64) string { return fmt.Sprintf("%.2f %%", 100*fraction) }

// Evaluate runs a network, without dropout and flips, on every image of d. Prediction i belongs to image i. It releases the
// backend.
func Evaluate(run *cnn.Run, d *cifar.Dataset) *cnn.Result {
	defer run.Close()
	return interruptible(func(ctx context.Context) (*cnn.Result, error) { return run.Evaluate(ctx, d, nil) })
}

// EvaluateViews is [Evaluate] with test-time augmentation: what the network says about an image is the mean over views of it,
// those of [cnn.MirrorAndShiftViews] if none are given.
func EvaluateViews(run *cnn.Run, d *cifar.Dataset, views ...cnn.View) *cnn.Result {
	if len(views) == 0 {
		views = cnn.MirrorAndShiftViews()
	}
	defer run.Close()
	return interruptible(func(ctx context.Context) (*cnn.Result, error) {
		return run.EvaluateWith(ctx, d, cnn.Evaluation{Views: views})
	})
}

// Curves shows loss and accuracy over the epochs of one run or of several. For more than two it shows those of the validation
// images only.
func Curves(runs ...*cnn.Run) *viz.Figure {
	loss := viz.Lines{Title: "Loss", XLabel: "Epoch", YLabel: "Loss (nats)", WholeX: true, Width: 430, Height: 320}
	accuracy := loss
	accuracy.Title, accuracy.YLabel = "Accuracy", "Accuracy"
	names := namesOf(runs)
	for i, run := range runs {
		h := run.History
		if len(runs) <= 2 {
			loss.Series = append(loss.Series, viz.Series{Name: names[i] + "training", Y: h.Loss()})
			accuracy.Series = append(accuracy.Series, viz.Series{Name: names[i] + "training", Y: h.Accuracy()})
		}
		loss.Series = append(loss.Series, viz.Series{Name: names[i] + "validation", Y: h.ValidLoss()})
		accuracy.Series = append(accuracy.Series, viz.Series{Name: names[i] + "validation", Y: h.ValidAccuracy()})
	}
	return must(viz.Row("", must(loss.Figure()), must(accuracy.Figure()))).Note(Caption(runs...)).From(Receipts(runs...)...)
}

// namesOf gives the beginning of each run's names in a key: nothing for one run alone, the folder where two have one name.
func namesOf(runs []*cnn.Run) []string {
	count := map[string]int{}
	for _, run := range runs {
		count[run.Name]++
	}
	names := make([]string, len(runs))
	for i, run := range runs {
		switch {
		case len(runs) == 1:
		case count[run.Name] > 1:
			names[i] = filepath.Base(run.Dir) + ": "
		default:
			names[i] = run.Name + ": "
		}
	}
	return names
}

// Confusion shows how often images of each class are taken for each class.
func Confusion(run *cnn.Run, d *cifar.Dataset) *viz.Figure {
	r := Evaluate(run, d)
	return Figure(viz.Confusion{Counts: r.Confusion(), Labels: r.Names}, r, run)
}

// Worst shows the n mistakes with the largest loss, those of which the network was most certain, six in a row.
func Worst(run *cnn.Run, d *cifar.Dataset, n int) *viz.Figure {
	r := Evaluate(run, d)
	images := Labelled(r, d, r.WorstMistakes(n)...)
	first := min(mistakesInARow, len(images))
	grid := viz.MistakeRow("The mistakes with the largest loss", images[:first])
	if addMistakes(&grid, images[first:]); first == 0 {
		grid = noMistakes(grid.Title)
	}
	return Figure(grid, run)
}

// Predictions evaluates a run on d and shows its [PredictionGrid].
func Predictions(run *cnn.Run, d *cifar.Dataset, perClass int) *viz.Figure {
	return PredictionGrid(Evaluate(run, d), d, perClass, run)
}

// PredictionGrid shows perClass images of each class of d, one class in a column, with the predicted class ("computer") above
// each and the actual class ("human") below it. Frames mark the mistakes. r holds the predictions for d.
func PredictionGrid(r *cnn.Result, d *cifar.Dataset, perClass int, notes ...any) *viz.Figure {
	picked := must(d.PickPerClass(perClass, 1))
	var images []viz.Labelled
	for row := range perClass {
		for class := range picked {
			images = append(images, labelled(r, d, picked[class][row]))
		}
	}
	grid := viz.PredictionGrid("Predicted and actual classes", len(d.Names), images)
	return Figure(grid, append([]any{r}, notes...)...)
}

// Dashboard shows a run at a glance: loss and accuracy over its epochs, the confusion matrix on d, and the six mistakes with
// the largest loss.
func Dashboard(run *cnn.Run, d *cifar.Dataset) *viz.Figure {
	r, h := Evaluate(run, d), run.History
	board := viz.Dashboard{
		Title:     "Run " + run.Name,
		History:   viz.History{Loss: h.Loss(), ValidLoss: h.ValidLoss(), Accuracy: h.Accuracy(), ValidAccuracy: h.ValidAccuracy()},
		Confusion: viz.Confusion{Counts: r.Confusion(), Labels: r.Names},
	}
	board.Mistakes = Labelled(r, d, r.WorstMistakes(6)...)
	return Figure(board, r, run)
}

// labelled is image i of d with its actual and its predicted class.
func labelled(r *cnn.Result, d *cifar.Dataset, i int) viz.Labelled {
	return viz.Labelled{Image: d.Image(i), Actual: d.Class(i), Predicted: r.Names[r.Predicted[i]]}
}
