// Package class measures a class: a real JupyterHub on this machine, with simulated students who log in, start kernels and run cells.
// It says how soon all have run a cell, what memory and processor time a student takes, whether kernels outlive a restart of the
// hub, and how many students fit into a machine.
//
// The hub is configured by the files of docker/hub that docs/CLASS.md recommends; JupyterHub is installed from PyPI and its proxy from
// npm, in the versions and with the hashes of docker/, into the cache folder.
package class

import (
	"context"
	"crypto/rand"
	_ "embed"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"time"

	"github.com/cnnbook/cnnbook/kernelext/internal/cache"
	"github.com/cnnbook/cnnbook/kernelext/internal/process"
	"github.com/cnnbook/cnnbook/kernelext/setup"
)

//go:embed class.py
var students []byte

//go:embed hub_config.py
var hubConfig []byte

// Class is what to measure. Students is at least 1.
type Class struct {
	Students int
	Trainers int           // how many of them train at once; 0 leaves training out
	Values   bool          // let every student keep a dataset and a network
	Restart  bool          // restart the hub
	Slurm    bool          // start the servers as jobs of the Slurm that SLURM_CONF names
	Quiet    time.Duration // how long to wait before a measurement, and how long to count processor time
	Log      io.Writer     // receives progress
}

// The cells of a student. They are those of a first lesson.
const (
	livingCell   = "l := lab.Open()\nimages, test := cifar.Drawn(1, 5000, 1000)\nnetwork := cnn.WriteUp()"
	trainingCell = "result := l.Fit(\"class\", network, cnn.Config{Optimizer: cnn.Adam{}, Epochs: 1})"
)

// patience is how long a student waits for a server or a cell before the measurement fails. It is long for machines that are busy.
const patience = 5 * time.Minute

// Run measures the class.
func (c Class) Run(ctx context.Context, env *setup.Environment) (Result, error) {
	if c.Students < 1 || c.Students > 999 || c.Trainers < 0 || c.Trainers > c.Students {
		return Result{}, fmt.Errorf("a class of %d students of whom %d train: expected 1 to 999, and no more who train", c.Students, c.Trainers)
	}
	hub, err := installHub(ctx, env, c.Log)
	if err != nil {
		return Result{}, err
	}
	folder, err := os.MkdirTemp("", "cnnbook-class-*")
	if err != nil {
		return Result{}, err
	}
	defer cache.RemoveTree(folder)
	if err := os.Chmod(folder, 0o755); err != nil { // students of accounts of their own enter their homes
		return Result{}, err
	}
	if _, err := env.InstallKernel(ctx, setup.KernelInstall{Place: setup.KernelPlace{Prefix: folder}}); err != nil {
		return Result{}, err
	}
	accounts := os.Getuid() == 0 && len(env.Unreadable()) == 0 && !c.Slurm
	settings, variables, err := c.settings(env, hub, folder, accounts)
	if err != nil {
		return Result{}, err
	}
	data, err := json.Marshal(settings)
	if err != nil {
		return Result{}, err
	}
	for name, text := range map[string][]byte{"class.py": students, "hub_config.py": hubConfig, "settings.json": data} {
		if err := os.WriteFile(filepath.Join(folder, name), text, 0o644); err != nil {
			return Result{}, err
		}
	}
	cmd := exec.CommandContext(ctx, env.Python, filepath.Join(folder, "class.py"), filepath.Join(folder, "settings.json"))
	cmd.Dir, cmd.Env, cmd.Stderr = folder, variables, c.Log
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) } // it ends the hub and the servers
	cmd.WaitDelay = time.Minute
	out, err := cmd.Output()
	if err != nil {
		return Result{}, fmt.Errorf("the class: %w; the hub's last lines:\n%s", err, lastLines(filepath.Join(folder, "hub.log")))
	}
	r := Result{Accounts: accounts}
	if err := json.Unmarshal(out, &r); err != nil {
		return r, fmt.Errorf("the class printed %q: %w", out, err)
	}
	return r, nil
}

