package docker

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// Promise(setup/containers): Container, Binder, hub and Codespaces use the same versions as set-up.
func TestFilesAreUpToDate(t *testing.T) {
	files, err := Files(t.Context(), "..")
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range files {
		got, err := os.ReadFile(filepath.Join("..", filepath.FromSlash(name)))
		if err != nil || string(got) != string(want) {
			t.Errorf("%s is out of date (%v): run go generate ./docker", name, err)
		}
	}
}

func TestVersionsAreThoseOfSetUp(t *testing.T) {
	p, err := readPins(t.Context(), "..")
	if err != nil {
		t.Fatal(err)
	}
	lab, err := p.PythonVersion("jupyterlab")
	if err != nil || lab == "" || p.Plugin.SHA256 == "" || !regexp.MustCompile(`^1\.\d+\.\d+$`).MatchString(p.Go) {
		t.Errorf("jupyterlab %q (%v), plugin %+v, Go %q", lab, err, p.Plugin, p.Go)
	}
	if _, err := p.PythonVersion("no-such-package"); err == nil {
		t.Error("a package that is not pinned has a version")
	}
	files, err := Files(t.Context(), "..")
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"golang:" + p.Go + "-", "debian:" + p.Debian, p.Plugin.SHA256, p.Plugin.Version} {
		if !strings.Contains(string(files["docker/Dockerfile"]), want) {
			t.Errorf("the Dockerfile has no %s", want)
		}
	}
	if !json.Valid(files[".devcontainer/devcontainer.json"]) {
		t.Error("devcontainer.json is not JSON")
	}
}

// TestNoTagIsLatest checks that every image has a version.
func TestNoTagIsLatest(t *testing.T) {
	files, err := Files(t.Context(), "..")
	if err != nil {
		t.Fatal(err)
	}
	for name, data := range files {
		stages := map[string]bool{}
		for _, match := range regexp.MustCompile(`(?m)^FROM (\S+)(?: AS (\S+))?`).FindAllStringSubmatch(string(data), -1) {
			if !stages[match[1]] && !regexp.MustCompile(`:[\w.-]*\d[\w.-]*$|@sha256:`).MatchString(match[1]) {
				t.Errorf("%s: %s has no version", name, match[1])
			}
			stages[match[2]] = true
		}
	}
}

