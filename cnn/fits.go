package cnn

import (
	"fmt"
	"slices"

	"github.com/cnnbook/cnnbook/cifar"
)

// imageShape returns the shape of a dataset's images.
func imageShape(d *cifar.Dataset) Shape {
	s := d.Shape()
	return Shape{s.Height, s.Width, s.Channels}
}

// fits checks that a dataset's images have the size that a network takes. All code that
// passes images to a network calls it first: a network of convolutions and a mean
// would silently accept another size.
func (a Architecture) fits(d *cifar.Dataset) error {
	in, has := a.Input, imageShape(d)
	if slices.Equal(in, has) {
		return nil
	}
	if len(in) != 3 {
		return fmt.Errorf("%w: the network takes %v, the images are %v", ErrArchitecture, in, has)
	}
	return fmt.Errorf("%w: the network takes images of %d×%d with %s, these are of %d×%d with %s",
		ErrArchitecture, in[0], in[1], channels(in[2]), has[0], has[1], channels(has[2]))
}

// sameClasses checks that a dataset's classes are those that the run was trained on: its answers
// would be shown under the names of others. An imported network knows no names.
func (r *Run) sameClasses(d *cifar.Dataset) error {
	for c, name := range r.manifest.Data.Train.Classes {
		if c >= len(d.Names) || d.Names[c] == name {
			continue // another number of classes has its own error
		}
		return fmt.Errorf("%w: the run's class %d is %q, that of %s is %q", ErrMismatch, c, name, d.Name, d.Names[c])
	}
	return nil
}

func channels(n int) string {
	if n == 1 {
		return "1 channel"
	}
	return fmt.Sprintf("%d channels", n)
}

// For returns the network for a dataset: with its images' size as input, and as many
// outputs as it has classes in the last dense layer. All other layers stay. For CIFAR-10
// it returns [WriteUp] unchanged.
func (a Architecture) For(d *cifar.Dataset) Architecture {
	a.Input = imageShape(d)
	a.Layers = slices.Clone(a.Layers)
	for i := len(a.Layers) - 1; i >= 0; i-- {
		if last, ok := a.Layers[i].(Dense); ok {
			last.Units = len(d.Names)
			a.Layers[i] = last
			break
		}
	}
	return a
}
