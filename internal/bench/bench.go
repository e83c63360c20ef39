// Package bench measures how fast the write-up's network trains and evaluates: steps, the time from a process's start to
// its first finished step, evaluation and peak memory, compared with other frameworks that do the same work.
//
// Each measurement runs in a separate process. Ours calls [Measure]; the others are peers.py. They report on their standard
// output, a line of JSON at a time, and are paused every few steps, so that variations in the machine's speed affect all of them
// equally. [Cells] measures how long a user waits for a cell in the kernel.
package bench

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/cnnbook/cnnbook/cifar"
	"github.com/cnnbook/cnnbook/cnn"
	"github.com/cnnbook/cnnbook/internal/stats"
	"github.com/cnnbook/cnnbook/kernelext/setup"
)

//go:embed peers.py
var peersScript []byte

// Benchmark is a workload, the number of rounds, and the contenders.
type Benchmark struct {
	Workload
	Rounds  int       // each round starts every contender once
	Minutes float64   // no round of a race begins that would end later, going by the last one; 0: no limit
	Worker  []string  // the command line of a process that calls Measure; the flags of the workload are added to it
	Python  string    // interpreter with the packages of requirements.txt, to measure other frameworks with; empty: ours alone
	PureGo  bool      // also measure GoMLX's pure-Go backend
	Save    string    // file to save the race in; empty: none
	Against string    // file of an earlier race to compare with; empty: none
	Growth  bool      // instead, measure ours over several image counts, batch sizes and device counts
	Log     io.Writer // progress
}

