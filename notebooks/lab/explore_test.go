package lab

import (
	"os"
	"strings"
	"testing"

	"github.com/cnnbook/cnnbook/cnn"
	"github.com/cnnbook/cnnbook/viz"
)

// Where nobody can choose, the stills are shown, and nothing else is drawn.
func TestChoicesShowTheirStills(t *testing.T) {
	var drawn []int
	show := func(i int) *viz.Figure {
		drawn = append(drawn, i)
		return Figure(viz.Lines{Series: []viz.Series{{Y: []float64{1, 2}}}})
	}
	Choose("Class", []string{"cat", "dog", "frog"}, show, 2, 0)
	Slide("Image", 9, show, 7)
	if len(drawn) != 3 || drawn[0] != 2 || drawn[1] != 0 || drawn[2] != 7 {
		t.Errorf("drawn: %v, want 2, 0 and 7", drawn)
	}
	if err := ended(func() { Slide("Image", 0, show) }); err == nil {
		t.Error("a slider over nothing is accepted")
	}
}

func TestDiagramNamesTheLayers(t *testing.T) {
	svg := Diagram(tiny())
	if !strings.Contains(string(svg.Source), "<svg") || !strings.Contains(svg.Alt, "conv") || !strings.Contains(svg.Alt, "8 layers") {
		t.Errorf("%.60s, described as %q", svg.Source, svg.Alt)
	}
	if err := ended(func() { Diagram(cnn.Architecture{Layers: []cnn.Layer{cnn.Dense{Name: "d"}}}) }); err == nil {
		t.Error("a bad network is drawn")
	}
}

func TestFilesEndTheCell(t *testing.T) {
	run, _ := trainedRun(t)
	if again := LoadRun(run.Dir); again.Weights().Fingerprint() != run.Weights().Fingerprint() {
		t.Error("the loaded run has other weights")
	}
	dir := TempDir()
	defer os.RemoveAll(dir)
	for name, call := range map[string]func(){"run": func() { LoadRun(dir) }, "file": func() { ReadFile(dir + "/none") }} {
		if err := ended(call); err == nil {
			t.Errorf("a missing %s does not end the cell", name)
		}
	}
}

func TestAKerasFileThereAndBack(t *testing.T) {
	run, valid := trainedRun(t)
	l := testLab(t)
	back := l.ImportKeras("back", Export(run, "keras"))
	if before, after := Evaluate(run, valid), Evaluate(back, valid); before.Loss != after.Loss {
		t.Errorf("loss %g, was %g", after.Loss, before.Loss)
	}
	if err := ended(func() { Export(run, "csv") }); err == nil || !strings.Contains(err.Error(), "onnx") {
		t.Errorf("a format of histories: %v, expected those of networks", err)
	}
	if err := ended(func() { l.ImportKeras("back", []byte("nothing")) }); err == nil {
		t.Error("a file that is no model does not end the cell")
	}
}
