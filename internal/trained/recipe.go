package trained

import (
	"fmt"
	"math"
	"strings"

	"github.com/cnnbook/cnnbook/cifar"
	"github.com/cnnbook/cnnbook/cnn"
)

// Recipe is a network for CIFAR-10 with a training that suits it.
type Recipe struct {
	Form      string  // its name in files and flags: 93, 94 or 95 for those of the fast recipe
	Title     string  // its name in tables
	Epochs    float64 // the usual length of its training; need not be whole
	Network   cnn.Architecture
	Training  func(images *cifar.Dataset, epochs float64) cnn.Config
	InPyTorch bool // internal/bench/recipe.py trains it too

	steps func(images int, epochs float64) int
}

// Steps is the number of steps of its training.
func (r Recipe) Steps(images int, epochs float64) int { return r.steps(images, epochs) }

// Recipes returns those that are measured whole: the forms of the fast recipe, and the write-up's network with its own ideas.
func Recipes() (all []Recipe) {
	for _, form := range cnn.FastForms() {
		all = append(all, Fast(form))
	}
	return append(all, Improved())
}

// Fast is the fast recipe in a form.
func Fast(form cnn.FastForm) Recipe {
	return Recipe{
		Form: form.Name, Title: "fast recipe, form " + form.Name, Epochs: form.Epochs, Network: form.Network(), Training: form.Training, InPyTorch: true,
		steps: func(images int, epochs float64) int {
			return int(math.Ceil(float64(images/cnn.FastBatch(images)) * epochs)) // an epoch's incomplete batch is left out
		},
	}
}

// Improved is [cnn.Improved] with its training, whose epochs are whole.
func Improved() Recipe {
	return Recipe{
		Form: "improved", Title: "write-up's network, improved by its own ideas", Epochs: cnn.ImprovedEpochs, Network: cnn.Improved(),
		Training: func(_ *cifar.Dataset, epochs float64) cnn.Config { return cnn.ImprovedTraining(int(math.Ceil(epochs))) },
		steps: func(images int, epochs float64) int {
			return cnn.StepsPerEpoch(images, cnn.ImprovedTraining(1).Batch) * int(math.Ceil(epochs))
		},
	}
}

// ParseRecipe returns the recipe with a form. Its error wraps [cnn.ErrConfig] and lists the forms.
func ParseRecipe(form string) (Recipe, error) {
	var forms []string
	for _, r := range Recipes() {
		if r.Form == form {
			return r, nil
		}
		forms = append(forms, r.Form)
	}
	return Recipe{}, fmt.Errorf("%w: unknown form %q of a recipe: choose one of %s", cnn.ErrConfig, form, strings.Join(forms, ", "))
}