// Run measures, and writes a table in Markdown to stdout.
func (b Benchmark) Run(ctx context.Context, stdout io.Writer) error {
	before, err := b.files()
	if err != nil {
		return err
	}
	plugin, err := setup.Installer{Log: b.Log}.Plugin(ctx)
	if err != nil {
		return err
	}
	scratch, err := os.MkdirTemp("", "cnnbook-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(scratch)
	if b.Data, err = batches(b.Data, scratch, b.Log); err != nil {
		return err
	}
	if b.Growth {
		return b.growth(ctx, plugin, stdout)
	}
	contenders, err := b.contenders(plugin, scratch)
	if err != nil {
		return err
	}
	return b.race(ctx, contenders, plugin, before, stdout)
}

// files checks, before anything is measured, the folder of the file to save, and reads the race to compare with.
func (b Benchmark) files() (before record, err error) {
	if b.Growth && (b.Save != "" || b.Against != "") {
		return before, errors.New("bench: --save and --against need a race, without --growth")
	}
	if !(b.Minutes >= 0) {
		return before, fmt.Errorf("bench: --minutes must be 0 or more, got %g", b.Minutes)
	}
	if err := checkSave(b.Save); err != nil {
		return before, err
	}
	if b.Against != "" {
		return readRecord(b.Against)
	}
	return before, nil
}

// contenders returns the contenders. The script of the other frameworks is written into scratch.
func (b Benchmark) contenders(plugin setup.Plugin, scratch string) ([]contender, error) {
	all := []contender{b.ours(plugin, 0)}
	if b.Shards > 0 {
		all = append(all, b.ours(plugin, 1))
	}
	if b.Shards > 1 {
		all = append(all, b.ours(plugin, b.Shards))
	}
	if b.PureGo {
		all = append(all, contender{name: "cnnbook, pure Go", command: worker(b.Worker, 0), env: []string{"GOMLX_BACKEND=go"}})
	}
	if b.Python == "" {
		return all, nil
	}
	script := filepath.Join(scratch, "peers.py")
	if err := os.WriteFile(script, peersScript, 0o644); err != nil {
		return nil, err
	}
	for _, name := range []string{"keras-tf", "pytorch", "keras-jax"} {
		all = append(all, contender{name: name + b.means(name), command: peer(b.Python, script, name), env: plugin.Preload()})
	}
	return all, nil
}

// means says by which means a framework computes in the precision, where that is not float32.
func (b Benchmark) means(framework string) string {
	switch {
	case b.Precision == "":
		return ""
	case framework == "pytorch":
		return ", autocast to " + b.Precision
	}
	return ", mixed_" + b.Precision
}

func (b Benchmark) ours(plugin setup.Plugin, shards int) contender {
	name := "cnnbook"
	if b.Precision != "" {
		name += ", " + b.Precision
	}
	switch shards {
	case 0:
	case 1:
		name += ", 1 shard"
	default:
		name += fmt.Sprintf(", %d shards", shards)
	}
	// Each process compiles its step, as the other frameworks' do.
	return contender{name: name, command: worker(b.Worker, shards), env: append(plugin.Environ(), setup.EnvGraphs+"=0")}
}

// keptStart is the seconds from the start of ours to the end of its first step, where a process before it has kept the compiled step.
func (b Benchmark) keptStart(ctx context.Context, plugin setup.Plugin) (float64, error) {
	graphs, err := os.MkdirTemp("", "cnnbook-graphs-")
	if err != nil {
		return 0, err
	}
	defer os.RemoveAll(graphs)
	w := b.Workload
	w.Warm, w.Steps, w.Turn, w.Evaluate = 1, 1, 0, 1
	c := b.ours(plugin, 0)
	c.env = append(c.env, setup.EnvGraphs+"="+graphs)
	if _, err := c.once(ctx, w); err != nil {
		return 0, err
	}
	s, err := c.once(ctx, w)
	return s.FirstStep, err
}

// race runs the contenders, and writes the table, and one beside the race before if there is one. When stopped, it
// writes the tables of the complete rounds.
func (b Benchmark) race(ctx context.Context, contenders []contender, plugin setup.Plugin, before record, stdout io.Writer) error {
	_, operations, err := cnn.WriteUp().Operations()
	if err != nil {
		return err
	}
	samples := make([][]sample, len(contenders))
	var stopped error
	began := time.Now()
	for round := range b.Rounds {
		if b.Minutes > 0 && round > 0 && time.Since(began).Minutes()*float64(round+1)/float64(round) > b.Minutes {
			fmt.Fprintf(b.Log, "%d rounds took %.1f minutes: another would not end within %g\n", round, time.Since(began).Minutes(), b.Minutes)
			break
		}
		row, err := b.round(ctx, round, contenders)
		if err != nil {
			stopped = err
			if ctx.Err() != nil {
				stopped = fmt.Errorf("bench: stopped; %d of %d rounds are complete", round, b.Rounds)
			}
			break
		}
		for i, s := range row {
			samples[i] = append(samples[i], s)
		}
	}
	if done := len(samples[0]); done > 0 {
		b.writeHeading(stdout, plugin, fmt.Sprintf("%d of %d rounds", done, b.Rounds))
		writeRace(stdout, contenders, samples, b.Workload, float64(operations)*float64(b.Batch))
		if plugin.Graphs != "" && stopped == nil {
			fmt.Fprintln(b.Log, "cnnbook starts twice more, to see a start with a compiled step that was kept")
			seconds, err := b.keptStart(ctx, plugin)
			if err != nil {
				return err
			}
			fmt.Fprintf(stdout, "\nWhere an earlier process has kept the compiled step, cnnbook's first step ends %.1f s after its start.\n", seconds)
		}
		now := b.record(contenders, samples)
		if b.Against != "" {
			now.writeAgainst(stdout, before, b.Against)
		}
		if b.Save != "" {
			stopped = errors.Join(stopped, now.save(b.Save))
		}
	}
	return stopped
}

// round is one measurement of each contender. They start one after the other, and then
// take turns of a few steps, so that variations in the machine's speed affect all equally.
func (b Benchmark) round(ctx context.Context, round int, contenders []contender) ([]sample, error) {
	ctx, cancel := context.WithCancel(ctx)
	var racers, left []*racer
	defer func() { // ends the processes that wait for a turn
		cancel()
		for _, r := range racers {
			r.stop()
		}
	}()
	for _, c := range contenders {
		fmt.Fprintf(b.Log, "round %d of %d: %s starts\n", round+1, b.Rounds, c.name)
		r, err := c.start(ctx, b.Workload, b.Log)
		if err != nil {
			return nil, err
		}
		racers = append(racers, r)
		finished, err := r.next(ctx)
		if err != nil {
			return nil, err
		}
		if !finished {
			left = append(left, r)
		}
	}
	for len(left) > 0 {
		for i, r := range slices.Backward(left) {
			finished, err := r.turn(ctx)
			if err != nil {
				return nil, err
			}
			if finished {
				left = slices.Delete(left, i, i+1)
			}
		}
	}
	row := make([]sample, len(racers))
	for i, r := range racers {
		row[i] = r.sample
		fmt.Fprintf(b.Log, "round %d of %d: %s: %.3f s per step\n", round+1, b.Rounds, r.name, stats.Median(r.Steps))
	}
	return row, nil
}

// growth measures ours at one setting after another.
func (b Benchmark) growth(ctx context.Context, plugin setup.Plugin, stdout io.Writer) error {
	var settings []Workload
	for _, images := range []int{5_000, 10_000, 20_000, 40_000} {
		w := b.Workload
		w.Images = images
		settings = append(settings, w)
	}
	for _, batch := range []int{100, 200, 1000, 2000} {
		w := b.Workload
		w.Batch, w.Images = batch, 10_000
		settings = append(settings, w)
	}
	for _, devices := range []int{2, 4} {
		w := b.Workload
		w.Devices, w.Images = devices, 10_000
		settings = append(settings, w)
	}
	b.writeHeading(stdout, plugin, "growth, one round per line")
	fmt.Fprintln(stdout, "| training images | batch | devices | step | per image | start to first step | peak memory |")
	fmt.Fprintln(stdout, "|---|---|---|---|---|---|---|")
	for _, w := range settings {
		s, err := b.ours(plugin, 0).once(ctx, w)
		if err != nil {
			return err
		}
		fmt.Fprintf(stdout, "| %d | %d | %d | %.3f s | %.2f ms | %.1f s | %.2f GB |\n",
			w.Images, w.Batch, w.Devices, stats.Median(s.Steps), 1000*stats.Median(s.Steps)/float64(w.Batch), s.FirstStep, float64(s.Peak)/1e9)
	}
	return nil
}

// batches is the folder of the dataset's files, which are drawn where none are given.
// The other frameworks read files, and all should read the same ones.
func batches(given, scratch string, log io.Writer) (string, error) {
	if given == "" {
		fmt.Fprintln(log, "drawing 60,000 images")
		train, test := cifar.Drawn(1, cifar.TrainRecords, cifar.TestRecords)
		given = filepath.Join(scratch, "drawn")
		if err := cifar.Save(given, train, test); err != nil {
			return "", err
		}
	}
	if inner := filepath.Join(given, "cifar-10-batches-bin"); isFolder(inner) {
		given = inner
	}
	if !isFolder(given) {
		return "", fmt.Errorf("bench: --data %s: expected a folder with data_batch_1.bin to data_batch_5.bin and test_batch.bin", given)
	}
	return filepath.Abs(given)
}

// checkSave returns an error if a file of --save could not be written after all that is measured. Empty means none.
func checkSave(file string) error {
	if file != "" && !isFolder(filepath.Dir(file)) {
		return fmt.Errorf("bench: --save %s: there is no folder %s", file, filepath.Dir(file))
	}
	return nil
}

func isFolder(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}
