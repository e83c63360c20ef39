package setup

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"time"

	"github.com/cnnbook/cnnbook/internal/atomicfile"
	"github.com/cnnbook/cnnbook/kernelext/internal/process"
)

// LabOptions specify how JupyterLab is started.
type LabOptions struct {
	Folder    string    // of the notebooks, and the root of the files that the browser can access
	Port      int       // 0 takes 8888 or the next that is free
	NoBrowser bool      // print the address, open no browser
	AllowRoot bool      // run even as root
	Args      []string  // further arguments for JupyterLab
	Output    io.Writer // JupyterLab's messages, with the address and its token; nil is the standard error output
}

// labGrace is how long JupyterLab may take to end its kernels before it is killed.
const labGrace = 15 * time.Second

// Lab runs JupyterLab with the kernel of this installation until ctx ends, which is no error, or until JupyterLab
// itself ends. It listens on the loopback interface only, asks for a token, and runs no cell of a notebook before
// the user does. No process is left behind.
func Lab(ctx context.Context, env *Environment, o LabOptions) error {
	cmd, err := labCommand(env, o, os.Geteuid() == 0)
	if err != nil {
		return err
	}
	if err := disableNews(env.jupyter("config")); err != nil {
		return err
	}
	return runLab(ctx, cmd, labGrace)
}

// disableNews turns off JupyterLab's question whether to fetch news: the arguments below keep the
// server from fetching any, but not from asking. An existing file is the user's own, and stays.
func disableNews(config string) error {
	name := filepath.Join(config, "labconfig", "page_config.json")
	if _, err := os.Stat(name); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		return err
	}
	return atomicfile.WriteBytes(name, []byte(`{"disabledExtensions": {"@jupyterlab/apputils-extension:announcements": true}}`+"\n"), 0o644)
}

// labCommand is JupyterLab's command line.
func labCommand(env *Environment, o LabOptions, root bool) (*exec.Cmd, error) {
	if root && !o.AllowRoot {
		return nil, &Problem{
			Cause:  "JupyterLab does not run as root, because anyone who can connect to it would then control the machine",
			Remedy: "use an ordinary account, or add -allow-root in your own container",
			Err:    ErrRoot,
		}
	}
	folder, err := filepath.Abs(o.Folder)
	if err != nil {
		return nil, err
	}
	if info, err := os.Stat(folder); err != nil {
		return nil, fmt.Errorf("folder of the notebooks: %w", err)
	} else if !info.IsDir() {
		return nil, fmt.Errorf("folder of the notebooks: %s is a file", folder)
	}
	args := []string{
		"-m", "jupyterlab",
		"--ServerApp.ip=127.0.0.1",
		"--ServerApp.root_dir=" + folder,
		"--MultiKernelManager.default_kernel_name=" + env.Kernel,
		// No requests to other servers: neither news nor new versions are fetched.
		"--LabApp.news_url=None",
		"--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
		"--LabApp.extension_manager=readonly",
	}
	if o.Port != 0 {
		args = append(args, "--ServerApp.port="+strconv.Itoa(o.Port), "--ServerApp.port_retries=0")
	}
	if o.NoBrowser {
		args = append(args, "--no-browser")
	}
	if root {
		args = append(args, "--allow-root")
	}
	cmd := exec.Command(env.Python, append(args, o.Args...)...)
	cmd.Dir = folder
	cmd.Env = env.Environ()
	cmd.Stdout, cmd.Stderr = o.Output, o.Output
	if o.Output == nil {
		cmd.Stdout, cmd.Stderr = os.Stderr, os.Stderr
	}
	return cmd, nil
}

// runLab runs the server. When ctx ends it asks it to end its kernels and itself, and after grace ends what is left.
func runLab(ctx context.Context, cmd *exec.Cmd, grace time.Duration) error {
	process.Contain(cmd)
	cmd.Cancel = nil // the server is asked first, below
	cmd.WaitDelay = time.Second
	started, ended := make(chan error, 1), make(chan error, 1)
	go func() {
		runtime.LockOSThread() // see process.RunContained
		defer runtime.UnlockOSThread()
		err := cmd.Start()
		started <- err
		if err == nil {
			ended <- cmd.Wait()
		}
	}()
	if err := <-started; err != nil {
		return fmt.Errorf("start JupyterLab: %w", err)
	}
	select {
	case err := <-ended:
		if err != nil {
			return fmt.Errorf("JupyterLab ended: %w", err)
		}
		return nil
	case <-ctx.Done():
	}
	family := process.Descendants(cmd.Process.Pid, process.List())
	askToEnd(cmd.Process)
	select {
	case <-ended:
	case <-time.After(grace):
		cmd.Process.Kill()
		<-ended
	}
	endAll(family)
	if cause := context.Cause(ctx); !errors.Is(cause, context.Canceled) {
		return cause
	}
	return nil
}

// endAll kills those of the processes that are still the same ones.
func endAll(family []process.Info) {
	alive := make(map[int]string)
	for _, p := range process.List() {
		alive[p.PID] = p.Start
	}
	for _, p := range family {
		if alive[p.PID] != p.Start {
			continue
		}
		if proc, err := os.FindProcess(p.PID); err == nil {
			proc.Kill()
			proc.Release()
		}
	}
}
