package lab

import (
	"context"
	"fmt"
	"strings"

	"github.com/cnnbook/cnnbook/cnn"
	"github.com/cnnbook/cnnbook/cnn/diagram"
	"github.com/cnnbook/cnnbook/kernelext"
)

// Diagram draws the layers of a network from top to bottom, each with its shapes.
func Diagram(network cnn.Architecture) kernelext.SVG {
	source := interruptible(func(ctx context.Context) ([]byte, error) { return diagram.SVG(ctx, network) })
	var names []string
	for _, layer := range network.Layers {
		names = append(names, layer.LayerName())
	}
	return kernelext.SVG{
		Source:  source,
		Alt:     fmt.Sprintf("The %d layers of the network from top to bottom, each with its shapes: %s.", len(names), strings.Join(names, ", ")),
		Caption: fmt.Sprintf("The network %s, layer by layer", network.Name),
	}
}
