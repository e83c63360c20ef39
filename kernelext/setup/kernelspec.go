package setup

import (
	"context"
	_ "embed"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/cnnbook/cnnbook/internal/atomicfile"
	"github.com/cnnbook/cnnbook/kernelext/internal/cache"
	"github.com/cnnbook/cnnbook/kernelext/internal/process"
)

// The kernel as Jupyter knows it: the name in a notebook's metadata, and the name that users see.
const (
	KernelName        = "cnnbook"
	KernelDisplayName = "Go (cnnbook)"
)

//go:embed logo/logo-64x64.png
var logoPNG []byte

//go:embed logo/logo-svg.svg
var logoSVG []byte

// KernelSpec is the content of a kernel.json file, as Jupyter's documentation of kernel specifications defines it.
type KernelSpec struct {
	Argv          []string          `json:"argv"`
	DisplayName   string            `json:"display_name"`
	Language      string            `json:"language"`
	InterruptMode string            `json:"interrupt_mode"`
	Env           map[string]string `json:"env"`
	Metadata      map[string]any    `json:"metadata"`
}

// KernelSpec describes the kernel of this installation. It carries everything that the kernel needs, so that any Jupyter
// client can start it, and nothing from the current environment: Jupyter fills in ${PATH} when it starts it.
//
// GoNB gets the checkout as -go_work, so that a cell imports this module's packages, at the versions that its go.mod
// pins, without set-up code in the notebook and without a connection. With -raw_error a compiler's error is text that
// names cell and line, readable in a terminal and on a page, instead of markup that needs a mouse. Its own log goes
// to a file, except for errors; GoNB needs both options with that file, otherwise it writes no log and exits.
func (e *Environment) KernelSpec() KernelSpec {
	env := map[string]string{
		"PATH": prependPath("${PATH}", literal(e.Bin), literal(filepath.Join(e.GoRoot, "bin"))),
	}
	for _, kv := range slices.Concat(e.goEnviron(), e.Plugin.Environ()) {
		name, value, _ := strings.Cut(kv, "=")
		env[name] = literal(value)
	}
	if e.Session != "" {
		env["CNNBOOK_SESSION_PROGRAM"] = literal(e.Session)
		env["CNNBOOK_SESSION_MODULE"] = literal(e.Module)
	}
	log := e.kernelLog()
	return KernelSpec{
		Argv: []string{
			filepath.Join(e.Bin, process.ExeName("gonb")), "--kernel", "{connection_file}", "-raw_error", "-go_work=" + e.Module,
			"-logtostderr=false", "-extra_log=" + log, "-log_file=" + log,
		},
		DisplayName:   KernelDisplayName,
		Language:      "go",
		InterruptMode: "message",
		Env:           env,
		Metadata:      map[string]any{"debugger": false},
	}
}

// kernelLog is the file that all kernels write to.
func (e *Environment) kernelLog() string { return filepath.Join(e.Cache, "logs", "gonb.log") }

// maxKernelLog is the maximum size of the kernels' log when set-up begins, in bytes.
const maxKernelLog = 4 << 20

// setAside renames a log of more than max bytes to "….old", replacing the previous one: GoNB only appends to its log.
// Running kernels continue to write to the old one.
func setAside(log string, max int64) error {
	if info, err := os.Stat(log); err != nil || info.Size() <= max {
		return nil // none yet, or short
	}
	return os.Rename(log, log+".old")
}

// literal keeps Jupyter from reading a dollar sign as the start of a variable.
func literal(s string) string { return strings.ReplaceAll(s, "$", "$$") }

// files returns the files of the kernelspec's folder.
func (k KernelSpec) files() (map[string][]byte, error) {
	spec, err := json.MarshalIndent(k, "", " ")
	if err != nil {
		return nil, err
	}
	return map[string][]byte{"kernel.json": append(spec, '\n'), "logo-64x64.png": logoPNG, "logo-svg.svg": logoSVG}, nil
}

// Write puts the kernelspec into folder dir, kernel.json last.
func (k KernelSpec) Write(dir string) error {
	content, err := k.files()
	if err != nil {
		return err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("write the kernelspec: %w", err)
	}
	names := slices.Sorted(maps.Keys(content))
	slices.Reverse(names)
	for _, name := range names {
		if err := atomicfile.WriteBytes(filepath.Join(dir, name), content[name], 0o644); err != nil {
			return fmt.Errorf("write the kernelspec: %w", err)
		}
	}
	return nil
}

// kernelspec puts the kernelspec into the cache, in a folder that is named by its content: two checkouts, or two
// plugins, have one each and do not interfere. It returns the folder for JUPYTER_PATH.
func (s Installer) kernelspec(ctx context.Context, env *Environment, r *cache.Reporter) (string, error) {
	if strings.Contains(env.Module, ",") {
		return "", &Problem{
			Cause:  fmt.Sprintf("the checkout's path %s holds a comma, which separates folders for GoNB", env.Module),
			Remedy: "move the checkout to a path without one",
			Err:    ErrNoCheckout,
		}
	}
	spec := env.KernelSpec()
	files, err := spec.files()
	if err != nil {
		return "", err
	}
	var parts []string
	for _, name := range slices.Sorted(maps.Keys(files)) {
		parts = append(parts, name, string(files[name]))
	}
	st := cache.Folder{
		Dir:  filepath.Join(s.Cache, "jupyter", "kernel-"+cache.Hash(parts...)),
		What: "Writing the kernelspec",
		Build: func(_ context.Context, dir string) (any, error) {
			return nil, spec.Write(filepath.Join(dir, "kernels", KernelName))
		},
	}
	_, err = st.Run(ctx, nil) // quick: nothing to report
	return st.Dir, err
}
