package cnn

import (
	"fmt"

	"github.com/cnnbook/cnnbook/cifar"
	"github.com/gomlx/compute"
	"github.com/gomlx/gomlx/core/tensors"
)

// deviceData is a dataset where the backend computes: uint8 images
// [n, height, width, channels] and int32 labels [n]. It is sent once; batches
// are then chosen by index inside the graph.
type deviceData struct {
	n              int
	images, labels *tensors.Tensor
}

// upload sends a dataset to the backend's first device.
func upload(backend compute.Backend, d *cifar.Dataset) (*deviceData, error) {
	n := d.Len()
	labels := make([]int32, n)
	for i, l := range d.Labels {
		labels[i] = int32(l)
	}
	out := &deviceData{
		n:      n,
		images: tensors.FromFlatDataAndDimensions(channelsLast(d), n, cifar.Height, cifar.Width, cifar.Channels),
		labels: tensors.FromFlatDataAndDimensions(labels, n),
	}
	for _, t := range []*tensors.Tensor{out.images, out.labels} {
		if err := t.ToDevice(backend, 0); err != nil {
			return nil, fmt.Errorf("%w: sending %d images to the device: %s", ErrBackend, n, firstLine(err.Error()))
		}
	}
	return out, nil
}

// free releases the device's memory.
func (d *deviceData) free() {
	if d == nil {
		return
	}
	// The memory goes with the backend at the latest; an error changes nothing.
	_ = d.images.FinalizeAll()
	_ = d.labels.FinalizeAll()
}

// channelsLast reorders the official planes (red, green, blue) to pixels.
func channelsLast(d *cifar.Dataset) []uint8 {
	const plane = cifar.Width * cifar.Height
	out := make([]uint8, len(d.Images))
	for start := 0; start < len(out); start += cifar.PixelBytes {
		in, px := d.Images[start:start+cifar.PixelBytes], out[start:start+cifar.PixelBytes]
		for i := range plane {
			px[3*i], px[3*i+1], px[3*i+2] = in[i], in[plane+i], in[2*plane+i]
		}
	}
	return out
}
