package cnn

import (
	"cmp"
	"fmt"
	"os"
	"runtime"
	"strconv"
	"strings"

	"github.com/cnnbook/cnnbook/internal/processor"
)

// processorLabel names this machine's processor and the instructions on which XLA's and oneDNN's choice of code depends.
func processorLabel() string {
	return fmt.Sprintf("%s (%s)", processor.Name(), processor.Instructions())
}

// threads is the number of threads among which XLA and oneDNN divide their work: the processors that this process may use,
// unless OMP_NUM_THREADS says otherwise.
func threads() int {
	n, _ := strconv.Atoi(os.Getenv("OMP_NUM_THREADS"))
	if n < 1 {
		n = 0
	}
	return cmp.Or(n, runtime.NumCPU())
}

// elsewhere says that another kind of machine has trained the run so far. The order of additions depends on the processor and
// on the number of threads, and so do the last bits of their sums. It is empty for a run from before this was recorded.
func (r *Run) elsewhere() string {
	m := r.manifest
	if m.State.Step == 0 || r.Finished() || m.Processor == "" {
		return ""
	}
	var changes []string
	for _, c := range [][2]string{
		{m.Backend, backendLabel()}, {m.Processor, processorLabel()}, {countThreads(m.Threads), countThreads(threads())},
	} {
		if c[0] != c[1] {
			changes = append(changes, fmt.Sprintf("%s, here %s", c[0], c[1]))
		}
	}
	if len(changes) == 0 {
		return ""
	}
	return fmt.Sprintf("was trained up to step %d on another kind of machine (%s): the last bits of its weights may differ from those of a training on one machine",
		m.State.Step, strings.Join(changes, "; "))
}

func countThreads(n int) string {
	if n == 1 {
		return "1 thread"
	}
	return fmt.Sprintf("%d threads", n)
}
