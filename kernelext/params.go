package kernelext

import (
	"cmp"
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/cnnbook/cnnbook/kernelext/internal/text"
)

// Budgets: how much work a notebook does.
const (
	BudgetSmoke   = "smoke"   // a minute: does everything run?
	BudgetMinutes = "minutes" // a few minutes on drawn images: curves that show learning
	BudgetCPU     = "cpu"     // what a processor can train while the user waits
	BudgetHours   = "hours"   // all images and a few epochs of every stage
	BudgetFull    = "full"    // the whole of the write-up
)

// Budgets lists the names of the budgets, the smallest first.
func Budgets() []string {
	return []string{BudgetSmoke, BudgetMinutes, BudgetCPU, BudgetHours, BudgetFull}
}

// Names of the environment variables that carry the parameters into a cell.
const (
	EnvData   = "CNNBOOK_DATA"
	EnvBudget = "CNNBOOK_BUDGET"
	EnvSeed   = "CNNBOOK_SEED"
	EnvRuns   = "CNNBOOK_RUNS"
)

// ErrParams is wrapped by every error about parameters.
var ErrParams = errors.New("bad parameters")

// Params are the parameters of a notebook run. One notebook serves every
// dataset, budget and seed; the environment selects them, so that the command
// line, JupyterLab and a container choose in the same way.
type Params struct {
	Data   string // dataset in the official layout, a folder or .tar.gz; empty: drawn data
	Budget string // one of Budgets; empty: BudgetSmoke
	Seed   uint64 // seed of everything random
	Runs   string // folder that keeps the saved runs
}

// ParamsFromEnv reads the parameters from the environment variables
// CNNBOOK_DATA, CNNBOOK_BUDGET, CNNBOOK_SEED and CNNBOOK_RUNS.
// Unset or empty variables take their defaults: drawn data, the smoke budget, seed 1,
// cnnbook/runs under the user's cache folder. It checks what it reads;
// its errors wrap ErrParams and name the variable.
func ParamsFromEnv() (Params, error) { return ParamsFrom(os.Getenv) }

// ParamsFrom is ParamsFromEnv for values from another source, such as a command's flags.
func ParamsFrom(getenv func(name string) string) (Params, error) {
	return paramsFrom(getenv, os.UserCacheDir)
}

func paramsFrom(getenv func(string) string, cacheDir func() (string, error)) (Params, error) {
	p := Params{Data: getenv(EnvData), Budget: cmp.Or(getenv(EnvBudget), BudgetSmoke), Seed: 1, Runs: getenv(EnvRuns)}
	var err error
	if s := getenv(EnvSeed); s != "" {
		if p.Seed, err = strconv.ParseUint(s, 10, 64); err != nil {
			return Params{}, paramError(EnvSeed, s, "a whole number from 0 to 18446744073709551615")
		}
	}
	if p.Runs == "" {
		cache, err := cacheDir()
		if err != nil {
			return Params{}, fmt.Errorf("%w: %s is not set and the user's cache folder is unknown: %w; set %s to a folder", ErrParams, EnvRuns, err, EnvRuns)
		}
		p.Runs = filepath.Join(cache, "cnnbook", "runs")
	}
	if err := p.check(); err != nil {
		return Params{}, err
	}
	return p.absolute()
}

// Check reports the first value that cannot be used.
func (p Params) check() error {
	if !slices.Contains(Budgets(), cmp.Or(p.Budget, BudgetSmoke)) {
		return paramError(EnvBudget, p.Budget, "smoke, minutes, cpu, hours or full")
	}
	if p.Data != "" {
		if _, err := os.Stat(p.Data); err != nil {
			return fmt.Errorf("%w: %s=%s: %w; set it to a CIFAR-10 folder or archive, or unset it for drawn data",
				ErrParams, EnvData, text.Clean(p.Data), text.PathCause(err))
		}
	}
	if info, err := os.Stat(p.Runs); p.Runs != "" && err == nil && !info.IsDir() {
		return paramError(EnvRuns, p.Runs, "a folder, found a file")
	}
	return nil
}

// absolute makes the paths independent of the working directory, which differs
// between the command line and a kernel.
func (p Params) absolute() (Params, error) {
	for _, path := range []*string{&p.Data, &p.Runs} {
		if *path == "" {
			continue
		}
		abs, err := filepath.Abs(*path)
		if err != nil {
			return Params{}, fmt.Errorf("%w: %w", ErrParams, err)
		}
		*path = abs
	}
	return p, nil
}

// Environ returns the parameters as environment variables, KEY=VALUE, from which
// ParamsFromEnv reads them back. Every variable is set, so that they override what
// a parent process left behind.
func (p Params) Environ() []string {
	return []string{
		EnvData + "=" + p.Data,
		EnvBudget + "=" + cmp.Or(p.Budget, BudgetSmoke),
		EnvSeed + "=" + strconv.FormatUint(p.Seed, 10),
		EnvRuns + "=" + p.Runs,
	}
}

// DataName is a short display name of the dataset: "drawn", or the last part
// of the dataset's path.
func (p Params) DataName() string {
	if p.Data == "" {
		return "drawn"
	}
	return text.Clean(filepath.Base(p.Data))
}

// Folder is the name of the folder that holds the pages of these parameters, of
// letters, digits, dots and dashes: <data>-<budget>-seed<seed>. Datasets of the same
// name in different places get different folders.
func (p Params) Folder() string {
	name := p.DataName()
	if p.Data != "" {
		sum := sha256.Sum256([]byte(p.Data))
		name = fmt.Sprintf("%s-%x", slug(name), sum[:3])
	}
	return fmt.Sprintf("%s-%s-seed%d", name, cmp.Or(p.Budget, BudgetSmoke), p.Seed)
}

// String is one line for the top of a page. It holds no path.
func (p Params) String() string {
	data := "drawn data"
	if p.Data != "" {
		data = "data " + p.DataName()
	}
	budget := cmp.Or(p.Budget, BudgetSmoke) + " budget"
	if p.Budget != BudgetFull {
		budget = "reduced budget " + cmp.Or(p.Budget, BudgetSmoke)
	}
	return fmt.Sprintf("%s, %s, seed %d", data, budget, p.Seed)
}

// slug keeps characters that are safe in a file name and a URL, and replaces the others by dashes.
func slug(s string) string {
	s = strings.Map(func(r rune) rune {
		if r < 0x80 && (r == '.' || r == '-' || r == '_' || r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z') {
			return r
		}
		return '-'
	}, s)
	return cmp.Or(strings.Trim(s, ".-"), "data")
}

func paramError(variable, found, expected string) error {
	return fmt.Errorf("%w: %s=%s: expected %s", ErrParams, variable, text.Clean(found), expected)
}
