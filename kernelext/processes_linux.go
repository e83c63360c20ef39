package kernelext

import (
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

// processes lists the processes of this person from /proc. Those that end meanwhile are left out.
func processes() []process {
	entries, err := os.ReadDir("/proc")
	if err != nil {
		return nil
	}
	var all []process
	for _, e := range entries {
		pid, err := strconv.Atoi(e.Name())
		if err != nil {
			continue
		}
		if p, ok := readProcess(pid); ok {
			all = append(all, p)
		}
	}
	return all
}

func readProcess(pid int) (process, bool) {
	dir := filepath.Join("/proc", strconv.Itoa(pid))
	stat, err := os.ReadFile(filepath.Join(dir, "stat"))
	if err != nil {
		return process{}, false
	}
	// "pid (name) state ppid …": the name may hold anything, so the fields are counted after its last bracket.
	text := string(stat)
	open, end := strings.IndexByte(text, '('), strings.LastIndexByte(text, ')')
	if open < 0 || end < open {
		return process{}, false
	}
	fields := strings.Fields(text[end+1:])
	const state, parent, start = 0, 1, 19
	if len(fields) <= start || fields[state] == "Z" {
		return process{}, false
	}
	p := process{PID: pid, Name: text[open+1 : end], Start: fields[start]}
	p.Parent, _ = strconv.Atoi(fields[parent])
	exe, _ := os.Readlink(filepath.Join(dir, "exe"))
	cwd, _ := os.Readlink(filepath.Join(dir, "cwd"))
	line, _ := os.ReadFile(filepath.Join(dir, "cmdline"))
	p.Text = strings.Join([]string{exe, cwd, strings.ReplaceAll(string(line), "\x00", " ")}, " ")
	return p, true
}

// ownedByMe reports whether a file belongs to the person who runs this process.
func ownedByMe(info fs.FileInfo) bool {
	st, ok := info.Sys().(*syscall.Stat_t)
	return ok && int(st.Uid) == os.Geteuid()
}
