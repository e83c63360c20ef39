// Command generate writes the files of package docker into the checkout that it is run in.
package main

import (
	"context"
	"fmt"
	"os"

	"github.com/cnnbook/cnnbook/docker"
)

func main() {
	// go generate runs it in the package's folder.
	if err := docker.Write(context.Background(), ".."); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
