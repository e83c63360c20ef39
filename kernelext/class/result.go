package class

import (
	"fmt"
	"io"
	"math"
	"slices"
	"text/tabwriter"
)

// Result is what was measured. Memory is in MB, proportional: what several processes share, such as a program's code, counts once in
// all. Times are in seconds since all students began at once, each step after the one before.
type Result struct {
	Students int
	Accounts bool                 // each student was an account of its own
	Times    map[string][]float64 // of each student until login, server, first cell and its value
	BeginCPU float64              `json:"begin_cpu"` // processor seconds that a student's processes took until then, the mean of all
	Idle     State                // after the first cell
	Living   *State               // with a dataset and a network
	Hub      float64              // memory of hub and proxy
	Survived int                  // kernels that had their values while the hub was away and after it was back

	LivingSeconds   []float64 `json:"living_seconds"`
	TrainingMB      []float64 `json:"training_mb"` // the most that each student who trained took
	TrainingSeconds []float64 `json:"training_seconds"`
	Nodes           []string  // on which the kernels ran, with Slurm
}

// State is what students take at one time.
type State struct {
	MB    []float64          // memory of each student
	Kinds map[string]float64 // memory of a student's processes by what they are, the mean of all
	CPU   float64            // processor time of a student, in percent of one processor, the mean of all
}

// Percentile is the smallest value that at least p percent of the values do not exceed (the nearest rank).
func Percentile(values []float64, p float64) float64 {
	if len(values) == 0 {
		return math.NaN()
	}
	sorted := slices.Sorted(slices.Values(values))
	return sorted[max(0, int(math.Ceil(p/100*float64(len(sorted))))-1)]
}

// Reserve is the memory, in MB, that Fit leaves to the system and its file cache.
const Reserve = 4096

// Fit is the model of how many students fit into a machine with so much memory in MB, if all hold living values and this share of
// them trains at the same time. It is NaN if living values or training were not measured.
func (r Result) Fit(memory, share float64) float64 {
	if r.Living == nil || share > 0 && len(r.TrainingMB) == 0 {
		return math.NaN()
	}
	each := mean(r.Living.MB)
	if share > 0 {
		each += share * max(0, mean(r.TrainingMB)-each)
	}
	return math.Floor((memory - Reserve - r.Hub) / each)
}

func mean(values []float64) float64 {
	sum := 0.0
	for _, v := range values {
		sum += v
	}
	return sum / float64(len(values))
}

// Write writes the result for people to read.
func (r Result) Write(w io.Writer) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	accounts := "all of one account"
	if r.Accounts {
		accounts = "each an account of its own"
	}
	fmt.Fprintf(t, "%d students began at once, %s\n\n", r.Students, accounts)
	fmt.Fprintln(t, "seconds until\tmedian\t95 %\tlast")
	for _, step := range [][2]string{{"login", "logged in"}, {"server", "the server is ready"}, {"cell", "the first cell has run"}, {"value", "the second has used its value"}} {
		v := r.Times[step[0]]
		fmt.Fprintf(t, "%s\t%.1f\t%.1f\t%.1f\n", step[1], Percentile(v, 50), Percentile(v, 95), Percentile(v, 100))
	}
	fmt.Fprintf(t, "\nUntil then a student took %.1f s of a processor. The start of %d students in 60 s needs %.1f processors.\n",
		r.BeginCPU, r.Students, r.BeginCPU*float64(r.Students)/60)
	fmt.Fprintln(t, "\na student takes\tMB, mean\tmost\tprocessor")
	state := func(name string, s State) {
		fmt.Fprintf(t, "%s\t%.0f\t%.0f\t%.1f %%\n", name, mean(s.MB), slices.Max(s.MB), s.CPU)
		for _, kind := range []string{"server", "kernel", "session", "gopls", "other"} {
			fmt.Fprintf(t, "  %s\t%.0f\n", kind, s.Kinds[kind])
		}
	}
	state("idle, after a cell", r.Idle)
	if r.Living != nil {
		state("idle, with living values", *r.Living)
	}
	if len(r.TrainingMB) > 0 {
		fmt.Fprintf(t, "training, %d at once\t%.0f\t%.0f\t%.1f s each\n", len(r.TrainingMB), mean(r.TrainingMB), slices.Max(r.TrainingMB), mean(r.TrainingSeconds))
	}
	fmt.Fprintf(t, "hub and proxy, once\t%.0f\n", r.Hub)
	if r.Survived > 0 {
		fmt.Fprintf(t, "\nThe hub was restarted: %d of %d kernels had their values meanwhile and afterwards.\n", r.Survived, r.Students)
	}
	if len(r.Nodes) > 0 {
		fmt.Fprintf(t, "\nnodes: %q\n", r.Nodes)
	}
	if fit := r.Fit(64*1024, 0.25); !math.IsNaN(fit) {
		fmt.Fprintf(t, "\nA model, not a measurement: with 64 GB, of which %d GB are the system's, %.0f students with living values fit,\n"+
			"and %.0f if a quarter of them train at once.\n", Reserve/1024, r.Fit(64*1024, 0), fit)
	}
	return t.Flush()
}
