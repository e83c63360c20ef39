// Package diagram draws a network's layers as Keras's model_to_dot and Graphviz
// do: one box per layer, top to bottom, with its name, its class and its input
// and output shapes. Graphviz itself (as WebAssembly, github.com/goccy/go-graphviz)
// does the layout.
//
// It is a separate package because starting Graphviz takes almost a second,
// which a program that draws no network should not spend.
package diagram

import (
	"bytes"
	"context"
	"fmt"
	"html"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/cnnbook/cnnbook/cnn"
	"github.com/cnnbook/cnnbook/cnn/diagram/internal/owncache"
	"github.com/goccy/go-graphviz"
)

func init() { owncache.Restore() }

// SVG draws the network. A bad architecture is an error that wraps
// [cnn.ErrArchitecture].
func SVG(ctx context.Context, net cnn.Architecture) ([]byte, error) {
	dot, err := DOT(net)
	if err != nil {
		return nil, err
	}
	g, err := graphviz.New(ctx)
	if err != nil {
		return nil, fmt.Errorf("starting Graphviz: %w", err)
	}
	defer g.Close()
	graph, err := graphviz.ParseBytes([]byte(dot))
	if err != nil {
		return nil, fmt.Errorf("reading the diagram's DOT: %w", err)
	}
	defer graph.Close()
	var out bytes.Buffer
	if err := g.Render(ctx, graph, graphviz.SVG, &out); err != nil {
		return nil, fmt.Errorf("drawing the diagram: %w", err)
	}
	// Without the XML prologue, which is not allowed inside a page.
	svg := out.Bytes()
	return fitText(svg[max(0, bytes.Index(svg, []byte("<svg"))):])
}

// DOT writes the network in Graphviz's language.
func DOT(net cnn.Architecture) (string, error) {
	shapes, err := net.Shapes()
	if err != nil {
		return "", err
	}
	var b strings.Builder
	b.WriteString("digraph network {\n")
	b.WriteString("  graph [rankdir=TB, bgcolor=\"white\", nodesep=0.2, ranksep=0.25];\n")
	b.WriteString("  node [shape=plain, fontname=\"Helvetica\", fontsize=11];\n  edge [arrowsize=0.6, color=\"#555555\"];\n")
	in := net.Input
	for i, layer := range net.Layers {
		fmt.Fprintf(&b, "  n%d [label=<%s>];\n", i, node(layer, net.IsFrozen(layer.LayerName()), in, shapes[i]))
		if i > 0 {
			fmt.Fprintf(&b, "  n%d -> n%d;\n", i-1, i)
		}
		in = shapes[i]
	}
	b.WriteString("}\n")
	return b.String(), nil
}

// node is a layer's box as a Graphviz HTML table: name and class on the left,
// shapes on the right.
func node(layer cnn.Layer, frozen bool, in, out cnn.Shape) string {
	params := 0
	for _, w := range layer.Weights(in) {
		params += w.Size()
	}
	note := ""
	if params > 0 {
		note = fmt.Sprintf(", %d parameters", params)
		if frozen {
			note += ", frozen"
		}
	}
	return fmt.Sprintf(`<table border="0" cellborder="1" cellspacing="0" cellpadding="4" color="#555555">`+
		`<tr><td rowspan="2" bgcolor="%s" align="left">%s: <b>%s</b>%s</td><td>input</td><td>%s</td></tr>`+
		`<tr><td>output</td><td>%s</td></tr></table>`,
		color(layer), html.EscapeString(printable(layer.LayerName())), html.EscapeString(layer.Kind()), note,
		html.EscapeString(in.String()), html.EscapeString(out.String()))
}

// printable replaces characters that XML does not allow, and those that reorder the text after them.
func printable(name string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) || r == '\u2028' || r == '\u2029' || r >= 0xFFFE && r <= 0xFFFF {
			return utf8.RuneError
		}
		return r
	}, name)
}

// color distinguishes the kinds of layer; the class name is also shown as text.
func color(layer cnn.Layer) string {
	switch layer.(type) {
	case cnn.Conv2D, cnn.WhiteningConv2D, cnn.Residual:
		return "#cfe8f7"
	case cnn.Dense:
		return "#d8efdf"
	case cnn.MaxPooling2D:
		return "#fdebc8"
	}
	return "#f2f2f2"
}
