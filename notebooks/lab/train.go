package lab

import (
	"context"
	"fmt"

	"github.com/cnnbook/cnnbook/cnn"
	"github.com/cnnbook/cnnbook/kernelext"
)

// Train trains the rest of a run, with a live display under that title, and releases
// the backend; a later evaluation opens it again. If the run is not finished, it first
// prints the differences from the last run of the same name.
func Train(ctx context.Context, run *cnn.Run, title string) error {
	defer run.Close()
	if !run.Finished() {
		for _, change := range run.Changed {
			fmt.Println("differs from the last run of this name:", change)
		}
	}
	live := kernelext.Live{Title: title}
	return live.Finish(run.Train(ctx, func(p cnn.Progress) { live.Update(Progress(p)) }))
}

// watch is [Train] under the run's name, as a [Chain]'s Trainer.
func watch(ctx context.Context, run *cnn.Run) error { return Train(ctx, run, "Run "+run.Name) }

// Progress converts the progress that a training reports to that of a live display.
func Progress(p cnn.Progress) kernelext.Progress {
	return kernelext.Progress{
		Epoch: p.Epoch, Epochs: p.Epochs,
		Step: p.Step, Steps: p.Steps,
		Loss: p.Loss, Accuracy: p.Accuracy,
		Rate:      p.Rate,
		ValidLoss: p.ValidLoss, ValidAccuracy: p.ValidAccuracy, Validated: p.Validated,
		EpochEnd: p.EpochEnd,
		StepTime: p.StepTime, Elapsed: p.Elapsed, ETA: p.ETA,
	}
}
