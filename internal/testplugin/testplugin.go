// Package testplugin lets tests of packages that do not depend on set-up use the plugin that set-up provides. It runs
// set-up in a separate process, so that such a package's tests do not import it.
package testplugin

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
)

// command is the program that sets up the plugin and prints the variables that choose it.
const command = "github.com/cnnbook/cnnbook/internal/testplugin/cmd"

// Apply sets up the plugin, once for the machine, and makes this process use it. It is for TestMain, before the first backend is
// made. The first time, it may fetch the plugin.
func Apply() error {
	cmd := exec.Command("go", "run", command)
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		return fmt.Errorf("set up the plugin for tests: %w", err)
	}
	var environ []string
	if err := json.Unmarshal(out, &environ); err != nil {
		return fmt.Errorf("set up the plugin for tests: %w", err)
	}
	for _, variable := range environ {
		name, value, _ := strings.Cut(variable, "=")
		err = errors.Join(err, os.Setenv(name, value))
	}
	return err
}
