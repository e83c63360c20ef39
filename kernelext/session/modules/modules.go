// Package modules adds to a kernel's workspace the modules that a compiled cell imports and the workspace lacks, without
// moving those that it has: this module's packages stay built with the versions that its go.mod pins.
//
//	missing   which of a cell's imports the workspace does not resolve; nothing is asked for if there are none
//	add       "go get" in a copy of the kernel's go.mod, kept only if no other module's version changes
//	older     an older version of the new module, where the newest would move others
package modules

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"golang.org/x/mod/modfile"
	"golang.org/x/mod/semver"
)

// mostOlder bounds how many older versions of a module are tried.
const mostOlder = 15

// Main adds what the packages args[1:] need to the workspace in the folder args[0], and prints one line for each module that it
// added, or one line that says why it cannot. It returns the exit status.
func Main(args []string, stdout io.Writer) int {
	if len(args) == 0 {
		return 2
	}
	added, err := Add(args[0], args[1:])
	for _, line := range added {
		fmt.Fprintln(stdout, line)
	}
	if err != nil {
		fmt.Fprintln(stdout, err)
		return 1
	}
	return 0
}

// Add adds to the module in dir, which belongs to a workspace, what provides the packages that the workspace does not resolve.
// It returns a line for each module it added. Errors are one line.
func Add(dir string, packages []string) (added []string, err error) {
	w := workspace{dir: dir}
	missing, err := w.missing(packages)
	if err != nil {
		return nil, err
	}
	for _, p := range missing {
		line, err := w.add(p)
		if err != nil {
			return added, err
		}
		added = append(added, line)
	}
	return added, nil
}

// workspace is the folder of a module and of the workspace that it belongs to.
type workspace struct{ dir string }

// run runs go in the folder. The error's text is the output.
func (w workspace) run(args ...string) (string, error) {
	cmd := exec.Command("go", args...)
	cmd.Dir = w.dir
	var out, problems bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &problems
	if err := cmd.Run(); err != nil {
		text := strings.TrimSpace(problems.String())
		if text == "" {
			text = err.Error()
		}
		return "", errors.New(text)
	}
	return out.String(), nil
}

// missing lists the packages that the workspace does not resolve. One that cannot exist is an error.
func (w workspace) missing(packages []string) (missing []string, err error) {
	var asked []string
	for _, p := range packages {
		if p != "C" && p != "unsafe" {
			asked = append(asked, p)
		}
	}
	if len(asked) == 0 {
		return nil, nil
	}
	const format = `{{.ImportPath}}{{"\t"}}{{with .Module}}{{if not .Main}}{{.Path}}{{end}}{{end}}{{"\t"}}{{with .Error}}{{.Err}}{{end}}{{"\x00"}}`
	out, err := w.run(append([]string{"list", "-e", "-find", "-f", format, "--"}, asked...)...)
	if err != nil {
		return nil, oneLine(err.Error())
	}
	implied := map[string]string{} // packages without a problem, by the module that has them
	for _, record := range strings.Split(out, "\x00") {
		p, rest, _ := strings.Cut(strings.TrimLeft(record, "\n"), "\t")
		module, problem, _ := strings.Cut(rest, "\t")
		switch {
		case p == "":
		case internal(p):
			return nil, fmt.Errorf("%s is internal: only its own module can import it", p)
		case problem == "":
			if module != "" {
				implied[p] = module
			}
		case strings.Contains(problem, "no required module provides package"):
			missing = append(missing, p)
		case strings.Contains(problem, "is not in std"):
			return nil, fmt.Errorf("there is no package %q in Go's standard library", p)
		default:
			return nil, oneLine(fmt.Sprintf("package %s: %s", p, problem))
		}
	}
	if len(missing)+len(implied) == 0 {
		return nil, nil
	}
	mains, err := w.mains()
	if err != nil {
		return nil, err
	}
	for _, p := range missing {
		for m := range mains {
			if strings.HasPrefix(p, m+"/") {
				return nil, fmt.Errorf("there is no package %s in this checkout of %s", p, m)
			}
		}
	}
	unnamed, err := w.unnamed(implied, mains)
	return append(missing, unnamed...), err
}

