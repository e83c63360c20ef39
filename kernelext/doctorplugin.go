package kernelext

import (
	"fmt"
	"os"
	"path/filepath"
)

// pluginAndBackend tries the plugin that would be used, and says with what GoMLX would compute.
func (d *doctor) pluginAndBackend() {
	backend, paths := os.Getenv(backendEnv), os.Getenv(pluginPathsEnv)
	if d.goFound == nil || d.Module == "" {
		return
	}
	p, status, detail, remedy := d.examinePlugin(backend, paths)
	d.env.Plugin = p
	d.add(status, "PJRT plugin", detail, remedy)
	if status == CheckOK && p.onCPU() {
		d.env.Plugin.OneDNN = d.oneDNN(p)
	}
	switch {
	case p.Backend == "":
		d.add(CheckWarn, "Backend", "undecided until there is a plugin", "")
	case p.Kind == PluginGo:
		d.add(CheckWarn, "Backend", fmt.Sprintf("%s (%s=%s): several times slower than XLA", p.Name, backendEnv, p.Backend), "")
	default:
		d.add(CheckOK, "Backend", fmt.Sprintf("XLA through %s", p.Name), "")
	}
}

// oneDNN says whether convolutions are computed by oneDNN beside that plugin, and gives the library that set-up fetched.
func (d *doctor) oneDNN(p Plugin) string {
	w, ok := oneDNNWheel(d.goFound.OS, d.goFound.Arch)
	set := os.Getenv(oneDNNEnv)
	switch {
	case set != "":
		d.add(CheckOK, "oneDNN", fmt.Sprintf("%s=%s", oneDNNEnv, set), "")
		return ""
	case !ok:
		d.add(CheckOK, "oneDNN", fmt.Sprintf("none for %s/%s: XLA computes convolutions itself", d.goFound.OS, d.goFound.Arch), "")
		return ""
	}
	st := d.oneDNNStep(w, p, nil, nil)
	m, err := st.finished()
	if err != nil {
		d.add(CheckWarn, "oneDNN", w.String()+" is not fetched yet", setupCommand)
		return ""
	}
	library, err := oneDNNFromNote(m.Note, st.dir)
	if err != nil {
		d.add(CheckWarn, "oneDNN", fmt.Sprintf("%v: XLA computes convolutions itself, more slowly", err), fmt.Sprintf("mend it, remove %s and %s", st.dir, setupCommand))
		return ""
	}
	d.add(CheckOK, "oneDNN", fmt.Sprintf("%s at %s", w, library), "")
	return library
}

// examinePlugin follows the decisions of Setup.plugin without fetching anything.
func (d *doctor) examinePlugin(backend, paths string) (p Plugin, status CheckStatus, detail, remedy string) {
	if backend != "" && !usesXLA(backend) {
		p = Plugin{Kind: PluginGo, Name: "GoMLX backend " + backend, Backend: backend}
		return p, CheckOK, fmt.Sprintf("none needed: %s=%s", backendEnv, backend), ""
	}
	own, err := ownPlugin(backend, paths)
	if err != nil {
		cause, remedy := remedyOf(err)
		return p, CheckFail, cause, remedy
	}
	prober, err := d.proberStep(*d.goFound)
	if err == nil {
		_, err = prober.finished()
	}
	probe := filepath.Join(prober.dir, exeName("pjrtprobe"))
	if err != nil {
		return p, CheckWarn, "not fetched yet", setupCommand
	}
	if own != "" {
		p, err := d.probeOwn(d.ctx, probe, own, backend)
		if err != nil {
			cause, remedy := remedyOf(err)
			return p, CheckFail, cause, remedy
		}
		return p, CheckOK, p.String() + " at " + p.Path, ""
	}
	return d.examineFetched(probe)
}

// examineFetched tries the plugin that set-up has fetched.
func (d *doctor) examineFetched(probe string) (p Plugin, status CheckStatus, detail, remedy string) {
	version, err := requiredVersion(filepath.Join(d.Module, "go.mod"), "github.com/gomlx/go-xla")
	if err != nil {
		return p, CheckFail, err.Error(), ""
	}
	var faults string
	for _, w := range wheels(d.goFound.OS, d.goFound.Arch) {
		st := d.wheelStep(w, version, nil, nil)
		m, err := st.finished()
		if err != nil {
			return p, CheckWarn, faults + w.String() + " is not fetched yet", setupCommand
		}
		p, err := pluginFromNote(m.Note, st.dir, w.String())
		if err != nil { // did not work when it was fetched: set-up went on to the next
			faults += fmt.Sprintf("%v (remove %s to try it again); ", err, st.dir)
			continue
		}
		if _, err := probePlugin(d.ctx, probe, p.Path); err != nil {
			return Plugin{}, CheckFail, err.Error(), fmt.Sprintf("remove %s and %s", st.dir, setupCommand)
		}
		return p, CheckOK, faults + p.String() + " at " + p.Path, ""
	}
	if found, _ := filepath.Glob(filepath.Join(d.Cache, "plugin", "go-xla_*", "*plugin.*")); len(found) > 0 {
		got, err := probePlugin(d.ctx, probe, found[0])
		if err == nil {
			p = Plugin{Kind: PluginCPU, Name: "go-xla's plugin", Path: found[0], Backend: backendFor(found[0]), API: got.API, Devices: got.Devices}
			return p, CheckOK, faults + p.String(), ""
		}
		faults += err.Error()
	}
	p = goPlugin(*d.goFound, fmt.Errorf("%w: %s", ErrPlugin, faults))
	return p, CheckWarn, p.Notice, ""
}
