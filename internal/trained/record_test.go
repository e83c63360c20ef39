package trained

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/cnnbook/cnnbook/cifar"
	"github.com/cnnbook/cnnbook/cnn"
)

// twoSeeds are made-up trainings of four steps in two epochs.
func twoSeeds() Record {
	training := func(name string, step float64, views ...float64) Training {
		s := Sample{Steps: []float64{step, step, step, step}, Versions: name + " 1"}
		for i, v := range views {
			s.Epochs = append(s.Epochs, Epoch{2 * (i + 1), v - 0.01, v})
		}
		return Training{name, s}
	}
	return Record{
		Format: Format, Data: "some images", Fingerprint: "ab", Precision: "float32", Form: "94", Images: 64, Evaluate: 10, Epochs: 2, Peer: true,
		Seeds: []Seed{
			{Seed: 1, Machine: "a machine", Date: "2026-01-01", Contenders: []Training{training("cnnbook", 30, 0.90, 0.94), training("pytorch", 60, 0.88, 0.92)}},
			{Seed: 2, Machine: "a machine", Date: "2026-01-02", Contenders: []Training{training("cnnbook", 30, 0.70, 0.86), training("pytorch", 60, 0.91, 0.92)}},
		},
	}
}

func TestAccuracyTable(t *testing.T) {
	var out strings.Builder
	twoSeeds().Write(&out, 0.9)
	for _, want := range []string{
		"Reduced budget: fast recipe, form 94, 2 epochs of 64 training images, some images, 10 test images, float32.",
		"| 1 | cnnbook | 0.9400 | 0.9300 | 2.0 min | 30.000 s | – | 1.0 min | – |",
		"| 1 | pytorch | 0.9200 | 0.9100 | 4.0 min | 60.000 s | 0.50 | 4.0 min | 0.25 |",
		"| 2 | cnnbook | 0.8600 | 0.8500 | 2.0 min | 30.000 s | – | not reached | – |",
		"| 2 | pytorch | 0.9200 | 0.9100 | 4.0 min | 60.000 s | 0.50 | 2.0 min | – |",
		"cnnbook: mean test accuracy 0.9000 ± 0.5082 (2 seeds) by six views", // t(1) = 12.706, deviation 0.0566
		"cnnbook minus pytorch: -0.0200 ± 0.5082 (2 seeds) by six views",
		"From seed 1 on: a machine, 2026-01-01",
	} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("the table lacks %q:\n%s", want, &out)
		}
	}
	whole := twoSeeds()
	whole.Images, whole.Epochs, whole.Evaluate = cifar.TrainRecords, cnn.FastEpochs, cifar.TestRecords
	out.Reset()
	if whole.Write(&out, 0.9); strings.Contains(out.String(), "Reduced") {
		t.Errorf("a whole training is called reduced:\n%s", &out)
	}
}

// Of PyTorch's first steps alone, the time of the whole training follows, and no accuracy.
func TestAccuracyTableOfFirstSteps(t *testing.T) {
	r := twoSeeds()
	r.PeerSteps = 2
	for i := range r.Seeds {
		r.Seeds[i].Contenders[1].Sample = Sample{Steps: []float64{90, 60}, Versions: "pytorch 1"}
	}
	if err := r.check(); err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	r.Write(&out, 0.9)
	for _, want := range []string{
		"| 1 | pytorch | – | – | 4.5 min, from 2 steps | 75.000 s | 0.40 | – | – |", // 90 + 3 · 60 seconds; 60 to 150
		"pytorch: no accuracy, 2 steps only",
	} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("the table lacks %q:\n%s", want, &out)
		}
	}
	rows, err := Compare([]Record{r})
	if err != nil || len(rows) != 2 || !strings.HasSuffix(strings.Join(rows[1], "|"), "|2.0|–|4.5, from 2 steps") {
		t.Errorf("compared: %q, %v", rows, err)
	}
	if err := r.SameAs(twoSeeds()); err == nil {
		t.Error("whole trainings of PyTorch belong into the file")
	}
	r.Seeds[1].Contenders[1].Sample.Steps = []float64{90}
	if err := r.check(); err == nil {
		t.Error("a step is missing, and the file is read")
	}
}

func TestAccuracyFileGoesOn(t *testing.T) {
	file := filepath.Join(t.TempDir(), "fast.json")
	before := twoSeeds()
	if err := before.Save(file); err != nil {
		t.Fatal(err)
	}
	got, err := Read(file)
	if err != nil || !got.Has(1) || !got.Has(2) || got.Has(3) {
		t.Fatalf("read %+v, %v", got, err)
	}
	other := twoSeeds()
	other.Precision = "bfloat16"
	if err := got.SameAs(other); err == nil || !strings.Contains(err.Error(), "precision: float32, now bfloat16") {
		t.Errorf("another precision: %v", err)
	}
	if err := got.SameAs(before); err != nil {
		t.Error(err)
	}
	cut := twoSeeds()
	cut.Seeds[1].Contenders[1].Sample.Steps = cut.Seeds[1].Contenders[1].Sample.Steps[:3]
	if err := cut.Save(file); err != nil {
		t.Fatal(err)
	}
	if _, err := Read(file); err == nil || !strings.Contains(err.Error(), "seed 2 of pytorch is not complete") {
		t.Errorf("a training with fewer steps: %v", err)
	}
	if err := os.WriteFile(file, []byte("{}"), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := Read(file); err == nil || !strings.Contains(err.Error(), "its format is 0") {
		t.Errorf("another file: %v", err)
	}
}

// The tables of the race in docs/PERFORMANCE.md are those of the trainings in notebooks/lab/recipes.
func TestRecordedAccuracy(t *testing.T) {
	text, err := os.ReadFile("../../docs/PERFORMANCE.md")
	if err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob("../../notebooks/lab/recipes/fast-94-*.json")
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	for _, file := range files {
		r, err := Read(file)
		if err != nil {
			t.Fatal(err)
		}
		var out strings.Builder
		r.Write(&out, 0.9)
		for line := range strings.Lines(out.String()) {
			if !strings.Contains(string(text), line) {
				t.Errorf("docs/PERFORMANCE.md lacks a line of %s:\n%s", file, line)
			}
		}
	}
}
