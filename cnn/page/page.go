package page

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"

	"github.com/cnnbook/cnnbook/cifar"
	"github.com/cnnbook/cnnbook/cnn"
	"github.com/cnnbook/cnnbook/internal/pagenet"
)

const (
	// Images is how many test images a page holds at most, and how many answers are compared.
	Images = 100
	// SmallBytes is the size up to which a network's weights have 16 bits by default; those of larger networks have 8.
	SmallBytes = 1_500_000
)

// Options are what [Make] may be told.
type Options struct {
	Bits  int    // of a weight, 8 or 16; 0: 16 if the weights then take at most SmallBytes, otherwise 8
	About string // describes the network and its training; empty: the run's own description
	Note  string // a further sentence about the network; may be empty
	// Unlabelled says that the images show none of the network's classes, as drawn ones for a network of one's own: their labels
	// are not shown.
	Unlabelled bool
}

// Page is a network in a page.
type Page struct {
	HTML    []byte // the page: one file
	Network []byte // the network alone, in the format of package internal/pagenet
	Bits    int    // of a weight

	// How far the page's answers on the test images are from those of cnn.
	Images  int     // that were compared
	Largest float64 // largest difference of two probabilities
	Same    int     // images for which both name the same class
	Right   int     // images for which the page names the actual class; of no meaning for unlabelled ones

	First First // what the page shows without JavaScript
}

// First is what the page's network says about the image that the page shows first: of those to choose from the first whose class
// the network names, if there is one.
type First struct {
	Image         int    // its position among the test images
	Pixels        []byte // [height, width, channels]
	Lit           []byte // the same as red, green and blue, as bright as the answer hangs on each part
	Class         int    // the actual one
	Probabilities []float32
	Drop          float64 // the largest fall of the answer's probability when a part is hidden
	Hidden        []byte  // the image with that part hidden
}

// Make makes a page of a run's network and of the first test images. The run evaluates them, for which it needs its backend.
// Errors wrap those of package cnn; one about a layer names it.
func Make(ctx context.Context, run *cnn.Run, test *cifar.Dataset, o Options) (*Page, error) {
	if test == nil || test.Len() == 0 {
		return nil, fmt.Errorf("%w: no images for the page", cnn.ErrConfig)
	}
	test = test.Head(Images)
	classes, err := run.Classes()
	if err != nil {
		return nil, err
	}
	ours, err := run.Evaluate(ctx, test, nil)
	if err != nil {
		return nil, err
	}
	weights := run.Weights()
	p := &Page{Bits: cmp.Or(o.Bits, defaultBits(weights)), Images: test.Len()}
	if p.Network, err = Encode(run.Network, weights, run.Preprocess(), classes, p.Bits); err != nil {
		return nil, err
	}
	network, err := pagenet.Parse(p.Network)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", cnn.ErrArchitecture, err)
	}
	images := channelsLast(test)
	for i, pixels := range images {
		answer := network.Ask(pixels)
		for c, v := range answer {
			p.Largest = max(p.Largest, math.Abs(float64(v)-ours.Probabilities[i][c]))
		}
		class := pagenet.Best(answer)
		p.Same += one(class == ours.Predicted[i])
		p.Right += one(class == ours.Actual[i])
	}
	if math.IsNaN(p.Largest) {
		return nil, fmt.Errorf("%w: with weights of %d bits the network's answers are not numbers", cnn.ErrArchitecture, p.Bits)
	}
	shown := choices(ours.Actual, network.Classes)
	if o.Unlabelled {
		shown = shown[:0]
		for i := range min(mostShown, len(images)) {
			shown = append(shown, i)
		}
	}
	chosen := shown[0]
	if right := slices.IndexFunc(shown, func(i int) bool { return ours.Predicted[i] == ours.Actual[i] }); right >= 0 && !o.Unlabelled {
		chosen = shown[right]
	}
	p.First = first(network, images[chosen], chosen, ours.Actual[chosen])
	p.HTML, err = p.render(content{run: run, about: cmp.Or(o.About, run.String()), note: o.Note, classes: classes, test: test, images: images,
		ours: ours, shown: shown, unlabelled: o.Unlabelled, fingerprint: weights.Fingerprint()[:12]})
	return p, err
}

func one(b bool) int {
	if b {
		return 1
	}
	return 0
}

// defaultBits chooses the bits of a weight by their number.
func defaultBits(weights cnn.Weights) int {
	n := 0
	for _, a := range weights {
		n += len(a.Values)
	}
	if 2*n <= SmallBytes {
		return 16
	}
	return 8
}

// channelsLast returns each image as [height, width, channels].
func channelsLast(d *cifar.Dataset) [][]byte {
	shape := d.Shape()
	plane := shape.Plane()
	out := make([][]byte, d.Len())
	for i := range out {
		planes := d.Pixels(i)
		out[i] = make([]byte, len(planes))
		for at, v := range planes {
			out[i][at%plane*shape.Channels+at/plane] = v
		}
	}
	return out
}

// mostShown is how many images a page offers at most.
const mostShown = 20

// choices are the positions of the images that the page offers: the first of each class, then the second.
func choices(actual []int, classes []string) (out []int) {
	const ofClass = 2
	byClass := make([][]int, len(classes))
	for i, class := range actual {
		byClass[class] = append(byClass[class], i)
	}
	for round := range ofClass {
		for _, images := range byClass {
			if round < len(images) && len(out) < mostShown {
				out = append(out, images[round])
			}
		}
	}
	return out
}

// first asks about an image, and hides its parts.
func first(n *pagenet.Network, pixels []byte, image, class int) First {
	f := First{Image: image, Pixels: pixels, Class: class, Probabilities: append([]float32(nil), n.Ask(pixels)...)}
	best := pagenet.Best(f.Probabilities)
	o := n.Occlude()
	drops := make([]float32, o.Parts())
	most := 0
	for i := range drops {
		if drops[i] = o.Drop(pixels, best, f.Probabilities[best], i); drops[i] > drops[most] {
			most = i
		}
	}
	f.Drop = float64(drops[most])
	f.Hidden = append([]byte(nil), o.Hide(pixels, most)...)
	f.Lit = n.Lit(pixels, o.Map(drops))
	return f
}
