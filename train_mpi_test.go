//go:build linux

package main

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/cnnbook/cnnbook/cifar"
)

// killsEnv is the number of ranks that TestKilledRanks kills; the default is 2. With more, the training has more epochs:
//
//	CNNBOOK_TEST_KILLS=20 go test . -run TestKilledRanks -timeout 1h -v
const killsEnv = "CNNBOOK_TEST_KILLS"

// launcher is an MPI that is installed here.
type launcher struct {
	tags, mpirun string
	flags        []string
}

// launchers looks for Open MPI and MPICH with their headers.
func launchers(t *testing.T) (found []launcher) {
	t.Helper()
	for _, l := range []struct {
		pkg, version string
		names        []string
		launcher
	}{
		{"ompi-c", "Open MPI", []string{"mpirun.openmpi", "mpirun"}, launcher{tags: "mpi", flags: []string{"--oversubscribe", "--bind-to", "none"}}},
		{"mpich", "HYDRA", []string{"mpirun.mpich", "mpirun"}, launcher{tags: "mpi,mpich"}},
	} {
		if err := exec.Command("pkg-config", "--exists", l.pkg).Run(); err != nil {
			t.Logf("no %s here (%v)", l.pkg, err)
			continue
		}
		for _, name := range l.names {
			if out, err := exec.Command(name, "--version").CombinedOutput(); err == nil && strings.Contains(string(out), l.version) {
				l.mpirun = name
				found = append(found, l.launcher)
				break
			}
		}
	}
	if len(found) == 0 {
		t.Skip("no MPI here: apt-get install libopenmpi-dev openmpi-bin, or libmpich-dev mpich")
	}
	return found
}

// ranksTraining is what the test trains: epochs of three steps, the last of them with fewer images. With one thread, a rank computes
// the same whatever mpirun binds it to.
func ranksTraining(data, runs string, epochs int) []string {
	return []string{"train", "--data", data, "--shards", "4", "--threads", "1", "--epochs", strconv.Itoa(epochs), "--recipe", "quick", "--runs", runs}
}

// Random ranks are killed by SIGKILL in the middle of a training, which ends all; the same command, with another number of
// ranks each time, goes on from the last save to the bytes of one process without MPI.
//
// Promise(runs/ranks): A rank that dies ends all ranks. The same command goes on from the last save, with any number of ranks, to the
// bytes of an undisturbed training in one process, under Open MPI and MPICH.
func TestKilledRanks(t *testing.T) {
	all := launchers(t)
	t.Setenv("OMPI_ALLOW_RUN_AS_ROOT", "1")
	t.Setenv("OMPI_ALLOW_RUN_AS_ROOT_CONFIRM", "1")
	kills, err := strconv.Atoi(cmp.Or(os.Getenv(killsEnv), "2"))
	if err != nil {
		t.Fatal(err)
	}
	epochs := 8*kills + 4
	dir := t.TempDir()
	data := filepath.Join(dir, "data")
	train, test := cifar.Drawn(1, 140, 50)
	if err := cifar.Save(data, train, test); err != nil {
		t.Fatal(err)
	}
	var programs []string
	for _, l := range all {
		program := filepath.Join(dir, "cnnbook-"+l.tags)
		command(t, dir, "go", "build", "-tags", l.tags, "-o", program, ".")
		programs = append(programs, program)
	}
	alone, together := filepath.Join(dir, "alone"), filepath.Join(dir, "together")
	command(t, dir, append([]string{programs[0]}, ranksTraining(data, alone, epochs)...)...)

	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	rng := rand.New(rand.NewPCG(seed, 0))
	for kill, finished := 0, 0; kill <= kills; kill++ {
		i := kill % len(all)
		l, ranks := all[i], []int{4, 2, 4, 1, 2}[kill%5]
		words := append([]string{l.mpirun}, l.flags...)
		words = append(words, "-n", strconv.Itoa(ranks), programs[i])
		words = append(words, ranksTraining(data, together, epochs)...)
		switch {
		case kill == kills:
			command(t, dir, words...) // to the end
		case killOne(t, rng, words, programs[i], ranks):
		case finished < 5: // it reached the end first: that counts as no kill, and the next starts afresh
			if err := os.RemoveAll(together); err != nil {
				t.Fatal(err)
			}
			finished++
			kill--
		default:
			t.Fatalf("it ended before kill %d", kill+1)
		}
	}
	want, got := lastState(t, alone), lastState(t, together)
	for what, hash := range want {
		if hash == "" || got[what] != hash {
			t.Errorf("%s: %s after %d kills, %s undisturbed", what, got[what], kills, hash)
		}
	}
}

