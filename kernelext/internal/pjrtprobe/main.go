// Pjrtprobe loads a PJRT plugin the way GoMLX does and prints what it found, in a separate process: a file
// that is not a library, that has another interface, or that aborts, ends this process and no other.
//
//	pjrtprobe FILE            print one line of JSON: interface version, platform, devices
//	pjrtprobe PLUGIN LIBRARY  let the plugin call oneDNN's library
//	pjrtprobe -install DIR    let go-xla's own installer fetch the CPU plugin of this platform into DIR
package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/gomlx/go-xla/compute/xla"
	"github.com/gomlx/go-xla/installer"
	"github.com/gomlx/go-xla/pjrt"

	"github.com/cnnbook/cnnbook/internal/onednn"
)

func main() {
	if err := run(os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "pjrtprobe:", err)
		os.Exit(1)
	}
}

func run(args []string, stdout io.Writer) error {
	switch {
	case len(args) == 1:
		return probe(args[0], stdout)
	case len(args) == 2 && args[0] == "-install":
		return installer.CPUAutoInstall(args[1], false, installer.Quiet)
	case len(args) == 2:
		return probeOneDNN(args[0], args[1])
	}
	return errors.New("usage: pjrtprobe FILE | pjrtprobe PLUGIN LIBRARY | pjrtprobe -install DIR")
}

// probe loads the library, asks for its interface and starts a client, where an incompatible build fails.
func probe(file string, stdout io.Writer) error {
	plugin, err := pjrt.GetPlugin(file)
	if err != nil {
		return err
	}
	client, err := plugin.NewClient(nil)
	if err != nil {
		return fmt.Errorf("start a client: %w", err)
	}
	major, minor := plugin.Version()
	found := map[string]any{
		"api":      fmt.Sprintf("%d.%d", major, minor),
		"platform": client.Platform(),
		"devices":  client.NumDevices(),
		"file":     pluginFile(),
	}
	if err := json.NewEncoder(stdout).Encode(found); err != nil {
		return err
	}
	return client.Destroy()
}

// probeOneDNN opens the plugin's backend and lets it call oneDNN.
func probeOneDNN(plugin, library string) error {
	backend, err := xla.New(plugin)
	if err != nil {
		return err
	}
	defer backend.Finalize()
	_, err = onednn.Wrap(backend, library, plugin)
	return err
}

// pluginFile is the file name under which this release of go-xla looks for the plugin of the CPU.
func pluginFile() string {
	return "pjrt_c_api_cpu_" + pjrt.DefaultCPUVersion + "_plugin.so"
}
