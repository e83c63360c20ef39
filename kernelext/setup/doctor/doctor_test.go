package doctor

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cnnbook/cnnbook/kernelext/internal/process"
	"github.com/cnnbook/cnnbook/kernelext/internal/testkit"
	"github.com/cnnbook/cnnbook/kernelext/setup"
)

// find returns the check with a name.
func find(t *testing.T, checks []Check, name string) Check {
	t.Helper()
	i := slices.IndexFunc(checks, func(c Check) bool { return c.Name == name })
	if i < 0 {
		t.Fatalf("no check %q in %+v", name, checks)
	}
	return checks[i]
}

func TestDoctorBeforeSetup(t *testing.T) {
	t.Setenv(setup.EnvBackend, "")
	t.Setenv(setup.EnvPluginPaths, "")
	cache := filepath.Join(t.TempDir(), "cache")
	checks := Run(t.Context(), setup.Installer{Cache: cache}, "")
	for _, name := range []string{"GoNB, gopls, goimports", "Session", "JupyterLab, Sphinx", "PJRT plugin", "Kernel"} {
		if c := find(t, checks, name); c.Status != Warn || c.Remedy != setupCommand {
			t.Errorf("%+v, want a warning with the remedy %q", c, setupCommand)
		}
	}
	if Failed(checks) {
		t.Errorf("nothing is wrong before set-up, yet: %+v", checks)
	}
	if testkit.Exists(cache) {
		t.Error("the doctor made the cache folder")
	}
}

func TestDoctorWithoutCheckout(t *testing.T) {
	checks := Run(t.Context(), setup.Installer{Cache: t.TempDir(), Module: t.TempDir()}, "")
	if c := find(t, checks, "Checkout"); c.Status != Fail || c.Remedy == "" {
		t.Errorf("%+v, want a failure with a remedy", c)
	}
}

func TestDoctorCacheFolder(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	checks := Run(t.Context(), setup.Installer{Cache: filepath.Join(file, "cache")}, "")
	if c := find(t, checks, "Cache folder"); c.Status != Fail || !strings.Contains(c.Detail, "is a file") {
		t.Errorf("%+v, want a failure: the path leads through a file", c)
	}
}

