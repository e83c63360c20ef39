package cnn

import (
	"fmt"
	"runtime/debug"
	"slices"

	"github.com/cnnbook/cnnbook/cifar"
	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	"github.com/gomlx/gomlx/core/tensors"
)

// deviceData is a dataset in the memory of each of the backend's devices:
// uint8 images [n, height, width, channels] and int32 labels [n]. It is sent
// once; batches are then chosen by index inside the graph.
type deviceData struct {
	n              int
	images, labels []*tensors.Tensor // by device
	release        func()            // of data that a cache keeps; nil: the data is freed after use
	kept           bool              // the cache had it: nothing was sent
}

// send sends a dataset to the engine's first devices, unless its cache has it there.
func (e *engine) send(d *cifar.Dataset, devices int) (*deviceData, error) {
	if e.pool == nil {
		return upload(e.backend, d, devices)
	}
	key := fmt.Sprintf("images %d %s", devices, e.pool.cache.images(d))
	sent := false
	kept, err := e.pool.get(key, int64(devices)*int64(len(d.Images)+4*d.Len()), func() (any, func(), error) {
		sent = true
		data, err := upload(e.backend, d, devices)
		return data, data.free, err
	})
	if err != nil {
		return nil, err
	}
	data := *kept.value.(*deviceData)
	data.release, data.kept = func() { e.pool.release(kept) }, !sent
	return &data, nil
}

// uploadedLarge is the size of a dataset, in bytes, whose files leave garbage worth returning.
const uploadedLarge = 64 << 20

// upload sends a dataset to the backend's first devices. Reading a large one may have left garbage of the same size, which goes back to
// the system first, since the backend needs that much now.
func upload(backend compute.Backend, d *cifar.Dataset, devices int) (*deviceData, error) {
	if len(d.Images) >= uploadedLarge {
		debug.FreeOSMemory()
	}
	n := d.Len()
	labels := make([]int32, n)
	for i, l := range d.Labels {
		labels[i] = int32(l)
	}
	out := &deviceData{n: n}
	for device := range devices {
		images, err := sendImages(backend, d, compute.DeviceNum(device))
		if err != nil {
			return nil, fmt.Errorf("%w: sending %d images to device %d: %s", ErrBackend, n, device, firstLine(err.Error()))
		}
		out.images = append(out.images, images)
		out.labels = append(out.labels, tensors.FromFlatDataAndDimensions(labels, n))
		if err := out.labels[device].ToDevice(backend, compute.DeviceNum(device)); err != nil {
			return nil, fmt.Errorf("%w: sending %d labels to device %d: %s", ErrBackend, n, device, firstLine(err.Error()))
		}
	}
	return out, nil
}

// sendImages writes the images [n, height, width, channels] where the device reads them. On a CPU that is memory which both share, so that
// no copy of them is made on the way.
func sendImages(backend compute.Backend, d *cifar.Dataset, device compute.DeviceNum) (*tensors.Tensor, error) {
	s := d.Shape()
	t, err := tensors.FromShapeForBackend(backend, device, shapes.Make(dtypes.Uint8, d.Len(), s.Height, s.Width, s.Channels))
	if err != nil {
		return nil, err
	}
	if err := t.MutableBytes(func(pixels []byte) { channelsLast(pixels, d) }); err != nil {
		return nil, err
	}
	return t, t.ToDevice(backend, device)
}

// free releases the device's memory, or leaves it to the cache.
func (d *deviceData) free() {
	switch {
	case d == nil:
		return
	case d.release != nil:
		d.release()
		return
	}
	// The memory is released with the backend at the latest, so errors are ignored.
	for _, t := range slices.Concat(d.images, d.labels) {
		_ = t.FinalizeAll()
	}
}

// channelsLast writes the images to out, with planes such as red, green and blue reordered to pixels.
func channelsLast(out []uint8, d *cifar.Dataset) {
	shape := d.Shape()
	plane, size := shape.Plane(), shape.Bytes()
	for start := 0; start < len(out); start += size {
		in, px := d.Images[start:start+size], out[start:start+size]
		if shape.Channels != 3 {
			for i := range px {
				px[i] = in[i%shape.Channels*plane+i/shape.Channels]
			}
			continue
		}
		for i := range plane { // the same, faster
			px[3*i], px[3*i+1], px[3*i+2] = in[i], in[plane+i], in[2*plane+i]
		}
	}
}
