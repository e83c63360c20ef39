package bench

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"time"

	"github.com/cnnbook/cnnbook/cifar"
	"github.com/cnnbook/cnnbook/internal/trained"
	"github.com/cnnbook/cnnbook/kernelext/setup"
)

//go:embed recipe.py
var recipeScript []byte

// Accuracy races whole trainings of a recipe, ours and PyTorch's, to a test accuracy. They take turns of a few steps on
// the same data, each with a seed of its own.
type Accuracy struct {
	Workload          // its data, images, test images, turns and precision
	Target    float64 // test accuracy, by the mean over six views of each image
	Recipe    trained.Recipe
	Epochs    float64 // usually the recipe's
	FirstSeed uint64
	Seeds     int       // rounds, each with the next seed
	Worker    []string  // the command line of a process that calls MeasureRecipe; flags are added to it
	Python    string    // interpreter with PyTorch; empty: ours alone
	PeerSteps int       // PyTorch does the first so many steps, for their time; 0: all
	Save      string    // file to save the trainings in, each when it is finished; those that it already has are not repeated
	Log       io.Writer // progress
}

// Check reports the first setting that cannot be measured, named by its flag.
func (a Accuracy) Check() error {
	if !(a.Target > 0 && a.Target <= 1) {
		return fmt.Errorf("bench: --accuracy must be from above 0 to 1, got %g", a.Target)
	}
	if a.Python != "" && !a.Recipe.InPyTorch {
		return fmt.Errorf("bench: PyTorch has no recipe %s here: leave --python out", a.Recipe.Form)
	}
	if a.PeerSteps != 0 && (a.Python == "" || a.PeerSteps < 2 || a.PeerSteps > a.Recipe.Steps(a.Images, a.Epochs)) {
		return fmt.Errorf("bench: --peer-steps must be from 2 to the recipe's %d, with --python, got %d", a.Recipe.Steps(a.Images, a.Epochs), a.PeerSteps)
	}
	if err := checkRecipe(a.Workload, a.Epochs, a.Seeds); err != nil {
		return err
	}
	return checkSave(a.Save)
}

