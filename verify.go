package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/cnnbook/cnnbook/cnn"
	"github.com/cnnbook/cnnbook/kernelext"
	"github.com/cnnbook/cnnbook/kernelext/book"
	"github.com/cnnbook/cnnbook/kernelext/setup"
	course "github.com/cnnbook/cnnbook/notebooks/lab"
	"github.com/spf13/cobra"
)

const (
	verifyStretches = 5               // that --verify trains again if it names no number
	verifyLimit     = 2 * time.Minute // for one stretch, at the speed at which the run was trained
	verifyReport    = 10 * time.Second
)

// verifier trains random stretches of runs again and compares the bits.
type verifier struct {
	params    kernelext.Params
	stretches int
	seed      uint64 // of the choice
	log       io.Writer

	known *course.Known
	runs  map[string]*cnn.Run // by identity, those that others start from
}

// candidate is a stretch that may be chosen.
type candidate struct {
	run     *cnn.Run
	weights string // sha256 of the weights of its figures
	stretch cnn.Stretch
}

// verify trains stretches of the runs with these receipts again, on the plugin that set-up has installed.
func (v *verifier) verify(ctx context.Context, receipts []book.Receipt) (found book.Verification, err error) {
	plugin, err := setup.Installer{Log: v.log}.Plugin(ctx)
	if err != nil {
		return found, err
	}
	if err := plugin.Apply(); err != nil {
		return found, err
	}
	return v.verifyHere(ctx, receipts)
}

// verifyHere is verify on the backend of this process. With an error, it returns what it had found before.
func (v *verifier) verifyHere(ctx context.Context, receipts []book.Receipt) (found book.Verification, err error) {
	if v.known == nil {
		if v.known, err = course.NewKnown(v.params); err != nil {
			return found, err
		}
	}
	v.runs = map[string]*cnn.Run{}
	pool := v.candidates(receipts, &found)
	fmt.Fprintf(v.log, "Verifying %d of %d stretches of the runs, chosen by --verify-seed %d, on %s\n", min(v.stretches, len(pool)), len(pool), v.seed, cnn.MachineKind())
	rng := rand.New(rand.NewPCG(v.seed, 0))
	rng.Shuffle(len(pool), func(i, j int) { pool[i], pool[j] = pool[j], pool[i] })
	done := 0
	for _, c := range pool {
		if done == v.stretches {
			break
		}
		compared, err := v.again(ctx, c, &found)
		if err != nil {
			return found, err
		}
		if compared {
			done++
		}
	}
	for _, s := range found.Skipped {
		fmt.Fprintf(v.log, "verify: run %s is not trained again: %s\n", s.Run, s.Why)
	}
	switch line := found.String(); {
	case line == "":
		fmt.Fprintln(v.log, "Nothing was verified")
	case found.Err() != nil:
		fmt.Fprintf(v.log, "NOT VERIFIED: %s\n", line)
	default:
		fmt.Fprintf(v.log, "Verified: %s\n", line)
	}
	return found, v.known.Err()
}

// candidates lists all stretches of the runs that figures come from. Runs that are damaged, or that have changed since
// their figures were made, go into found.
func (v *verifier) candidates(receipts []book.Receipt, found *book.Verification) (pool []candidate) {
	weights := map[string][]string{} // by identity: of all its figures
	var order []book.Receipt
	for _, r := range receipts {
		if id := r["identity"]; len(id) >= 12 {
			if weights[id] == nil {
				order = append(order, r)
			}
			weights[id] = append(weights[id], r["sha256"])
		}
	}
	for _, r := range order {
		id := r["identity"]
		dir := filepath.Join(v.params.Runs, filepath.Base(r["run"])+"-"+id[:12])
		run, err := cnn.LoadRun(dir)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			found.Skipped = append(found.Skipped, book.Skipped{Run: r["run"], Identity: id, Why: "it is not among the saved runs"})
		case err != nil:
			v.differ(found, r, "its files", v.named(err.Error()))
		case run.Recovered != "":
			v.differ(found, r, "its last save", v.named(run.Recovered))
		case !slices.Contains(weights[id], run.WeightsSHA256()):
			v.differ(found, r, "its weights", fmt.Sprintf("the figures were made with sha256 %.12s…, the run has %.12s…", r["sha256"], run.WeightsSHA256()))
		default:
			v.runs[id] = run
			for _, s := range run.Stretches(verifyLimit) {
				pool = append(pool, candidate{run, run.WeightsSHA256(), s})
			}
		}
	}
	return pool
}

// named is an error's text without the folder of the runs.
func (v *verifier) named(text string) string {
	return strings.ReplaceAll(text, v.params.Runs+string(filepath.Separator), "")
}

