package lab

import (
	"context"
	"errors"
	"os"
	"path/filepath"

	"github.com/cnnbook/cnnbook/cifar"
	"github.com/cnnbook/cnnbook/cifar/importer"
	"github.com/cnnbook/cnnbook/kernelext"
)

// Known finds images on which the notebooks train, by name and fingerprint: those of some parameters' budget, and their parts.
// It makes them one kind after the other, when they are asked for.
type Known struct {
	found   []knownImages
	pending []func() ([]*cifar.Dataset, error)
	failed  error
}

type knownImages struct {
	images      *cifar.Dataset
	fingerprint string
}

// NewKnown returns the images of parameters.
func NewKnown(params kernelext.Params) (*Known, error) {
	budget, err := ParseBudget(params.Budget)
	if err != nil {
		return nil, err
	}
	k := &Known{}
	for _, b := range []Budget{budget, budget.ForStages()} {
		k.pending = append(k.pending, func() ([]*cifar.Dataset, error) {
			l, err := New(params, b)
			if err != nil {
				return nil, err
			}
			few, _ := l.Few()
			return partsOf(params.Seed, l.Images, b.LeakImages(l.Images), few)
		})
	}
	k.pending = append(k.pending, func() ([]*cifar.Dataset, error) { return shapeParts(params.Seed) })
	return k, nil
}

// Find returns the images with a name and a fingerprint, or nil.
func (k *Known) Find(name, fingerprint string) *cifar.Dataset {
	for {
		for _, known := range k.found {
			if known.images.Name == name && known.fingerprint == fingerprint {
				return known.images
			}
		}
		if len(k.pending) == 0 {
			return nil
		}
		sets, err := k.pending[0]()
		k.pending, k.failed = k.pending[1:], errors.Join(k.failed, err)
		for _, d := range sets {
			k.found = append(k.found, knownImages{d, d.Fingerprint()})
		}
	}
}

// Err returns why images could not be made.
func (k *Known) Err() error { return k.failed }

// partsOf returns what the notebooks make of images: all of them, and both sides of both kinds of split.
func partsOf(seed uint64, sets ...*cifar.Dataset) (out []*cifar.Dataset, err error) {
	for _, d := range sets {
		train, valid, err := d.Split(0.8, seed)
		if err != nil {
			return nil, err
		}
		leaky, held, err := d.SplitWithReplacement(0.8, seed)
		if err != nil {
			return nil, err
		}
		out = append(out, d, train, valid, leaky, held)
	}
	return out, nil
}

// shapeParts returns the images of the notebook about one's own pictures.
func shapeParts(seed uint64) ([]*cifar.Dataset, error) {
	temp, err := os.MkdirTemp("", "cnnbook")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(temp)
	dir := filepath.Join(temp, "shapes")
	if err := drawShapes(dir, 200, seed); err != nil {
		return nil, err
	}
	r, err := importer.Read(context.Background(), dir, importer.Options{Shape: cifar.Shape{Height: 48, Width: 48, Channels: 3}, Seed: seed})
	if err != nil {
		return nil, err
	}
	sets, err := partsOf(seed, r.Train)
	if err != nil {
		return nil, err
	}
	return append(sets, sets[1].Head(60)), nil // sets[1] is the side to train on
}
