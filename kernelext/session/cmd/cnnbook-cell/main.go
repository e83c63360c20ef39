// Command cnnbook-cell stands where a compiled cell's program would: GoNB starts it with the cell on its standard input. It
// hands its standard output and error to the session of the kernel that started it, forwards an interrupt, and ends with the
// cell's status. With -check it ends with 0 if the session can run the cell and with 125 if the cell is to be compiled.
//
// Before GoNB compiles a cell, "cnnbook-cell -get DIR PACKAGE..." adds to the workspace in DIR what the cell imports and the
// workspace lacks.
package main

import (
	"os"

	"github.com/cnnbook/cnnbook/kernelext/session/client"
	"github.com/cnnbook/cnnbook/kernelext/session/modules"
)

func main() {
	if len(os.Args) > 2 && os.Args[1] == "-get" {
		os.Exit(modules.Main(os.Args[2:], os.Stdout))
	}
	os.Exit(client.Main(os.Args[1:]))
}
