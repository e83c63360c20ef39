package docker

import (
	"bytes"
	"context"
	"embed"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"text/template"

	"github.com/cnnbook/cnnbook/kernelext/setup"
)

//go:embed pins.json hub-requirements.txt templates
var sources embed.FS

// pins are the versions in the files.
type pins struct {
	Debian     string // tag of the base image
	Golang     string // Debian's name in the tag of Go's image
	Chart      string // Zero to JupyterHub, on Kubernetes
	Proxy      string // configurable-http-proxy, before a hub
	JupyterHub string `json:"-"` // in the image for a hub or Binder, from hub-requirements.txt

	setup.Pins
}

// targets are the files, slash-separated from the checkout's root, and their templates.
func targets() map[string]string {
	return map[string]string{
		"docker/Dockerfile":               "Dockerfile",
		"docker/compose.yaml":             "compose.yaml",
		"docker/hub/docker_config.py":     "docker_config.py",
		"docker/hub/compose.yaml":         "hub-compose.yaml",
		"docker/hub/Dockerfile":           "hub-dockerfile",
		"docker/hub/values.yaml":          "values.yaml",
		"docker/hub/values-300.yaml":      "values-300.yaml",
		".binder/Dockerfile":              "binder",
		".devcontainer/devcontainer.json": "devcontainer.json",
	}
}

// Files returns the content of all files, by their path from the checkout's root. module is the checkout, which states the
// versions.
func Files(ctx context.Context, module string) (map[string][]byte, error) {
	p, err := readPins(ctx, module)
	if err != nil {
		return nil, fmt.Errorf("docker: %w", err)
	}
	parsed, err := template.New("").Option("missingkey=error").Delims("<<", ">>").ParseFS(sources, "templates/*")
	if err != nil {
		return nil, fmt.Errorf("docker: %w", err)
	}
	files := map[string][]byte{}
	for name, from := range targets() {
		var b bytes.Buffer
		if err := parsed.ExecuteTemplate(&b, from, p); err != nil {
			return nil, fmt.Errorf("docker: %s: %w", name, err)
		}
		files[name] = b.Bytes()
	}
	return files, nil
}

// Write writes the files into a checkout.
func Write(ctx context.Context, module string) error {
	files, err := Files(ctx, module)
	if err != nil {
		return err
	}
	for name, data := range files {
		path := filepath.Join(module, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return fmt.Errorf("docker: %w", err)
		}
		if err := os.WriteFile(path, data, 0o644); err != nil {
			return fmt.Errorf("docker: %w", err)
		}
	}
	return nil
}

func readPins(ctx context.Context, module string) (pins, error) {
	var p pins
	data, err := sources.ReadFile("pins.json")
	if err != nil {
		return p, err
	}
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&p); err != nil {
		return p, fmt.Errorf("pins.json: %w", err)
	}
	hub, err := sources.ReadFile("hub-requirements.txt")
	if err != nil {
		return p, err
	}
	for line := range strings.Lines(string(hub)) {
		if rest, ok := strings.CutPrefix(line, "jupyterhub=="); ok {
			p.JupyterHub = strings.Fields(rest)[0]
		}
	}
	p.Pins, err = setup.ReadPins(ctx, module)
	return p, err
}

// PythonVersion returns the pinned version of a Python package.
func (p pins) PythonVersion(name string) (string, error) {
	for _, pin := range p.Python {
		if version, ok := strings.CutPrefix(pin, name+"=="); ok {
			return version, nil
		}
	}
	return "", fmt.Errorf("no version of %s is pinned", name)
}
