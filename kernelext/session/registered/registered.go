// Package registered registers with the interpreter all that a cell may import without being compiled: the standard library and
// the packages in internal/register's list, whose files "go generate ./kernelext/session" writes.
package registered

import (
	_ "github.com/goplus/ixgo/pkg" // the standard library
)
