package cnn

import (
	"archive/zip"
	"bytes"
	"encoding/csv"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
)

// Promise(runs/manage)
func TestExport(t *testing.T) {
	r := trainTiny(t, t.TempDir(), tinySpec(t))
	to := t.TempDir()
	name := func(name string) string { return filepath.Join(to, name) }
	for _, test := range []struct{ format, out string }{{"run", "copy"}, {"run", "copy.zip"}, {"safetensors", "w.safetensors"}, {"csv", "tables"}} {
		if err := r.Export(test.format, name(test.out)); err != nil {
			t.Fatal(err)
		}
		if err := r.Export(test.format, name(test.out)); !errors.Is(err, fs.ErrExist) {
			t.Errorf("%s over what is there: %v, want fs.ErrExist", test.format, err)
		}
	}

	again, err := LoadRun(name("copy"))
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(again.History, r.History) || !reflect.DeepEqual(again.Weights(), r.Weights()) || again.manifest.Identity != r.manifest.Identity {
		t.Error("the copy is another run")
	}
	if again.manifest.Previous != nil {
		t.Error("the copy names a state that it does not hold")
	}
	data, err := os.ReadFile(filepath.Join(name("copy"), "architecture.json"))
	if err != nil {
		t.Fatal(err)
	}
	var net Architecture
	if err := net.UnmarshalJSON(data); err != nil || !reflect.DeepEqual(net, r.Network) {
		t.Errorf("the architecture is another one: %v", err)
	}

	z, err := zip.OpenReader(name("copy.zip"))
	if err != nil {
		t.Fatal(err)
	}
	defer z.Close()
	var inZip []string
	for _, f := range z.File {
		want, err := os.ReadFile(filepath.Join(name("copy"), f.Name))
		if got, readErr := fs.ReadFile(z, f.Name); errors.Join(err, readErr) != nil || !bytes.Equal(got, want) {
			t.Errorf("%s differs in the archive: %v", f.Name, errors.Join(err, readErr))
		}
		inZip = append(inZip, f.Name)
	}
	slices.Sort(inZip)
	if got, want := strings.Join(inZip, " "), "architecture.json epochs.csv history.jsonl manifest.json optimizer-000015.safetensors steps.csv weights-000015.safetensors"; got != want {
		t.Errorf("the archive holds %s, want %s", got, want)
	}

	data, err = os.ReadFile(name("w.safetensors"))
	if err != nil {
		t.Fatal(err)
	}
	if arrays, err := readSafetensors(data, "w"); err != nil || !reflect.DeepEqual(Weights(arrays), r.Weights()) {
		t.Errorf("the weights differ: %v", err)
	}
	f, err := os.Open(filepath.Join(name("tables"), "steps.csv"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil || len(rows) != 16 || rows[0][4] != "loss" || rows[15][0] != "15" {
		t.Errorf("steps.csv: %v, %v", rows, err)
	}
}

// TestExportRefuses leaves nothing behind, whatever goes wrong.
//
// Promise(runs/manage)
func TestExportRefuses(t *testing.T) {
	r := openTiny(t, t.TempDir(), tinySpec(t))
	to := t.TempDir()
	if err := r.Export("pickle", filepath.Join(to, "x")); !errors.Is(err, ErrConfig) || !strings.Contains(err.Error(), "known are run, safetensors, csv") {
		t.Errorf("unknown format: %v", err)
	}
	if err := r.Export("run", filepath.Join(to, "none", "x")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("no such folder: %v", err)
	}
	flipBit(t, r.Dir, r.manifest.State.Optimizer.Name)
	if err := r.Export("run", filepath.Join(to, "x")); !errors.Is(err, ErrFormat) {
		t.Errorf("damaged since it was opened: %v", err)
	}
	if left, err := os.ReadDir(to); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}
