package bench

import (
	"fmt"
	"strings"
	"testing"

	"github.com/cnnbook/cnnbook/cnn"
)

// PyTorch's forms of the recipe have the same numbers as ours.
func TestRecipeForms(t *testing.T) {
	for _, f := range cnn.FastForms() {
		want := fmt.Sprintf("%q: ((%d, %d, %d), %g, %g)", f.Name, f.Widths[0], f.Widths[1], f.Widths[2], f.Epochs, f.Rate)
		if !strings.Contains(string(recipeScript), want) {
			t.Errorf("recipe.py has no %s", want)
		}
	}
}
