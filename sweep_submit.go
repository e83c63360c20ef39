package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/cnnbook/cnnbook/internal/cli"
	"github.com/cnnbook/cnnbook/internal/engine"
	"github.com/cnnbook/cnnbook/kernelext/setup"
	"github.com/spf13/cobra"
)

// The engines of sweep submit.
const (
	engineSlurm      = "slurm"
	engineKubernetes = "kubernetes"
)

// sweepSubmit holds the flags of sweep submit.
type sweepSubmit struct {
	sweepPlaces
	engine, program, memory string
	atOnce, cpus            int
	dryRun                  bool
	volume                  engine.Volume
}

func sweepSubmitCommand() *cobra.Command {
	c := ofSweep("submit", "train a sweep on Slurm or Kubernetes",
		"Gives the trainings of a sweep to an engine: to Slurm as an array (sbatch), to Kubernetes as an indexed Job (kubectl). With --dry-run it prints what it would give. "+
			"Submitting again trains what is missing. With halving, each rung is an array that waits for the one before; Kubernetes's Jobs do not wait for others.")
	c.Example = "sweep submit docs/sweeps/optimizers.json --engine slurm --dry-run"
	var s sweepSubmit
	s.flags(c)
	f := c.Flags()
	f.StringVar(&s.engine, "engine", "", "slurm or kubernetes")
	f.BoolVar(&s.dryRun, "dry-run", false, "only print the batch script, or the YAML")
	f.IntVar(&s.atOnce, "at-once", 0, "trainings at the same time (default: as many as the engine allows)")
	f.IntVar(&s.cpus, "cpus", 2, "processors of a training")
	f.StringVar(&s.memory, "memory", "2G", "memory of a training")
	f.StringVar(&s.program, "program", "", "slurm: path of this program on the nodes (default: where it is here)")
	f.StringVar(&s.volume.Image, "image", "cnnbook:cpu", "kubernetes: image")
	f.StringVar(&s.volume.Claim, "claim", "cnnbook-work", "kubernetes: persistent volume claim, mounted at "+engine.WorkFolder+", that keeps the runs; --data and --runs are paths in the pods")
	cli.Complete(c, "engine", func() []string { return []string{engineSlurm, engineKubernetes} })
	c.RunE = func(c *cobra.Command, args []string) error {
		return s.run(c.Context(), args[0], c.OutOrStdout(), c.ErrOrStderr())
	}
	return c
}

func (s sweepSubmit) run(ctx context.Context, file string, stdout, stderr io.Writer) error {
	plan, _, err := planned(file)
	if err != nil {
		return err
	}
	if s.cpus < 1 || s.atOnce < 0 {
		return fmt.Errorf("sweep submit: --cpus and --at-once must be at least 1, got %d and %d", s.cpus, s.atOnce)
	}
	job := engine.Job{Name: plan.Name, AtOnce: s.atOnce, CPUs: s.cpus, Memory: s.memory}
	switch s.engine {
	case engineSlurm:
		return s.slurm(ctx, job, file, stdout, stderr)
	case engineKubernetes:
		if plan.Halving != nil {
			return fmt.Errorf("sweep submit: the rungs of halving wait for one another, and Jobs of Kubernetes for none: use --engine slurm, or sweep run in one large pod")
		}
		job.Trainings = plan.Rungs()[0].Trainings
		return s.kubernetes(ctx, job, file, stdout, stderr)
	}
	return fmt.Errorf("sweep submit: --engine %q: choose slurm or kubernetes", s.engine)
}

func (s sweepSubmit) slurm(ctx context.Context, job engine.Job, file string, stdout, stderr io.Writer) error {
	var err error
	if job.Program = s.program; job.Program == "" {
		if job.Program, err = os.Executable(); err != nil {
			return err
		}
		if why := engine.Lasting(job.Program); why != "" && !s.dryRun {
			return fmt.Errorf("sweep submit: %s, and the nodes need it: build it into a folder that they share, go build -o ~/bin/cnnbook . and use that", why)
		}
	}
	if !s.dryRun { // once, into the cache folder that the nodes share; in a clone, where the tasks then start
		if _, err := (setup.Installer{Log: stderr}).Plugin(ctx); err != nil {
			return err
		}
	}
	o, err := s.open(file) // what is wrong is better said now than by a thousand tasks
	if err != nil {
		return err
	}
	if job.File, err = filepath.Abs(file); err != nil {
		return err
	}
	job.Flags = []string{"--runs", o.params.Runs}
	if o.params.Data != "" {
		job.Flags = append(job.Flags, "--data", o.params.Data)
	}
	for i, rung := range o.Rungs() {
		job.First, job.Trainings = rung.First, rung.Trainings
		if job.After, err = s.arrays(ctx, job, i+1, stdout, stderr); err != nil {
			return err
		}
	}
	return nil
}

// arrays gives the arrays of one rung to Slurm, and returns the numbers of their jobs; with --dry-run, a word in their place.
func (s sweepSubmit) arrays(ctx context.Context, job engine.Job, rung int, stdout, stderr io.Writer) (ids []string, err error) {
	for _, script := range engine.SlurmScripts(job) {
		var said bytes.Buffer
		if err := s.give(ctx, []byte(script), io.MultiWriter(stdout, &said), stderr, "sbatch"); err != nil {
			return nil, err
		}
		id := fmt.Sprintf("JOB_OF_RUNG_%d", rung)
		if !s.dryRun {
			if id, err = engine.SlurmJob(said.String()); err != nil {
				return nil, fmt.Errorf("sweep submit: %w", err)
			}
		}
		ids = append(ids, id)
	}
	return ids, nil
}

func (s sweepSubmit) kubernetes(ctx context.Context, job engine.Job, file string, stdout, stderr io.Writer) error {
	text, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	job.Program, job.Flags = "cnnbook", []string{"--runs", engine.WorkFolder + "/runs"}
	if s.runs != "" {
		job.Flags[1] = s.runs
	}
	if s.data != "" {
		job.Flags = append(job.Flags, "--data", s.data)
	}
	yaml, err := engine.KubernetesYAML(job, s.volume, text)
	if err != nil {
		return err
	}
	return s.give(ctx, yaml, stdout, stderr, "kubectl", "apply", "-f", "-")
}

// give passes a text to an engine's command, or prints it.
func (s sweepSubmit) give(ctx context.Context, text []byte, stdout, stderr io.Writer, command ...string) error {
	if s.dryRun {
		_, err := stdout.Write(text)
		return err
	}
	cmd := exec.CommandContext(ctx, command[0], command[1:]...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = bytes.NewReader(text), stdout, stderr
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("sweep submit: %s: %w: --dry-run prints what it was given", strings.Join(command, " "), err)
	}
	return nil
}
