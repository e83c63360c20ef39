package bench

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func racedAt(step float64) [][]sample {
	s := sample{measurement: measurement{Steps: []float64{step}, Evaluate: []float64{step * 4}, Versions: "v"}, FirstStep: 2, Peak: 1e9}
	return [][]sample{{s, s, s}, {s, s, s}}
}

// A race that is saved is compared with a later one, and what differs between them is named.
func TestSavedRace(t *testing.T) {
	b := Benchmark{Workload: Workload{Batch: 500, Images: 1000, Evaluate: 2000, Devices: 1}}
	file := filepath.Join(t.TempDir(), "before.json")
	if err := b.record([]contender{{name: "cnnbook"}, {name: "pytorch"}}, racedAt(0.5)).save(file); err != nil {
		t.Fatal(err)
	}
	before, err := readRecord(file)
	if err != nil {
		t.Fatal(err)
	}
	b.Precision = "bfloat16"
	var out bytes.Buffer
	b.record([]contender{{name: "cnnbook, bfloat16"}, {name: "keras-tf"}}, racedAt(0.25)).writeAgainst(&out, before, file)
	for _, want := range []string{
		"Beside " + file,
		"| cnnbook, bfloat16 | 0.250 s | 0.500 s | 0.50 | 2000 | 1000 | 2.00 |",
		"Not the same: precision: bfloat16, before float32",
	} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("the table lacks %q:\n%s", want, &out)
		}
	}
	if strings.Contains(out.String(), "keras-tf") || strings.Count(out.String(), "Not the same") != 1 {
		t.Errorf("compared with what is not there, or with a difference that is none:\n%s", &out)
	}
}

// A file that cannot be compared with is refused before anything is measured.
func TestBenchFilesAreChecked(t *testing.T) {
	dir := t.TempDir()
	file := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		return path
	}
	for name, c := range map[string]struct {
		b    Benchmark
		want string
	}{
		"missing":        {Benchmark{Against: filepath.Join(dir, "none.json")}, "none.json: no such file"},
		"not JSON":       {Benchmark{Against: file("text", "| cnnbook |")}, "text: not a file of bench --save: invalid character"},
		"another format": {Benchmark{Against: file("later.json", `{"format": 2}`)}, "its format is 2, 1 is known"},
		"empty":          {Benchmark{Against: file("empty.json", `{"format": 1}`)}, "it has no measurements"},
		"no rounds":      {Benchmark{Against: file("rounds.json", `{"format": 1, "evaluate": 1, "contenders": [{"name": "cnnbook"}]}`)}, "cnnbook has no rounds"},
		"no times":       {Benchmark{Against: file("times.json", `{"format": 1, "evaluate": 1, "contenders": [{"name": "cnnbook", "rounds": [{"steps": [0]}]}]}`)}, "round 1 of cnnbook has no times"},
		"no folder":      {Benchmark{Save: filepath.Join(dir, "none", "x.json")}, "there is no folder"},
		"growth":         {Benchmark{Growth: true, Save: filepath.Join(dir, "x.json")}, "without --growth"},
	} {
		if err := c.b.Run(t.Context(), &bytes.Buffer{}); err == nil || !strings.HasPrefix(err.Error(), "bench: ") || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: error %v, want one line with %q", name, err, c.want)
		}
	}
}
