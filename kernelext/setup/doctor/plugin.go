package doctor

import (
	"errors"
	"fmt"

	"github.com/cnnbook/cnnbook/kernelext/setup"
)

// pluginAndBackend tests the plugin that would be used, and reports the backend that GoMLX would use.
func (d *doctor) pluginAndBackend() {
	if d.goFound == nil || d.Module == "" {
		return
	}
	const name = "PJRT plugin"
	p, detail, err := d.ExaminePlugin(d.ctx, *d.goFound)
	d.env.Plugin = p
	switch {
	case errors.Is(err, setup.ErrNotMade):
		d.fault(Warn, name, err, setupCommand)
	case err != nil:
		d.fault(Fail, name, err, "")
	case p.Notice != "":
		d.add(Warn, name, detail, "")
	default:
		d.add(OK, name, detail, "")
		if p.OnCPU() {
			d.oneDNN(p)
			d.allocator()
			d.graphs(p)
		}
	}
	switch {
	case p.Backend == "":
		d.add(Warn, "Backend", "undecided until there is a plugin", "")
	case p.Kind == setup.PluginGo:
		d.add(Warn, "Backend", fmt.Sprintf("%s (%s=%s): several times slower than XLA", p.Name, setup.EnvBackend, p.Backend), "")
	default:
		d.add(OK, "Backend", fmt.Sprintf("XLA through %s", p.Name), "")
	}
}

// oneDNN reports whether oneDNN computes convolutions with that plugin.
func (d *doctor) oneDNN(p setup.Plugin) {
	library, detail, err := d.ExamineOneDNN(*d.goFound, p)
	if err != nil {
		d.fault(Warn, "oneDNN", err, setupCommand)
		return
	}
	d.env.Plugin.OneDNN = library
	d.add(OK, "oneDNN", detail, "")
}

// allocator reports whether memory is kept between training steps.
func (d *doctor) allocator() {
	library, detail, err := d.ExamineAllocator(*d.goFound)
	if err != nil {
		d.fault(Warn, "Allocator", err, setupCommand)
		return
	}
	d.env.Plugin.Allocator = library
	d.add(OK, "Allocator", detail, "")
}

// graphs reports whether compiled graphs are kept for other processes.
func (d *doctor) graphs(p setup.Plugin) {
	front, detail, err := d.ExamineGraphs(*d.goFound, p)
	if err != nil {
		d.fault(Warn, "Compiled graphs", err, setupCommand)
		return
	}
	d.env.Plugin.Backend, d.env.Plugin.Graphs = front.Backend, front.Graphs
	if detail != "" {
		d.add(OK, "Compiled graphs", detail, "")
	}
}
