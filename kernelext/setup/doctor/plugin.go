package doctor

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/cnnbook/cnnbook/kernelext/setup"
)

// pluginAndBackend tries the plugin that would be used, and says with what GoMLX would compute.
func (d *doctor) pluginAndBackend() {
	backend, paths := os.Getenv(setup.BackendEnv), os.Getenv(setup.PluginPathsEnv)
	if d.goFound == nil || d.Module == "" {
		return
	}
	p, status, detail, remedy := d.examinePlugin(backend, paths)
	d.env.Plugin = p
	d.add(status, "PJRT plugin", detail, remedy)
	if status == OK && p.OnCPU() {
		d.env.Plugin.OneDNN = d.oneDNN(p)
		d.env.Plugin.Allocator = d.allocator()
	}
	switch {
	case p.Backend == "":
		d.add(Warn, "Backend", "undecided until there is a plugin", "")
	case p.Kind == setup.PluginGo:
		d.add(Warn, "Backend", fmt.Sprintf("%s (%s=%s): several times slower than XLA", p.Name, setup.BackendEnv, p.Backend), "")
	default:
		d.add(OK, "Backend", fmt.Sprintf("XLA through %s", p.Name), "")
	}
}

// oneDNN says whether convolutions are computed by oneDNN beside that plugin, and gives the library that set-up fetched.
func (d *doctor) oneDNN(p setup.Plugin) string {
	w, ok := setup.OneDNNWheel(d.goFound.OS, d.goFound.Arch)
	set := os.Getenv(setup.OneDNNEnv)
	switch {
	case set != "":
		d.add(OK, "oneDNN", fmt.Sprintf("%s=%s", setup.OneDNNEnv, set), "")
		return ""
	case !ok:
		d.add(OK, "oneDNN", fmt.Sprintf("none for %s/%s: XLA computes convolutions itself", d.goFound.OS, d.goFound.Arch), "")
		return ""
	}
	st := d.OneDNNStep(w, p, nil, nil)
	m, err := st.Finished()
	if err != nil {
		d.add(Warn, "oneDNN", w.String()+" is not fetched yet", setupCommand)
		return ""
	}
	library, err := setup.OneDNNFromNote(m.Note, st.Dir)
	if err != nil {
		d.add(Warn, "oneDNN", fmt.Sprintf("%v: XLA computes convolutions itself, more slowly", err), fmt.Sprintf("mend it, remove %s and %s", st.Dir, setupCommand))
		return ""
	}
	d.add(OK, "oneDNN", fmt.Sprintf("%s at %s", w, library), "")
	return library
}

// allocator says where XLA's memory comes from, and gives the library that set-up compiled.
func (d *doctor) allocator() string {
	if d.goFound.OS != "linux" {
		return ""
	}
	if preloaded := os.Getenv(setup.PreloadEnv); preloaded != "" {
		d.add(OK, "Allocator", setup.PreloadEnv+"="+preloaded, "")
		return ""
	}
	f := d.AllocatorFolder(*d.goFound, nil)
	m, err := f.Finished()
	if err != nil {
		d.add(Warn, "Allocator", "the library that keeps memory between training steps is not compiled yet", setupCommand)
		return ""
	}
	library, err := setup.AllocatorFromNote(m.Note, f.Dir)
	if err != nil {
		d.add(Warn, "Allocator", fmt.Sprintf("%v: a training step takes about a fifth longer", err), fmt.Sprintf("fix it, remove %s and %s", f.Dir, setupCommand))
		return ""
	}
	d.add(OK, "Allocator", "keeps memory between training steps: "+library, "")
	return library
}

// examinePlugin follows the decisions of Setup.plugin without fetching anything.
func (d *doctor) examinePlugin(backend, paths string) (p setup.Plugin, status Status, detail, remedy string) {
	if backend != "" && !setup.UsesXLA(backend) {
		p = setup.Plugin{Kind: setup.PluginGo, Name: "GoMLX backend " + backend, Backend: backend}
		return p, OK, fmt.Sprintf("none needed: %s=%s", setup.BackendEnv, backend), ""
	}
	own, err := setup.OwnPlugin(backend, paths)
	if err != nil {
		cause, remedy := setup.RemedyOf(err)
		return p, Fail, cause, remedy
	}
	prober, err := d.ProberStep(*d.goFound)
	if err == nil {
		_, err = prober.Finished()
	}
	probe := filepath.Join(prober.Dir, setup.ExeName("pjrtprobe"))
	if err != nil {
		return p, Warn, "not fetched yet", setupCommand
	}
	if own != "" {
		p, err := d.ProbeOwn(d.ctx, probe, own, backend)
		if err != nil {
			cause, remedy := setup.RemedyOf(err)
			return p, Fail, cause, remedy
		}
		return p, OK, p.String() + " at " + p.Path, ""
	}
	return d.examineFetched(probe)
}

// examineFetched tries the plugin that set-up has fetched.
func (d *doctor) examineFetched(probe string) (p setup.Plugin, status Status, detail, remedy string) {
	version, err := setup.RequiredVersion(filepath.Join(d.Module, "go.mod"), "github.com/gomlx/go-xla")
	if err != nil {
		return p, Fail, err.Error(), ""
	}
	var faults string
	for _, w := range setup.Wheels(d.goFound.OS, d.goFound.Arch) {
		st := d.WheelStep(w, version, nil, nil)
		m, err := st.Finished()
		if err != nil {
			return p, Warn, faults + w.String() + " is not fetched yet", setupCommand
		}
		p, err := setup.PluginFromNote(m.Note, st.Dir, w.String())
		if err != nil { // did not work when it was fetched: set-up went on to the next
			faults += fmt.Sprintf("%v (remove %s to try it again); ", err, st.Dir)
			continue
		}
		if _, err := setup.ProbePlugin(d.ctx, probe, p.Path); err != nil {
			return setup.Plugin{}, Fail, err.Error(), fmt.Sprintf("remove %s and %s", st.Dir, setupCommand)
		}
		return p, OK, faults + p.String() + " at " + p.Path, ""
	}
	if found, _ := filepath.Glob(filepath.Join(d.Cache, "plugin", "go-xla_*", "*plugin.*")); len(found) > 0 {
		got, err := setup.ProbePlugin(d.ctx, probe, found[0])
		if err == nil {
			p = setup.Plugin{Kind: setup.PluginCPU, Name: "go-xla's plugin", Path: found[0], Backend: setup.BackendFor(found[0]), API: got.API, Devices: got.Devices}
			return p, OK, faults + p.String(), ""
		}
		faults += err.Error()
	}
	p = setup.GoPlugin(*d.goFound, fmt.Errorf("%w: %s", setup.ErrPlugin, faults))
	return p, Warn, p.Notice, ""
}
