"""Times cells in the kernel, from their request to what a reader sees, for `go run . bench --cells`.

    python cells.py KERNEL ROUNDS

Run with CNNBOOK_RUNS an empty folder. The first two cells declare what the others use and
train a small run. Then, ROUNDS times each and every time changed, so that it is compiled anew: a cell that draws the
saved run, and one that trains. Prints a JSON object of lists of seconds.
"""

import json
import queue
import sys
import time

from jupyter_client.manager import start_new_kernel

DECLARE = """
import (
	"context"
	"fmt"

	"github.com/cnnbook/cnnbook/cifar"
	"github.com/cnnbook/cnnbook/cnn"
	"github.com/cnnbook/cnnbook/kernelext"
	"github.com/cnnbook/cnnbook/viz"
)

func openRun(epochs int) (*cnn.Run, error) {
	params, err := kernelext.ParamsFromEnv()
	if err != nil {
		return nil, err
	}
	train, valid := cifar.Drawn(1, 200, 100)
	return cnn.OpenRun(params.Runs, cnn.Spec{
		Name: "cells", Network: cnn.WriteUp(), Train: train, Valid: valid,
		Config: cnn.Config{Batch: 100, Epochs: epochs},
	})
}

func drawRun() error {
	params, err := kernelext.ParamsFromEnv()
	if err != nil {
		return err
	}
	run, err := cnn.FindRun(params.Runs, "cells")
	if err != nil {
		return err
	}
	defer run.Close()
	figure, err := viz.History{Loss: run.History.Loss(), Accuracy: run.History.Accuracy()}.Figure()
	if err != nil {
		return err
	}
	return kernelext.Display(figure)
}

%%
fmt.Println("declared")
"""

TRAIN = """%%
kernelext.Cell(func(ctx context.Context) error {
	run, err := openRun(ROUND)
	if err != nil {
		return err
	}
	defer run.Close()
	fmt.Println("the first step starts")
	return run.Train(ctx, func(p cnn.Progress) {
		if p.Step == 1 && p.Epoch == 1 {
			fmt.Println("the first step is finished")
		}
	})
})
"""

FIGURE = "<figure>"  # stands for one in the text of an output

DRAW = """%%
// ROUND
kernelext.Cell(func(ctx context.Context) error { return drawRun() })
"""


def run(client, code, *marks):
    """Runs a cell and gives the seconds until each mark was seen in its output."""
    began = time.perf_counter()
    request = client.execute(code)
    seen, said, failed = {}, "", False
    while True:
        try:
            message = client.get_iopub_msg(timeout=600)
        except queue.Empty:
            sys.exit("no message of the kernel in ten minutes")
        if message["parent_header"].get("msg_id") != request:
            continue
        kind, content = message["msg_type"], message["content"]
        text = content.get("text", "") if kind == "stream" else FIGURE if kind == "display_data" else ""
        said += text
        for mark in marks:
            if mark in said:
                seen.setdefault(mark, time.perf_counter() - began)
        failed = failed or kind == "error"
        if kind == "status" and content["execution_state"] == "idle":
            break
    missing = [mark for mark in marks if mark not in seen]
    if failed or missing:
        sys.exit(f"this cell {'failed' if failed else 'ended'}, without {missing} in its output:\n{code}\nits output:\n{said}")
    return [seen[mark] for mark in marks]


def main():
    kernel, rounds = sys.argv[1], int(sys.argv[2])
    manager, client = start_new_kernel(kernel_name=kernel, startup_timeout=120)
    try:
        run(client, DECLARE, "declared")
        run(client, TRAIN.replace("ROUND", "1"), "the first step is finished")
        times = {"draw": [], "train_starts": [], "train_step": []}
        for k in range(rounds):
            times["draw"].append(run(client, DRAW.replace("ROUND", str(k)), FIGURE)[0])
            starts, step = run(client, TRAIN.replace("ROUND", str(k + 2)), "the first step starts", "the first step is finished")
            times["train_starts"].append(starts)
            times["train_step"].append(step)
        print(json.dumps(times))
    finally:
        client.stop_channels()
        manager.shutdown_kernel()


if __name__ == "__main__":
    main()
