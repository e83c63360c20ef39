//go:build linux

package main

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// cluster is a Slurm of four nodes on this machine, and the program that its tasks run.
type cluster struct {
	dir     string // with the logs of the tasks
	slurm   string // with what belongs to Slurm
	program string
}

// startSlurm starts the cluster, and ends it with the test. Without Slurm the test is skipped.
func startSlurm(t *testing.T) cluster {
	t.Helper()
	for _, program := range []string{"munged", "slurmctld", "slurmd", "sbatch", "scontrol", "squeue", "sinfo", "go"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Skipf("no Slurm here (%v): apt-get install slurm-wlm munge", err)
		}
	}
	if os.Getuid() != 0 {
		t.Skip("four nodes on one machine need root")
	}
	t.Setenv("GOMLX_BACKEND", "go")
	t.Setenv("OMP_NUM_THREADS", "1") // as on the nodes
	dir := t.TempDir()
	c := cluster{dir: dir, slurm: filepath.Join(dir, "slurm"), program: filepath.Join(dir, "cnnbook")}
	t.Setenv("SBATCH_OUTPUT", filepath.Join(dir, "cnnbook-%A_%a.log"))
	command(t, dir, "go", "build", "-o", c.program, ".")
	t.Cleanup(func() { // the daemons' folders vanish only after they do
		_ = exec.Command(filepath.Join(source(t), "testdata/slurm/down.sh"), c.slurm).Run()
		time.Sleep(time.Second)
	})
	command(t, dir, filepath.Join(source(t), "testdata/slurm/up.sh"), c.slurm)
	t.Setenv("SLURM_CONF", filepath.Join(c.slurm, "slurm.conf"))
	return c
}

// sweep writes the file of a sweep: what varies, and more of its base.
func (c cluster) sweep(t *testing.T, varies, base string) (file string) {
	t.Helper()
	file = filepath.Join(c.dir, "sweep.json")
	if err := os.WriteFile(file, fmt.Appendf(nil, slurmSweep, varies, base), 0o644); err != nil {
		t.Fatal(err)
	}
	return file
}

func (c cluster) submit(t *testing.T, file, runs string) {
	t.Helper()
	command(t, c.dir, c.program, "sweep", "submit", file, "--engine", "slurm", "--runs", runs, "--cpus", "1", "--memory", "200M")
}

// source is the folder of this package.
func source(t *testing.T) string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

// command runs a command to its end. Daemons that it leaves behind keep its output open, so that goes into a file.
func command(t *testing.T, dir string, words ...string) string {
	t.Helper()
	out, err := os.CreateTemp(dir, "out-*.txt")
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	cmd := exec.Command(words[0], words[1:]...)
	cmd.Stdout, cmd.Stderr = out, out // in this clone, as a user would
	err = cmd.Run()
	text, readErr := os.ReadFile(out.Name())
	if err = errors.Join(err, readErr); err != nil {
		t.Fatalf("%q: %v\n%s", words, err, text)
	}
	return string(text)
}

// training waits for a training on a node that fits, one of them at random, and gives its process.
func (c cluster) training(t *testing.T, fits func(pid int) bool) (pid int) {
	t.Helper()
	for end := time.Now().Add(5 * time.Minute); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		if found := slices.DeleteFunc(c.trainings(), func(pid int) bool { return !fits(pid) }); len(found) > 0 {
			return found[rand.IntN(len(found))]
		}
	}
	queue, _ := exec.Command("squeue", "-l").CombinedOutput()
	t.Fatalf("no such training within five minutes; the queue:\n%s\nthe logs:\n%s", queue, c.logs(t))
	return 0
}

// trainings are the processes that train on nodes.
func (c cluster) trainings() (found []int) {
	entries, _ := filepath.Glob("/proc/[0-9]*/exe")
	for _, entry := range entries {
		exe, _ := os.Readlink(entry)
		pid, _ := strconv.Atoi(filepath.Base(filepath.Dir(entry)))
		if exe == c.program && environOf(pid, "SLURMD_NODENAME") != "" {
			found = append(found, pid)
		}
	}
	return found
}

// anyTraining is in any state, from the start of its process to its end.
func anyTraining(int) bool { return true }

// saved reports whether the process has the history of a run open and there is something in it: it is in the middle of its training.
func saved(pid int) bool {
	links, _ := filepath.Glob(fmt.Sprintf("/proc/%d/fd/*", pid))
	for _, link := range links {
		target, _ := os.Readlink(link)
		if info, err := os.Stat(target); strings.HasSuffix(target, "history.jsonl") && err == nil && info.Size() > 0 {
			return true
		}
	}
	return false
}

// environOf is a variable of another process.
func environOf(pid int, name string) string {
	data, _ := os.ReadFile(fmt.Sprintf("/proc/%d/environ", pid))
	for _, variable := range strings.Split(string(data), "\x00") {
		if value, ok := strings.CutPrefix(variable, name+"="); ok {
			return value
		}
	}
	return ""
}

