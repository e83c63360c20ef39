package setup

import (
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"

	"github.com/cnnbook/cnnbook/internal/atomicfile"
	"github.com/cnnbook/cnnbook/kernelext/internal/process"
	"github.com/cnnbook/cnnbook/kernelext/internal/text"
)

// KernelInstall describes how a kernel is installed for a Jupyter other than this package's own.
type KernelInstall struct {
	Place       KernelPlace
	Name        string // of the kernelspec; "" is KernelName, which is what the notebooks ask for
	DisplayName string // the name that users see; "" is KernelDisplayName, followed by Name if that is another
}

// InstalledKernel is a kernel that InstallKernel has installed.
type InstalledKernel struct {
	Name        string
	DisplayName string
	Dir         string   // its kernelspec's folder
	Module      string   // the checkout that its cells import
	Gone        []string // parts that it needs and that no longer exist
}

// metadataKey distinguishes our kernelspecs from those of another GoNB.
const metadataKey = "cnnbook"

// kernelMetadata is what a kernelspec holds under metadataKey.
type kernelMetadata struct {
	Module string   `json:"module"`
	Cache  string   `json:"cache"`
	Parts  []string `json:"parts"` // files and folders that the kernel needs
}

//go:embed kernel/start.sh
var startScript string

//go:embed kernel/gone.py
var goneScript []byte

var kernelName = regexp.MustCompile(`^[a-z0-9][a-z0-9._-]{0,99}$`) // jupyter_client's rule, without capitals

// InstallKernel installs the kernel of this installation where k says, and returns the folder of its kernelspec. A kernel
// that was installed before is replaced; one of the same name that is not ours is left alone, with an error of class
// ErrKernel.
//
// The kernelspec starts a script in its folder, which checks that all parts exist: when the cache folder or the checkout was
// moved, each cell shows the remedy, where otherwise Jupyter would only report a dead kernel.
func (e *Environment) InstallKernel(ctx context.Context, k KernelInstall) (dir string, err error) {
	if runtime.GOOS == "windows" {
		return "", &Problem{Cause: "GoNB does not run on Windows", Remedy: "use WSL", Err: ErrKernel}
	}
	name := k.name()
	if !kernelName.MatchString(name) {
		return "", &Problem{
			Cause:  fmt.Sprintf("kernel name %q: expected lower-case letters, digits, dots, dashes and underscores, first a letter or digit", name),
			Remedy: "choose another -name, and a -display-name as you like it",
			Err:    ErrKernel,
		}
	}
	folder, err := k.Place.folder(ctx)
	if err != nil {
		return "", err
	}
	dir = filepath.Join(folder, name)
	if _, err := readInstalled(dir); errors.Is(err, errForeign) {
		return "", foreign(dir, err)
	}
	files, err := e.installedFiles(k, dir)
	if err != nil {
		return "", err
	}
	if k.Place.Prefix != "" {
		if err := e.letRead(); err != nil {
			return "", err
		}
	}
	if err := replaceFolder(dir, files); err != nil {
		return "", &Problem{
			Cause:  fmt.Sprintf("the kernel cannot be written to %s: %v", dir, err),
			Remedy: "choose a folder of your own with -prefix, or use -user",
			Err:    errors.Join(ErrKernel, err),
		}
	}
	return dir, nil
}

func (k KernelInstall) name() string {
	if k.Name == "" {
		return KernelName
	}
	return k.Name
}

func (k KernelInstall) displayName() string {
	switch {
	case k.DisplayName != "":
		return text.CleanLine(k.DisplayName)
	case k.name() != KernelName:
		return KernelDisplayName + " " + k.name()
	}
	return KernelDisplayName
}

// again is the rest of the command that installs k once more.
func (k KernelInstall) again() string {
	again := k.Place.flags()
	if k.name() != KernelName {
		again += " -name " + k.name()
	}
	if k.DisplayName != "" {
		again += " -display-name " + shellQuote(k.displayName())
	}
	return again
}

