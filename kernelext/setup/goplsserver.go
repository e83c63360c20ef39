package setup

import (
	"os"
	"path/filepath"
	"runtime"

	"github.com/cnnbook/cnnbook/internal/atomicfile"
)

// goplsScript replaces gopls. GoNB starts gopls as a server and stops it when the kernel ends
// normally; the server of a killed kernel would stay forever. So a watcher, which sees the kernel's process
// and the server's (the shell's process id, after exec), ends the server when the kernel is gone, and itself with either.
// gopls's own -listen.timeout does not help: GoNB connects 12 s after it has started the server, and by then a
// server with a short timeout would have ended, and completion with it.
//
// Each kernel has such a server, and in a class most of them wait. Its garbage collector may let the heap grow by 40 %, not by as
// much again: that halves the memory of the server.
//
// A go command that the server runs when it is ended leaves its folder. GOTMPDIR puts that into the kernel's, which vanishes with
// the kernel; the dot keeps it from being taken for packages there.
const goplsScript = `#!/bin/sh
# gopls as GoNB starts it, but so that it ends with its kernel.
server="${0%/*}/gopls-server"
if [ "$1" = -listen ]; then
	export GOGC="${GOGC:-40}"
	if [ -d /proc/self ]; then # no second process for telemetry: Linux alone keeps settings where this says
		export GOENV="${GOENV:-${XDG_CONFIG_HOME:-$HOME/.config}/go/env}" XDG_CONFIG_HOME=/dev/null
	fi
	if [ -d "$GONB_TMP_DIR" ]; then
		export GOTMPDIR="$GONB_TMP_DIR/.go"
		mkdir -p "$GOTMPDIR"
	fi
	kernel=$PPID
	(
		while kill -0 "$kernel" && kill -0 "$$"; do sleep 5; done
		kill "$$"
	) </dev/null >/dev/null 2>&1 &
fi
exec "$server" "$@"
`

// endGoplsWithKernel puts goplsScript in front of the gopls in dir, on systems that can execute scripts.
func endGoplsWithKernel(dir string) error {
	if runtime.GOOS == "windows" {
		return nil
	}
	gopls := filepath.Join(dir, "gopls")
	if err := os.Rename(gopls, filepath.Join(dir, "gopls-server")); err != nil {
		return err
	}
	return atomicfile.WriteBytes(gopls, []byte(goplsScript), 0o755)
}
