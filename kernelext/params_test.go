package kernelext

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func env(pairs ...string) func(string) string {
	values := map[string]string{}
	for i := 0; i < len(pairs); i += 2 {
		values[pairs[i]] = pairs[i+1]
	}
	return func(name string) string { return values[name] }
}

func cacheAt(dir string) func() (string, error) {
	return func() (string, error) { return dir, nil }
}

func TestParamsDefaults(t *testing.T) {
	got, err := paramsFrom(env(), cacheAt("/cache"))
	if err != nil {
		t.Fatal(err)
	}
	want := Params{Budget: BudgetSmoke, Seed: 1, Runs: filepath.FromSlash("/cache/cnnbook/runs")}
	if got != want {
		t.Errorf("got %+v, expected %+v", got, want)
	}
}

func TestParamsRoundTrip(t *testing.T) {
	want := Params{Data: t.TempDir(), Budget: BudgetCPU, Seed: 1<<64 - 1, Runs: t.TempDir()}
	var pairs []string
	for _, kv := range want.Environ() {
		name, value, _ := strings.Cut(kv, "=")
		pairs = append(pairs, name, value)
	}
	got, err := paramsFrom(env(pairs...), cacheAt("/unused"))
	if err != nil {
		t.Fatal(err)
	}
	if got != want {
		t.Errorf("got %+v, expected %+v", got, want)
	}
}

func TestParamsErrors(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	noCache := func() (string, error) { return "", errors.New("HOME is not defined") }
	tests := []struct {
		name  string
		env   func(string) string
		cache func() (string, error)
		want  string
	}{
		{"budget", env(EnvBudget, "huge"), cacheAt(dir), "bad parameters: CNNBOOK_BUDGET=huge: expected smoke, minutes, cpu, hours or full"},
		{"seed", env(EnvSeed, "-1"), cacheAt(dir), "bad parameters: CNNBOOK_SEED=-1: expected a whole number from 0 to 18446744073709551615"},
		{"no data", env(EnvData, "/nowhere/cifar"), cacheAt(dir), "bad parameters: CNNBOOK_DATA=/nowhere/cifar: no such file or directory; set it to a CIFAR-10 folder or archive, or unset it for drawn data"},
		{"runs is a file", env(EnvRuns, file), cacheAt(dir), "bad parameters: CNNBOOK_RUNS=" + file + ": expected a folder, found a file"},
		{"no cache", env(), noCache, "bad parameters: CNNBOOK_RUNS is not set and the user's cache folder is unknown: HOME is not defined; set CNNBOOK_RUNS to a folder"},
		{"escape codes", env(EnvBudget, "\x1b[31mred"), cacheAt(dir), "bad parameters: CNNBOOK_BUDGET=\uFFFD[31mred: expected smoke, minutes, cpu, hours or full"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, err := paramsFrom(test.env, test.cache)
			if !errors.Is(err, ErrParams) {
				t.Fatalf("got %v, expected an error that wraps ErrParams", err)
			}
			if err.Error() != test.want {
				t.Errorf("got  %s\nwant %s", err, test.want)
			}
		})
	}
}

func TestParamsFolder(t *testing.T) {
	tests := []struct {
		params Params
		want   string
	}{
		{Params{Seed: 1}, "drawn-smoke-seed1"},
		{Params{Budget: BudgetFull, Seed: 7}, "drawn-full-seed7"},
		{Params{Data: "/data/my set", Budget: BudgetCPU}, "my-set-7f3ec8-cpu-seed0"},
		{Params{Data: "/data/..", Budget: BudgetCPU}, "data-"},
	}
	for _, test := range tests {
		if got := test.params.Folder(); !strings.HasPrefix(got, test.want[:strings.Index(test.want, "-")]) || strings.ContainsAny(got, `/\ `) {
			t.Errorf("folder of %+v is %q, expected something like %q", test.params, got, test.want)
		}
	}
	a, b := Params{Data: "/a/cifar-10-batches-bin"}, Params{Data: "/b/cifar-10-batches-bin"}
	if a.Folder() == b.Folder() {
		t.Errorf("two datasets of one name share the folder %s", a.Folder())
	}
}

func TestParamsString(t *testing.T) {
	p := Params{Data: "/home/someone/cifar-10-batches-bin", Budget: BudgetCPU, Seed: 5}
	if got, want := p.String(), "data cifar-10-batches-bin, reduced budget cpu, seed 5"; got != want {
		t.Errorf("got %q, expected %q", got, want)
	}
	if got, want := (Params{Seed: 1}).String(), "drawn data, reduced budget smoke, seed 1"; got != want {
		t.Errorf("got %q, expected %q", got, want)
	}
}
