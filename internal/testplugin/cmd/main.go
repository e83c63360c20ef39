// Command cmd sets up the PJRT plugin and prints the variables that make a process use it, as a JSON array of "NAME=value".
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"

	"github.com/cnnbook/cnnbook/kernelext/setup"
)

func main() {
	plugin, err := setup.Installer{Log: os.Stderr}.Plugin(context.Background())
	if err == nil {
		err = json.NewEncoder(os.Stdout).Encode(plugin.Environ())
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
