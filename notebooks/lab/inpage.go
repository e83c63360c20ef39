package lab

import (
	"context"
	"fmt"

	"github.com/cnnbook/cnnbook/cifar"
	"github.com/cnnbook/cnnbook/cnn"
	"github.com/cnnbook/cnnbook/cnn/page"
	"github.com/cnnbook/cnnbook/kernelext"
	"github.com/cnnbook/cnnbook/viz"
)

// InPage puts a run's network into a page that works without a kernel, with some of the test images: see package cnn/page. The
// page is shown below the cell and becomes a page of the book. A network of more than about two million parameters is too
// large for that; go run . runs page writes one to a file. It releases the backend.
func InPage(run *cnn.Run, test *cifar.Dataset) *kernelext.Page {
	defer run.Close()
	return interruptible(func(ctx context.Context) (*kernelext.Page, error) { return inPage(ctx, run, test) })
}

func inPage(ctx context.Context, run *cnn.Run, test *cifar.Dataset) (*kernelext.Page, error) {
	p, err := page.Make(ctx, run, test, page.Options{About: Caption(run)})
	if err != nil {
		return nil, err
	}
	classes, err := run.Classes()
	if err != nil {
		return nil, err
	}
	probabilities := make([]float64, len(classes))
	for i, v := range p.First.Probabilities {
		probabilities[i] = float64(v)
	}
	in := run.Network.Input
	answer := viz.Prediction{Image: p.First.Picture(in[0], in[1], in[2]), Labels: classes, Probabilities: probabilities, Actual: p.First.Class}
	lit := kernelext.Picture{
		Image: p.First.LitPicture(in[0], in[1]),
		Alt:   "The same image, bright where the answer hangs on it and dark elsewhere.",
		Caption: fmt.Sprintf("What the answer hangs on, bright. Hiding the part that counts most lowers the answer's probability by %.1f percentage points.",
			100*p.First.Drop),
	}
	agrees := fmt.Sprintf("Test image %d, asked in the page, whose weights have %d bits: on %d test images its probabilities are within %s of the network's", p.First.Image, p.Bits, p.Images, p.Within())
	return &kernelext.Page{
		Name: "network", Title: "Ask the network about a picture of yours", HTML: p.HTML,
		Stills: []any{Figure(answer, agrees, run), lit},
	}, nil
}
