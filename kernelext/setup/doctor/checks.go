package doctor

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"strings"

	"github.com/cnnbook/cnnbook/internal/processor"
	"github.com/cnnbook/cnnbook/kernelext/internal/process"
	"github.com/cnnbook/cnnbook/kernelext/setup"
)

// minDisk is the free space that a first set-up needs: about 0.7 GB for its parts and 1 GB for Go's caches.
const minDisk = 2 << 30

func (d *doctor) checkout(err error) {
	if err != nil {
		d.fault(Fail, "Checkout", err, "")
		return
	}
	d.env.Module = d.Module
	d.add(OK, "Checkout", d.Module, "")
}

func (d *doctor) goToolchain() {
	t, err := setup.FindToolchain(d.ctx, d.Module)
	if err != nil {
		if d.Module == "" && !errors.Is(err, setup.ErrNoGo) {
			return // without a checkout the required version of Go is unknown
		}
		d.fault(Fail, "Go", err, "")
		return
	}
	d.goFound = &t
	d.env.GoRoot, d.env.GoFlags = t.Root, t.CellFlags()
	d.add(OK, "Go", fmt.Sprintf("%s %s/%s at %s", t.Version, t.OS, t.Arch, t.Root), "")
}

func (d *doctor) compiler() {
	if d.goFound == nil {
		return
	}
	if err := d.goFound.CheckCompiler(); err != nil {
		d.fault(Fail, "C compiler", err, "")
		return
	}
	d.add(OK, "C compiler", d.goFound.CC+", cgo on", "")
}

// processor reports the instructions on which the speed of a training on the CPU depends.
func (d *doctor) processor() {
	bfloat16 := "float32 is faster on it than bfloat16"
	if processor.HasBFloat16() {
		bfloat16 = "train --precision bfloat16 is faster on it"
	}
	d.add(OK, "Processor", fmt.Sprintf("%s with %s: %s", processor.Name(), processor.Instructions(), bfloat16), "")
}

func (d *doctor) pythonInterpreter() {
	p, err := setup.FindPython(d.ctx, d.Interpreter)
	if err == nil {
		d.python = &p
		err = p.CheckVenv()
	}
	if err != nil {
		d.fault(Fail, "Python", err, "")
		return
	}
	d.add(OK, "Python", fmt.Sprintf("%v at %s", p, p.Path), "")
}

func (d *doctor) cacheFolder() {
	d.env.Cache = d.Cache
	if d.Cache == "" {
		return
	}
	at := d.Cache
	for { // before set-up the folder does not exist yet: check its parent
		info, err := os.Stat(at)
		if err == nil && !info.IsDir() {
			d.add(Fail, "Cache folder", at+" is a file, not a folder", "remove it, or name another folder in "+setup.EnvCache)
			return
		}
		if err == nil || at == filepath.Dir(at) {
			break
		}
		at = filepath.Dir(at)
	}
	if !writable(at) {
		d.add(Fail, "Cache folder", at+" is not writable", "make it writable, or name another folder in "+setup.EnvCache)
		return
	}
	free, known := d.diskFree(at)
	switch {
	case known && free < minDisk:
		d.add(Warn, "Cache folder", fmt.Sprintf("%s, %.1f GB free", d.Cache, float64(free)/1e9),
			fmt.Sprintf("free some space: a first set-up takes about %.0f GB", float64(minDisk)/1e9))
	case known:
		d.add(OK, "Cache folder", fmt.Sprintf("%s, %.0f GB free", d.Cache, float64(free)/1e9), "")
	default:
		d.add(OK, "Cache folder", d.Cache, "")
	}
}