// mains are the go.mod files of the workspace's modules, by the modules' paths.
func (w workspace) mains() (map[string]string, error) {
	out, err := w.run("list", "-m", "-f", "{{.Path}} {{.GoMod}}")
	if err != nil {
		return nil, oneLine(err.Error())
	}
	mains := map[string]string{}
	for _, line := range strings.Split(strings.TrimSpace(out), "\n") {
		path, file, _ := strings.Cut(line, " ")
		mains[path] = file
	}
	return mains, nil
}

// unnamed lists the packages whose module, the map's value, is named by none of the go.mod files. Go finds them, since another module
// needs theirs, but does not build what imports them.
func (w workspace) unnamed(modules, mains map[string]string) (packages []string, err error) {
	named := map[string]bool{}
	for _, file := range mains {
		required, err := w.requires(file)
		if err != nil {
			return nil, err
		}
		for _, r := range required {
			named[r.Mod.Path] = true
		}
	}
	for _, p := range slices.Sorted(maps.Keys(modules)) {
		if !named[modules[p]] {
			packages = append(packages, p)
		}
	}
	return packages, nil
}

func internal(p string) bool { return slices.Contains(strings.Split(p, "/"), "internal") }

// versions gives the versions of the modules that the packages of the workspace's other modules are built from, and of those that
// were added before.
func (w workspace) versions() (map[string]string, error) {
	mains, err := w.mains()
	if err != nil {
		return nil, err
	}
	args := []string{"list", "-e", "-deps", "-f", "{{with .Module}}{{if .Version}}{{.Path}} {{.Version}}{{end}}{{end}}", "--"}
	for path, file := range mains {
		if !w.holds(file) {
			args = append(args, path+"/...")
		}
	}
	out, err := w.run(args...)
	if err != nil {
		return nil, oneLine(err.Error())
	}
	versions := map[string]string{}
	for _, line := range strings.Split(out, "\n") {
		if path, version, ok := strings.Cut(line, " "); ok {
			versions[path] = version
		}
	}
	own, err := w.requires(filepath.Join(w.dir, "go.mod"))
	if err != nil {
		return nil, err
	}
	for _, r := range own {
		if versions[r.Mod.Path] == "" {
			versions[r.Mod.Path] = r.Mod.Version
		}
	}
	return versions, nil
}

// holds says whether a file lies in the workspace's own folder.
func (w workspace) holds(file string) bool {
	own, err := os.Stat(filepath.Join(w.dir, "go.mod"))
	if err != nil {
		return false
	}
	other, err := os.Stat(file)
	return err == nil && os.SameFile(own, other)
}

// requires reads the requirements in a go.mod file.
func (w workspace) requires(name string) ([]*modfile.Require, error) {
	data, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	f, err := modfile.ParseLax(name, data, nil)
	if err != nil {
		return nil, oneLine(err.Error())
	}
	return f.Require, nil
}

// add adds the module that provides the package.
func (w workspace) add(p string) (line string, err error) {
	before, err := w.versions()
	if err != nil {
		return "", err
	}
	scratch, err := w.copy()
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(scratch.dir)
	newest, moved, err := scratch.try(before, p, "")
	if err != nil {
		return "", reason(p, err)
	}
	if len(moved) == 0 {
		return newest.String() + " is added", w.take(scratch)
	}
	needs := fmt.Sprintf("%s needs %s", newest, strings.Join(moved, ", "))
	older, err := w.older(before, p, newest)
	if err != nil {
		return "", err
	}
	if older == (module{}) {
		return "", fmt.Errorf("%s is not added: %s, which the workspace pins; no older version leaves them as they are", p, needs)
	}
	return fmt.Sprintf("%s is added, the newest version that leaves the workspace's modules as they are: %s", older, needs), nil
}

// older adds the newest older version of a module that moves no other one; it returns the zero module if there is none.
func (w workspace) older(before map[string]string, p string, newest module) (module, error) {
	out, err := w.run("list", "-m", "-versions", "-f", `{{join .Versions "\n"}}`, newest.path+"@"+newest.version)
	if err != nil {
		return module{}, reason(p, err)
	}
	versions := strings.Fields(out)
	slices.Reverse(versions)
	tried := 0
	for _, v := range versions {
		if semver.Prerelease(v) != "" || semver.Compare(v, newest.version) >= 0 || tried == mostOlder {
			continue
		}
		tried++
		if w.asksForMore(newest.path, v, before) {
			continue
		}
		scratch, err := w.copy()
		if err != nil {
			return module{}, err
		}
		defer os.RemoveAll(scratch.dir)
		got, moved, err := scratch.try(before, p, v)
		if err == nil && len(moved) == 0 {
			return got, w.take(scratch)
		}
	}
	return module{}, nil
}

