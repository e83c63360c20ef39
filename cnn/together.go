package cnn

import (
	"context"
	"math"

	"github.com/cnnbook/cnnbook/cifar"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/gomlx/core/graph"
)

// EvaluateTogether is [Run.Evaluate] with one mean and one standard deviation
// for the whole dataset in place of each image's own. It is what the write-up's
// prediction grid did: Keras's ImageDataGenerator.standardize takes one image,
// and treats whatever array it is given as one. The network then sees inputs
// other than those that it was trained on. It is here to show that.
func (r *Run) EvaluateTogether(ctx context.Context, d *cifar.Dataset, observe func(done, total int)) (*Result, error) {
	return r.evaluate(d, func(e *engine, data *deviceData) (*scores, error) {
		mean, std := PixelMoments(d.Images)
		together := *e // the same weights behind another preprocessing
		err := guard("preparing the network", func() error {
			exec, err := graph.NewExec(e.backend, func(inputs []*graph.Node) []*graph.Node {
				return evalTogether(r.Network, e.config.Precision, mean, std+epsilonStandardize, inputs)
			})
			together.eval = map[bool]*graph.Exec{false: exec}
			return err
		})
		if err != nil {
			return nil, err
		}
		return score(ctx, &together, data, nil, observe)
	})
}

// PixelMoments are the mean and the population standard deviation of all
// values, 0 to 255: of one image's Pixels, or of a whole dataset's Images. No
// values give zeros.
func PixelMoments(pixels []uint8) (mean, std float64) {
	if len(pixels) == 0 {
		return 0, 0
	}
	var sum, squares uint64 // exact: 255²·2^40 values fit
	for _, p := range pixels {
		sum += uint64(p)
		squares += uint64(p) * uint64(p)
	}
	n := float64(len(pixels))
	mean = float64(sum) / n
	return mean, math.Sqrt(max(0, float64(squares)/n-mean*mean))
}

// evalTogether is evalStep with a given mean and scale.
func evalTogether(a Architecture, p Precision, mean, scale float64, inputs []*graph.Node) []*graph.Node {
	count := len(inputs) - 4
	weights, images, labels, indices := inputs[:count], inputs[count], inputs[count+1], inputs[count+2]
	rows := graph.InsertAxes(indices, -1)
	x := graph.ConvertDType(graph.Gather(images, rows), dtypes.Float32)
	x = graph.DivScalar(graph.AddScalar(x, -mean), scale)
	outputs := forward(a, rounded(weights, p), x, nil)
	return []*graph.Node{outputs[len(outputs)-1], crossEntropy(logits(outputs), graph.Gather(labels, rows))}
}
