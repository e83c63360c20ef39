package setup

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/cnnbook/cnnbook/kernelext/internal/cache"
	"github.com/cnnbook/cnnbook/kernelext/internal/process"
	"github.com/cnnbook/cnnbook/kernelext/setup/gonb"
)

// ToolsFolder is the folder of programs: GoNB, gopls, goimports, as tools/go.mod pins them, built by this toolchain.
func (s Installer) ToolsFolder(ctx context.Context, t Toolchain) (cache.Folder, error) {
	tools, err := toolVersions(ctx, t, s.Module)
	if err != nil {
		return cache.Folder{}, err
	}
	dir := filepath.Join(s.Module, "tools")
	patches, err := gonb.Hash()
	if err != nil {
		return cache.Folder{}, err
	}
	hash, err := cache.HashFiles([]string{filepath.Join(dir, "go.mod"), filepath.Join(dir, "go.sum")}, t.Version, t.OS, t.Arch, goplsScript, patches)
	if err != nil {
		return cache.Folder{}, err
	}
	return cache.Folder{
		Dir:  filepath.Join(s.Cache, "tools", hash),
		What: fmt.Sprintf("Building GoNB %s and gopls %s", tools[0].Version, tools[1].Version),
		Check: func(dir string) error {
			for _, tool := range tools {
				if _, err := os.Stat(filepath.Join(dir, process.ExeName(tool.Name))); err != nil {
					return err
				}
			}
			return nil
		},
		Build: func(ctx context.Context, out string) (any, error) {
			source, err := os.MkdirTemp(filepath.Dir(out), "gonb-source-*")
			if err != nil {
				return nil, err
			}
			defer os.RemoveAll(source)
			goCommand := func(ctx context.Context, args ...string) (string, error) {
				return t.goCommand(dir, s.log("tools"), args...).Output(ctx)
			}
			modfile, skipped, err := gonb.Source(ctx, goCommand, dir, source)
			if err != nil {
				return nil, fmt.Errorf("build the kernel's tools: %w", offline(err, "the Go module proxy"))
			}
			args := []string{"build", "-mod=readonly", "-modfile=" + modfile, "-o", out + string(filepath.Separator)}
			for _, tool := range tools {
				args = append(args, tool.Package)
			}
			if _, err := t.goCommand(dir, s.log("tools"), args...).Output(ctx); err != nil {
				return nil, fmt.Errorf("build the kernel's tools: %w", offline(err, "the Go module proxy"))
			}
			return toolsNote{tools, skipped}, endGoplsWithKernel(out)
		},
	}, nil
}

// toolsNote is what the marker of the tools' folder keeps.
type toolsNote struct {
	Tools   []tool   `json:"tools"`
	Skipped []string `json:"skipped,omitempty"` // patches of GoNB that were left out, each with the reason
}

// SkippedPatches reads from the note of ToolsFolder which patches of GoNB were left out because they do not fit its version: one
// line for each, with the patch's file.
func SkippedPatches(note json.RawMessage) []string {
	var n toolsNote
	if json.Unmarshal(note, &n) != nil {
		return nil
	}
	return n.Skipped
}

// offline turns the failure of a download into a Problem of class ErrNetwork, and returns any other error unchanged.
func offline(err error, from string) error {
	out := process.OutputOf(err)
	for _, sign := range []string{
		"dial tcp", "no such host", "connection refused", "i/o timeout", "TLS handshake", "GOPROXY=off", "proxyconnect", // Go
		"NewConnectionError", "Failed to establish a new connection", "Max retries exceeded", "Temporary failure in name resolution",
		"ProxyError", "ConnectTimeoutError", "Read timed out", "Connection broken", "SSLError", "(from versions: none)", // pip
	} {
		if strings.Contains(out, sign) {
			return &Problem{
				Cause:  fmt.Sprintf("%s cannot be reached, or lacks the file: %s", from, process.TellingLine(out)),
				Remedy: "check the connection and the proxy settings and try again: finished work is kept",
				Err:    fmt.Errorf("%w: %w", ErrNetwork, err),
			}
		}
	}
	return err
}
