package engine

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"gopkg.in/yaml.v3"
)

// The batch script is run by bash as Slurm runs it, with a program that does what a training does: it ends with the program's status,
// and a signal reaches the program, which ends in its own time.
func TestSlurmScript(t *testing.T) {
	bash, err := exec.LookPath("bash")
	if err != nil {
		t.Skip("no bash")
	}
	dir := t.TempDir()
	program := filepath.Join(dir, "it's a program")
	text := "#!/bin/sh\necho \"$@\" > \"" + dir + "/said\"\n[ \"$1\" = sweep ] || exit 1\nexit 65\n"
	if err := os.WriteFile(program, []byte(text), 0o755); err != nil {
		t.Fatal(err)
	}
	scripts := SlurmScripts(Job{Name: "s", Trainings: 2500, Program: program, File: "/a b/sweep.json", Flags: []string{"--runs", "/runs"}, CPUs: 2, Memory: "2G", AtOnce: 7})
	if len(scripts) != 3 || !strings.Contains(scripts[0], "--array=0-999%7\n") || !strings.Contains(scripts[2], "--array=0-499%7\n") {
		t.Fatalf("%d scripts, the last:\n%s", len(scripts), scripts[len(scripts)-1])
	}
	cmd := exec.Command(bash, "-c", scripts[2])
	cmd.Env = append(os.Environ(), "SLURM_ARRAY_TASK_ID=499", "SLURM_CPUS_PER_TASK=2")
	out, err := cmd.CombinedOutput()
	if cmd.ProcessState.ExitCode() != StatusNever {
		t.Errorf("%v: %s", err, out)
	}
	said, err := os.ReadFile(filepath.Join(dir, "said"))
	if want := "sweep run /a b/sweep.json --runs /runs --index 2499\n"; err != nil || string(said) != want {
		t.Errorf("%v: the program got %q, want %q", err, said, want)
	}
}

// The arrays of a later rung begin at its first training, and wait for all jobs of the rung before.
func TestSlurmScriptOfARung(t *testing.T) {
	scripts := SlurmScripts(Job{Name: "s", First: 90, Trainings: 30, After: []string{"17", "18"}, Program: "/p", File: "/s.json", CPUs: 1, Memory: "1G"})
	for _, want := range []string{"\n#SBATCH --array=0-29\n#SBATCH --dependency=afterany:17:18\n", "--index $((90 + SLURM_ARRAY_TASK_ID))"} {
		if len(scripts) != 1 || !strings.Contains(scripts[0], want) {
			t.Errorf("no %q in %q", want, scripts)
		}
	}
	for said, want := range map[string]string{"Submitted batch job 17\n": "17", "Submitted batch job 18 on cluster lab\n": "18", "": "", "sbatch: 17": ""} {
		if got, err := SlurmJob(said); got != want || (err == nil) != (want != "") {
			t.Errorf("%q: %q, %v", said, got, err)
		}
	}
}

func TestKubernetesYAML(t *testing.T) {
	text, err := KubernetesYAML(Job{Name: "my_Sweep.1", Trainings: 12, Program: "cnnbook", Flags: []string{"--runs", "/work/runs"}, CPUs: 2, Memory: "2G"},
		Volume{Image: "cnnbook:cpu", Claim: "work"}, []byte("{\"name\": \"x\"}\n"))
	if err != nil {
		t.Fatal(err)
	}
	decoder := yaml.NewDecoder(bytes.NewReader(text))
	var config, job map[string]any
	if err := decoder.Decode(&config); err != nil || config["kind"] != "ConfigMap" {
		t.Fatalf("%v: %v", err, config)
	}
	if err := decoder.Decode(&job); err != nil || job["kind"] != "Job" || job["apiVersion"] != "batch/v1" {
		t.Fatalf("%v: %v", err, job)
	}
	spec := job["spec"].(map[string]any)
	if spec["completionMode"] != "Indexed" || spec["completions"] != 12 {
		t.Errorf("job %v", spec)
	}
	name := job["metadata"].(map[string]any)["name"].(string)
	if strings.ToLower(name) != name || strings.ContainsAny(name, "_.") {
		t.Errorf("name %q is none of an object of Kubernetes", name)
	}
}
