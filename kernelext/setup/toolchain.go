package setup

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"go/version"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/cnnbook/cnnbook/kernelext/internal/process"
)

// ModulePath is the module that a cell imports.
const ModulePath = "github.com/cnnbook/cnnbook"

// Toolchain is the Go installation that builds the tools and, later, each cell.
type Toolchain struct {
	Go         string `json:"-"` // the go command as found
	Root       string `json:"GOROOT"`
	Version    string `json:"GOVERSION"`
	ModCache   string `json:"GOMODCACHE"`
	BuildCache string `json:"GOCACHE"`
	CC         string `json:"CC"`
	Cgo        string `json:"CGO_ENABLED"`
	OS         string `json:"GOOS"`
	Arch       string `json:"GOARCH"`
	Flags      string `json:"GOFLAGS"`
}

// FindToolchain asks the go command, in the module's folder, so that the toolchain line of its go.mod applies.
func FindToolchain(ctx context.Context, module string) (Toolchain, error) {
	var t Toolchain
	path, err := exec.LookPath("go")
	if err != nil {
		return t, &Problem{Cause: "the go command is not on PATH", Remedy: "install Go from https://go.dev/dl and try again", Err: ErrNoGo}
	}
	out, err := process.Command{
		Path: path,
		Args: []string{"env", "-json", "GOROOT", "GOVERSION", "GOMODCACHE", "GOCACHE", "CC", "CGO_ENABLED", "GOOS", "GOARCH", "GOFLAGS"},
		Dir:  module,
		Env:  process.MergeEnv(os.Environ(), "GOWORK=off", "GO111MODULE=on"),
	}.Output(ctx)
	if err != nil {
		return t, fmt.Errorf("ask Go for its settings: %w", err)
	}
	if err := json.Unmarshal([]byte(out), &t); err != nil {
		return t, fmt.Errorf("read the output of go env: %w", err)
	}
	t.Go = path
	want, err := goDirective(filepath.Join(module, "go.mod"))
	if err != nil {
		return t, err
	}
	// A development version ("devel …") is not comparable and is left to the go command.
	if version.IsValid(t.Version) && version.Compare(t.Version, "go"+want) < 0 {
		return t, &Problem{
			Cause:  fmt.Sprintf("Go %s or newer is needed, found %s at %s", want, t.Version, t.Root),
			Remedy: "install a newer Go from https://go.dev/dl, or unset GOTOOLCHAIN so that Go fetches it",
			Err:    ErrNoGo,
		}
	}
	return t, nil
}

// compiler is the C compiler's command: a program and its arguments.
func (t Toolchain) compiler() []string {
	if cc := strings.Fields(t.CC); len(cc) > 0 {
		return cc
	}
	return []string{"gcc"}
}

// CheckCompiler checks that there is a C compiler, without which GoMLX cannot reach XLA.
func (t Toolchain) CheckCompiler() error {
	remedy := "install a C compiler (Debian and Ubuntu: apt install gcc libc6-dev; Fedora: dnf install gcc; macOS: xcode-select --install)"
	cc := t.compiler()
	if _, err := exec.LookPath(cc[0]); err != nil {
		return &Problem{Cause: fmt.Sprintf("GoMLX reaches XLA through cgo, and the C compiler %q is not on PATH", cc[0]), Remedy: remedy, Err: ErrNoCompiler}
	}
	if t.Cgo != "1" {
		return &Problem{Cause: "GoMLX reaches XLA through cgo, which is switched off", Remedy: "unset CGO_ENABLED, or go env -w CGO_ENABLED=1", Err: ErrNoCompiler}
	}
	return nil
}

// CellFlags are the GOFLAGS for our own builds and for cells: the user's flags without those that would choose another
// module file, and without version control stamping, since a cell has no such state. A cell is linked at each run;
// without debugging symbols that takes about half of the time, and stack traces do not need them.
func (t Toolchain) CellFlags() string {
	keep := []string{"-buildvcs=false"}
	if !strings.Contains(t.Flags, "-ldflags") {
		keep = append(keep, "-ldflags=-s")
	}
	for f := range strings.FieldsSeq(t.Flags) {
		name, _, _ := strings.Cut(strings.TrimLeft(f, "-"), "=")
		switch name {
		case "mod", "modfile", "buildvcs", "o", "C", "overlay":
		default:
			keep = append(keep, f)
		}
	}
	return strings.Join(keep, " ")
}

// environ is the environment of our own go commands.
func (t Toolchain) environ() []string {
	return process.MergeEnv(os.Environ(), "GOWORK=off", "GO111MODULE=on", "GOTOOLCHAIN=local", "GOFLAGS="+t.CellFlags(),
		"PATH="+prependPath(os.Getenv("PATH"), filepath.Join(t.Root, "bin")))
}

// goCommand is the go command of this toolchain in a folder.
func (t Toolchain) goCommand(dir, log string, args ...string) process.Command {
	return process.Command{Path: filepath.Join(t.Root, "bin", process.ExeName("go")), Args: args, Dir: dir, Env: t.environ(), Log: log}
}

// findModule finds the checkout: the folder dir or one above it, otherwise the module that the build of dir would use.
func findModule(ctx context.Context, dir string) (string, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return "", err
	}
	for at := dir; ; at = filepath.Dir(at) {
		if name, err := moduleName(filepath.Join(at, "go.mod")); err == nil && name == ModulePath {
			return at, nil
		}
		if at == filepath.Dir(at) {
			break
		}
	}
	if goCmd, err := exec.LookPath("go"); err == nil {
		out, err := process.Command{Path: goCmd, Args: []string{"list", "-m", "-f", "{{.Dir}}", ModulePath}, Dir: dir, Env: os.Environ()}.Output(ctx)
		if found := strings.TrimSpace(out); err == nil && found != "" {
			return found, nil
		}
	}
	return "", &Problem{
		Cause:  fmt.Sprintf("no checkout of %s at or above %s", ModulePath, dir),
		Remedy: "run the command inside a clone of the repository",
		Err:    ErrNoCheckout,
	}
}

// moduleName and goDirective read one line of a go.mod: "module NAME", "go VERSION".
func moduleName(file string) (string, error)  { return modLine(file, "module") }
func goDirective(file string) (string, error) { return modLine(file, "go") }

func modLine(file, verb string) (string, error) {
	f, err := os.Open(file)
	if err != nil {
		return "", err
	}
	defer f.Close()
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		fields := strings.Fields(lines.Text())
		if len(fields) >= 2 && fields[0] == verb {
			return strings.Trim(fields[1], `"`), nil
		}
	}
	return "", errors.Join(fmt.Errorf("%s: no %q line", file, verb), lines.Err())
}

// prependPath puts folders in front of a PATH list.
func prependPath(path string, dirs ...string) string {
	if path != "" {
		dirs = append(dirs, path)
	}
	return strings.Join(dirs, string(os.PathListSeparator))
}
