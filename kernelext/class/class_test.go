package class

import (
	"errors"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cnnbook/cnnbook/kernelext/internal/kerneltest"
	"github.com/cnnbook/cnnbook/kernelext/internal/process"
	"github.com/cnnbook/cnnbook/kernelext/setup"
)

func TestPercentile(t *testing.T) {
	values := []float64{5, 1, 4, 2, 3}
	for p, want := range map[float64]float64{0: 1, 50: 3, 95: 5, 20: 1, 21: 2, 100: 5} {
		if got := Percentile(values, p); got != want {
			t.Errorf("percentile %g is %g, want %g", p, got, want)
		}
	}
	if !math.IsNaN(Percentile(nil, 50)) || values[0] != 5 {
		t.Error("of nothing, or the values were sorted")
	}
}

func TestFit(t *testing.T) {
	r := Result{Hub: 96, Living: &State{MB: []float64{400, 600}}, TrainingMB: []float64{900}}
	for _, c := range []struct{ memory, share, want float64 }{
		{Reserve + 96 + 5000, 0, 10}, {Reserve + 96 + 4999, 0, 9}, {Reserve + 96 + 6000, 0.25, 10}, {Reserve + 96 + 9000, 1, 10},
	} {
		if got := r.Fit(c.memory, c.share); got != c.want {
			t.Errorf("%g MB, share %g: %g students, want %g", c.memory, c.share, got, c.want)
		}
	}
	if !math.IsNaN((Result{}).Fit(1e5, 0)) || !math.IsNaN((Result{Living: r.Living}).Fit(1e5, 0.5)) {
		t.Error("a model of what was not measured")
	}
}

func TestWrongClass(t *testing.T) {
	for _, c := range []Class{{}, {Students: 1000}, {Students: 2, Trainers: 3}, {Students: 1, Trainers: -1}} {
		if _, err := c.Run(t.Context(), nil); err == nil || !strings.Contains(err.Error(), "expected 1 to 999") {
			t.Errorf("%+v: %v", c, err)
		}
	}
}

// environment is the installation with JupyterHub beside it. Where there is no npm, or the pinned packages are for another Python, the test
// is skipped.
func environment(t *testing.T) (env *setup.Environment, hub string) {
	t.Helper()
	env = kerneltest.Environment(t)
	out, err := exec.CommandContext(t.Context(), env.Python, "-c", "import sys; print(*sys.version_info[:2])").Output()
	if err != nil || strings.TrimSpace(string(out)) != "3 11" || runtime.GOOS+runtime.GOARCH != "linuxamd64" {
		t.Skipf("the hub's packages are pinned for Python 3.11 on Linux x86-64; here is %s (%v) on %s/%s", strings.TrimSpace(string(out)), err, runtime.GOOS, runtime.GOARCH)
	}
	hub, err = installHub(t.Context(), env, os.Stderr)
	if errors.Is(err, exec.ErrNotFound) {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	return env, hub
}

// TestClass lets two simulated students into a real JupyterHub, which is stopped and started while their kernels hold values.
//
// Promise(courses/hub): In a real JupyterHub, with the configuration that docs/CLASS.md recommends, students log in, start servers and
// kernels, and run cells; a hub that is restarted loses no kernel and no value.
func TestClass(t *testing.T) {
	env, _ := environment(t)
	r, err := Class{Students: 2, Restart: true, Quiet: 500 * time.Millisecond, Log: t.Output()}.Run(t.Context(), env)
	if err != nil {
		t.Fatal(err)
	}
	if r.Survived != 2 || len(r.Times["value"]) != 2 || len(r.Idle.MB) != 2 {
		t.Errorf("got %+v", r)
	}
	for _, kind := range []string{"server", "kernel", "session", "gopls"} {
		if r.Idle.Kinds[kind] <= 0 {
			t.Errorf("no process %q was measured: %v", kind, r.Idle.Kinds)
		}
	}
	if mb := slices.Max(r.Idle.MB); mb > 1500 {
		t.Errorf("an idle student takes %.0f MB: %v", mb, r.Idle.Kinds)
	}
	var text strings.Builder
	if err := r.Write(&text); err != nil || !strings.Contains(text.String(), "2 of 2 kernels had their values") {
		t.Errorf("%v\n%s", err, &text)
	}
}

// TestClassOnSlurm: the students' servers are jobs, on different nodes.
//
// Promise(courses/slurm): On a real Slurm, JupyterHub starts each student's server as a job on one of the nodes, and cells run there.
func TestClassOnSlurm(t *testing.T) {
	for _, program := range []string{"munged", "slurmctld", "slurmd", "sbatch", "squeue", "sinfo"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Skipf("no Slurm here (%v): apt-get install slurm-wlm munge", err)
		}
	}
	if os.Getuid() != 0 {
		t.Skip("four nodes on one machine need root")
	}
	env, _ := environment(t)
	scripts, err := filepath.Abs("../../testdata/slurm")
	if err != nil {
		t.Fatal(err)
	}
	slurm := filepath.Join(t.TempDir(), "slurm")
	t.Cleanup(func() {
		_ = exec.Command(filepath.Join(scripts, "down.sh"), slurm).Run()
		time.Sleep(time.Second) // the daemons' folders vanish only after they do
	})
	log, err := os.Create(filepath.Join(t.TempDir(), "up.log")) // the daemons keep it open
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	up := exec.CommandContext(t.Context(), filepath.Join(scripts, "up.sh"), slurm)
	up.Stdout, up.Stderr = log, log
	if err := up.Run(); err != nil {
		text, _ := os.ReadFile(log.Name())
		t.Fatalf("%v\n%s", err, text)
	}
	t.Setenv("SLURM_CONF", filepath.Join(slurm, "slurm.conf"))
	r, err := Class{Students: 2, Slurm: true, Quiet: 100 * time.Millisecond, Log: t.Output()}.Run(t.Context(), env)
	if err != nil {
		t.Fatal(err)
	}
	if len(r.Nodes) != 2 || r.Nodes[0] == "" || r.Nodes[0] == r.Nodes[1] {
		t.Errorf("the kernels ran on the nodes %q, want two", r.Nodes)
	}
}

// Promise(courses/hub-files): The values for Kubernetes fit the schema of Zero to JupyterHub's chart, and the Compose files the Compose
// specification.
func TestFilesFitTheirSchemas(t *testing.T) {
	env, hub := environment(t)
	packages := kerneltest.Packages(t, env, filepath.Join("testdata", "requirements.txt"))
	cmd := exec.CommandContext(t.Context(), env.Python, filepath.Join("testdata", "check.py"), env.Module)
	cmd.Env = process.MergeEnv(env.Environ(), "PYTHONPATH="+packages+string(os.PathListSeparator)+filepath.Join(hub, "python"))
	out, err := cmd.CombinedOutput()
	if want := "values.yaml: fits\nvalues-300.yaml: fits\ncompose.yaml: fits\n"; err != nil || string(out) != want {
		t.Errorf("%v:\n%s", err, out)
	}
}