func (d *doctor) tools() {
	if d.goFound == nil || d.Module == "" {
		return
	}
	const name = "GoNB, gopls, goimports"
	st, err := d.ToolsFolder(d.ctx, *d.goFound)
	if err != nil {
		d.fault(Fail, name, err, "")
		return
	}
	made, err := st.Finished()
	if err != nil {
		d.add(Warn, name, "not built yet", setupCommand)
		return
	}
	d.env.Bin = st.Dir
	// Only whether they run matters: the version that GoNB prints is older than its release.
	for _, try := range []process.Command{
		{Path: "gonb", Args: []string{"-V"}}, {Path: "gopls", Args: []string{"version"}}, {Path: "goimports", Args: []string{os.DevNull}},
	} {
		try.Path, try.Env = filepath.Join(st.Dir, process.ExeName(try.Path)), os.Environ()
		if _, err := try.Output(d.ctx); err != nil {
			d.add(Fail, name, err.Error(), fmt.Sprintf("remove %s and %s", st.Dir, setupCommand))
			return
		}
	}
	if skipped := setup.SkippedPatches(made.Note); len(skipped) > 0 {
		d.add(Warn, name, "GoNB is built without patches that do not fit its version: "+strings.Join(skipped, "; "), "adapt the patches to this version of GoNB")
		return
	}
	d.add(OK, name, strings.TrimPrefix(st.What, "Building ")+" at "+st.Dir, "")
}

// session checks the program in which values live between cells.
func (d *doctor) session() {
	if d.goFound == nil || d.Module == "" {
		return
	}
	const name = "Session"
	if os.Getenv(setup.EnvSession) == "0" {
		d.add(OK, name, "off ("+setup.EnvSession+"=0): every cell is compiled", "")
		return
	}
	folder, err := d.SessionFolder(*d.goFound)
	if err == nil {
		_, err = folder.Finished()
	}
	if err != nil {
		d.add(Warn, name, "not built yet for this state of the code", setupCommand)
		return
	}
	d.add(OK, name, "values live between cells: "+folder.Dir, "")
}

func (d *doctor) pythonEnvironment() {
	if d.python == nil {
		return
	}
	const name = "JupyterLab, Sphinx"
	st := d.PythonFolder(*d.python)
	if _, err := st.Finished(); err != nil {
		d.add(Warn, name, "not installed yet", setupCommand)
		return
	}
	d.env.Python = process.VenvPython(st.Dir)
	const ask = "import jupyterlab, sphinx; print('JupyterLab', jupyterlab.__version__, 'and Sphinx', sphinx.__version__)"
	out, err := process.Command{Path: d.env.Python, Args: []string{"-c", ask}, Env: process.PythonEnviron()}.Output(d.ctx)
	if err != nil {
		d.add(Fail, name, err.Error(), fmt.Sprintf("remove %s and %s", st.Dir, setupCommand))
		return
	}
	d.add(OK, name, strings.TrimSpace(out)+" in "+st.Dir, "")
}

func (d *doctor) kernelspec() {
	if d.env.Bin == "" || d.env.Plugin.Backend == "" {
		d.add(Warn, "Kernel", "not installed yet", setupCommand)
		return
	}
	found, err := filepath.Glob(filepath.Join(d.Cache, "jupyter", "kernel-*", "kernels", setup.KernelName, "kernel.json"))
	if err != nil || len(found) == 0 {
		d.add(Warn, "Kernel", "not installed yet", setupCommand)
		return
	}
	want := d.env.KernelSpec()
	for _, file := range found {
		data, err := os.ReadFile(file)
		var got setup.KernelSpec
		if err == nil && json.Unmarshal(data, &got) == nil && strings.Join(got.Argv, " ") == strings.Join(want.Argv, " ") {
			d.add(OK, "Kernel", fmt.Sprintf("%q at %s", got.DisplayName, filepath.Dir(file)), "")
			return
		}
	}
	d.add(Warn, "Kernel", fmt.Sprintf("%d installed, none for this checkout", len(found)), setupCommand)
}

// installedKernels checks the kernels that "kernel install" has installed for other Jupyters. Without any it adds nothing.
func (d *doctor) installedKernels() {
	found, err := setup.InstalledKernels(d.ctx, "")
	if err != nil {
		d.fault(Warn, "Installed kernels", err, "")
		return
	}
	for _, k := range found {
		if len(k.Gone) == 0 {
			d.add(OK, "Installed kernels", fmt.Sprintf("%q at %s", k.DisplayName, k.Dir), "")
			continue
		}
		d.add(Warn, "Installed kernels", fmt.Sprintf("%q at %s needs %s, which no longer exists", k.DisplayName, k.Dir, k.Gone[0]),
			"install it again (go run . kernel install), or remove it (go run . kernel remove), with the flags for its location and name")
	}
}

