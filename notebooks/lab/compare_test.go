package lab

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/cnnbook/cnnbook/cnn"
	"github.com/cnnbook/cnnbook/cnn/sweep"
	"github.com/cnnbook/cnnbook/kernelext"
)

// tinyIdeas is a sweep of two ideas on a network that trains in a moment.
func tinyIdeas() sweep.Sweep {
	network := tiny()
	return sweep.Sweep{Name: "tiny", Network: &network, Base: Set{"rate": 0.1, "epochs": 1, "batch": 100}, Seeds: []uint64{1, 2},
		Variants: []sweep.Variant{{Name: "base"}, {Name: "gelu", Set: Set{"relu.activation": "gelu"}}, {Name: "frozen", Set: Set{"frozen": []string{"conv"}}}}}
}

// tinyLab has few drawn images.
func tinyLab(t *testing.T) *Lab {
	t.Helper()
	l, err := New(kernelext.Params{Budget: kernelext.BudgetSmoke, Seed: 1, Runs: t.TempDir()}, Budget{Name: kernelext.BudgetSmoke, Drawn: 100, Batch: 20, Compare: 1})
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// Promise(runs/gathered): A notebook's comparison reads a sweep that has finished on its data, and trains a small one where none has, by the
// same cell; each says which it is.
func TestACellReadsASweepOrTrainsASmallOne(t *testing.T) {
	l := tinyLab(t)
	cell := func() (string, *Comparison) {
		ideas := l.Comparison(tinyIdeas())
		text := fmt.Sprint(ideas.About(), "\n", ideas.Try("gelu", Set{"relu.activation": "gelu"}))
		return text, ideas
	}
	small, _ := cell()
	for _, want := range []string{"No finished sweep `tiny`", "mean of 4 seeds", "Small sweep: the network tiny, 80 training and 20 validation images of drawn stand-in train (seed 1)", "2 epochs in batches of 50, budget smoke", "over 4 pairs"} {
		if !strings.Contains(small, want) {
			t.Errorf("no %q in %s", want, small)
		}
	}
	before := folders(t, l.Runs)
	if again, _ := cell(); again != small || len(folders(t, l.Runs)) != len(before) {
		t.Errorf("the same cell again says\n%s\nand not\n%s", again, small)
	}

	s := tinyIdeas()
	trainings, err := s.Plan()
	if err != nil {
		t.Fatal(err)
	}
	budget, err := ParseBudget("smoke")
	if err != nil {
		t.Fatal(err)
	}
	images, _, err := budget.Images("", 1)
	if err != nil {
		t.Fatal(err)
	}
	train, valid := Split(images, 0.8, 1)
	for i, training := range trainings {
		if i == len(trainings)-1 { // of the last variant, which is not tried
			break
		}
		if i == 3 {
			if text, _ := cell(); !strings.Contains(text, "The sweep `tiny` has been gathered") || !strings.Contains(text, "Small sweep: ") {
				t.Errorf("the base has finished and the idea has not: %s", text)
			}
		}
		if err := training.Train(t.Context(), l.Runs, train, valid, nil, nil); err != nil {
			t.Fatal(err)
		}
	}
	text, ideas := cell()
	for _, want := range []string{"The sweep `tiny` has been gathered", "mean of 2 seeds", "Read from the gathered sweep: the network tiny, 2000 training and 500 validation images", "1 epoch in batches of 100", "over 2 pairs"} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in %s", want, text)
		}
	}
	if base := ideas.Base(); base.Name != "tiny-base-s1" {
		t.Errorf("the base is %s", base.Name)
	}
	// A change of the reader's own under a name of the sweep is his own.
	own := fmt.Sprint(ideas.Try("gelu", Set{"relu.activation": "elu"}))
	if !strings.Contains(own, "not the change that the sweep `tiny` has under this name") || !strings.Contains(own, "Small sweep") {
		t.Errorf("another change: %s", own)
	}
}

