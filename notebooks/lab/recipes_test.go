package lab

import (
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"github.com/cnnbook/cnnbook/cifar"
	"github.com/cnnbook/cnnbook/cnn"
	"github.com/cnnbook/cnnbook/cnn/sweep"
	"github.com/cnnbook/cnnbook/internal/trained"
)

// The table in docs/PERFORMANCE.md is that of the notebook, and all of it is of CIFAR-10.
func TestRecordedRecipes(t *testing.T) {
	records, err := recordedRecipes()
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range records {
		if !strings.HasPrefix(r.Data, "CIFAR-10") {
			t.Errorf("recorded on %s", r.Data)
		}
	}
	text, err := os.ReadFile(filepath.Join("..", "..", "docs", "PERFORMANCE.md"))
	if err != nil {
		t.Fatal(err)
	}
	rows, err := trained.Compare(records)
	if err != nil {
		t.Fatal(err)
	}
	lines := []string{"|" + strings.Repeat("---|", len(trained.Columns())) + "\n"}
	for _, row := range append([][]string{trained.Columns()}, rows...) {
		lines = append(lines, "| "+strings.Join(row, " | ")+" |\n")
	}
	for _, line := range lines {
		if !strings.Contains(string(text), line) {
			t.Errorf("docs/PERFORMANCE.md lacks this line:\n%s", line)
		}
	}
	RecordedRecipes() // what is recorded in this package, or that nothing is
}

// The first variants of the ablations are the recipes whose parts the others leave out.
func TestAblationsStartFromTheRecipes(t *testing.T) {
	images, _ := cifar.Drawn(1, 10_000, 10)
	fast := cnn.FastTraining(images, 3)
	fast.Preprocess.Pixels = cnn.Standardizing([]float64{0.4914, 0.4822, 0.4465}, []float64{0.2470, 0.2435, 0.2616})
	for name, want := range map[string]struct {
		network cnn.Architecture
		config  cnn.Config
	}{"fast": {cnn.Fast(), fast}, "improved": {cnn.Improved(), cnn.ImprovedTraining(10)}} {
		all, err := sweepNamed(name).Plan()
		if err != nil {
			t.Fatal(err)
		}
		got := all[0].Config()
		want.config.Seed, want.config.Precision = got.Seed, got.Precision
		if !reflect.DeepEqual(unnamed(t, got), unnamed(t, want.config)) {
			t.Errorf("%s trains by\n%+v, want\n%+v", name, got, want.config)
		}
		if !reflect.DeepEqual(unnamed(t, all[0].Network().Layers), unnamed(t, want.network.Layers)) {
			t.Errorf("%s has the layers\n%+v, want\n%+v", name, all[0].Network().Layers, want.network.Layers)
		}
		groups := map[string]bool{}
		for _, training := range all[1:] {
			if !groups[training.Values[0]] && training.Values[0] != all[0].Values[0] && same(all[0], training) {
				t.Errorf("%s: %q changes nothing", name, training.Values[0])
			}
			groups[training.Values[0]] = true
		}
	}
}

func same(a, b sweep.Training) bool {
	config := b.Config()
	config.Seed = a.Config().Seed
	return reflect.DeepEqual(a.Config(), config) && reflect.DeepEqual(a.Network(), b.Network())
}

// unnamed is a value's JSON without names of layers.
func unnamed(t *testing.T, v any) string {
	t.Helper()
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return regexp.MustCompile(`"name":"[^"]*"`).ReplaceAllString(string(text), `"name":""`)
}
