// Package doctor checks everything that cnnbook needs on a machine and reports what is wrong, with the remedy. It changes nothing,
// and works before set-up as well as after it. [Run] returns a [Check] for each part; [Write] and [WriteJSON] show them.
package doctor

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/cnnbook/cnnbook/kernelext/internal/text"
	"github.com/cnnbook/cnnbook/kernelext/setup"
)

// Status is the outcome of one check of the doctor.
type Status string

const (
	OK   Status = "ok"
	Warn Status = "warn" // worth knowing; the next command fixes it or works without it
	Fail Status = "fail" // cnnbook cannot work until it is fixed
)

// Check is what the doctor found about one part.
type Check struct {
	Name   string `json:"name"`
	Status Status `json:"status"`
	Detail string `json:"detail"` // what was found
	Remedy string `json:"remedy"` // what to do, "" where nothing needs to be done
}

// setupCommand is the remedy for every part that set-up makes.
const setupCommand = "run: go run . setup"

// Run checks everything that cnnbook needs, changes nothing, and works before set-up as well as after it.
// data is the folder or archive of a dataset to check; "" takes $CNNBOOK_DATA.
func Run(ctx context.Context, s setup.Installer, data string) []Check {
	s, moduleErr := s.Resolve(ctx)
	d := doctor{Installer: s, ctx: ctx, diskFree: diskFree, gpus: "/proc/driver/nvidia/gpus", root: "/"}
	d.checkout(moduleErr)
	d.goToolchain()
	d.compiler()
	d.processor()
	d.pythonInterpreter()
	d.cacheFolder()
	d.tools()
	d.session()
	d.pythonEnvironment()
	d.pluginAndBackend()
	d.kernelspec()
	d.installedKernels()
	d.gpu()
	d.dataset(data)
	d.runsFolder()
	d.leftovers()
	return d.checks
}

// doctor gathers the checks. What one check finds, a later one uses.
type doctor struct {
	setup.Installer
	ctx    context.Context
	checks []Check

	diskFree func(dir string) (bytes uint64, known bool)
	gpus     string // folder with an entry for each NVIDIA GPU
	root     string // below which libraries are looked for

	goFound *setup.Toolchain // nil where Go or the checkout is missing
	python  *setup.Python    // nil where none is usable
	env     setup.Environment
}

func (d *doctor) add(status Status, name, detail, remedy string) {
	d.checks = append(d.checks, Check{Name: name, Status: status, Detail: text.OneLine(detail), Remedy: text.OneLine(remedy)})
}

// fault adds a check that found err, with the remedy that err carries.
func (d *doctor) fault(status Status, name string, err error, otherwise string) {
	cause, remedy := setup.RemedyOf(err)
	if remedy == "" {
		remedy = otherwise
	}
	d.add(status, name, cause, remedy)
}

// Failed reports whether something is wrong that cnnbook cannot work with.
func Failed(checks []Check) bool {
	return slices.ContainsFunc(checks, func(c Check) bool { return c.Status == Fail })
}

// Write writes the checks as a readable table, each remedy under its check.
func Write(w io.Writer, checks []Check) error {
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
	count := map[Status]int{}
	for _, c := range checks {
		count[c.Status]++
	}
	var parts []string
	if n := count[Fail]; n > 0 {
		parts = append(parts, fmt.Sprintf("%d to fix", n))
	}
	if n := count[Warn]; n > 0 {
		parts = append(parts, fmt.Sprintf("%d to note", n))
	}
	if len(parts) == 0 {
		return "All is well."
	}
	return strings.Join(parts, ", ") + "."
}

// WriteJSON writes the checks as a JSON array, for programs.
func WriteJSON(w io.Writer, checks []Check) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	return e.Encode(checks)
}