func folders(t *testing.T, dir string) []os.DirEntry {
	t.Helper()
	list, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// Table, figure and verdicts say what was tried, the last result of each idea; what diverges hurts.
func TestComparison(t *testing.T) {
	l := tinyLab(t)
	ideas := l.Comparison(tinyIdeas())
	ideas.Try("gelu", Set{"relu.activation": "elu"})
	ideas.Try("gelu", Set{"relu.activation": "gelu"})
	wild := fmt.Sprint(ideas.Try("wild", Set{"rate": 1e30}))
	if want := "No training finished, 4 diverged: **hurts**."; !strings.Contains(wild, want) {
		t.Errorf("%q, want %q", wild, want)
	}
	same := fmt.Sprint(ideas.Try("nothing", Set{}))
	if want := "+0.0000 (+0.0000 to +0.0000). Verdict: **not enough to tell**."; !strings.Contains(same, want) {
		t.Errorf("%q, want %q", same, want)
	}
	frozen := l.Smaller(tinyIdeas())
	if frozen.Seeds[3] != 4 || frozen.Base["epochs"] != 2 {
		t.Errorf("the small sweep is %+v", frozen)
	}
	if p, ok := l.Smaller(Ideas()).Base["precision"]; ok {
		t.Errorf("a cell would train the ideas in %v, which processors without AMX refuse", p)
	}
	table := ideas.Table()
	if len(table.Rows) != 3 || table.Rows[0][0] != "gelu" || table.Rows[1][4] != "unknown" || table.Rows[2][6] != sweep.Unclear || table.Rows[2][5] != "× 1.00" {
		t.Errorf("rows %q", table.Rows)
	}
	if wild := table.Rows[1]; !slices.Equal(wild[1:4], []string{"0", "–", "–"}) { // none has finished
		t.Errorf("what diverged has the row %q", wild)
	}
	for _, want := range []string{"Student's 95 % interval", "among 3 ideas without any effect, 0.15 would", "Small sweep: the network tiny"} {
		if !strings.Contains(table.Caption, want) {
			t.Errorf("no %q in the caption %q", want, table.Caption)
		}
	}
	if alt := ideas.Figure().AltText(); !strings.Contains(alt, "gelu") || strings.Contains(alt, "wild") {
		t.Errorf("the figure says %q", alt)
	}
	if text := fmt.Sprint(ideas.Verdicts()); !strings.Contains(text, "Of 3 ideas") || !strings.Contains(text, "1 hurt (wild)") {
		t.Errorf("the verdicts are %q", text)
	}
	if err, ok := panics(func() { ideas.Try("wrong", Set{"relu.activaton": "gelu"}) }).(error); !ok || !errors.Is(err, cnn.ErrConfig) {
		t.Errorf("a misspelt field: %v", err)
	}
}

// A sweep with halving is refused: what a cell compares has equal epochs.
func TestACellRefusesHalving(t *testing.T) {
	s := tinyIdeas()
	s.Base, s.Halving = Set{"batch": 100}, &sweep.Halving{Epochs: []int{1, 2}}
	defer func() {
		if err, ok := recover().(error); !ok || !errors.Is(err, cnn.ErrConfig) || !strings.Contains(err.Error(), "the sweep tiny has halving") {
			t.Errorf("%v", err)
		}
	}()
	tinyLab(t).Gather(s)
}

// The cells of notebook 11 make the changes of the sweep that is trained on real images, all of them, under the same names.
func TestNotebookTriesTheIdeas(t *testing.T) {
	data, err := os.ReadFile(filepath.Join("..", "11-what-would-have-helped.ipynb"))
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range Ideas().Variants[1:] {
		if !strings.Contains(string(data), fmt.Sprintf(`ideas.Try(\"%s\", `, v.Name)) {
			t.Errorf("no cell tries %q", v.Name)
		}
	}
	if strings.Contains(string(data), "not the change that the sweep") {
		t.Error("a cell makes another change than the sweep")
	}
	if !strings.Contains(string(data), "Verdict: **") {
		t.Error("the notebook has no outputs")
	}
}

// The optimizers that notebook 06 gathers are those of the example in docs.
func TestOptimizersAreTheExample(t *testing.T) {
	example, err := sweep.Load("../../docs/sweeps/optimizers.json")
	if err != nil {
		t.Fatal(err)
	}
	if got, want := JSON(Optimizers()), JSON(example); got != want {
		t.Errorf("the sweep is\n%s, want\n%s", got, want)
	}
	l := tinyLab(t)
	s := Optimizers()
	network := tiny()
	s.Network = &network
	table := l.Gather(s).Table()
	if len(table.Rows) != 4 || table.Rows[3][0] != "Adam" || table.Rows[3][1] != "4" || !strings.Contains(table.Rows[3][2], " ± ") || !strings.Contains(table.Caption, "Small sweep") {
		t.Errorf("%q below %q", table.Rows, table.Caption)
	}
}

const (
	recordedTrainings = "index,name,seed,variant,state,epochs,of,epoch,loss,accuracy,valid_loss,valid_accuracy,seconds,data,train_images,valid_images,budget,precision,backend,processor,threads,run\n" +
		"0,i-base-s1,1,base,finished,2,2,2,1,0.5,1,0.50,90,CIFAR-10 train,40000,10000,hours,float32,xla:cpu,Xeon,1,f\n" +
		"1,i-base-s2,2,base,finished,2,2,2,1,0.5,1,0.52,90,CIFAR-10 train,40000,10000,hours,float32,xla:cpu,Xeon,1,f\n" +
		"2,i-x-s1,1,x,finished,2,2,2,1,0.5,1,0.55,30,CIFAR-10 train,40000,10000,hours,float32,xla:cpu,Xeon,1,f\n" +
		"3,i-x-s2,2,x,waiting,,,,,,,,,,,,,,,,,\n"
	recordedEpochs = "index,seed,variant,epoch,loss,accuracy,valid_loss,valid_accuracy\n" +
		"0,1,base,1,2,0.3,2,0.4\n0,1,base,2,1,0.5,1,0.50\n1,2,base,1,2,0.3,2,0.4\n1,2,base,2,1,0.5,1,0.52\n2,1,x,1,2,0.3,2,0.4\n2,1,x,2,1,0.5,1,0.55\n"
)

func TestRecordedIdeas(t *testing.T) {
	rec, err := readRecorded([]byte(recordedTrainings), []byte(recordedEpochs))
	if err != nil {
		t.Fatal(err)
	}
	all := sweep.Differences(rec.rows)
	if len(all) != 2 || all[1].String() != "+0.0500: not enough to tell" {
		t.Errorf("%v", all)
	}
	if want := "Recorded: 3 of 4 trainings, seeds 1, 2; 40000 training and 10000 validation images of CIFAR-10 train, 2 epochs, budget hours, float32, on Xeon with 1 thread a training."; rec.source != want {
		t.Errorf("source %q, want %q", rec.source, want)
	}
	if alt := rec.curves(all).AltText(); !strings.Contains(alt, "base") || !strings.Contains(alt, "x") {
		t.Errorf("the curves say %q", alt)
	}
	for _, c := range []struct{ old, with, want string }{
		{"valid_accuracy,seconds", "accuracy_valid,seconds", ""},
		{",train_images", ",images", `line 2, column train_images: "", expected such a column`},
		{"90,CIFAR-10 train,40000,10000", "x,CIFAR-10 train,40000,10000", `line 2, column seconds: "x", expected a number`},
		{"finished", "begun", "no training has finished"},
		{"0,1,base,2", "0,1,base,3", `recorded epochs, line 3, column epoch: "3", expected 2`},
		{"2,1,x,1", "7,1,x,1", `recorded epochs, line 6, column index: "7", expected that of a training`},
		{"2,1,x,2,1,0.5,1,0.55\n", "", "1 of i-x-s1, expected at least 2"},
	} {
		_, err := readRecorded([]byte(strings.ReplaceAll(recordedTrainings, c.old, c.with)), []byte(strings.Replace(recordedEpochs, c.old, c.with, 1)))
		if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%q for %q: %v, want %q", c.with, c.old, err, c.want)
		}
	}
	if _, err := readRecorded(nil, nil); err == nil {
		t.Error("an empty file is read")
	}
	RecordedIdeas() // what is recorded in this package, or that nothing is
	if data, err := ideasFiles.ReadFile("ideas/ideas.csv"); err == nil && strings.Contains(string(data), "drawn") {
		t.Error("what is shown as recorded on real CIFAR-10 is from drawn images")
	}
}
