package cnn

import (
	"fmt"
	"os"

	"github.com/gomlx/compute/distributed"
	"github.com/gomlx/gomlx/core/graph"
)

// Several devices can share each batch (data parallelism). Every device holds
// the network and all images, and works on its own part of a batch's indices;
// GoMLX hands the one graph to XLA's partitioner (Shardy), which adds the
// communication between devices: the sums of gradients, losses and counts.

// devices returns the number of devices that share a batch.
func (c Config) devices() int { return max(c.Devices, 1) }

// divideEnv is an environment variable: with the value 1, the devices of one CPU divide each batch as several GPUs do.
const divideEnv = "CNNBOOK_DIVIDE"

// undivided returns the configuration by which a backend computes. The devices of one CPU are the same processors, which one device
// uses all: divided, a batch takes more than twice as long, because XLA's partitioner cannot divide oneDNN's calls. So there one
// device computes whole batches.
func (c Config) undivided() Config {
	if onCPU() && os.Getenv(divideEnv) != "1" {
		c.Devices = 0
	}
	return c
}

// checkDevices refuses batches that cannot be divided evenly among the devices,
// including the last one of an epoch of n images.
func (c Config) checkDevices(n int) error {
	last := n % c.Batch
	if c.DropLast {
		last = 0
	}
	for _, batch := range []int{min(c.Batch, n), last} {
		if batch%c.devices() != 0 {
			return fmt.Errorf("%w: %d devices cannot share a batch of %d images evenly (%d training images, batches of %d): choose a number that divides both",
				ErrConfig, c.devices(), batch, n, c.Batch)
		}
	}
	return nil
}

// share turns exec into one program for all devices. Its inputs are those of
// [trainStep] with that many arrays of state and these options.
func share(exec *graph.Exec, devices, state int, has stepOptions) error {
	mesh, err := distributed.NewDeviceMesh([]int{devices}, []string{"data"})
	if err != nil {
		return err
	}
	part, err := distributed.BuildSpec(mesh).S("data").Done()
	if err != nil {
		return err
	}
	whole := distributed.NewReplicatedShardingSpec(mesh)
	specs := make([]*distributed.ShardingSpec, state+has.inputs())
	for i := range specs {
		specs[i] = whole
	}
	specs[state+2], specs[state+3] = part, part // indices and flips
	at := state + stepInputs
	for _, each := range []bool{has.crop, has.cutout} { // two numbers for each image
		if each {
			specs[at] = part
			at++
		}
	}
	exec.AutoSharding(mesh).WithInputShardingSpecs(specs...).WithOutputShardingSpecs(whole)
	return nil
}

// part returns device d's part of values, out of that many devices.
func part[T any](values []T, d, devices int) []T {
	n := len(values) / devices
	return values[d*n : (d+1)*n]
}
