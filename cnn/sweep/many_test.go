package sweep

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/cnnbook/cnnbook/cifar"
	"github.com/cnnbook/cnnbook/cnn"
)

// Every example of docs/sweeps is a sweep whose trainings can be opened.
func TestExamplesOfTheDocumentation(t *testing.T) {
	files, err := filepath.Glob("../../docs/sweeps/*.json")
	if err != nil || len(files) < 2 {
		t.Fatalf("%v, %q", err, files)
	}
	train, valid := cifar.Drawn(1, 90, 30)
	for _, file := range files {
		s, err := Load(file)
		if err != nil {
			t.Error(err)
			continue
		}
		trainings, err := s.Plan()
		if err != nil {
			t.Errorf("%s: %v", file, err)
			continue
		}
		if _, err := Read(t.TempDir(), trainings, train, valid); err != nil {
			t.Errorf("%s: %v", file, err)
		}
	}
}

// manySweep is a sweep of n trainings: five seeds of each rate.
func manySweep(n int) Sweep {
	s := Sweep{
		Name: "many", Seeds: []uint64{1, 2, 3, 4, 5}, Base: map[string]any{"batch": 20},
		Network: &cnn.Architecture{Name: "tiny", Input: cnn.Shape{32, 32, 3}, Layers: []cnn.Layer{
			cnn.MaxPooling2D{Name: "shrink", Size: 8}, cnn.Flatten{Name: "flatten"}, cnn.Dense{Name: "dense", Units: 10},
			cnn.Activation{Name: "softmax", Function: "softmax"},
		}},
	}
	rates := Field{Field: "rate"}
	for i := range n / 5 {
		rates.Values = append(rates.Values, float64(i+1)/1e5)
	}
	s.Vary = []Field{rates}
	return s
}

// Ten times the trainings cost ten times the memory allocations, for the plan, the reading of runs, the table and the CSV, and each
// run is asked for once. So 10,000 trainings cost what a thousand cost, ten times.
func TestTenThousandTrainings(t *testing.T) {
	train, valid := cifar.Drawn(1, 90, 30)
	root := t.TempDir()
	measure := func(n int) (allocations float64) {
		s := manySweep(n)
		return testing.AllocsPerRun(1, func() {
			trainings, err := s.Plan()
			if err != nil || len(trainings) != n {
				t.Fatalf("%v: %d trainings", err, len(trainings))
			}
			asked := map[string]int{}
			rows, err := read(root, trainings, train, valid, func(dir string) (cnn.Record, error) {
				asked[dir]++
				return cnn.Record{Finished: true, Epochs: 1, Total: 1, Kept: 1, History: cnn.History{Epochs: []cnn.Epoch{{Epoch: 1, ValidAccuracy: 0.5}}}}, nil
			})
			if err != nil || len(asked) != n {
				t.Fatalf("%v: asked for %d different runs", err, len(asked))
			}
			for dir, times := range asked {
				if times != 1 {
					t.Fatalf("%s: asked for %d times", dir, times)
				}
			}
			if len(Groups(rows)) != n/5 {
				t.Fatalf("%d groups", len(Groups(rows)))
			}
			if err := s.WriteCSV(io.Discard, rows); err != nil {
				t.Fatal(err)
			}
			if err := s.WriteMarkdown(io.Discard, rows); err != nil {
				t.Fatal(err)
			}
		})
	}
	thousand, tenThousand := measure(1000), measure(10_000)
	if tenThousand > 11*thousand || thousand > 1000*600 {
		t.Errorf("%.0f allocations for 1,000 trainings and %.0f for 10,000: expected at most 600 each, and ten times as many", thousand, tenThousand)
	}
	t.Logf("%.0f allocations a training", tenThousand/10_000)
}

// Thousands of real folders are gathered: each a copy of a trained run, with the manifest of another training.
func TestThousandsOfFoldersAreGathered(t *testing.T) {
	const n = 2000
	train, valid := cifar.Drawn(1, 40, 20)
	root := t.TempDir()
	trainings, err := manySweep(n).Plan()
	if err != nil {
		t.Fatal(err)
	}
	if err := trainings[0].Train(t.Context(), root, train, valid, nil, nil); err != nil {
		t.Fatal(err)
	}
	first, err := Read(root, trainings[:1], train, valid)
	if err != nil {
		t.Fatal(err)
	}
	manifest, err := os.ReadFile(filepath.Join(root, first[0].Folder, "manifest.json"))
	if err != nil {
		t.Fatal(err)
	}
	history, err := os.ReadFile(filepath.Join(root, first[0].Folder, "history.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	var folders cnn.Folders
	for _, training := range trainings[1:] {
		spec := training.Spec(train, valid)
		folder, identity, err := folders.Of(spec)
		if err != nil {
			t.Fatal(err)
		}
		copyRun(t, filepath.Join(root, folder), manifest, history, spec, identity)
	}
	rows, err := Read(root, trainings, train, valid)
	if err != nil {
		t.Fatal(err)
	}
	if got := Count(rows, Finished); got != n {
		t.Errorf("%d of %d are finished; the second is %s %s", got, n, rows[1].State, rows[1].Problem)
	}
}

// copyRun writes a run's two small files, the manifest with another training's name, configuration and identity.
func copyRun(t *testing.T, dir string, manifest, history []byte, spec cnn.Spec, identity string) {
	t.Helper()
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(manifest, &fields); err != nil {
		t.Fatal(err)
	}
	for key, value := range map[string]any{"name": spec.Name, "config": spec.Config, "identity": identity} {
		data, err := json.Marshal(value)
		if err != nil {
			t.Fatal(err)
		}
		fields[key] = data
	}
	changed, err := json.Marshal(fields)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	for name, data := range map[string][]byte{"manifest.json": changed, "history.jsonl": history} {
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// Names that would be too long, or whose values are no words, end in a digest of the values, and stay different.
func TestLongNames(t *testing.T) {
	s := Sweep{Name: strings.Repeat("n", 32), Seeds: []uint64{1 << 63}, Vary: []Field{
		{Field: "optimizer", Values: []any{"Adam", map[string]any{"class_name": "Adam", "config": map[string]any{"beta_1": 0.8}}}},
		{Field: "Dropout.rate", Values: []any{0.1, 0.2}},
	}}
	trainings, err := s.Plan()
	if err != nil {
		t.Fatal(err)
	}
	names := map[string]bool{}
	for _, training := range trainings {
		names[training.Name] = true
		if len(training.Name) > maxName {
			t.Errorf("%s has %d characters", training.Name, len(training.Name))
		}
	}
	if len(names) != 4 {
		t.Errorf("names %v", names)
	}
	sum := sha256.Sum256([]byte("optimizer=Adam\nDropout.rate=0.1\n"))
	if want := fmt.Sprintf("-%s-s%d", hex.EncodeToString(sum[:4]), uint64(1<<63)); !strings.HasSuffix(trainings[0].Name, want) {
		t.Errorf("%s, expected the end %s", trainings[0].Name, want)
	}
}
