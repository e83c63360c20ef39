// Package cnn describes, trains, evaluates and saves convolutional networks for
// image classification, in the way of Keras 2.1 and with the same results, on
// GoMLX: through XLA on a CPU or GPU, or in pure Go.
//
// # A training in short
//
//	run, err := cnn.OpenRun(folder, cnn.Spec{
//		Name:    "base",
//		Network: cnn.WriteUp(),
//		Config:  cnn.Config{Schedule: cnn.Constant(0.001), Epochs: 5, Preprocess: cnn.Preprocess{Flip: true}},
//		Train:   train,
//		Valid:   valid,
//	})
//	if err != nil { … }
//	defer run.Close()
//	err = run.Train(ctx, nil)
//	result, err := run.Evaluate(ctx, test, nil)
//
// An [Architecture] is a list of layers as data; its graph, its [Architecture.Summary],
// its diagram (package diagram) and its JSON all come from that list. A [Config]
// describes its training: an [Optimizer] and a [Schedule], both values, batch,
// epochs, seed and preprocessing. A [Run] is one training, kept in a folder.
//
// # Learning rates
//
// A schedule spans the whole training unless it has a number of steps: OneCycle{Max: 0.002}, CosineWarmup{Max: 0.1}.
// [Run.SearchRate] tries rates on a copy of the weights and suggests one, if its steps suffice to tell a fall of the loss
// from noise: otherwise [RateCurve] says why it suggests none.
//
// # Images and shapes
//
// Images are sent to the device once, as uint8 [n, height, width, channels]. Batches
// are chosen by index, flipped and standardised inside the graph, as float32
// [batch, height, width, channels]. Kernels are [height, width, in, out] for a
// convolution and [in, out] for a dense layer, as in Keras. Losses are mean
// categorical cross-entropies in nats; accuracies run from 0 to 1.
//
// # Guarantees of a run
//
// A run's folder is named after its name and its identity: a hash of network,
// configuration, images and, if it continues another run, that run's weights.
// Opening the same run again finds the saved state; anything else gets its own
// folder. The folder holds
//
//	manifest.json            what the run is, how far it is, and each file's size and sha256
//	weights-N.safetensors    the weights after step N
//	optimizer-N.safetensors  the optimizer's arrays after step N
//	history.jsonl            a line for every step and every epoch
//	telemetry.jsonl          a line for every watched step, if [Config.Telemetry] was set
//	lock                     held by the process that is training
//
// Weights and optimizer are saved during training. Each file is written under a
// temporary name and synced before it is renamed, the manifest last; the previous
// state is kept. A process that is killed loses the work since the last save, at most
// some 15 seconds; one that is interrupted finishes its step and loses nothing.
// Steps that take seconds are saved one by one, since an interrupted notebook does
// not wait longer than that. Values that are not finite are never saved. The order of images, the flips
// and the dropout are determined by the seed, the step and the steps that the weights had
// before this run, so a resumed run computes, on
// the same CPU and plugin, bit for bit what an uninterrupted one does.
//
// # Backends
//
// GOMLX_BACKEND chooses: "xla:cpu" (the default), "xla:cuda", or "go" for the
// pure-Go backend. XLA needs a PJRT plugin in PJRT_PLUGIN_LIBRARY_PATH; this
// package never downloads one. A process in a cnnbook kernel has both
// set; others can call package kernelext/setup.
//
// CNNBOOK_ONEDNN names oneDNN's library, which then computes convolutions and
// matrix multiplications on a CPU, and GOMLX_BACKEND must name the plugin by
// its path. Set-up sets both. With 0, XLA computes everything, and results differ in the
// last digits; so do oneDNN's results with other processors or another number of them,
// which change the order of sums.
package cnn
