package kernelext

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"
)

// CheckStatus is the outcome of one check of the doctor.
type CheckStatus string

const (
	CheckOK   CheckStatus = "ok"
	CheckWarn CheckStatus = "warn" // worth knowing; the next command mends it or works without
	CheckFail CheckStatus = "fail" // cnnbook cannot work before it is mended
)

// Check is what the doctor found about one thing.
type Check struct {
	Name   string      `json:"name"`
	Status CheckStatus `json:"status"`
	Detail string      `json:"detail"` // what was found
	Remedy string      `json:"remedy"` // what to do, "" where nothing is to be done
}

// setupCommand is the remedy for all that set-up makes.
const setupCommand = "run: go run . setup"

// Doctor looks at everything that cnnbook needs, changes nothing, and works before set-up as well as after it.
// data is the folder or archive of a dataset to look at; "" takes $CNNBOOK_DATA.
func Doctor(ctx context.Context, s Setup, data string) []Check {
	s, moduleErr := s.resolve(ctx)
	d := doctor{Setup: s, ctx: ctx, diskFree: diskFree, gpus: "/proc/driver/nvidia/gpus", root: "/"}
	d.checkout(moduleErr)
	d.goToolchain()
	d.compiler()
	d.pythonInterpreter()
	d.cacheFolder()
	d.tools()
	d.pythonEnvironment()
	d.pluginAndBackend()
	d.allocator()
	d.kernelspec()
	d.installedKernels()
	d.gpu()
	d.dataset(data)
	d.leftovers()
	return d.checks
}

// doctor gathers the checks. What one check finds, a later one uses.
type doctor struct {
	Setup
	ctx    context.Context
	checks []Check

	diskFree func(dir string) (bytes uint64, known bool)
	gpus     string // folder with an entry for each NVIDIA GPU
	root     string // below which libraries are looked for

	goFound *toolchain // nil where Go or the checkout is missing
	python  *python    // nil where none is usable
	env     Environment
}

func (d *doctor) add(status CheckStatus, name, detail, remedy string) {
	d.checks = append(d.checks, Check{Name: name, Status: status, Detail: oneLine(detail), Remedy: oneLine(remedy)})
}

// fault adds a check that found err, with the remedy that err carries.
func (d *doctor) fault(status CheckStatus, name string, err error, otherwise string) {
	cause, remedy := remedyOf(err)
	if remedy == "" {
		remedy = otherwise
	}
	d.add(status, name, cause, remedy)
}

// ChecksFailed reports whether something is wrong that cnnbook cannot work with.
func ChecksFailed(checks []Check) bool {
	return slices.ContainsFunc(checks, func(c Check) bool { return c.Status == CheckFail })
}

// WriteChecks writes the checks as a table for people, each remedy under its check.
func WriteChecks(w io.Writer, checks []Check) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, c := range checks {
		fmt.Fprintf(t, "%s\t%s\t%s\n", c.Status, c.Name, c.Detail)
		if c.Remedy != "" {
			fmt.Fprintf(t, "\t\t→ %s\n", c.Remedy)
		}
	}
	if err := t.Flush(); err != nil {
		return err
	}
	_, err := fmt.Fprintln(w, "\n"+summary(checks))
	return err
}

func summary(checks []Check) string {
	count := map[CheckStatus]int{}
	for _, c := range checks {
		count[c.Status]++
	}
	var parts []string
	if n := count[CheckFail]; n > 0 {
		parts = append(parts, fmt.Sprintf("%d to mend", n))
	}
	if n := count[CheckWarn]; n > 0 {
		parts = append(parts, fmt.Sprintf("%d to know of", n))
	}
	if len(parts) == 0 {
		return "All is well."
	}
	return strings.Join(parts, ", ") + "."
}

// WriteChecksJSON writes the checks as a JSON array, for programs.
func WriteChecksJSON(w io.Writer, checks []Check) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	return e.Encode(checks)
}
