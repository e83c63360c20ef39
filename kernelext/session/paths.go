package session

import (
	"fmt"
	"go/types"
	"strings"
	"unsafe"
)

// checkPath is the path of every cell's package while one is checked: go/types lets a package see the unexported fields and
// methods of packages of its own path. The interpreter keeps globals and functions by path, so that each cell has its own
// while it is built; its base is what %T prints.
const checkPath = "main"

func buildPath(n int) string { return fmt.Sprintf("cell/%d/main", n) }

func isCellPath(p *types.Package) bool {
	return p != nil && (p.Path() == checkPath || strings.HasPrefix(p.Path(), "cell/"))
}

// setPath changes the path of a package, for which go/types has no call. The path is a package's first field; New checks
// that it still is.
func setPath(p *types.Package, path string) { *(*string)(unsafe.Pointer(p)) = path }

func pathsWork() bool {
	p := types.NewPackage("a", "b")
	setPath(p, "c")
	return p.Path() == "c" && p.Name() == "b"
}

// samePath gives all cells' packages one path, or each its own.
func (s *Session) samePath(same bool) {
	for _, p := range s.packages {
		if same {
			setPath(p.pkg, checkPath)
		} else {
			setPath(p.pkg, p.path)
		}
	}
}
