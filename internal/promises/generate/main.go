// Command generate writes docs/PROMISES.md into the checkout that it is run in.
package main

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/cnnbook/cnnbook/internal/atomicfile"
	"github.com/cnnbook/cnnbook/internal/promises"
)

func main() {
	const module = "../.." // go generate runs it in the folder of package promises
	all, err := promises.Collect(os.DirFS(module))
	if err == nil {
		err = atomicfile.WriteBytes(filepath.Join(module, promises.Page), promises.Markdown(all), 0o644)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
