"""Times cells in the kernel, from their request to what a reader sees, for `go run . bench --cells`.

    python cells.py KERNEL ROUNDS

Run with CNNBOOK_RUNS an empty folder. Every figure is taken as the kernel's first cells and again after a hundred cells.
Prints a JSON object: for each figure a list of seconds early and late, and of cells that are measured once.
"""

import json
import queue
import re
import sys
import time

from jupyter_client.manager import start_new_kernel

PREPARE = """
import (
	"github.com/cnnbook/cnnbook/cifar"
	"github.com/cnnbook/cnnbook/cnn"
	"github.com/cnnbook/cnnbook/kernelext"
	"github.com/cnnbook/cnnbook/viz"
)
params, err := kernelext.ParamsFromEnv()
train, test := cifar.Drawn(1, 10000, 10000)
valid := test.Head(500)
spec := func(seed uint64) cnn.Spec {
	return cnn.Spec{Name: "cells", Network: cnn.WriteUp(), Train: train, Valid: valid, Config: cnn.Config{Batch: 100, Seed: seed}}
}
firstStep := func(seed uint64) error {
	run, err := cnn.OpenRun(params.Runs, spec(seed))
	if err != nil {
		return err
	}
	defer run.Close()
	one, stop := context.WithCancel(ctx)
	defer stop()
	err = run.Train(one, func(p cnn.Progress) { fmt.Println("the first step took", p.StepTime.Seconds(), "s"); stop() })
	if one.Err() != nil && ctx.Err() == nil {
		return nil
	}
	return err
}
func() error {
	small := cnn.Spec{Name: "saved", Network: cnn.WriteUp(), Train: train.Head(200), Valid: train.Head(100), Config: cnn.Config{Batch: 100, Epochs: 2}}
	run, err := cnn.OpenRun(params.Runs, small)
	if err != nil {
		return err
	}
	defer run.Close()
	return run.Train(ctx, nil)
}()
"""

NOTHING = "n%d := %d"
PRINT = "fmt.Println(%d)"
FIGURE = """saved, err := cnn.FindRun(params.Runs, "saved")
if err != nil { // %d
	log.Fatal(err)
}
viz.History{Loss: saved.History.Loss(), Accuracy: saved.History.Accuracy()}.Figure()"""
TRAIN = "firstStep(%d)"
EVALUATE = """result, err := saved.Evaluate(ctx, test, nil)
if err != nil {
	log.Fatal(err)
}
fmt.Println(result.Accuracy)"""
ADD = """sum := 0
for i := 0; i < 10_000_000; i++ {
	sum += i
}
fmt.Println(sum)"""
PIXELS = """total := 0
for i := range train.Len() {
	for _, v := range train.Pixels(i) {
		total += int(v)
	}
}
fmt.Println(float64(total) / float64(train.Len()*cifar.PixelBytes))"""
HELPER = "fmt.Println(train.Stats().Mean)"
COMPILE = """//cnnbook:compile
func brightness(d *cifar.Dataset) (total int) {
	for i := range d.Len() {
		for _, v := range d.Pixels(i) {
			total += int(v) * %d / %d
		}
	}
	return total
}"""
COMPILED = "fmt.Println(float64(brightness(train)) / float64(train.Len()*cifar.PixelBytes))"

STEP = re.compile(r"the first step took ([0-9.e+-]+) s")


class Kernel:
    def __init__(self, name):
        self.manager, self.client = start_new_kernel(kernel_name=name, startup_timeout=120)

    def run(self, code, mark=None):
        """Runs a cell and gives the seconds until the mark was seen in its output, or its end, and the output's text."""
        began = time.perf_counter()
        request = self.client.execute(code)
        said, seen, failed = "", None, False
        while True:
            try:
                message = self.client.get_iopub_msg(timeout=600)
            except queue.Empty:
                sys.exit("no message of the kernel in ten minutes")
            if message["parent_header"].get("msg_id") != request:
                continue
            kind, content = message["msg_type"], message["content"]
            said += content.get("text", "") if kind == "stream" else "<figure>" if kind == "display_data" else ""
            if mark and mark in said and seen is None:
                seen = time.perf_counter() - began
            failed = failed or kind == "error"
            if kind == "status" and content["execution_state"] == "idle":
                break
        if failed or mark and seen is None:
            sys.exit(f"this cell {'failed' if failed else 'ended'}, without {mark!r} in its output:\n{code}\nits output:\n{said}")
        return (seen if mark else time.perf_counter() - began), said


def first_step(kernel, seed):
    """The seconds from the request to the begin and to the end of a training's first step."""
    seconds, said = kernel.run(TRAIN % seed, "the first step took")
    return seconds - float(STEP.search(said).group(1)), seconds


def main():
    kernel, rounds = Kernel(sys.argv[1]), int(sys.argv[2])
    pairs = {"nothing": [[], []], "print": [[], []], "figure": [[], []], "train": [[], []], "step": [[], []]}
    once = {}
    try:
        once["first cell"] = kernel.run("n := 1")[0]
        kernel.run(PREPARE)
        once["first training"] = first_step(kernel, 1)[1]
        for late in (0, 1):
            for k in range(rounds):
                n = 100 * late + k
                pairs["nothing"][late].append(kernel.run(NOTHING % (n, n))[0])
                pairs["print"][late].append(kernel.run(PRINT % n, str(n))[0])
                pairs["figure"][late].append(kernel.run(FIGURE % n, "<figure>")[0])
                begin, end = first_step(kernel, n + 2)
                pairs["train"][late].append(begin)
                pairs["step"][late].append(end)
            if not late:
                once["first evaluation"] = kernel.run(EVALUATE)[0]
                once["second evaluation"] = kernel.run(EVALUATE)[0]
                for k in range(100):
                    kernel.run("func f%d(x int) int { return x + %d }\nc%d := f%d(1)" % (k, k, k, k))
        once["additions"] = kernel.run(ADD)[0]
        once["pixels"] = kernel.run(PIXELS)[0]
        once["helper"] = kernel.run(HELPER)[0]
        once["compile first"] = kernel.run(COMPILE % (2, 2))[0]
        once["compile"] = kernel.run(COMPILE % (3, 3))[0]
        once["compiled"] = kernel.run(COMPILED)[0]
        print(json.dumps({"pairs": pairs, "once": once}))
    finally:
        kernel.client.stop_channels()
        kernel.manager.shutdown_kernel()


if __name__ == "__main__":
    main()
