package lab

import (
	"bytes"
	"cmp"
	"embed"
	"encoding/csv"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strconv"
	"strings"

	"github.com/cnnbook/cnnbook/cnn"
	"github.com/cnnbook/cnnbook/cnn/sweep"
	"github.com/cnnbook/cnnbook/internal/number"
	"github.com/cnnbook/cnnbook/kernelext"
	"github.com/cnnbook/cnnbook/viz"
)

// ideasFiles are sweeps, and what was gathered of each on real CIFAR-10, if it was:
//
//	go run . sweep run notebooks/lab/ideas/ideas.json --data DIR
//	go run . sweep gather notebooks/lab/ideas/ideas.json --data DIR --out notebooks/lab/ideas
//
//go:embed ideas
var ideasFiles embed.FS

// Ideas is the sweep of the ideas with which the write-up ends. Its first variant is the write-up's network as it trains it, at a
// rate that a few epochs can do with.
func Ideas() sweep.Sweep { return sweepNamed("ideas") }

func sweepNamed(name string) sweep.Sweep {
	return must(sweep.Parse(must(ideasFiles.ReadFile("ideas/" + name + ".json"))))
}

// RecordedIdeas shows what [Ideas] gave on real CIFAR-10: a table, the changes with their intervals, and the curves over the epochs.
// They were recorded; they do not depend on the notebook's parameters. Times are not shown: trainings shared the machine. Where nothing was recorded, it says how to do it.
func RecordedIdeas() {
	if rec, all := showRecorded("ideas", "idea", "What each idea changes on real CIFAR-10"); all != nil {
		check(kernelext.Display(rec.curves(all)))
	}
}

// showRecorded shows the table and the changes of a sweep that was recorded, and returns them, the base first, or says how to do it.
func showRecorded(name, what, title string) (rec recorded, all []sweep.Difference) {
	trainings, err := ideasFiles.ReadFile("ideas/" + name + ".csv")
	if errors.Is(err, fs.ErrNotExist) {
		check(kernelext.Display(Say("Not recorded yet: `go run . sweep run notebooks/lab/ideas/%s.json --data DIR` trains it.", name)))
		return rec, nil
	}
	check(err)
	rec = must(readRecorded(trainings, must(ideasFiles.ReadFile("ideas/"+name+"-epochs.csv"))))
	all = sweep.Differences(rec.rows)
	t := NewTable(title+". "+method(len(all)-1)+" "+rec.source, what, "pairs", "validation accuracy", "change", "95 % interval", "verdict")
	t.Add(all[0].Values[0], all[0].Accuracy.N, mean(all[0].Accuracy, decimals), "", "", "")
	for _, d := range all[1:] {
		t.Add(row(d)...)
	}
	check(kernelext.Display(t))
	known := slices.DeleteFunc(slices.Clone(all[1:]), func(d sweep.Difference) bool { return d.Change.N < 2 }) // of one seed there is no interval
	if len(known) > 0 {
		check(kernelext.Display(changes(title, known, rec.source)))
	}
	return rec, all
}

// recorded are the trainings of a sweep that were gathered.
type recorded struct {
	rows   []sweep.Row
	source string
}

// curvesShown is how many ideas have a curve beside the base: the best ones.
const curvesShown = 5

// curves draws the mean validation accuracy over the epochs, of the base and of the best ideas.
func (r recorded) curves(all []sweep.Difference) *viz.Figure {
	order := slices.Clone(all[1:])
	slices.SortStableFunc(order, func(a, b sweep.Difference) int {
		return cmp.Compare(b.Accuracy.Mean, a.Accuracy.Mean)
	})
	lines := viz.Lines{Title: "Validation accuracy on real CIFAR-10", XLabel: "Epoch", YLabel: "Validation accuracy", WholeX: true, Width: 860, Height: 340}
	for _, d := range append(all[:1:1], order[:min(curvesShown, len(order))]...) {
		var curves [][]float64
		for _, row := range r.rows {
			if row.Values[0] == d.Values[0] && row.State == sweep.Finished {
				curves = append(curves, row.Record.History.ValidAccuracy())
			}
		}
		if len(curves) > 0 {
			lines.Series = append(lines.Series, meanCurve(d.Values[0], curves))
		}
	}
	return Figure(lines, fmt.Sprintf("means over the seeds, of the base and of the %d ideas that ended highest", min(curvesShown, len(order))), r.source)
}

func meanCurve(name string, curves [][]float64) viz.Series {
	s := must(viz.MeanBand(name, curves...))
	s.Low, s.High = nil, nil
	return s
}

