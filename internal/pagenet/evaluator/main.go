//go:build js && wasm

// Command evaluator is package pagenet in a browser. It gives the page one object, cnnbook, whose functions take and return
// arrays of bytes and numbers; page.html in package cnn/page uses them.
package main

import (
	"encoding/binary"
	"math"
	"syscall/js"

	"github.com/cnnbook/cnnbook/internal/pagenet"
)

var (
	network   *pagenet.Network
	occlusion *pagenet.Occlusion
	image     []byte // the one that is asked about
	answer    []float32
	drops     []float32
)

func main() {
	cnnbook := js.Global().Get("Object").New()
	for name, f := range map[string]func(args []js.Value) any{"open": open, "fit": fit, "ask": ask, "parts": parts, "drop": drop, "lit": lit} {
		cnnbook.Set(name, js.FuncOf(func(_ js.Value, args []js.Value) any { return f(args) }))
	}
	js.Global().Set("cnnbook", cnnbook)
	select {} // the functions live on
}

// bytesOf copies a Uint8Array.
func bytesOf(v js.Value) []byte {
	b := make([]byte, v.Length())
	js.CopyBytesToGo(b, v)
	return b
}

// toJS makes a Uint8Array.
func toJS(b []byte) js.Value {
	v := js.Global().Get("Uint8Array").New(len(b))
	js.CopyBytesToJS(v, b)
	return v
}

// floatsToJS makes a Float32Array.
func floatsToJS(values []float32) js.Value {
	var b []byte
	for _, v := range values {
		b = binary.LittleEndian.AppendUint32(b, math.Float32bits(v))
	}
	return js.Global().Get("Float32Array").New(toJS(b).Get("buffer"))
}

// open(file) opens a network, and returns why it cannot be opened, or an empty string.
func open(args []js.Value) any {
	n, err := pagenet.Parse(bytesOf(args[0]))
	if err != nil {
		return err.Error()
	}
	network, occlusion = n, n.Occlude()
	return ""
}

// fit(rgba, width, height) returns a picture at the network's size.
func fit(args []js.Value) any {
	return toJS(network.Fit(bytesOf(args[0]), args[1].Int(), args[2].Int()))
}

// ask(pixels) returns the probabilities, and keeps the image for drop.
func ask(args []js.Value) any {
	image = bytesOf(args[0])
	answer = append(answer[:0], network.Ask(image)...)
	drops = drops[:0]
	return floatsToJS(answer)
}

// parts() returns rows and columns of the parts that drop hides.
func parts([]js.Value) any { return js.ValueOf([]any{occlusion.Rows, occlusion.Columns}) }

// drop() hides the next part, and returns how much the answer's probability falls.
func drop([]js.Value) any {
	class := pagenet.Best(answer)
	v := occlusion.Drop(image, class, answer[class], len(drops))
	drops = append(drops, v)
	return float64(v)
}

// lit() returns the image, as bright as the answer hangs on its parts.
func lit([]js.Value) any { return toJS(network.Lit(image, occlusion.Map(drops))) }
