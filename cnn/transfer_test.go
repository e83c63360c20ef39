package cnn

import (
	"errors"
	"reflect"
	"strings"
	"testing"

	"github.com/cnnbook/cnnbook/cifar"
)

// threeClasses are drawn images of three of the ten classes, with labels of their own.
func threeClasses(t *testing.T, train, valid *cifar.Dataset) (a, b *cifar.Dataset) {
	t.Helper()
	three := func(d *cifar.Dataset) *cifar.Dataset {
		out := &cifar.Dataset{Name: "three of " + d.Name, Names: d.Names[:3], Drawn: true}
		for i, label := range d.Labels {
			if label < 3 {
				out.Images = append(out.Images, d.Images[i*cifar.PixelBytes:(i+1)*cifar.PixelBytes]...)
				out.Labels = append(out.Labels, label)
				out.Origin = append(out.Origin, len(out.Origin))
			}
		}
		return out
	}
	return three(train), three(valid)
}

// A run takes the weights of another one for the layers that are the same there, and says which are new.
//
// Promise(runs/transfer): A run that starts from a run with other classes takes the weights of each layer with the same name and
// shapes, names every other layer, and is refused where nothing fits, or where the images were prepared in another way.
func TestTransfer(t *testing.T) {
	spec := tinySpec(t)
	spec.Config.Epochs = 1
	root := t.TempDir()
	first := trainTiny(t, root, spec)

	to := spec
	to.Name, to.From = "transfer", first
	to.Train, to.Valid = threeClasses(t, spec.Train, spec.Valid)
	to.Network = spec.Network.For(to.Train).Freeze("conv")
	r := openTiny(t, root, to)
	if want := []string{"dense: new, 10→3 classes"}; !reflect.DeepEqual(r.Fresh(), want) {
		t.Errorf("new layers %q, want %q", r.Fresh(), want)
	}
	anew, err := to.Network.Initialize(to.Config.Seed)
	if err != nil {
		t.Fatal(err)
	}
	given := first.Weights()
	if w := r.Weights(); !reflect.DeepEqual(w[:2], given[:2]) || !reflect.DeepEqual(w[2:], anew[2:]) {
		t.Error("the convolution is not the first run's, or the dense layer is not new")
	}
	if err := r.Train(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	if w := r.Weights(); !reflect.DeepEqual(w[:2], given[:2]) || reflect.DeepEqual(w[2:], anew[2:]) {
		t.Error("the frozen convolution was trained, or the dense layer was not")
	}
	loaded, err := LoadRun(r.Dir)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := loaded.Start(), "starts from the weights of tiny; dense: new, 10→3 classes"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	if again := openTiny(t, root, to); again.Dir != r.Dir || !again.Finished() {
		t.Error("opened again, it is another run")
	}
	if first.Start() != "" || first.Fresh() != nil {
		t.Errorf("the first run: %q, %q", first.Start(), first.Fresh())
	}
}

// Promise(runs/transfer) a line for each kind of difference
func TestTransferNamesDifferences(t *testing.T) {
	spec := tinySpec(t)
	spec.Config.Epochs = 1
	root := t.TempDir()
	spec.From = openTiny(t, root, spec)
	layers := func(change func(l []Layer)) Architecture {
		net := tiny()
		change(net.Layers)
		return net
	}
	wider := layers(func(l []Layer) { l[1] = Conv2D{Name: "conv", Filters: 8, Kernel: 3, Padding: "same"} })
	for name, c := range map[string]struct {
		net        Architecture
		preprocess Preprocess
		fresh      string
		err        error
		want       string
	}{
		"same":     {net: tiny()},
		"renamed":  {net: layers(func(l []Layer) { l[6] = Dense{Name: "other", Units: 10} }), fresh: "other: new"},
		"no bias":  {net: layers(func(l []Layer) { l[1] = Conv2D{Name: "conv", Filters: 4, Kernel: 3, Padding: "same", NoBias: true} }), fresh: "conv: new, with 1 arrays, there 2"},
		"a kernel": {net: layers(func(l []Layer) { l[1] = Conv2D{Name: "conv", Filters: 4, Kernel: 5, Padding: "same"} }), fresh: "conv: new, its kernel is [5 5 3 4], there [3 3 3 4]"},
		"nothing": {net: wider, err: ErrMismatch, want: "starting from tiny: none of its layers has the name and the shapes of one of this network: " +
			"conv: new, its kernel is [3 3 3 8], there [3 3 3 4]; dense: new, its kernel is [128 10], there [64 10]"},
		"frozen but new": {net: layers(func(l []Layer) { l[1] = Conv2D{Name: "more", Filters: 4, Kernel: 3, Padding: "same"} }).Freeze("more"), err: ErrConfig,
			want: "more: new: it is frozen, so it would never be trained: leave it out of Frozen"},
		"other pixels": {net: tiny(), preprocess: Preprocess{Raw: true}, err: ErrMismatch, want: "it was trained on each image standardised by itself"},
	} {
		to := spec
		to.Name, to.Network, to.Config.Preprocess = "to", c.net, c.preprocess
		r, err := OpenRun(root, to)
		if !errors.Is(err, c.err) || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %v: %s", name, err, c.err, c.want)
		}
		if err != nil {
			continue
		}
		r.Close()
		if got := strings.Join(r.Fresh(), "; "); got != c.fresh {
			t.Errorf("%s: new layers %q, want %q", name, got, c.fresh)
		}
	}
}