// asksForMore says whether a version's own go.mod already requires more than the workspace has.
func (w workspace) asksForMore(path, version string, before map[string]string) bool {
	out, err := w.run("list", "-m", "-f", "{{.GoMod}}", path+"@"+version)
	if err != nil {
		return false // trying it tells
	}
	asked, err := w.requires(strings.TrimSpace(out))
	return err == nil && slices.ContainsFunc(asked, func(r *modfile.Require) bool {
		has, ok := before[r.Mod.Path]
		return ok && semver.Compare(r.Mod.Version, has) > 0
	})
}

type module struct{ path, version string }

func (m module) String() string { return m.path + " " + m.version }

// try gets the package, at a version or the newest, and gives the module that provides it and what it moved, as "PATH VERSION (here
// VERSION)".
func (w workspace) try(before map[string]string, p, version string) (got module, moved []string, err error) {
	query := p
	if version != "" {
		query += "@" + version
	}
	if _, err := w.run("get", "--", query); err != nil {
		return got, nil, err
	}
	out, err := w.run("list", "-find", "-f", "{{with .Module}}{{.Path}} {{.Version}}{{end}}", "--", p)
	if err != nil {
		return got, nil, err
	}
	got.path, got.version, _ = strings.Cut(strings.TrimSpace(out), " ")
	after, err := w.versions()
	if err != nil {
		return got, nil, err
	}
	for path, has := range before {
		if now := after[path]; now != "" && now != has {
			moved = append(moved, fmt.Sprintf("%s %s (here %s)", path, now, has))
		}
	}
	slices.Sort(moved)
	return got, moved, nil
}

// moduleFiles are the files that "go get" changes.
var moduleFiles = []string{"go.mod", "go.sum", "go.work.sum"}

// copy makes a workspace like w in a folder of its own.
func (w workspace) copy() (workspace, error) {
	dir, err := os.MkdirTemp("", "cnnbook-get-")
	if err != nil {
		return w, err
	}
	c := workspace{dir: dir}
	if err = w.copyTo(c, append([]string{"go.work"}, moduleFiles...)); err == nil {
		err = os.WriteFile(filepath.Join(dir, "main.go"), []byte("package main\n\nfunc main() {}\n"), 0o600)
	}
	if err != nil {
		os.RemoveAll(dir)
	}
	return c, err
}

// take replaces w's files by those of the copy.
func (w workspace) take(from workspace) error { return from.copyTo(w, moduleFiles) }

func (w workspace) copyTo(to workspace, names []string) error {
	for _, name := range names {
		data, err := os.ReadFile(filepath.Join(w.dir, name))
		if errors.Is(err, os.ErrNotExist) {
			continue
		}
		if err == nil {
			err = os.WriteFile(filepath.Join(to.dir, name), data, 0o600)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// reason says in one line why a package cannot be had.
func reason(p string, err error) error {
	text := err.Error()
	for _, sign := range []string{"dial tcp", "no such host", "connection refused", "connection reset", "i/o timeout", "TLS handshake", "GOPROXY=off", "no route to host", "network is unreachable"} {
		if strings.Contains(text, sign) {
			return fmt.Errorf("%s is not in the workspace, and the module proxy is not reached (%s): connect, or import what the workspace has", p, sign)
		}
	}
	for _, sign := range []string{"cannot find module providing package", "404 Not Found", "410 Gone", "@v/list: no such file", "does not contain package", "malformed module path", "unrecognized import path"} {
		if strings.Contains(text, sign) {
			return fmt.Errorf("there is no package %s: no module provides it", p)
		}
	}
	if m := answer.FindStringSubmatch(text); m != nil {
		text = "the module proxy answers " + m[1]
	}
	return oneLine(fmt.Sprintf("%s cannot be added: %s", p, text))
}

// answer matches a proxy's answer in an error of go's.
var answer = regexp.MustCompile(`reading \S+: (\d{3} [^\n:]*)`)

// oneLine makes one line of a text.
func oneLine(text string) error { return errors.New(strings.Join(strings.Fields(text), " ")) }
