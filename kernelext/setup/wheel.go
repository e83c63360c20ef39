package setup

import (
	"archive/zip"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/cnnbook/cnnbook/internal/download"
	"github.com/cnnbook/cnnbook/kernelext/internal/process"
)

// Wheel is a Python package of which only one library is used.
type Wheel struct {
	Name    string
	Version string
	SHA256  string // of the wheel
	Member  string // the library inside
}

func (w Wheel) String() string { return w.Name + " " + w.Version }

// fetch downloads the wheel into folder dir with the pip of a Python, because pip knows the user's index, proxy and certificates,
// unpacks its member to dest and removes the wheel. Both pip and fetch check the hash.
func (w Wheel) fetch(ctx context.Context, python, log, dir, dest string) error {
	list := filepath.Join(dir, "wheel.txt")
	if err := os.WriteFile(list, fmt.Appendf(nil, "%s==%s --hash=sha256:%s\n", w.Name, w.Version, w.SHA256), 0o644); err != nil {
		return err
	}
	defer os.Remove(list)
	pip := process.Command{Path: python, Env: process.PythonEnviron(), Log: log,
		Args: []string{"-m", "pip", "download", "--no-deps", "--only-binary=:all:", "--require-hashes", "--dest", dir, "-r", list}}
	if _, err := pip.Output(ctx); err != nil {
		if strings.Contains(process.OutputOf(err), "DO NOT MATCH THE HASHES") {
			return &Problem{
				Cause:  fmt.Sprintf("the package index returned a different file for %s than the pinned one (SHA-256 %s)", w, w.SHA256),
				Remedy: "do not use that index, or report it",
				Err:    fmt.Errorf("%w: %w", ErrChecksum, err),
			}
		}
		return fmt.Errorf("download %s: %w", w, offline(err, "the Python package index"))
	}
	files, err := filepath.Glob(filepath.Join(dir, "*.whl"))
	if err != nil || len(files) != 1 {
		return fmt.Errorf("download %s: expected one wheel in %s, found %d", w, dir, len(files))
	}
	if err := checkSHA256(files[0], w.SHA256); err != nil {
		return err
	}
	if err := unpackMember(files[0], w.Member, dest); err != nil {
		return err
	}
	return os.Remove(files[0])
}

// checkSHA256 compares a file with its pinned hash.
func checkSHA256(name, want string) error {
	got, _, err := download.SHA256(name)
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	if got != want {
		return fmt.Errorf("%s: %w: expected SHA-256 %s, found %s", filepath.Base(name), ErrChecksum, want, got)
	}
	return nil
}

// maxPlugin bounds what is unpacked; the largest known plugin has 260 MB.
const maxPlugin = 1 << 30

// unpackMember writes one file of a zip archive to dest and syncs it.
func unpackMember(archive, member, dest string) error {
	z, err := zip.OpenReader(archive)
	if err != nil {
		return fmt.Errorf("%s: %w", filepath.Base(archive), err)
	}
	defer z.Close()
	in, err := z.Open(member)
	if err != nil {
		return fmt.Errorf("%s: %w", filepath.Base(archive), err)
	}
	defer in.Close()
	out, err := os.OpenFile(dest, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o755)
	if err != nil {
		return err
	}
	n, err := io.Copy(out, io.LimitReader(in, maxPlugin+1))
	if err == nil && n > maxPlugin {
		err = fmt.Errorf("more than %d bytes", int64(maxPlugin))
	}
	if err == nil {
		err = out.Sync()
	}
	if err = errors.Join(err, out.Close()); err != nil {
		return fmt.Errorf("%s: %s: %w", filepath.Base(archive), member, err)
	}
	return nil
}