// settings are those of class.py and the environment of the hub.
func (c Class) settings(env *setup.Environment, hub, folder string, accounts bool) (settings map[string]any, variables []string, err error) {
	var ports [4]int
	for i := range ports {
		if ports[i], err = freePort(); err != nil {
			return nil, nil, err
		}
	}
	address := func(i int) string { return "http://127.0.0.1:" + strconv.Itoa(ports[i]) }
	config := "server_config.py"
	if c.Slurm {
		config = "slurm_config.py"
	}
	mark := "CLASS_MARK=" + rand.Text()
	settings = map[string]any{
		"folder": folder, "port": ports[0], "students": c.Students, "trainers": c.Trainers, "restart": c.Restart, "mark": mark,
		"patience": patience.Seconds(), "quiet": c.Quiet.Seconds(), "living": "", "training": "", "nodes": c.Slurm,
		"hub": []string{env.Python, "-m", "jupyterhub", "-f", filepath.Join(folder, "hub_config.py")},
		"proxy": []string{filepath.Join(hub, "node_modules", ".bin", "configurable-http-proxy"), "--ip=127.0.0.1", "--port=" + strconv.Itoa(ports[0]),
			"--api-ip=127.0.0.1", "--api-port=" + strconv.Itoa(ports[1]), "--default-target=" + address(2), "--error-target=" + address(2) + "/hub/error"},
	}
	if c.Values || c.Trainers > 0 {
		settings["living"] = livingCell
	}
	if c.Trainers > 0 {
		settings["training"] = trainingCell
	}
	packages := filepath.Join(hub, "python")
	path := filepath.Join(packages, "bin") + string(os.PathListSeparator) + filepath.Dir(env.Python) + string(os.PathListSeparator) + os.Getenv("PATH")
	variables = process.MergeEnv(os.Environ(),
		"PYTHONHOME", "PYTHONSTARTUP", "JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR", "JUPYTER_TOKEN", "PYTHONNOUSERSITE=1",
		"PYTHONPATH="+packages, "PATH="+path, "JUPYTER_PATH="+filepath.Join(folder, "share", "jupyter"), mark,
		"STUDENT_PASSWORD="+rand.Text(), "TEACHER_PASSWORD="+rand.Text()+rand.Text(), "CONFIGPROXY_AUTH_TOKEN="+rand.Text(),
		"CLASS_FOLDER="+folder, "CLASS_CONFIG="+filepath.Join(env.Module, "docker", "hub", config), "CLASS_SIZE="+strconv.Itoa(c.Students),
		"CLASS_URL="+address(0), "CLASS_PROXY="+address(1), "CLASS_HUB_URL="+address(2),
	)
	if accounts {
		variables = process.MergeEnv(variables, "CLASS_ACCOUNTS=1")
	} else { // all are this account, in homes of their own
		variables = process.MergeEnv(variables, "GOCACHE="+env.BuildCache, "GOMODCACHE="+env.ModCache)
	}
	return settings, variables, nil
}

// installHub installs JupyterHub and its proxy once, into the cache folder, and gives the folder.
func installHub(ctx context.Context, env *setup.Environment, log io.Writer) (string, error) {
	docker := filepath.Join(env.Module, "docker")
	files := []string{filepath.Join(docker, "hub-requirements.txt"), filepath.Join(docker, "hub", "requirements.txt"),
		filepath.Join(docker, "hub", "package.json"), filepath.Join(docker, "hub", "package-lock.json")}
	hash, err := cache.HashFiles(files, env.Python)
	if err != nil {
		return "", err
	}
	npm, err := exec.LookPath("npm")
	if err != nil {
		return "", &setup.Problem{Cause: "JupyterHub's proxy is a program for Node.js, and npm is not on PATH",
			Remedy: "install it (Debian and Ubuntu: apt install nodejs npm)", Err: err}
	}
	st := cache.Folder{
		Dir:  filepath.Join(env.Cache, "hub", hash),
		What: "Installing JupyterHub and its proxy",
		Build: func(ctx context.Context, dir string) (any, error) {
			logged := filepath.Join(env.Cache, "logs", "hub.log")
			pip := process.Command{Path: env.Python, Env: process.PythonEnviron(), Log: logged,
				Args: []string{"-m", "pip", "install", "--no-input", "--no-deps", "--only-binary=:all:", "--require-hashes", "--target", filepath.Join(dir, "python"),
					"-r", files[0], "-r", files[1]}}
			if _, err := pip.Output(ctx); err != nil {
				return nil, fmt.Errorf("install JupyterHub: %w", err)
			}
			for _, file := range files[2:] {
				text, err := os.ReadFile(file)
				if err != nil {
					return nil, err
				}
				if err := os.WriteFile(filepath.Join(dir, filepath.Base(file)), text, 0o644); err != nil {
					return nil, err
				}
			}
			_, err := process.Command{Path: npm, Args: []string{"ci", "--ignore-scripts", "--no-audit", "--no-fund"}, Dir: dir, Env: os.Environ(), Log: logged}.Output(ctx)
			if err != nil {
				return nil, fmt.Errorf("install the hub's proxy: %w", err)
			}
			return nil, nil
		},
	}
	_, err = st.Run(ctx, cache.NewReporter(log))
	return st.Dir, err
}

// freePort is a port of this machine that nobody listens on now.
func freePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port, nil
}

// lastLines is the end of a log.
func lastLines(file string) string {
	data, err := os.ReadFile(file)
	if err != nil {
		return err.Error()
	}
	return string(data[max(0, len(data)-3000):])
}
