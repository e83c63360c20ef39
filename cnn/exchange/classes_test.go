package exchange

import (
	"archive/zip"
	"bytes"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/cnnbook/cnnbook/cifar"
	"github.com/cnnbook/cnnbook/cnn"
)

func tenClasses() []string {
	return []string{"Äpfel", "猫", "a,b", `"quoted" <&>`, "dog", "e", "f", "g", "h", "class 9"}
}

// Promise(files/classes): Class names and preprocessing of a run survive its export as .keras, .h5 or .onnx and the import of that
// file. An imported network whose file names no classes says so.
func TestClassesSurviveExportAndImport(t *testing.T) {
	train, valid := cifar.Drawn(1, 40, 20)
	train.Names, valid.Names = tenClasses(), tenClasses()
	spec := cnn.Spec{Name: "named", Network: every(t).Network, Train: train, Valid: valid,
		Config: cnn.Config{Batch: 20, Preprocess: cnn.Preprocess{Raw: true}}}
	r, err := cnn.OpenRun(t.TempDir(), spec)
	if err != nil {
		t.Fatal(err)
	}
	for _, format := range []string{"keras", "h5", "onnx"} {
		file := t.TempDir() + "/model." + format
		if err := Export(r, format, file); err != nil {
			t.Fatal(err)
		}
		m, err := ImportFile(file, nil, "")
		if err != nil {
			t.Fatalf("%s: %v", format, err)
		}
		again, err := cnn.Import(t.TempDir(), "again", cnn.Foreign{Network: m.Network, Weights: m.Weights, Source: format, Preprocess: m.Preprocess, Classes: m.Classes})
		if err != nil {
			t.Fatal(err)
		}
		loaded, err := cnn.LoadRun(again.Dir)
		if err != nil {
			t.Fatal(err)
		}
		names, err := loaded.Classes()
		if err != nil || !slices.Equal(names, tenClasses()) || !loaded.NamesClasses() || !loaded.Preprocess().Raw {
			t.Errorf("%s: %q, %s, %v", format, names, loaded.Preprocess(), err)
		}
		if _, err := loaded.Evaluate(t.Context(), valid, nil); err != nil {
			t.Errorf("%s: %v", format, err)
		}
		other := *valid
		other.Names = slices.Repeat([]string{"x"}, 10)
		if _, err := loaded.Evaluate(t.Context(), &other, nil); !errors.Is(err, cnn.ErrMismatch) {
			t.Errorf("%s: images of other classes: %v", format, err)
		}
		loaded.Close()
	}
}

func TestBadClassesAreRefused(t *testing.T) {
	for name, c := range map[string]struct {
		classes []string
		want    string
	}{
		"too few":     {tenClasses()[1:], "number of class names: 9, "},
		"too many":    {append(tenClasses(), "more"), "number of class names: 11, "},
		"twice":       {append(tenClasses()[:9], "猫"), `classes 1 and 9 are both "猫"`},
		"empty":       {append(tenClasses()[:9], ""), `the name of class 9, ""`},
		"unprintable": {append(tenClasses()[:9], "a\x1b[1m"), "expected 1 to 256 bytes of printable text"},
		"long":        {append(tenClasses()[:9], strings.Repeat("x", 257)), "expected 1 to 256 bytes of printable text"},
	} {
		m := every(t)
		m.Classes = c.classes
		for format, write := range map[string]func(Model) ([]byte, error){"keras": Keras, "h5": KerasModel, "onnx": ONNX} {
			data, err := write(m)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := Import(data, nil, ""); !errors.Is(err, cnn.ErrFormat) || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%s as %s: %v, want %q", name, format, err, c.want)
			}
		}
		var i Imported
		i.Model = every(t)
		if err := i.NameClasses(c.classes); !errors.Is(err, cnn.ErrFormat) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
	}
	for name, text := range map[string]string{"no list": `{"0": "cat"}`, "numbers": "[1, 2]", "cut": `["cat"`, "much": `["` + strings.Repeat("x", classesInFile) + `"]`} {
		if _, err := toldClasses(text); !errors.Is(err, cnn.ErrFormat) || !strings.Contains(err.Error(), classesKey) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// A model without names has the metadata that it had before there were any.
func TestNoClassesNoEntry(t *testing.T) {
	data, err := Keras(every(t))
	if err != nil {
		t.Fatal(err)
	}
	z, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		t.Fatal(err)
	}
	f, err := z.Open("metadata.json")
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(f)
	if err != nil || strings.Contains(string(text), "classes") {
		t.Errorf("%s, %v", text, err)
	}
	if m, err := Import(data, nil, ""); err != nil || m.Classes != nil {
		t.Errorf("%q, %v", m.Classes, err)
	}
}
