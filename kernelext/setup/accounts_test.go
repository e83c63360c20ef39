//go:build unix

package setup

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
)

// installedForAll is an installation of empty parts that other accounts can read, and the command of its kernel. The kernel prints its
// environment.
func installedForAll(t *testing.T) (env *Environment, argv []string) {
	t.Helper()
	if at := bar(os.TempDir()); at != "" {
		t.Skipf("other accounts cannot enter %s", at)
	}
	env = pretended(t)
	env.ModCache, env.BuildCache = filepath.Join(env.Cache, "go", "mod"), filepath.Join(env.Cache, "go", "build")
	for _, dir := range []string{filepath.Join(env.ModCache, "cache", "download"), filepath.Join(env.BuildCache, "00")} {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for _, dir := range []string{"graphs", "gopls"} { // as they are made, for their account alone
		if err := os.MkdirAll(filepath.Join(env.Cache, dir), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(env.Cache, dir, "learned"), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(env.Bin, "gonb"), []byte("#!/bin/sh\nenv\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	prefix := filepath.Join(filepath.Dir(env.Cache), "prefix")
	for dir := env.Cache; dir != os.TempDir() && dir != "/"; dir = filepath.Dir(dir) { // t.TempDir is for this account alone
		if err := os.Chmod(dir, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	dir, err := env.InstallKernel(t.Context(), KernelInstall{Place: KernelPlace{Prefix: prefix}})
	if err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(filepath.Join(dir, "kernel.json"))
	var spec KernelSpec
	if err == nil {
		err = json.Unmarshal(data, &spec)
	}
	if err != nil {
		t.Fatal(err)
	}
	return env, append(spec.Argv[:2], "/tmp/connection.json")
}

// TestKernelOfAnotherAccount: an account that may only read the installation keeps what is its own in its home.
//
// Promise(kernel/accounts) reading what is installed
func TestKernelOfAnotherAccount(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("only root can become another account")
	}
	env, argv := installedForAll(t)
	home := filepath.Join(filepath.Dir(env.Cache), "home")
	if err := os.Mkdir(home, 0o700); err != nil {
		t.Fatal(err)
	}
	const other = 65534
	if err := os.Chown(home, other, other); err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), argv[0], argv[1:]...)
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + home, "GOPLSCACHE=" + filepath.Join(env.Cache, "gopls")}
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: other, Gid: other}}
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	got, own := strings.Split(string(out), "\n"), filepath.Join(home, ".cache", "cnnbook")
	for _, want := range []string{
		"CNNBOOK_CACHE=" + own, "CNNBOOK_GRAPHS=" + own + "/graphs", "CNNBOOK_GRAPHS_TOO=" + env.Cache + "/graphs",
		"GOMODCACHE=" + env.ModCache, "GOCACHE=" + env.BuildCache, "GOPLSCACHE=" + env.Cache + "/gopls",
	} {
		if !slices.Contains(got, want) {
			t.Errorf("the kernel lacks %s in\n%s", want, out)
		}
	}
}

func TestUnreadable(t *testing.T) {
	env, _ := installedForAll(t)
	if barred := env.Unreadable(); len(barred) > 0 {
		t.Errorf("others cannot read %q", barred)
	}
	for _, dir := range []string{"graphs", "gopls"} {
		if !others(filepath.Join(env.Cache, dir)) || !others(filepath.Join(env.Cache, dir, "learned")) {
			t.Errorf("others cannot read what %s holds", dir)
		}
	}
	if err := os.Chmod(filepath.Join(env.Cache, "go"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(env.Module, 0o750); err != nil {
		t.Fatal(err)
	}
	want := []string{
		filepath.Join(env.Module, "go.mod") + " (because of " + env.Module + ")",
		env.ModCache + " (because of " + filepath.Dir(env.ModCache) + ")", env.BuildCache + " (because of " + filepath.Dir(env.ModCache) + ")",
	}
	if barred := env.Unreadable(); !slices.Equal(barred, want) {
		t.Errorf("others cannot read %q, want %q", barred, want)
	}
}