// TestStartScript runs the image's start script with a fake Python.
func TestStartScript(t *testing.T) {
	root := t.TempDir()
	for _, dir := range []string{"lab/python/bin", "src/notebooks", "work", "data/cifar-10-batches-bin"} {
		if err := os.MkdirAll(filepath.Join(root, dir), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	write := func(name, text string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(root, name), []byte(text), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	write("lab/python/bin/python", "#!/bin/sh\necho \"args $*\"\necho \"token ${JUPYTER_TOKEN-none} data ${CNNBOOK_DATA-none}\"\n")
	write("src/notebooks/01-x.ipynb", "{}")
	start := func(env ...string) string {
		t.Helper()
		cmd := exec.Command("/bin/sh", "start.sh")
		cmd.Env = append([]string{"PATH=" + os.Getenv("PATH"), "CNNBOOK_LAB=" + root + "/lab", "CNNBOOK_SOURCE=" + root + "/src",
			"CNNBOOK_WORK=" + root + "/work", "CNNBOOK_DATASETS=" + root + "/data"}, env...)
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("%v: %s", err, out)
		}
		return string(out)
	}
	// An empty token would let anybody in.
	if out := start("JUPYTER_TOKEN="); !strings.Contains(out, "token none data "+root+"/data") || !strings.Contains(out, "-m jupyterlab") {
		t.Errorf("got %s", out)
	}
	write("work/notebooks/01-x.ipynb", "mine")
	if out := start("JUPYTER_TOKEN=secret", "CNNBOOK_DATA=elsewhere"); !strings.Contains(out, "token secret data elsewhere") {
		t.Errorf("got %s", out)
	}
	if data, err := os.ReadFile(filepath.Join(root, "work/notebooks/01-x.ipynb")); err != nil || string(data) != "mine" {
		t.Errorf("the user's notebook became %q, %v", data, err)
	}
}

// TestStudentsGetTheirCopies checks that a hub's start script hands out no solutions.
//
// Promise(pages/students): A hub hands out the students' copies of the notebooks, and Codespaces runs the checkout that one
// edits.
func TestStudentsGetTheirCopies(t *testing.T) {
	root := t.TempDir()
	for _, dir := range []string{"src/notebooks", "src/.student", "work"} {
		if err := os.MkdirAll(filepath.Join(root, dir), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for name, text := range map[string]string{"src/notebooks/x.ipynb": "with the solution", "src/.student/x.ipynb": "without"} {
		if err := os.WriteFile(filepath.Join(root, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	start := func(copy string) (string, error) {
		cmd := exec.Command("/bin/sh", "start.sh", "true")
		cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "CNNBOOK_SOURCE=" + root + "/src", "CNNBOOK_WORK=" + root + "/work", "CNNBOOK_COPY=" + copy}
		out, err := cmd.CombinedOutput()
		return string(out), err
	}
	if out, err := start("Student"); err == nil || !strings.Contains(out, "CNNBOOK_COPY is Student: expected all or student") {
		t.Errorf("%v: %s", err, out)
	}
	if out, err := start("student"); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	if data, err := os.ReadFile(filepath.Join(root, "work/notebooks/x.ipynb")); err != nil || string(data) != "without" {
		t.Errorf("the student's notebook is %q, %v", data, err)
	}
	files, err := Files(t.Context(), "..")
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		"docker/hub/docker_config.py":     `"CNNBOOK_COPY": "student"`,
		"docker/hub/values.yaml":          `CNNBOOK_COPY: student`,
		"docker/Dockerfile":               "cnnbook handout --student .student",
		".devcontainer/devcontainer.json": `"JUPYTER_PATH": ""`, // the image's kernel is that of the image's own copy
	} {
		if !strings.Contains(string(files[name]), want) {
			t.Errorf("%s has no %s", name, want)
		}
	}
}

// TestCudaKernel checks that the kernel of the CUDA image uses its plugin and finds NVIDIA's libraries.
func TestCudaKernel(t *testing.T) {
	root := t.TempDir()
	for _, dir := range []string{"site/nvidia/cu13/lib", "site/nvidia/cudnn/lib", "site/nvidia/cu13/bin"} {
		if err := os.MkdirAll(filepath.Join(root, dir), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	kernel := filepath.Join(root, "kernel.json")
	for name, text := range map[string]string{kernel: `{"argv": ["gonb"], "env": {"PATH": "${PATH}", "GOMLX_BACKEND": "xla:/cpu.so"}}`, filepath.Join(root, "site/nvidia/cu13/bin/ptxas"): ""} {
		if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if out, err := exec.Command("python3", "cuda_kernel.py", kernel, "/opt/cuda/plugin.so", filepath.Join(root, "site")).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	data, err := os.ReadFile(kernel)
	if err != nil {
		t.Fatal(err)
	}
	var spec struct {
		Argv []string
		Env  map[string]string
	}
	if err := json.Unmarshal(data, &spec); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		"GOMLX_BACKEND": "xla:/opt/cuda/plugin.so", "PJRT_PLUGIN_LIBRARY_PATH": "/opt/cuda",
		"LD_LIBRARY_PATH": filepath.Join(root, "site/nvidia/cu13/lib") + ":" + filepath.Join(root, "site/nvidia/cudnn/lib"),
		"PATH":            filepath.Join(root, "site/nvidia/cu13/bin") + ":${PATH}",
	} {
		if spec.Env[name] != want {
			t.Errorf("%s is %q, expected %q", name, spec.Env[name], want)
		}
	}
	if len(spec.Argv) != 1 {
		t.Errorf("the command is %v", spec.Argv)
	}
}

// TestImageHoldsWhatTheCommandIsMadeOf checks that the Dockerfile copies every folder with a package or an embedded file of
// the command. Otherwise only a build of the image would notice.
func TestImageHoldsWhatTheCommandIsMadeOf(t *testing.T) {
	dockerfile, err := os.ReadFile("Dockerfile")
	if err != nil {
		t.Fatal(err)
	}
	list := exec.CommandContext(t.Context(), "go", "list", "-deps", "-f", `{{if .Module}}{{if .Module.Main}}{{$p := .Dir}}{{$p}}{{range .EmbedFiles}}
{{$p}}/{{.}}{{end}}{{end}}{{end}}`, ".")
	list.Dir = ".."
	out, err := list.Output()
	if err != nil {
		t.Fatal(err)
	}
	root, err := filepath.Abs("..")
	if err != nil {
		t.Fatal(err)
	}
	seen := 0
	for path := range strings.FieldsSeq(string(out)) {
		inside, err := filepath.Rel(root, path)
		if err != nil || inside == "." {
			continue
		}
		seen++
		held := false
		for folder := inside; folder != "."; folder = filepath.Dir(folder) {
			held = held || strings.Contains(string(dockerfile), "COPY "+folder+" "+folder+"\n")
		}
		if !held {
			t.Errorf("the Dockerfile does not copy %s", inside)
		}
	}
	if seen < 10 {
		t.Errorf("only %d folders and files of the command were found in %s", seen, out)
	}
}