// readRecorded reads what "sweep gather" writes of a sweep with variants: a line for each training, and one for each epoch.
func readRecorded(trainings, curves []byte) (recorded, error) {
	var out recorded
	lines, err := readTable("recorded sweep", trainings)
	if err != nil {
		return out, err
	}
	at := map[string]int{} // by index
	var groups, seeds, machines []string
	for i, l := range lines {
		r := sweep.Row{Training: sweep.Training{Name: l.text("name"), Values: []string{l.text("variant")}, Seed: uint64(l.number("seed"))}, State: sweep.State(l.text("state"))}
		add(&groups, r.Values[0])
		r.Index, r.Group = i, slices.Index(groups, r.Values[0])
		if r.State == sweep.Finished {
			r.Record = cnn.Record{Kept: int(l.number("epoch")), Seconds: l.number("seconds"), TrainImages: int(l.number("train_images")), ValidImages: int(l.number("valid_images"))}
			add(&seeds, l.text("seed"))
			add(&machines, fmt.Sprintf("%s training and %s validation images of %s, %s, budget %s, %s, on %s with %s a training",
				l.text("train_images"), l.text("valid_images"), l.text("data"), epochs(int(l.number("of"))), l.text("budget"), l.text("precision"), l.text("processor"), number.Counted(int(l.number("threads")), "thread")))
		}
		if l.err != nil {
			return out, l.err
		}
		at[l.text("index")] = i
		out.rows = append(out.rows, r)
	}
	if len(seeds) == 0 {
		return out, fmt.Errorf("recorded sweep: no training has finished")
	}
	out.source = fmt.Sprintf("Recorded: %d of %d trainings, seeds %s; %s.", sweep.Count(out.rows, sweep.Finished), len(out.rows), strings.Join(seeds, ", "), strings.Join(machines, "; "))
	return out, out.addEpochs(curves, at)
}

// addEpochs reads the epochs of the trainings whose places are known by their index.
func (r *recorded) addEpochs(data []byte, at map[string]int) error {
	lines, err := readTable("recorded epochs", data)
	if err != nil {
		return err
	}
	for _, l := range lines {
		i, ok := at[l.text("index")]
		if !ok {
			return l.wrong("index", "that of a training")
		}
		h := &r.rows[i].Record.History
		e := cnn.Epoch{Epoch: int(l.number("epoch")), Loss: l.number("loss"), Accuracy: l.number("accuracy"), ValidLoss: l.number("valid_loss"), ValidAccuracy: l.number("valid_accuracy")}
		if e.Epoch != len(h.Epochs)+1 {
			return l.wrong("epoch", strconv.Itoa(len(h.Epochs)+1))
		}
		if l.err != nil {
			return l.err
		}
		h.Epochs = append(h.Epochs, e)
	}
	for _, row := range r.rows {
		if n := len(row.Record.History.Epochs); row.Record.Kept > n {
			return fmt.Errorf("recorded epochs: %d of %s, expected at least %d", n, row.Name, row.Record.Kept)
		}
	}
	return nil
}

// add appends a text that is not there yet.
func add(list *[]string, text string) {
	if !slices.Contains(*list, text) {
		*list = append(*list, text)
	}
}

// line is a line of a CSV with a header.
type line struct {
	what   string
	at     int
	fields map[string]string
	err    error // the first
}

func readTable(what string, data []byte) ([]*line, error) {
	rows, err := csv.NewReader(bytes.NewReader(data)).ReadAll()
	if err != nil {
		return nil, fmt.Errorf("%s: %w", what, err)
	}
	if len(rows) == 0 {
		return nil, fmt.Errorf("%s: empty, expected a header", what)
	}
	var out []*line
	for i, row := range rows[1:] {
		l := &line{what: what, at: i + 2, fields: map[string]string{}}
		for k, name := range rows[0] {
			l.fields[name] = row[k]
		}
		out = append(out, l)
	}
	return out, nil
}

func (l *line) wrong(column, expected string) error {
	return fmt.Errorf("%s, line %d, column %s: %q, expected %s", l.what, l.at, column, l.fields[column], expected)
}

func (l *line) text(column string) string {
	v, ok := l.fields[column]
	if !ok && l.err == nil {
		l.err = l.wrong(column, "such a column")
	}
	return v
}

func (l *line) number(column string) float64 {
	v, err := strconv.ParseFloat(l.text(column), 64)
	if err != nil && l.err == nil {
		l.err = l.wrong(column, "a number")
	}
	return v
}