// killOne starts a training and kills one of its ranks, at a random moment of its first epochs. The result is false if it ended before.
func killOne(t *testing.T, rng *rand.Rand, words []string, program string, ranks int) bool {
	t.Helper()
	cmd := exec.Command(words[0], words[1:]...)
	var errs bytes.Buffer
	cmd.Stderr = &errs
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	after := rng.IntN(3) // epochs that it reports, those of earlier processes too
	started, ended := make(chan bool, 1), make(chan error, 1)
	go func() {
		started <- waitFor(out, []string{"quick", "val_loss", "val_loss"}[:after+1])
		_, _ = io.Copy(io.Discard, out) // to its end
		ended <- cmd.Wait()
	}()
	if !<-started {
		if err := <-ended; err != nil {
			t.Fatalf("%q: %v: %s", words, err, errs.String())
		}
		return false
	}
	select {
	case err := <-ended:
		if err != nil {
			t.Fatalf("%q: %v: %s", words, err, errs.String())
		}
		return false
	case <-time.After(time.Duration(rng.Float64() * float64(300*time.Millisecond))): // an epoch takes about as long
	}
	pids := running(program)
	if len(pids) != ranks {
		t.Logf("%d processes of %d ranks", len(pids), ranks)
	}
	if len(pids) == 0 {
		return <-ended != nil
	}
	victim := pids[rng.IntN(len(pids))]
	if err := syscall.Kill(victim, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	select {
	case err := <-ended:
		if err == nil {
			t.Errorf("mpirun ended well although a rank was killed")
		}
	case <-time.After(time.Minute):
		_ = cmd.Process.Kill()
		t.Fatalf("mpirun goes on although process %d was killed: %s", victim, errs.String())
	}
	for end := time.Now().Add(20 * time.Second); len(running(program)) > 0; time.Sleep(50 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("ranks live on: %v", running(program))
		}
	}
	t.Logf("killed one of %d ranks, after epoch %d of this process", ranks, after)
	return true
}

// waitFor reads until the texts have come, one after the other.
func waitFor(r io.Reader, texts []string) bool {
	var seen []byte
	buffer := make([]byte, 4096)
	for {
		n, err := r.Read(buffer)
		seen = append(seen, buffer[:n]...)
		for len(texts) > 0 {
			i := bytes.Index(seen, []byte(texts[0]))
			if i < 0 {
				break
			}
			seen, texts = seen[i+len(texts[0]):], texts[1:]
		}
		if len(texts) == 0 || err != nil {
			return len(texts) == 0
		}
	}
}

// running lists the processes of a program.
func running(program string) (pids []int) {
	entries, _ := filepath.Glob("/proc/[0-9]*/exe")
	for _, entry := range entries {
		if exe, _ := os.Readlink(entry); exe == program {
			pid, _ := strconv.Atoi(filepath.Base(filepath.Dir(entry)))
			pids = append(pids, pid)
		}
	}
	return pids
}

// lastState gives the hashes of what the only run in a folder has saved.
func lastState(t *testing.T, runs string) map[string]string {
	t.Helper()
	found, _ := filepath.Glob(filepath.Join(runs, "*", "manifest.json"))
	if len(found) != 1 {
		t.Fatalf("%d runs in %s", len(found), runs)
	}
	data, err := os.ReadFile(found[0])
	if err != nil {
		t.Fatal(err)
	}
	type file struct{ SHA256 string }
	var m struct {
		State struct {
			Step                        int
			Weights, Optimizer, History file
		}
	}
	if err := json.Unmarshal(data, &m); err != nil {
		t.Fatal(err)
	}
	s := m.State
	return map[string]string{"step": fmt.Sprint(s.Step), "weights": s.Weights.SHA256, "optimizer": s.Optimizer.SHA256, "history": s.History.SHA256}
}

// Mistakes under mpirun are said once, by rank 0.
func TestMistakesUnderMPIAreOneLine(t *testing.T) {
	for name, size := range map[string]string{"OMPI_COMM_WORLD_SIZE": "4", "PMI_SIZE": "4"} {
		t.Run(name, func(t *testing.T) {
			t.Setenv(name, size)
			rank := strings.Replace(name, "SIZE", "RANK", 1)
			t.Setenv(rank, "0")
			_, _, err := call(t, "train", "--shards", "8")
			if err == nil || !strings.Contains(err.Error(), "without MPI") || !strings.Contains(err.Error(), "go build -tags mpi") {
				t.Errorf("%v", err)
			}
			t.Setenv(rank, "3")
			if _, _, err := call(t, "train", "--shards", "8"); err == nil || err.Error() != "" || report(err, io.Discard) != 0 {
				t.Errorf("rank 3: %v", err)
			}
		})
	}
}