func TestDoctorDataset(t *testing.T) {
	dir := t.TempDir()
	good := filepath.Join(dir, "good")
	unpacked := filepath.Join(good, "cifar-10-batches-bin")
	if err := os.MkdirAll(unpacked, 0o755); err != nil {
		t.Fatal(err)
	}
	batches := []string{"data_batch_1.bin", "data_batch_2.bin", "data_batch_3.bin", "data_batch_4.bin", "data_batch_5.bin", "test_batch.bin"}
	for _, name := range batches {
		f, err := os.Create(filepath.Join(unpacked, name))
		if err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(f.Truncate(batchBytes), f.Close()); err != nil { // sparse: takes no space
			t.Fatal(err)
		}
	}
	short := filepath.Join(dir, "short")
	if err := os.MkdirAll(short, 0o755); err != nil {
		t.Fatal(err)
	}
	for _, name := range batches {
		if err := os.WriteFile(filepath.Join(short, name), []byte("x"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	own := filepath.Join(dir, "own")
	if err := os.MkdirAll(own, 0o755); err != nil {
		t.Fatal(err)
	}
	for _, name := range batches {
		if err := os.WriteFile(filepath.Join(own, name), make([]byte, 2*(1+4*5)), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	other := filepath.Join(dir, "other")
	if err := os.CopyFS(other, os.DirFS(own)); err != nil {
		t.Fatal(err)
	}
	for folder, text := range map[string]string{own: `{"format":1,"height":4,"width":5,"channels":1}`, other: `{"format":1,"height":4,"width":5,"channels":3}`} {
		if err := os.WriteFile(filepath.Join(folder, "dataset.json"), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	archive := filepath.Join(dir, "cifar-10-binary.tar.gz")
	for _, name := range []string{archive, filepath.Join(dir, "x.zip")} {
		if err := os.WriteFile(name, []byte("x"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct {
		path   string
		status Status
		detail string
	}{
		{"", OK, "none chosen"},
		{good, OK, unpacked},
		{unpacked, OK, "CIFAR-10 in " + unpacked},
		{own, OK, "a dataset, which go run . data check describes, in " + own},
		{other, Fail, "data_batch_1.bin has 42 bytes, expected a multiple of 61"},
		{archive, OK, "archive"},
		{filepath.Join(dir, "none"), Fail, "does not exist"},
		{dir, Fail, "holds no data_batch_1.bin"},
		{short, Fail, "has 1 bytes, expected 30730000"},
		{filepath.Join(dir, "x.zip"), Fail, "neither a folder nor a .tar.gz"},
	} {
		t.Setenv("CNNBOOK_DATA", "")
		var d doctor
		d.dataset(c.path)
		if got := d.checks[0]; got.Status != c.status || !strings.Contains(got.Detail, c.detail) {
			t.Errorf("%s: %+v, want %s with %q", c.path, got, c.status, c.detail)
		}
	}
}

func TestStaleFolders(t *testing.T) {
	if len(process.List()) == 0 {
		t.Skip("no list of processes on this system")
	}
	old, used, young := t.TempDir(), t.TempDir(), t.TempDir()
	now := time.Now()
	for _, dir := range []string{old, used} {
		if err := os.Chtimes(dir, now, now.Add(-time.Hour)); err != nil {
			t.Fatal(err)
		}
	}
	all := []process.Info{{PID: 5, Name: "gopls", Text: "/bin/gopls / gopls -listen unix;" + used + "/gopls_socket"}}
	if got := staleFolders([]string{old, used, young, "/nonexistent"}, all, now); !slices.Equal(got, []string{old}) {
		t.Errorf("stale: %v, want %v", got, old)
	}
}

func TestOrphanKernels(t *testing.T) {
	all := []process.Info{
		{PID: 1, Name: "init"},
		{PID: 10, Parent: 1, Name: "python3"},
		{PID: 11, Parent: 10, Name: "gonb"},
		{PID: 12, Parent: 11, Name: "gonb_ab12cd34"},
		{PID: 20, Parent: 1, Name: "gonb"},
		{PID: 21, Parent: 1, Name: "gonb_00ff00ff"},
		{PID: 30, Parent: 1, Name: "gopls", Text: "gopls serve"}, // an editor's
		{PID: 31, Parent: 1, Name: "gopls", Text: "gopls -listen unix;/tmp/gonb_00ff00ff/gopls_socket"},
	}
	got := orphanKernels(all)
	if len(got) != 3 || got[0].PID != 20 || got[1].PID != 21 || got[2].PID != 31 {
		t.Errorf("orphans: %v, want 20, 21 and 31", got)
	}
	all[0].Name = "jupyter-lab" // as in a container
	if got := orphanKernels(all); len(got) != 2 || got[0].PID != 21 {
		t.Errorf("under a Jupyter that is process 1: %v, want 21 and 31", got)
	}
	if got := process.Descendants(10, all); len(got) != 2 {
		t.Errorf("descendants of 10: %v, want 11 and 12", got)
	}
}

func TestWriteChecks(t *testing.T) {
	checks := []Check{
		{Name: "Go", Status: OK, Detail: "go1.26.5"},
		{Name: "Kernel", Status: Warn, Detail: "not installed yet", Remedy: setupCommand},
		{Name: "Dataset", Status: Fail, Detail: "/x does not exist", Remedy: "give a folder"},
	}
	var out bytes.Buffer
	if err := Write(&out, checks); err != nil {
		t.Fatal(err)
	}
	const want = `ok    Go       go1.26.5
warn  Kernel   not installed yet
               → run: go run . setup
fail  Dataset  /x does not exist
               → give a folder

1 to fix, 1 to note.
`
	if out.String() != want {
		t.Errorf("got:\n%s\nwant:\n%s", &out, want)
	}
	out.Reset()
	var read []Check
	if err := WriteJSON(&out, checks); err != nil || json.Unmarshal(out.Bytes(), &read) != nil || !slices.Equal(read, checks) {
		t.Errorf("JSON %s, error %v", &out, err)
	}
	if !Failed(checks) || Failed(checks[:2]) {
		t.Error("a failure counts, a warning does not")
	}
}
