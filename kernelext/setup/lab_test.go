//go:build linux

package setup

import (
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/cnnbook/cnnbook/kernelext/internal/process"
	"github.com/cnnbook/cnnbook/kernelext/internal/testkit"
)

func TestLabCommand(t *testing.T) {
	env := &Environment{Python: "/py/bin/python", Kernel: KernelName, Cache: t.TempDir()}
	folder := t.TempDir()
	if _, err := labCommand(env, LabOptions{Folder: folder}, true); !errors.Is(err, ErrRoot) || !strings.Contains(err.Error(), "-allow-root") {
		t.Errorf("as root: error %v, want ErrRoot that names -allow-root", err)
	}
	cmd, err := labCommand(env, LabOptions{Folder: folder, Port: 9000, NoBrowser: true}, false)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"--ServerApp.ip=127.0.0.1", "--ServerApp.root_dir=" + folder, "--ServerApp.port=9000", "--no-browser"} {
		if !slices.Contains(cmd.Args, want) {
			t.Errorf("arguments %v lack %s", cmd.Args, want)
		}
	}
	for _, arg := range cmd.Args {
		if arg == "--allow-root" || strings.Contains(arg, "token") || strings.Contains(arg, "password") {
			t.Errorf("argument %s weakens the server", arg)
		}
	}
	if _, err := labCommand(env, LabOptions{Folder: filepath.Join(folder, "none")}, false); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("no folder: error %v", err)
	}
}

// TestDisableNews: the question is off, unless the user has a configuration.
func TestDisableNews(t *testing.T) {
	config := t.TempDir()
	name := filepath.Join(config, "labconfig", "page_config.json")
	if err := disableNews(config); err != nil {
		t.Fatal(err)
	}
	if data, err := os.ReadFile(name); err != nil || !strings.Contains(string(data), "announcements") {
		t.Errorf("%q, %v", data, err)
	}
	if err := os.WriteFile(name, []byte("{}"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := disableNews(config); err != nil {
		t.Fatal(err)
	}
	if data, err := os.ReadFile(name); err != nil || string(data) != "{}" {
		t.Errorf("the user's own file is now %q, %v", data, err)
	}
}

// TestLabLeavesNoProcess: a server that ends without its kernels, as a crash would do, and one that does not end.
func TestLabLeavesNoProcess(t *testing.T) {
	if len(process.List()) == 0 {
		t.Skip("no list of processes on this system")
	}
	for name, onTerm := range map[string]string{"ends": "exit 0", "hangs": ":"} {
		t.Run(name, func(t *testing.T) {
			pid := filepath.Join(t.TempDir(), "pid")
			ctx, cancel := context.WithCancel(t.Context())
			// The "kernel" is in a session of its own, as Jupyter's are, where a group's signal does not reach it.
			cmd := exec.Command("/bin/sh", "-c", `trap '`+onTerm+`' TERM; setsid sleep 60 & echo $! >$0.new; mv $0.new $0; while :; do wait; sleep 0.05; done`, pid)
			done := make(chan error, 1)
			go func() { done <- runLab(ctx, cmd, 300*time.Millisecond) }()
			testkit.WaitFor(t, "the kernel", func() bool { return testkit.Exists(pid) })
			cancel()
			if err := <-done; err != nil {
				t.Errorf("ending by cancel is no error, got %v", err)
			}
			data, err := os.ReadFile(pid)
			if err != nil {
				t.Fatal(err)
			}
			kernel, err := strconv.Atoi(strings.TrimSpace(string(data)))
			if err != nil {
				t.Fatal(err)
			}
			testkit.WaitFor(t, "the kernel's end", func() bool { _, alive := process.Read(kernel); return !alive })
		})
	}
}

func TestLabTellsFailure(t *testing.T) {
	err := runLab(t.Context(), exec.Command("/bin/sh", "-c", "exit 4"), time.Second)
	if err == nil || !strings.Contains(err.Error(), "JupyterLab ended: exit status 4") {
		t.Errorf("error %v", err)
	}
	if err := runLab(t.Context(), exec.Command("/nonexistent/python"), time.Second); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("error %v", err)
	}
}

// TestLabServes starts the real JupyterLab, finds its address, and ends it.
func TestLabServes(t *testing.T) {
	env, err := testSetup(t).Run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	read, write, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer read.Close()
	done := make(chan error, 1)
	go func() {
		done <- Lab(ctx, env, LabOptions{Folder: t.TempDir(), NoBrowser: true, AllowRoot: true, Output: write})
		write.Close()
	}()
	var seen bytes.Buffer
	for buf := make([]byte, 4096); !strings.Contains(seen.String(), "/lab?token="); {
		n, err := read.Read(buf)
		seen.Write(buf[:n])
		if err != nil {
			t.Fatalf("JupyterLab ended early: %v\n%s", <-done, &seen)
		}
	}
	go func() { // keep reading, lest the server blocks on a full pipe
		for buf := make([]byte, 4096); ; {
			if _, err := read.Read(buf); err != nil {
				return
			}
		}
	}()
	if strings.Contains(seen.String(), "http://0.0.0.0") || !strings.Contains(seen.String(), "http://127.0.0.1:") {
		t.Errorf("it does not listen on the loopback interface alone:\n%s", &seen)
	}
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
}
