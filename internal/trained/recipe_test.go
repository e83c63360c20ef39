package trained

import (
	"testing"

	"github.com/cnnbook/cnnbook/cifar"
)

// The race waits for as many steps as a recipe's training has.
func TestSteps(t *testing.T) {
	for images, epochs := range map[int]float64{20: 1, 512: 2.5, 1000: 9.9, 9000: 0.5} {
		train, _ := cifar.Drawn(1, images, 1)
		for _, r := range Recipes() {
			c := r.Training(train, epochs)
			want := c.Steps
			if want == 0 {
				want = c.Epochs * (images / c.Batch)
				if !c.DropLast && images%c.Batch > 0 {
					want += c.Epochs
				}
			}
			if got := r.Steps(images, epochs); got != want {
				t.Errorf("%s, %d images, %g epochs: %d steps, want %d", r.Form, images, epochs, got, want)
			}
		}
	}
}
