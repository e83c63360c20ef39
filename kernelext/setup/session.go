package setup

import (
	"context"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/cnnbook/cnnbook/kernelext/internal/cache"
	"github.com/cnnbook/cnnbook/kernelext/internal/process"
)

// EnvSession chooses whether the values of cells live, as they do by default: 0 builds no session at set-up, and compiles every
// cell of a kernel that has one.
const EnvSession = "CNNBOOK_SESSION"

// session builds the programs of package kernelext/session and gives the session's path. Without it every cell is compiled, so
// that a failure is a warning.
func (s Installer) session(ctx context.Context, t Toolchain, r *cache.Reporter) string {
	if os.Getenv(EnvSession) == "0" {
		return ""
	}
	folder, err := s.SessionFolder(t)
	if err == nil {
		if _, err = folder.Run(ctx, r); err == nil {
			return sessionProgram(folder)
		}
	}
	if ctx.Err() == nil {
		r.Say("WARNING: cells are compiled and keep no values, since the session cannot be built: %s", process.TellingLine(err.Error()+process.OutputOf(err)))
	}
	return ""
}

// SessionFolder is the folder of the session and its client, for this state of the module's code and this place of the checkout. They
// are built with the flags of cells, so that Go compiles no package twice: most of the time goes there. The place is part of what
// is built, and of plugins, which must fit.
func (s Installer) SessionFolder(t Toolchain) (cache.Folder, error) {
	hash, err := s.sourceHash(t)
	folder := cache.Folder{
		Dir:  filepath.Join(s.Cache, "session", hash),
		What: "Building the session in which values live",
		Build: func(ctx context.Context, out string) (any, error) {
			args := []string{"build", "-ldflags=-s", "-o", out + string(filepath.Separator), "./kernelext/session/cmd/..."}
			_, err := t.goCommand(s.Module, s.log("session"), args...).Output(ctx)
			return nil, err
		},
	}
	folder.Check = func(string) error { _, err := os.Stat(sessionProgram(folder)); return err }
	return folder, err
}

func sessionProgram(folder cache.Folder) string {
	return filepath.Join(folder.Dir, process.ExeName("cnnbook-session"))
}

// sourceHash tells one state of the module's code from another.
func (s Installer) sourceHash(t Toolchain) (string, error) {
	files := []string{filepath.Join(s.Module, "go.mod"), filepath.Join(s.Module, "go.sum")}
	err := filepath.WalkDir(s.Module, func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && path != s.Module && (strings.HasPrefix(d.Name(), ".") || d.Name() == "testdata"):
			return fs.SkipDir
		case d.Type().IsRegular() && strings.HasSuffix(path, ".go") && !strings.HasSuffix(path, "_test.go"):
			files = append(files, path)
		}
		return nil
	})
	if err != nil {
		return "", err
	}
	return cache.HashFiles(files, s.Module, t.Version, t.OS, t.Arch)
}
