package doctor

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/cnnbook/cnnbook/kernelext/internal/process"
)

// leftoverAge keeps the doctor from calling a folder stale that a starting kernel has just made.
const leftoverAge = time.Minute

// leftovers finds what killed kernels leave behind: their folders, and processes without a parent.
func (d *doctor) leftovers() {
	all := process.List()
	folders, err := filepath.Glob(filepath.Join(os.TempDir(), "gonb_*"))
	if err != nil {
		return
	}
	d.reportLeftovers(staleFolders(folders, all, time.Now()), orphanKernels(all))
}

func (d *doctor) reportLeftovers(stale []string, orphans []process.Info) {
	if len(stale)+len(orphans) == 0 {
		d.add(OK, "Leftovers", "none", "")
		return
	}
	if len(orphans) > 0 {
		var pids []string
		for _, p := range orphans {
			pids = append(pids, strconv.Itoa(p.PID))
		}
		list := strings.Join(pids, " ")
		d.add(Warn, "Leftovers", "processes of kernels that are gone: "+list, "end them: kill "+list)
	}
	if len(stale) > 0 {
		d.add(Warn, "Leftovers", fmt.Sprintf("%d folders of kernels that are gone", len(stale)), "remove them: rm -r "+strings.Join(stale, " "))
	}
}

// staleFolders are those that no process uses.
func staleFolders(folders []string, all []process.Info, now time.Time) []string {
	var stale []string
	for _, dir := range folders {
		info, err := os.Stat(dir)
		if err != nil || !info.IsDir() || now.Sub(info.ModTime()) < leftoverAge || !process.OwnedByMe(info) {
			continue
		}
		used := false
		for _, p := range all {
			used = used || strings.Contains(p.Text, dir)
		}
		if !used && len(all) > 0 { // without a list of processes nothing is known
			stale = append(stale, dir)
		}
	}
	return stale
}

// orphanKernels are kernels, their cell programs and their gopls whose parent has ended, so that another process became their parent.
func orphanKernels(all []process.Info) []process.Info {
	byPID := make(map[int]process.Info, len(all))
	for _, p := range all {
		byPID[p.PID] = p
	}
	var orphans []process.Info
	for _, p := range all {
		kernel := p.Name == "gonb"
		ofKernel := strings.HasPrefix(p.Name, "gonb_") || strings.HasPrefix(p.Name, "gopls") && strings.Contains(p.Text, "gopls_socket")
		parent := byPID[p.Parent].Name
		switch {
		case ofKernel && parent != "gonb", kernel && p.Parent == 1 && !strings.Contains(parent, "python") && !strings.Contains(parent, "jupyter"):
			orphans = append(orphans, p)
		}
	}
	return orphans
}
