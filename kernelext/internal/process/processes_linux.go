package process

import (
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

// List lists the processes of this user from /proc. Those that end meanwhile are left out.
func List() []Info {
	entries, err := os.ReadDir("/proc")
	if err != nil {
		return nil
	}
	var all []Info
	for _, e := range entries {
		pid, err := strconv.Atoi(e.Name())
		if err != nil {
			continue
		}
		if p, ok := Read(pid); ok {
			all = append(all, p)
		}
	}
	return all
}

func Read(pid int) (Info, bool) {
	dir := filepath.Join("/proc", strconv.Itoa(pid))
	stat, err := os.ReadFile(filepath.Join(dir, "stat"))
	if err != nil {
		return Info{}, false
	}
	// "pid (name) state ppid …": the name may contain anything, so the fields are counted after its last bracket.
	text := string(stat)
	open, end := strings.IndexByte(text, '('), strings.LastIndexByte(text, ')')
	if open < 0 || end < open {
		return Info{}, false
	}
	fields := strings.Fields(text[end+1:])
	const state, parent, start = 0, 1, 19
	if len(fields) <= start || fields[state] == "Z" {
		return Info{}, false
	}
	p := Info{PID: pid, Name: text[open+1 : end], Start: fields[start]}
	p.Parent, _ = strconv.Atoi(fields[parent])
	exe, _ := os.Readlink(filepath.Join(dir, "exe"))
	cwd, _ := os.Readlink(filepath.Join(dir, "cwd"))
	line, _ := os.ReadFile(filepath.Join(dir, "cmdline"))
	p.Text = strings.Join([]string{exe, cwd, strings.ReplaceAll(string(line), "\x00", " ")}, " ")
	return p, true
}

// OwnedByMe reports whether a file belongs to the user who runs this process.
func OwnedByMe(info fs.FileInfo) bool {
	st, ok := info.Sys().(*syscall.Stat_t)
	return ok && int(st.Uid) == os.Geteuid()
}