// Run trains, and writes a table in Markdown to stdout. When stopped, it writes that of the complete rounds.
func (a Accuracy) Run(ctx context.Context, stdout io.Writer) error {
	if err := a.Check(); err != nil {
		return err
	}
	plugin, err := setup.Installer{Log: a.Log}.Plugin(ctx)
	if err != nil {
		return err
	}
	scratch, err := os.MkdirTemp("", "cnnbook-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(scratch)
	if a.Data, err = batches(a.Data, scratch, a.Log); err != nil {
		return err
	}
	done, err := a.begun()
	if err != nil {
		return err
	}
	var stopped error
	for k := range a.Seeds {
		seed := a.FirstSeed + uint64(k)
		if done.Has(seed) {
			fmt.Fprintf(a.Log, "seed %d: read from %s\n", seed, a.Save)
			continue
		}
		round, err := a.round(ctx, k, seed, plugin, scratch)
		if err != nil {
			stopped = err
			if ctx.Err() != nil {
				stopped = fmt.Errorf("bench: stopped; %d of %d seeds are complete", k, a.Seeds)
			}
			break
		}
		done.Seeds = append(done.Seeds, round)
		if a.Save != "" {
			if err := done.Save(a.Save); err != nil {
				return err
			}
		}
	}
	if len(done.Seeds) > 0 {
		done.Write(stdout, a.Target)
	}
	return stopped
}

// begun is the record to which rounds are added: that of the file, or an empty one.
func (a Accuracy) begun() (trained.Record, error) {
	train, test, err := cifar.Open(a.Data)
	if err != nil {
		return trained.Record{}, err
	}
	if a.Images > train.Len() || a.Evaluate > test.Len() {
		return trained.Record{}, fmt.Errorf("bench: %s has %d training and %d test images: --images and --evaluate ask for %d and %d",
			train.Name, train.Len(), test.Len(), a.Images, a.Evaluate)
	}
	now := trained.Record{
		Format: trained.Format, Data: train.Name, Fingerprint: train.Head(a.Images).Fingerprint(), Precision: a.Precision, Form: a.Recipe.Form,
		Images: a.Images, Evaluate: a.Evaluate, Epochs: a.Epochs, Peer: a.Python != "", PeerSteps: a.PeerSteps,
	}
	if now.Precision == "" {
		now.Precision = "float32"
	}
	if a.Save == "" {
		return now, nil
	}
	saved, err := trained.Read(a.Save)
	if errors.Is(err, os.ErrNotExist) {
		return now, nil
	} else if err != nil {
		return now, fmt.Errorf("bench: --save %w; choose another file", err)
	}
	if err := saved.SameAs(now); err != nil {
		return now, fmt.Errorf("bench: --save %s: %w; choose another file", a.Save, err)
	}
	return saved, nil
}

// recipe is the training with a seed.
func (a Accuracy) recipe(seed uint64) recipe {
	return recipe{a.Workload, a.Target, a.Recipe, a.Epochs, seed}
}

// round trains once with each framework.
func (a Accuracy) round(ctx context.Context, k int, seed uint64, plugin setup.Plugin, scratch string) (trained.Seed, error) {
	r := a.recipe(seed)
	contenders := []contender{{name: "cnnbook", command: recipeWorker(a.Worker, r), env: append(plugin.Environ(), setup.EnvGraphs+"=0")}}
	if a.Python != "" {
		script := filepath.Join(scratch, "recipe.py")
		if err := os.WriteFile(script, recipeScript, 0o644); err != nil {
			return trained.Seed{}, err
		}
		contenders = append(contenders, contender{"pytorch", recipePeer(a.Python, script, r, a.PeerSteps), plugin.Preload(), a.PeerSteps})
	}
	w := a.Workload
	w.Steps = r.steps()
	samples, err := Benchmark{Workload: w, Rounds: a.Seeds, Log: a.Log}.round(ctx, k, contenders)
	if err != nil {
		return trained.Seed{}, err
	}
	out := trained.Seed{Seed: seed, Date: time.Now().Format(time.DateOnly), Machine: machine()}
	for i, s := range samples {
		whole := i == 0 || a.PeerSteps == 0
		if whole && (len(s.Epochs) == 0 || s.Epochs[len(s.Epochs)-1].Step != w.Steps) {
			return trained.Seed{}, fmt.Errorf("%s: expected the accuracy after step %d, got %v", contenders[i].name, w.Steps, s.Epochs)
		}
		out.Contenders = append(out.Contenders, trained.Training{
			Name:   contenders[i].name,
			Sample: trained.Sample{Steps: s.Steps, Versions: s.Versions, FirstStep: s.FirstStep, Peak: s.Peak, Epochs: s.Epochs},
		})
	}
	return out, nil
}

// recipeWorker is this program as a contender, see [MeasureRecipe].
func recipeWorker(line []string, r recipe) func(context.Context, Workload) (*exec.Cmd, error) {
	return func(ctx context.Context, _ Workload) (*exec.Cmd, error) {
		args := slices.Concat(line[1:], []string{"--data", r.Data, "--images", strconv.Itoa(r.Images), "--evaluate", strconv.Itoa(r.Evaluate)}, r.args())
		return exec.CommandContext(ctx, line[0], args...), nil
	}
}

// recipePeer is the recipe in PyTorch, whole or its first steps.
func recipePeer(python, script string, r recipe, steps int) func(context.Context, Workload) (*exec.Cmd, error) {
	return func(ctx context.Context, _ Workload) (*exec.Cmd, error) {
		args := slices.Concat([]string{script, r.Data, "--train", strconv.Itoa(r.Images), "--test", strconv.Itoa(r.Evaluate), "--steps", strconv.Itoa(steps)}, r.args())
		return exec.CommandContext(ctx, python, args...), nil
	}
}
