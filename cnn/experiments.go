package cnn

import "github.com/cnnbook/cnnbook/cifar"

// What notebooks need that train many stages one after another, and the
// experiment on a split with replacement.

// ForStages is the budget of a notebook that trains one stage after another. Of
// the budget "cpu" it takes 10,000 images in batches of 100: a fifth of both, hence
// as many steps in an epoch as the write-up has, in minutes. Of "smoke" it takes 1,500
// images. The full budget stays as it is.
func (b Budget) ForStages() Budget {
	switch b.Name {
	case "smoke":
		b.Train, b.Drawn = min(b.Train, 1500), min(b.Drawn, 1500)
	case "cpu":
		b.Train, b.Batch = min(b.Train, 10_000), min(b.Batch, 100)
	}
	return b
}

// LeakImages are the images for the experiment on leaks: a quarter in the budgets
// of seconds and minutes, few enough to be learnt by heart in that time, else all.
func (b Budget) LeakImages(images *cifar.Dataset) *cifar.Dataset {
	if b.minutes() {
		return images.Head(images.Len() / 4)
	}
	return images
}

// minutes says whether a notebook is to be done in minutes at most.
func (b Budget) minutes() bool { return b.Name == "smoke" || b.Name == "cpu" }

// LeakTraining trains long enough to learn by heart what [Budget.LeakImages]
// gives: Adam at its default rate, in the small budgets with half batches.
func (b Budget) LeakTraining(seed uint64) Config {
	c := b.stage(Adam{}, nil, b.Quick, seed)
	if b.minutes() {
		c.Batch, c.Epochs = max(1, c.Batch/2), 20
	}
	if b.Name == "cpu" {
		c.Epochs = 6 // of many more images
	}
	return c
}