// installedFiles are the files of the kernelspec's folder dir.
func (e *Environment) installedFiles(k KernelInstall, dir string) (map[string][]byte, error) {
	spec := e.KernelSpec()
	parts := e.parts()
	spec.Argv = []string{"/bin/sh", filepath.Join(dir, "start.sh"), "{connection_file}"}
	spec.DisplayName = k.displayName()
	spec.Metadata[metadataKey] = kernelMetadata{Module: e.Module, Cache: e.Cache, Parts: parts}
	files, err := spec.files()
	if err != nil {
		return nil, err
	}
	var quoted []string
	for _, part := range parts {
		quoted = append(quoted, shellQuote(part))
	}
	files["start.sh"] = []byte(strings.NewReplacer(
		"%NAME%", k.name(), "%AGAIN%", strings.NewReplacer(`"`, `\"`, "$", `\$`, "`", "\\`", `\`, `\\`).Replace(k.again()),
		"%CACHE%", shellQuote(e.Cache), "%MODCACHE%", shellQuote(e.ModCache), "%BUILDCACHE%", shellQuote(e.BuildCache), "%PARTS%", strings.Join(quoted, " "),
		"%GONB%", quoted[0], "%FLAGS%", "-raw_error "+shellQuote("-go_work="+e.Module), "%PYTHON%", shellQuote(e.Python),
	).Replace(startScript))
	files["gone.py"] = goneScript
	return files, nil
}

// parts are the files and folders without which the kernel does not start.
func (e *Environment) parts() []string {
	parts := []string{filepath.Join(e.Bin, process.ExeName("gonb")), filepath.Join(e.Module, "go.mod"), filepath.Join(e.GoRoot, "bin", process.ExeName("go"))}
	if e.Plugin.Path != "" {
		parts = append(parts, e.Plugin.Path)
	}
	if e.Session != "" {
		parts = append(parts, e.Session)
	}
	return parts
}

// replaceFolder creates folder dir with files, first under a temporary name.
func replaceFolder(dir string, content map[string][]byte) (err error) {
	if err := os.MkdirAll(filepath.Dir(dir), 0o755); err != nil {
		return err
	}
	aside, err := os.MkdirTemp(filepath.Dir(dir), "."+filepath.Base(dir)+"-*")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(aside)) }()
	fresh := filepath.Join(aside, "new")
	if err := os.Mkdir(fresh, 0o755); err != nil {
		return err
	}
	for _, name := range slices.Sorted(maps.Keys(content)) {
		if err := atomicfile.WriteBytes(filepath.Join(fresh, name), content[name], 0o644); err != nil {
			return err
		}
	}
	return atomicfile.Swap(fresh, dir, filepath.Join(aside, "old"))
}

// InstalledKernels lists the kernels that InstallKernel has put where Jupyter searches, in search order. prefix
// is one more installation to search; it may be empty.
func InstalledKernels(ctx context.Context, prefix string) ([]InstalledKernel, error) {
	var found []InstalledKernel
	for _, folder := range kernelFolders(ctx, prefix) {
		entries, err := os.ReadDir(folder)
		if err != nil && !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, fs.ErrPermission) {
			return found, err
		}
		for _, entry := range entries {
			if k, err := readInstalled(filepath.Join(folder, entry.Name())); err == nil {
				found = append(found, k)
			}
		}
	}
	return found, nil
}

// RemoveKernel removes an installed kernel and returns its folder. A kernel that InstallKernel has not
// written is left alone, with an error of class ErrKernel.
func RemoveKernel(ctx context.Context, place KernelPlace, name string) (dir string, err error) {
	folder, err := place.folder(ctx)
	if err != nil {
		return "", err
	}
	if name == "" {
		name = KernelName
	}
	if !kernelName.MatchString(name) {
		return "", &Problem{Cause: fmt.Sprintf("%q is not a valid kernel name", name), Remedy: "go run . kernel list shows the names", Err: ErrKernel}
	}
	dir = filepath.Join(folder, name)
	if _, err := readInstalled(dir); err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			return "", &Problem{
				Cause:  fmt.Sprintf("there is no kernel %q in %s (%s)", name, folder, place),
				Remedy: "go run . kernel list shows where kernels are",
				Err:    errors.Join(ErrKernel, err),
			}
		}
		return "", foreign(dir, err)
	}
	return dir, os.RemoveAll(dir)
}

// errForeign is the reason why a kernelspec is not touched.
var errForeign = errors.New("it was not installed by cnnbook")

func foreign(dir string, err error) error {
	return &Problem{
		Cause:  fmt.Sprintf("%s is left alone: %v", dir, err),
		Remedy: "choose another -name",
		Err:    ErrKernel,
	}
}

// readInstalled reads the kernelspec in folder dir. The error is fs.ErrNotExist when there is no such folder, and errForeign
// when we have not installed the kernel.
func readInstalled(dir string) (InstalledKernel, error) {
	if _, err := os.Stat(dir); err != nil {
		return InstalledKernel{}, err
	}
	data, err := os.ReadFile(filepath.Join(dir, "kernel.json"))
	if err != nil {
		return InstalledKernel{}, errForeign // also a folder without one
	}
	var spec struct {
		DisplayName string `json:"display_name"`
		Metadata    map[string]json.RawMessage
	}
	var ours kernelMetadata
	if json.Unmarshal(data, &spec) != nil || json.Unmarshal(spec.Metadata[metadataKey], &ours) != nil {
		return InstalledKernel{}, errForeign
	}
	k := InstalledKernel{Name: filepath.Base(dir), DisplayName: spec.DisplayName, Dir: dir, Module: ours.Module}
	for _, part := range ours.Parts {
		if _, err := os.Stat(part); err != nil {
			k.Gone = append(k.Gone, part)
		}
	}
	return k, nil
}

// shellQuote makes one word of s for a POSIX shell.
func shellQuote(s string) string {
	if s != "" && !strings.ContainsFunc(s, func(r rune) bool {
		return !strings.ContainsRune("/._-+=:@%,", r) && (r < '0' || r > '9') && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z')
	}) {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}
