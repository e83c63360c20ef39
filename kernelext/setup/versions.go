package setup

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

// tool is one program that a kernel needs besides Go itself, at the version that tools/go.mod pins.
type tool struct {
	Name    string // of the program
	Package string
	Version string
}

// kernelTools are GoNB itself and the programs that it finds on PATH, in this order everywhere. Other tools of tools/go.mod are only for
// the development of this module.
func kernelTools() []string { return []string{"gonb", "gopls", "goimports"} }

// toolVersions reads the pinned versions from the module's tools/go.mod, the only place that defines them.
func toolVersions(ctx context.Context, t Toolchain, module string) ([]tool, error) {
	dir := filepath.Join(module, "tools")
	if _, err := os.Stat(filepath.Join(dir, "go.mod")); err != nil {
		return nil, &Problem{
			Cause:  fmt.Sprintf("%s has no tools/go.mod, which pins GoNB (a module cache leaves it out)", module),
			Remedy: "clone the repository and run the command there",
			Err:    ErrNoCheckout,
		}
	}
	out, err := t.goCommand(dir, "", "mod", "edit", "-json").Output(ctx)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", filepath.Join(dir, "go.mod"), err)
	}
	return parseTools([]byte(out))
}

// parseTools picks the kernel's tools from the output of "go mod edit -json".
func parseTools(data []byte) ([]tool, error) {
	var mod struct {
		Require []struct{ Path, Version string }
		Tool    []struct{ Path string }
	}
	if err := json.Unmarshal(data, &mod); err != nil {
		return nil, fmt.Errorf("tools/go.mod: %w", err)
	}
	var tools []tool
	for _, name := range kernelTools() {
		i := slices.IndexFunc(mod.Tool, func(t struct{ Path string }) bool { return path.Base(t.Path) == name })
		if i < 0 {
			return nil, fmt.Errorf("tools/go.mod: no tool line for %s", name)
		}
		t := tool{Name: name, Package: mod.Tool[i].Path}
		longest := 0
		for _, r := range mod.Require {
			if (t.Package == r.Path || strings.HasPrefix(t.Package, r.Path+"/")) && len(r.Path) > longest {
				t.Version, longest = r.Version, len(r.Path)
			}
		}
		if longest == 0 {
			return nil, fmt.Errorf("tools/go.mod: no require line for the module of %s", t.Package)
		}
		tools = append(tools, t)
	}
	return tools, nil
}

// requiredVersion reads the version of a module from a go.mod file's require lines.
func requiredVersion(file, module string) (string, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return "", err
	}
	for line := range strings.Lines(string(data)) {
		fields := strings.Fields(strings.TrimPrefix(strings.TrimSpace(line), "require "))
		if len(fields) >= 2 && fields[0] == module {
			return fields[1], nil
		}
	}
	return "", fmt.Errorf("%s: no require line for %s", file, module)
}
