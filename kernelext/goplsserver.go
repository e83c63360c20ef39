package kernelext

import (
	"os"
	"path/filepath"
	"runtime"
)

// goplsScript stands in the place of gopls. GoNB starts gopls as a server and stops it when the kernel ends in
// order; of a kernel that was killed the server would stay for ever. It ends by itself when for 5 s nobody is
// connected: GoNB is, from the start of the kernel to its end.
const goplsScript = `#!/bin/sh
# gopls as GoNB starts it, but so that it ends with its kernel.
server="${0%/*}/gopls-server"
if [ "$1" = -listen ]; then
	exec "$server" -listen.timeout=5s "$@"
fi
exec "$server" "$@"
`

// endGoplsWithKernel puts goplsScript before the gopls in dir, where scripts can be programs.
func endGoplsWithKernel(dir string) error {
	if runtime.GOOS == "windows" {
		return nil
	}
	gopls := filepath.Join(dir, "gopls")
	if err := os.Rename(gopls, filepath.Join(dir, "gopls-server")); err != nil {
		return err
	}
	return writeFile(gopls, []byte(goplsScript), 0o755)
}