// differ notes a run whose files are not what they were.
func (v *verifier) differ(found *book.Verification, r book.Receipt, what, difference string) {
	fmt.Fprintf(v.log, "verify: run %s, %s: NOT THE SAME: %s\n", r["run"], what, difference)
	found.Stretches = append(found.Stretches, book.Stretch{Run: r["run"], Identity: r["identity"], Weights: r["sha256"], What: what, Difference: difference, At: time.Now().UTC(), Machine: cnn.MachineKind(), Files: true})
}

// again trains one stretch and notes what came of it. It returns whether anything was compared.
func (v *verifier) again(ctx context.Context, c candidate, found *book.Verification) (compared bool, err error) {
	began, last := time.Now(), time.Now()
	fmt.Fprintf(v.log, "verify: run %s, %s …\n", c.run.Name, c.stretch)
	err = c.run.Verify(ctx, c.stretch, cnn.Ingredients{Images: v.known.Find, Run: v.start}, func(done, steps int) {
		if time.Since(last) > verifyReport {
			last = time.Now()
			fmt.Fprintf(v.log, "verify: run %s, %d of %d steps\n", c.run.Name, done, steps)
		}
	})
	result := book.Stretch{Run: c.run.Name, Identity: c.run.Identity(), Weights: c.weights, What: c.stretch.String(), At: time.Now().UTC(), Machine: cnn.MachineKind()}
	var difference *cnn.Difference
	switch {
	case err == nil:
		fmt.Fprintf(v.log, "verify: run %s, %s: the same bits (%.0f s)\n", c.run.Name, c.stretch, time.Since(began).Seconds())
	case errors.Is(err, cnn.ErrCannotVerify):
		s := book.Skipped{Run: c.run.Name, Identity: c.run.Identity(), Why: v.named(err.Error())}
		if !slices.Contains(found.Skipped, s) {
			found.Skipped = append(found.Skipped, s)
		}
		return false, nil
	case errors.As(err, &difference):
		result.Difference = difference.What
	case errors.Is(err, cnn.ErrFormat):
		result.Difference = v.named(err.Error())
	default:
		return false, fmt.Errorf("verify: run %s, %s: %w", c.run.Name, c.stretch, err)
	}
	if result.Difference != "" {
		fmt.Fprintf(v.log, "verify: run %s, %s: NOT THE SAME BITS: %s\n", c.run.Name, c.stretch, result.Difference)
	}
	found.Stretches = append(found.Stretches, result)
	return true, nil
}

// start returns the saved run with an identity, from which another one starts; nil if there is none that is intact.
func (v *verifier) start(identity string) *cnn.Run {
	if run := v.runs[identity]; run != nil {
		return run
	}
	dirs, _ := filepath.Glob(filepath.Join(v.params.Runs, "*-"+identity[:12])) // other folders have no run of that identity
	for _, dir := range dirs {
		if run, err := cnn.LoadRun(dir); err == nil && run.Identity() == identity && run.Recovered == "" {
			v.runs[identity] = run
			return run
		}
	}
	return nil
}

// verifyOptions are the flags of a verification.
type verifyOptions struct {
	stretches int
	seed      uint64
}

func verifyFlags(c *cobra.Command) *verifyOptions {
	o := &verifyOptions{}
	c.Flags().IntVar(&o.stretches, "verify", 0, fmt.Sprintf("train so many random stretches of the runs behind the figures again, from their saves, compare the bits, and say so on the pages; without a number, %d (--verify=8 for another)", verifyStretches))
	c.Flags().Lookup("verify").NoOptDefVal = fmt.Sprint(verifyStretches)
	c.Flags().Uint64Var(&o.seed, "verify-seed", 0, "seed that chooses the stretches (default: a new one each time, which is printed)")
	return o
}

// check refuses a number that cannot be one of stretches, and one that would be taken for a folder.
func (o *verifyOptions) check(args []string) error {
	if o.stretches < 0 {
		return fmt.Errorf("book: --verify must be at least 1, got %d", o.stretches)
	}
	if len(args) == 0 || o.stretches == 0 {
		return nil
	}
	if _, err := strconv.Atoi(args[0]); err == nil {
		if _, err := os.Stat(args[0]); err != nil {
			return fmt.Errorf("book: there is no folder %s; for %s stretches write --verify=%s", args[0], args[0], args[0])
		}
	}
	return nil
}

// with returns what a book verifies its runs with.
func (o *verifyOptions) with(log io.Writer) func(context.Context, kernelext.Params, []book.Receipt) (book.Verification, error) {
	return func(ctx context.Context, params kernelext.Params, receipts []book.Receipt) (book.Verification, error) {
		v := &verifier{params: params, stretches: o.stretches, seed: cmp.Or(o.seed, rand.Uint64N(1_000_000)+1), log: log}
		return v.verify(ctx, receipts)
	}
}