func (d *doctor) gpu() {
	cards, err := filepath.Glob(filepath.Join(d.gpus, "*"))
	if err != nil || len(cards) == 0 {
		d.add(OK, "GPU", "no NVIDIA GPU found; training runs on the CPU", "")
		return
	}
	if d.env.Plugin.Kind == setup.PluginOwn {
		d.add(OK, "GPU", fmt.Sprintf("%d NVIDIA GPU(s)", len(cards)), "")
		return
	}
	d.add(Warn, "GPU", fmt.Sprintf("%d NVIDIA GPU(s), not used: set-up fetches the plugin for the CPU", len(cards)),
		fmt.Sprintf("set %s to the folder of a CUDA plugin and %s=xla:cuda", setup.EnvPluginPaths, setup.EnvBackend))
}

// dataset looks for the files of CIFAR-10's binary version, without reading them.
func (d *doctor) dataset(path string) {
	if path == "" {
		path = os.Getenv("CNNBOOK_DATA")
	}
	if path == "" {
		d.add(OK, "Dataset", "none chosen: the notebooks draw their own images", "")
		return
	}
	remedy := "give the folder that holds data_batch_1.bin to data_batch_5.bin and test_batch.bin, or cifar-10-binary.tar.gz"
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		d.add(Fail, "Dataset", path+" does not exist", remedy)
		return
	case err != nil:
		d.add(Fail, "Dataset", err.Error(), remedy)
		return
	case !info.IsDir():
		if !strings.HasSuffix(path, ".tar.gz") {
			d.add(Fail, "Dataset", path+" is neither a folder nor a .tar.gz archive", remedy)
			return
		}
		d.add(OK, "Dataset", fmt.Sprintf("archive %s, %d bytes", path, info.Size()), "")
		return
	}
	b, fault := findBatches(path)
	if fault != "" {
		d.add(Fail, "Dataset", fault, remedy)
		return
	}
	what := "CIFAR-10"
	if !b.official {
		what = "a dataset, which go run . data check describes,"
	}
	d.add(OK, "Dataset", what+" in "+b.folder, "")
}

// A batch file of CIFAR-10 holds 10,000 records of one label and 3,072 pixel bytes.
const (
	recordBytes = 3073
	batchBytes  = 10_000 * recordBytes
)

// batches is a folder of batch files.
type batches struct {
	folder   string
	official bool // of the size of CIFAR-10's
}

// findBatches finds the folder of the batch files, dir itself or the one that the official archive unpacks to. The files
// may hold fewer records than CIFAR-10's, or records of the size that dataset.json gives.
func findBatches(dir string) (b batches, fault string) {
	b = batches{folder: dir, official: true}
	if _, err := os.Stat(filepath.Join(dir, "test_batch.bin")); err != nil {
		b.folder = filepath.Join(dir, "cifar-10-batches-bin")
	}
	record, most := int64(recordBytes), int64(batchBytes)
	expected := fmt.Sprintf("%d, or a multiple of %d below it", batchBytes, recordBytes)
	if data, err := os.ReadFile(filepath.Join(b.folder, "dataset.json")); err == nil {
		var shape struct{ Height, Width, Channels int64 }
		if err := json.Unmarshal(data, &shape); err != nil || min(shape.Height, shape.Width, shape.Channels) < 1 || max(shape.Height, shape.Width, shape.Channels) > 1<<16 {
			return b, fmt.Sprintf("%s does not give height, width and channels of the images", filepath.Join(b.folder, "dataset.json"))
		}
		record, most = 1+shape.Height*shape.Width*shape.Channels, math.MaxInt64
		expected = fmt.Sprintf("a multiple of %d", record)
	}
	for _, name := range []string{"data_batch_1.bin", "data_batch_2.bin", "data_batch_3.bin", "data_batch_4.bin", "data_batch_5.bin", "test_batch.bin"} {
		info, err := os.Stat(filepath.Join(b.folder, name))
		if err != nil {
			return b, fmt.Sprintf("%s holds no %s, nor does cifar-10-batches-bin in it", dir, name)
		}
		if n := info.Size(); n == 0 || n%record != 0 || n > most {
			return b, fmt.Sprintf("%s has %d bytes, expected %s", filepath.Join(b.folder, name), n, expected)
		}
		b.official = b.official && record == recordBytes && info.Size() == batchBytes
	}
	return b, ""
}