// killNode waits for a training that fits and ends its node as if the power had failed: the node's daemon, the one that watches its
// job, the batch script and the training. That order matters: a watcher that sees the script die says so to the controller, which
// then takes the task for one that has failed. After up to three seconds the node boots.
func (c cluster) killNode(t *testing.T, fits func(pid int) bool) {
	t.Helper()
	for {
		training := c.training(t, fits)
		node, script := environOf(training, "SLURMD_NODENAME"), parent(training)
		watcher := parent(script)
		if node == "" || script <= 1 || watcher <= 1 || syscall.Kill(training, 0) != nil {
			continue // it has just ended
		}
		daemon := c.pidIn(t, "slurmd-"+node+".pid")
		for _, pid := range []int{daemon, watcher, script, training} {
			if err := syscall.Kill(pid, syscall.SIGKILL); err != nil && (pid == daemon || !errors.Is(err, syscall.ESRCH)) {
				t.Fatalf("process %d of %s: %v", pid, node, err)
			}
		}
		gone(t, daemon)
		time.Sleep(rand.N(3 * time.Second))
		command(t, c.dir, "slurmd", "-b", "-N", node) // back, and says that it has booted
		return
	}
}

// restartController ends Slurm's controller in order, and starts it with what it has saved.
func (c cluster) restartController(t *testing.T) {
	t.Helper()
	pid := c.pidIn(t, "slurmctld.pid")
	if err := syscall.Kill(pid, syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	gone(t, pid)
	command(t, c.dir, "slurmctld")
}

// pidIn is the process in a file of Slurm.
func (c cluster) pidIn(t *testing.T, name string) int {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(c.slurm, name))
	if err != nil {
		t.Fatal(err)
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(text)))
	if err != nil || pid <= 1 {
		t.Fatalf("%s: %q, %v", name, text, err)
	}
	return pid
}

// gone waits for the end of a process.
func gone(t *testing.T, pid int) {
	t.Helper()
	for end := time.Now().Add(time.Minute); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		if _, err := os.Readlink(fmt.Sprintf("/proc/%d/exe", pid)); err != nil {
			return
		}
	}
	t.Fatalf("process %d does not end", pid)
}

// parent is the process that started another one.
func parent(pid int) int {
	data, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	for line := range strings.Lines(string(data)) {
		if value, ok := strings.CutPrefix(line, "PPid:"); ok {
			n, _ := strconv.Atoi(strings.TrimSpace(value))
			return n
		}
	}
	return 0
}

// emptyQueue waits until no task waits or runs.
func emptyQueue(t *testing.T, trainings int) {
	t.Helper()
	limit := 2*time.Minute + time.Duration(trainings)*time.Minute
	var out []byte
	for end := time.Now().Add(limit); time.Now().Before(end); time.Sleep(200 * time.Millisecond) {
		var err error
		if out, err = exec.Command("squeue", "-h").Output(); err == nil && len(bytes.TrimSpace(out)) == 0 {
			return
		}
	}
	t.Fatalf("after %s the queue holds\n%s", limit, out)
}

// logFiles are the logs of all tasks, one file for each.
func (c cluster) logFiles(t *testing.T) (texts []string) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(c.dir, "cnnbook-*.log"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		texts = append(texts, string(text))
	}
	return texts
}

func (c cluster) logs(t *testing.T) string {
	t.Helper()
	return strings.Join(c.logFiles(t), "")
}

func (c cluster) forgetLogs(t *testing.T) {
	t.Helper()
	files, _ := filepath.Glob(filepath.Join(c.dir, "cnnbook-*.log"))
	for _, file := range files {
		if err := os.Remove(file); err != nil {
			t.Fatal(err)
		}
	}
}

// steps are those of each task from the start that came to its end. A task that was started once more after that, as its node died
// before it could say so, must have trained nothing.
func (c cluster) steps(t *testing.T) (all []int) {
	t.Helper()
	for _, log := range c.logFiles(t) {
		ended := false
		for line := range strings.Lines(log) {
			var n int
			if _, err := fmt.Sscanf(line, "trained %d steps", &n); err != nil {
				continue
			}
			if !ended {
				all = append(all, n)
			} else if n > 0 {
				t.Errorf("trained twice:\n%s", log)
			}
			ended = true
		}
		if !ended {
			t.Errorf("lost:\n%s", log)
		}
	}
	return all
}

// lastWeights are the files with the last weights of all runs, by the runs' folders. Those that diverged are left out: which was their last
// save depends on the time.
func lastWeights(t *testing.T, root string) map[string][]byte {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(root, "*", "weights-*.safetensors"))
	if err != nil {
		t.Fatal(err)
	}
	all := map[string][]byte{}
	for _, file := range files { // in order of their steps: the last one stays
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := os.Stat(filepath.Join(filepath.Dir(file), "diverged.txt")); err != nil {
			all[filepath.Base(filepath.Dir(file))] = data
		}
	}
	return all
}
