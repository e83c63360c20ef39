//go:build linux

package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// slurmSweep is small, but each of its trainings takes long enough to be killed in its middle.
const slurmSweep = `{
  "name": "nodes", "base": {"epochs": 6, "batch": 50},
  "vary": [{"field": "optimizer", "values": ["SGD", "Adam"]}], "seeds": [1, 2],
  "network": {"input_shape": [32, 32, 3], "layers": [
    {"class_name": "MaxPooling2D", "name": "pool", "pool_size": 8}, {"class_name": "Flatten", "name": "flatten"},
    {"class_name": "Dense", "name": "hidden", "units": 64}, {"class_name": "Activation", "name": "relu", "activation": "relu"},
    {"class_name": "Dense", "name": "dense", "units": 10}, {"class_name": "Activation", "name": "softmax", "activation": "softmax"}]}
}`

// A sweep on a real Slurm of four nodes, on this machine. One node is killed with its training, one training is asked to stop:
// both are put back into the queue, and all end with the bytes of trainings that nobody disturbed. Submitted again, nothing is trained.
//
// Promise(runs/sweeps) on a real Slurm with a node that dies
func TestSweepOnSlurm(t *testing.T) {
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
	t.Setenv("SBATCH_OUTPUT", filepath.Join(dir, "cnnbook-%A_%a.log"))
	program := filepath.Join(dir, "cnnbook")
	command(t, dir, "go", "build", "-o", program, ".")
	file := filepath.Join(dir, "sweep.json")
	if err := os.WriteFile(file, []byte(slurmSweep), 0o644); err != nil {
		t.Fatal(err)
	}
	slurm := startSlurm(t, dir)

	runs, calm := filepath.Join(dir, "runs"), filepath.Join(dir, "calm")
	submit := []string{program, "sweep", "submit", file, "--engine", "slurm", "--runs", runs, "--cpus", "1", "--memory", "200M"}
	command(t, dir, submit...)
	killed := trainingOn(t, program, "")
	node := environOf(killed, "SLURMD_NODENAME")
	killNode(t, slurm, node, killed)
	asked := trainingOn(t, program, node)
	if err := syscall.Kill(asked, syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	command(t, dir, "slurmd", "-b", "-N", node) // back, and says that it has booted
	emptyQueue(t)

	if out := command(t, dir, program, "sweep", "status", file, "--runs", runs); !strings.Contains(out, "4 trainings, 4 finished.") {
		t.Errorf("afterwards:\n%s\n%s", out, logs(t, dir))
	}
	restarted := logs(t, dir)
	if n := strings.Count(restarted, "training "); n < 6 {
		t.Errorf("%d starts, expected 4 and 2 again:\n%s", n, restarted)
	}
	command(t, dir, program, "sweep", "run", file, "--runs", calm)
	disturbed, undisturbed := lastWeights(t, runs), lastWeights(t, calm)
	for name, data := range undisturbed {
		if !bytes.Equal(disturbed[name], data) {
			t.Errorf("%s differs from an undisturbed training", name)
		}
	}
	if len(undisturbed) != 4 || len(disturbed) != 4 {
		t.Errorf("%d and %d runs, want 4", len(disturbed), len(undisturbed))
	}

	before := strings.Count(logs(t, dir), "\n")
	command(t, dir, submit...)
	emptyQueue(t)
	if again := strings.Count(logs(t, dir), "epoch 6 of 6"); again != 8 { // a finished run reports its epochs once more
		t.Errorf("submitted again: the last epoch was reported %d times, want 8; the logs had %d lines before", again, before)
	}
	for name, data := range lastWeights(t, runs) {
		if !bytes.Equal(disturbed[name], data) {
			t.Errorf("%s was trained again", name)
		}
	}
}

// startSlurm starts a Slurm of four nodes in a folder of the test's, until the test ends.
func startSlurm(t *testing.T, dir string) (slurm string) {
	t.Helper()
	slurm = filepath.Join(dir, "slurm")
	t.Cleanup(func() { // the daemons' folders vanish only after they do
		_ = exec.Command(filepath.Join(source(t), "testdata/slurm/down.sh"), slurm).Run()
		time.Sleep(time.Second)
	})
	command(t, dir, filepath.Join(source(t), "testdata/slurm/up.sh"), slurm)
	t.Setenv("SLURM_CONF", filepath.Join(slurm, "slurm.conf"))
	return slurm
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

// trainingOn waits for a training on a node other than one, whose run has a first save, and gives its process.
func trainingOn(t *testing.T, program, other string) (pid int) {
	t.Helper()
	for end := time.Now().Add(time.Minute); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		entries, _ := filepath.Glob("/proc/[0-9]*/exe")
		for _, entry := range entries {
			exe, _ := os.Readlink(entry)
			pid, _ := strconv.Atoi(filepath.Base(filepath.Dir(entry)))
			if node := environOf(pid, "SLURMD_NODENAME"); exe == program && node != "" && node != other && saved(pid) {
				return pid
			}
		}
	}
	queue, _ := exec.Command("squeue", "-l").CombinedOutput()
	t.Fatalf("no training was in its middle within a minute; the queue:\n%s\nthe logs:\n%s", queue, logs(t, filepath.Dir(program)))
	return 0
}

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

// killNode ends a node's daemon, the one that watches its job, the batch script and the training, as if the power had failed.
func killNode(t *testing.T, slurm, node string, training int) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(slurm, "slurmd-"+node+".pid"))
	if err != nil {
		t.Fatal(err)
	}
	daemon, err := strconv.Atoi(strings.TrimSpace(string(text)))
	if err != nil {
		t.Fatal(err)
	}
	script := parent(training)
	for _, pid := range []int{daemon, parent(script), script, training} {
		if pid <= 1 {
			t.Fatalf("processes of %s: daemon %d, script %d of %d, training %d", node, daemon, script, parent(script), training)
		}
		if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
			t.Fatal(err)
		}
	}
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
func emptyQueue(t *testing.T) {
	t.Helper()
	var out []byte
	for end := time.Now().Add(2 * time.Minute); time.Now().Before(end); time.Sleep(200 * time.Millisecond) {
		var err error
		if out, err = exec.Command("squeue", "-h").Output(); err == nil && len(bytes.TrimSpace(out)) == 0 {
			return
		}
	}
	t.Fatalf("after two minutes the queue holds\n%s", out)
}

// logs are all tasks' logs.
func logs(t *testing.T, dir string) string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "cnnbook-*.log"))
	if err != nil {
		t.Fatal(err)
	}
	var all strings.Builder
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		all.Write(text)
	}
	return all.String()
}

// lastWeights are the files with the last weights of all runs, by the runs' folders.
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
		all[filepath.Base(filepath.Dir(file))] = data
	}
	return all
}
