package lab

import (
	"embed"
	"io/fs"

	"github.com/cnnbook/cnnbook/internal/trained"
	"github.com/cnnbook/cnnbook/kernelext"
)

// recipeFiles are whole trainings of recipes on real CIFAR-10:
//
//	go run . bench --accuracy 0.9 --precision bfloat16 --form 94 --data DIR --python PYTHON --save notebooks/lab/recipes/fast-94-bfloat16.json
//
//go:embed recipes/*.json
var recipeFiles embed.FS

// recordedRecipes reads them.
func recordedRecipes() ([]trained.Record, error) {
	names, err := fs.Glob(recipeFiles, "recipes/*.json")
	if err != nil {
		return nil, err
	}
	var out []trained.Record
	for _, name := range names {
		text, err := recipeFiles.ReadFile(name)
		if err != nil {
			return nil, err
		}
		r, err := trained.Parse(text)
		if err != nil {
			return nil, err
		}
		out = append(out, r)
	}
	return out, nil
}

// RecordedRecipes shows networks that were trained whole on real CIFAR-10, what each costs beside the test accuracy that it reaches, and
// then what is lost without each of the ideas of [cnn.Improved], and without each ingredient of [cnn.Fast]. All were recorded; they do
// not depend on the notebook's parameters.
func RecordedRecipes() {
	check(kernelext.Display(recipesTable(must(recordedRecipes()))))
	showRecorded("improved", "change", "The improved network, changed in one place")
	showRecorded("fast", "change", "The fast recipe, changed in one place")
}

func recipesTable(records []trained.Record) *kernelext.Table {
	t := NewTable("Recorded: "+trained.Conditions(records)+". Minutes are those of the training steps; MFLOPs are those of one image's prediction.", trained.Columns()...)
	for _, row := range must(trained.Compare(records)) {
		cells := make([]any, len(row))
		for i, cell := range row {
			cells[i] = cell
		}
		t.Add(cells...)
	}
	return t
}
