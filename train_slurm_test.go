//go:build linux

package main

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/cnnbook/cnnbook/cifar"
)

// A training on a real Slurm of four nodes, on this machine, by the script in docs/mpi: srun --mpi=pmix starts a rank on each node.
// Asked to stop in its middle, all save, the job is put back into the queue, and ends with the bytes of one process without MPI.
//
// Promise(runs/ranks) on four nodes of a real Slurm, by srun --mpi=pmix
func TestRanksOnSlurm(t *testing.T) {
	if err := exec.Command("pkg-config", "--exists", "ompi-c").Run(); err != nil {
		t.Skip("no Open MPI here: apt-get install libopenmpi-dev openmpi-bin")
	}
	c := startSlurm(t)
	dir := c.dir
	if out, err := exec.Command("srun", "--mpi=list").CombinedOutput(); err != nil || !strings.Contains(string(out), "pmix") {
		t.Skipf("this Slurm has no PMIx (%v): %s", err, out)
	}
	clone := filepath.Join(dir, "clone") // the script runs the program that was built in a clone
	entries, err := os.ReadDir(source(t))
	if err = errors.Join(err, os.Mkdir(clone, 0o755)); err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if e.Name() == "cnnbook" {
			continue
		}
		if err := os.Symlink(filepath.Join(source(t), e.Name()), filepath.Join(clone, e.Name())); err != nil {
			t.Fatal(err)
		}
	}
	c.program = filepath.Join(clone, "cnnbook")
	command(t, dir, "go", "build", "-tags", "mpi", "-o", c.program, ".")
	data := filepath.Join(dir, "data")
	train, test := cifar.Drawn(1, 140, 50)
	if err := cifar.Save(data, train, test); err != nil {
		t.Fatal(err)
	}
	alone, together := filepath.Join(dir, "alone"), filepath.Join(dir, "together")
	options := func(runs string) []string { return append(ranksTraining(data, runs, 12), "--budget", "smoke") }
	command(t, dir, append([]string{c.program}, options(alone)...)...)

	script := []string{"sbatch", "--parsable", "--chdir", clone, "--cpus-per-task", "1", filepath.Join(source(t), "docs/mpi/train.sbatch")}
	job := strings.TrimSpace(command(t, dir, append(script, options(together)[1:]...)...))
	c.training(t, saved)
	nodes := map[string]bool{}
	for _, pid := range c.trainings() {
		nodes[environOf(pid, "SLURMD_NODENAME")] = true
	}
	if len(nodes) != 4 {
		t.Errorf("ranks on %d nodes, want 4", len(nodes))
	}
	command(t, dir, "scancel", "--signal", "TERM", job) // its processes, not its script
	emptyQueue(t, 1)

	text := c.logs(t)
	if n := strings.Count(text, "share 4 shards"); n != 2 {
		t.Errorf("%d starts, want one and one again:\n%s", n, text)
	}
	want, got := lastState(t, alone), lastState(t, together)
	for what, hash := range want {
		if hash == "" || got[what] != hash {
			t.Errorf("%s: %s on four nodes, %s in one process:\n%s", what, got[what], hash, text)
		}
	}
}
