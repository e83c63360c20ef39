// Package sweep names many trainings at once: every combination of some settings (a grid), or a number of random ones, each
// with the same seeds. A [Sweep] is a value, or a small JSON file:
//
//	{
//	  "name": "optimizers",
//	  "budget": "smoke",
//	  "base": {"epochs": 1, "batch": 50, "preprocess": {"flip": true}},
//	  "vary": [{"field": "optimizer", "values": ["RMSprop", "Adagrad", "Adadelta", "Adam"]}],
//	  "seeds": [1, 2, 3]
//	}
//
// [Sweep.Plan] lists its trainings. Each is an ordinary run of package cnn in the folder of all runs: its identity is that of
// its network, configuration and images, whoever trains it and wherever. So a sweep needs no state of its own and no queue.
// What is finished is found again, what was interrupted goes on, a value added to the file adds trainings and keeps the others,
// and more epochs go on from fewer. [Sweep.Read] reads what all of them have recorded, and [Groups] puts together what differs only by
// its seed.
//
// # Fields
//
// "base" sets fields for all trainings and "vary" changes them:
//
//	optimizer         "Adam", or {"class_name": "Adam", "config": {"beta_1": 0.8}}
//	rate              a constant learning rate
//	schedule          {"class_name": "OneCycle", "config": {"max": 0.01}}, instead of rate
//	batch, drop_last, shards, epochs, patience, keep_best, monitor, min_delta, precision, flip_evaluation, telemetry
//	preprocess        {"flip": true, "crop": 4}; preprocess.flip, preprocess.crop and so on set one and keep the others
//	loss, lookahead   {"label_smoothing": 0.2}, {"every": 5}
//	ema, clip, plateau  {"decay": 0.99}, {"global_norm": 1}, {"patience": 5}
//	LAYER.FIELD       of the network's JSON: "conv1.filters", "Dropout.rate" for all layers of a class, or "relu.activation" for
//	                  all activations with that function
//	before LAYER, after LAYER, replace LAYER
//	                  "BatchNormalization", or {"class_name": "LeakyReLU", "alpha": 0.1}: a layer in that place, or in each of them
//	remove LAYER      true
//	frozen            names of layers that are not trained
//
// Fields of layers are set before layers come and go; otherwise fields are set in the order of their names. In a value of Go a layer,
// an optimizer or a schedule of package cnn may stand for its JSON.
//
// # Variants
//
// "variants" are changes with names, such as the ideas of an ablation. The first one is what the others are compared with, seed
// by seed: see [Differences].
//
//	"variants": [
//	  {"name": "base"},
//	  {"name": "batch normalisation", "set": {"after Conv2D": "BatchNormalization"}},
//	  {"name": "Adam", "set": {"optimizer": "Adam", "rate": 0.001}},
//	  {"name": "without Lookahead", "set": {"lookahead": null}}
//	]
//
// null takes a field of "base" away.
//
// # Successive halving
//
// With "halving" not all combinations are trained to the end. All have the epochs of the first rung; one in "factor" of them, the best
// by validation accuracy, go on to those of the second, and so on: see [Halving]. Which trainings a later rung has is known when the
// one before has ended: [Sweep.Next].
//
//	"halving": {"epochs": [1, 3, 9], "factor": 3}
package sweep
