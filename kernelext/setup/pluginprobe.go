package setup

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/cnnbook/cnnbook/kernelext/internal/cache"
	"github.com/cnnbook/cnnbook/kernelext/internal/process"
	"github.com/cnnbook/cnnbook/kernelext/internal/text"
)

// probeTimeout bounds a plugin that hangs while it loads; a working one takes less than a second.
const probeTimeout = time.Minute

// probed is what a probe reports about a plugin.
type probed struct {
	API     string `json:"api"`
	Devices int    `json:"devices"`
	File    string `json:"file"`            // name under which go-xla looks for a CPU plugin
	Fault   string `json:"fault,omitempty"` // why the plugin does not work here, "" if it does
}

// pluginFault is a plugin that does not work, as seen from outside the process that tested it.
type pluginFault struct {
	File  string
	Fault string
}

func (e *pluginFault) Error() string { return e.File + " " + e.Fault }
func (e *pluginFault) Unwrap() error { return ErrPlugin }

func asPluginFault(err error) (*pluginFault, bool) { return errors.AsType[*pluginFault](err) }

func isPluginFault(err error) bool {
	_, ok := asPluginFault(err)
	return ok
}

// prober builds the program that tests a plugin, from this module's source, and returns its path.
func (s Installer) prober(ctx context.Context, t Toolchain, r *cache.Reporter) (string, error) {
	st, err := s.proberFolder(t)
	if err != nil {
		return "", err
	}
	if _, err := st.Run(ctx, r); err != nil {
		return "", err
	}
	return proberIn(st.Dir), nil
}

// proberIn is the program in the folder of proberFolder.
func proberIn(dir string) string { return filepath.Join(dir, process.ExeName("pjrtprobe")) }

// proberFolder is the folder of the program that tests a plugin.
func (s Installer) proberFolder(t Toolchain) (cache.Folder, error) {
	const dir = "kernelext/internal/pjrtprobe"
	version, err := requiredVersion(filepath.Join(s.Module, "go.mod"), "github.com/gomlx/go-xla")
	if err != nil {
		return cache.Folder{}, err
	}
	sources, err := filepath.Glob(filepath.Join(s.Module, "internal", "onednn", "*.[cgh]*"))
	if err != nil {
		return cache.Folder{}, err
	}
	sources = append(sources, filepath.Join(s.Module, filepath.FromSlash(dir), "main.go"))
	hash, err := cache.HashFiles(sources, version, t.Version, t.OS, t.Arch)
	if err != nil {
		return cache.Folder{}, fmt.Errorf("the plugin's probe: %w", err)
	}
	return cache.Folder{
		Dir:  filepath.Join(s.Cache, "probe", hash),
		What: "Building the probe for PJRT plugins",
		Build: func(ctx context.Context, out string) (any, error) {
			_, err := t.goCommand(s.Module, s.log("probe"), "build", "-mod=readonly", "-o", out+string(filepath.Separator), "./"+dir).Output(ctx)
			if err != nil {
				return nil, fmt.Errorf("build the probe for PJRT plugins: %w", offline(err, "the Go module proxy"))
			}
			return nil, nil
		},
	}, nil
}

// probePlugin loads the library file in a child process and starts a client. Any failure of a faulty library there
// is returned as a *pluginFault.
func probePlugin(ctx context.Context, probe, file string) (probed, error) {
	var found probed
	if _, err := os.Stat(file); err != nil {
		return found, &pluginFault{file, "cannot be read: " + errors.Unwrap(err).Error()}
	}
	out, err := runProbe(ctx, probe, file)
	if err != nil {
		return found, err
	}
	if err := json.Unmarshal([]byte(out), &found); err != nil {
		return found, &pluginFault{file, "prints something other than its description: " + text.OneLine(out)}
	}
	return found, nil
}

// probeOneDNN has the plugin call oneDNN's library in a child process; see probePlugin.
func probeOneDNN(ctx context.Context, probe, plugin, library string) error {
	_, err := runProbe(ctx, probe, library, plugin)
	return err
}

// runProbe returns what the probe of file prints.
func runProbe(ctx context.Context, probe, file string, with ...string) (string, error) {
	limited, cancel := context.WithTimeout(ctx, probeTimeout)
	defer cancel()
	c := process.Command{Path: probe, Args: append(with, file), Env: process.MergeEnv(os.Environ(), noInstallEnv+"=1", "TF_CPP_MIN_LOG_LEVEL=3")}
	out, err := c.Output(limited)
	switch {
	case ctx.Err() != nil:
		return "", ctx.Err()
	case limited.Err() != nil:
		return "", &pluginFault{file, fmt.Sprintf("hangs: it did not load within %v", probeTimeout)}
	case err != nil:
		return "", &pluginFault{file, faultIn(process.OutputOf(err), err)}
	}
	return out, nil
}

// faultIn finds in the output of a failed probe what is wrong with the plugin.
func faultIn(output string, err error) string {
	has := func(signs ...string) bool {
		for _, s := range signs {
			if strings.Contains(output, s) {
				return true
			}
		}
		return false
	}
	switch {
	case has("SIGABRT"):
		return "aborts when it is loaded"
	case has("SIGSEGV", "SIGBUS", "SIGILL", "SIGFPE"):
		return "crashes when it is used: it was built for another PJRT interface or another processor"
	case has("invalid ELF header", "file too short", "wrong ELF class", "not a mach-o", "incompatible architecture"):
		return "is not a shared library for this machine"
	case has("failed to find symbol"):
		return "is not a PJRT plugin: it has no function GetPjrtApi"
	case has("GLIBC_", "GLIBCXX_"):
		return "needs a newer C library than this system has: " + process.TellingLine(output)
	case has("cannot open shared object file"):
		return "needs a library that this system lacks: " + process.TellingLine(output)
	case strings.TrimSpace(output) == "":
		return "does not load: " + err.Error()
	}
	return "does not load: " + process.TellingLine(output)
}
