package engine

import (
	"fmt"
	"path/filepath"
	"regexp"
	"strings"
)

// Job is what an engine needs to know about a sweep.
type Job struct {
	Name      string // of the sweep
	First     int    // index of its first training
	Trainings int
	After     []string // Slurm's numbers of the jobs that must have ended before, however they ended
	Program   string   // the command: its path on every node, or in the image
	File      string   // of the sweep; its path on every node
	Flags     []string // of sweep run, besides the index
	AtOnce    int      // how many trainings may run at the same time; 0: as many as the engine allows
	CPUs      int      // processors of a training
	Memory    string   // of a training, as both engines write it: "2G"
}

// ArraySize is how many trainings go into one array: MaxArraySize is 1001 unless a cluster's administrator has changed it.
const ArraySize = 1000

// SlurmScripts are the batch scripts of a job for sbatch: an array for each thousand trainings. Those of a job that comes after others wait
// for the end of all their tasks, also of those that failed: a training that diverged must not keep the others waiting.
//
// A task whose training ends with [StatusAgain] is put back into the queue, and so is one whose node died (--requeue). Its log is
// continued. Slurm warns a task 60 seconds before its time is over; the training then saves and ends.
func SlurmScripts(j Job) (scripts []string) {
	for first := 0; first < j.Trainings; first += ArraySize {
		last := min(ArraySize, j.Trainings-first) - 1
		array := fmt.Sprintf("0-%d", last)
		if j.AtOnce > 0 {
			array += fmt.Sprintf("%%%d", j.AtOnce)
		}
		command := append([]string{j.Program, "sweep", "run", j.File}, j.Flags...)
		after := ""
		if len(j.After) > 0 {
			after = "\n#SBATCH --dependency=afterany:" + strings.Join(j.After, ":")
		}
		scripts = append(scripts, fmt.Sprintf(slurmScript, j.Name, array, after, j.CPUs, j.Memory, quote(command), j.First+first))
	}
	return scripts
}

const slurmScript = `#!/bin/bash
#SBATCH --job-name=cnnbook-%s
#SBATCH --array=%s%s
#SBATCH --ntasks=1
#SBATCH --cpus-per-task=%d
#SBATCH --mem=%s
#SBATCH --requeue
#SBATCH --open-mode=append
#SBATCH --output=%%x-%%A_%%a.log
#SBATCH --signal=B:TERM@60
export OMP_NUM_THREADS="$SLURM_CPUS_PER_TASK"
%s --index $((%d + SLURM_ARRAY_TASK_ID)) &
training=$!
trap 'kill -TERM "$training" 2>/dev/null' TERM INT
wait "$training"
status=$?
while kill -0 "$training" 2>/dev/null; do # a signal ended the wait, and the training saves
	wait "$training"
	status=$?
done
if [ "$status" -eq 75 ]; then # asked to stop, or trained elsewhere: back into the queue
	scontrol requeue "$SLURM_JOB_ID" && sleep 60 # until Slurm ends this task
fi
exit "$status"
`

var submitted = regexp.MustCompile(`^Submitted batch job (\d+)`)

// SlurmJob is the number of the job that sbatch says it has submitted.
func SlurmJob(said string) (string, error) {
	if m := submitted.FindStringSubmatch(said); m != nil {
		return m[1], nil
	}
	return "", fmt.Errorf("sbatch said %q, expected Submitted batch job and its number: squeue lists what was submitted", said)
}

// quote writes words for a shell.
func quote(words []string) string {
	quoted := make([]string, len(words))
	for i, w := range words {
		quoted[i] = w
		if w == "" || strings.Trim(w, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./=:,@+") != "" {
			quoted[i] = "'" + strings.ReplaceAll(w, "'", `'\''`) + "'"
		}
	}
	return strings.Join(quoted, " ")
}

// Lasting says why a program will not be there when a node starts it; it is empty if it will: go run builds into a folder that
// it removes.
func Lasting(program string) string {
	for dir := filepath.Dir(program); dir != filepath.Dir(dir); dir = filepath.Dir(dir) {
		if strings.HasPrefix(filepath.Base(dir), "go-build") {
			return "go run removes this program when it ends"
		}
	}
	return ""
}
