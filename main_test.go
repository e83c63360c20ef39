package main

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/cnnbook/cnnbook/cifar"
)

// call runs a command line and gives what it printed.
func call(t *testing.T, args ...string) (stdout, stderr string, err error) {
	t.Helper()
	var out, errs bytes.Buffer
	err = run(t.Context(), args, strings.NewReader(""), &out, &errs)
	return out.String(), errs.String(), err
}

func TestHelpNamesEveryCommand(t *testing.T) {
	out, _, err := call(t, "help")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"book", "lab", "setup", "kernel", "handout", "doctor", "data", "runs", "train", "sweep", "predict", "bench", "completion", "help"} {
		if !strings.Contains(out, "\n  "+name+" ") {
			t.Errorf("help does not name %s", name)
		}
		if out, _, err := call(t, name, "-help"); err != nil || !strings.HasPrefix(out, "Usage: go run . "+name) {
			t.Errorf("%s -help: %v, %q", name, err, out)
		}
	}
}

func TestMistakesAreOneLine(t *testing.T) {
	empty := t.TempDir()
	damaged := filepath.Join(t.TempDir(), "data")
	train, test := cifar.Drawn(1, 50, 10)
	if err := cifar.Save(damaged, train, test); err != nil {
		t.Fatal(err)
	}
	batch := filepath.Join(damaged, "cifar-10-batches-bin", "data_batch_2.bin")
	data, err := os.ReadFile(batch)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(batch, data[:5000], 0o644); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		args []string
		want string
	}{
		{[]string{"bok"}, `unknown command "bok"`},
		{[]string{"book", "-budget", "huge"}, "smoke, minutes, cpu, hours or full"},
		{[]string{"book", "-data", filepath.Join(empty, "none")}, "none"},
		{[]string{"book", "-data", empty}, "data_batch_1.bin"},
		{[]string{"book", "-data", damaged}, "data_batch_2.bin: record 1"},
		{[]string{"book", "-only", "99"}, `no notebook "99"`},
		{[]string{"book", "-seed", "-1"}, "seed"},
		{[]string{"book", "-update", "-data", empty}, "drawn images only"},
		{[]string{"book", "extra"}, "there is no book.yaml in extra"},
		{[]string{"book", "one", "two"}, "expected at most one DIR, got 2"},
		{[]string{"book", "-watch", "-update"}, "choose one of the two"},
		{[]string{"book", "init"}, "expected one DIR, got 0"},
		{[]string{"handout", "-student", "x", "none"}, "there is no book.yaml in none"},
		{[]string{"doctor", "-x"}, "-x"},
		{[]string{"data", "paint"}, `unknown argument "paint"`},
		{[]string{"data", "draw"}, "expected one DIR, got 0"},
		{[]string{"data", "draw", "-train", "1", filepath.Join(empty, "d")}, "from 5 to 50000"},
		{[]string{"train", "-recipe", "slow"}, "choose base, quick, improved, fast or as-written"},
		{[]string{"train", "-recipe", "as-written", "-epochs", "3"}, "--budget chooses the epochs"},
		{[]string{"train", "--recipe", "improved", "--keep-best"}, "the recipe improved validates with the test images"},
		{[]string{"train", "--form", "95"}, "train: --form belongs to --recipe fast"},
		{[]string{"train", "-recipe", "as-written", "--telemetry"}, "--telemetry do not apply"},
		{[]string{"train", "-epochs", "-3"}, "at least 1, got -3"},
		{[]string{"handout"}, "name a folder with --student, --teacher or --nbgrader"},
		{[]string{"handout", "-student", empty, "-teacher", empty}, "two folders"},
		{[]string{"handout", "-student", empty, "-only", "99"}, `no notebook "99"`},
		{[]string{"kernel", "paint"}, `unknown argument "paint"`},
		{[]string{"kernel", "install", "-user", "-sys-prefix"}, "choose one of --user, --sys-prefix and --prefix"},
		{[]string{"kernel", "remove", "-prefix", empty}, `no kernel "cnnbook"`},
		{[]string{"kernel", "remove", "-prefix", empty, "-name", "../x"}, "is not a valid kernel name"},
		{[]string{"runs", "show"}, "runs show: expected one RUN, got 0"},
		{[]string{"runs", "export"}, "runs export: expected one RUN, got 0"},
	} {
		t.Run(strings.Join(test.args[:min(2, len(test.args))], " "), func(t *testing.T) {
			_, _, err := call(t, test.args...)
			if err == nil || !strings.Contains(err.Error(), test.want) || strings.Contains(err.Error(), "\n") {
				t.Errorf("got %v, want one line with %q", err, test.want)
			}
		})
	}
}

func TestDrawAndCheckADataset(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "drawn")
	if _, _, err := call(t, "data", "draw", "-train", "100", "-test", "20", dir); err != nil {
		t.Fatal(err)
	}
	out, _, err := call(t, "data", "check", dir)
	if err != nil || !strings.Contains(out, "drawn") || !strings.Contains(out, "100 images") {
		t.Errorf("%v: %s", err, out)
	}
	if _, _, err := call(t, "data", "draw", dir); err == nil {
		t.Error("a dataset was overwritten")
	}
	if !strings.Contains(out, "no image occurs twice") {
		t.Errorf("no word on repeated images: %s", out)
	}

	// The drawn images are recognised without the file that marks them.
	files := filepath.Join(dir, "cifar-10-batches-bin")
	if err := os.Remove(filepath.Join(files, "DRAWN.txt")); err != nil {
		t.Fatal(err)
	}
	if out, _, err = call(t, "data", "check", dir); err != nil || !strings.HasPrefix(out, "drawn by a program") || !strings.Contains(out, "drawn stand-in train (seed 1): 100 images") {
		t.Errorf("without its mark: %v: %s", err, out)
	}

	// Images that no program drew, with a training file in the test file's place.
	for k := 5; k >= 1; k-- {
		name := filepath.Join(files, "data_batch_"+strconv.Itoa(k)+".bin")
		batch, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for at := 1; at < len(batch); at += cifar.RecordBytes {
			batch[at] ^= 0x40
		}
		if err := errors.Join(os.WriteFile(name, batch, 0o644), os.WriteFile(filepath.Join(files, "test_batch.bin"), batch, 0o644)); err != nil {
			t.Fatal(err)
		}
	}
	out, _, err = call(t, "data", "check", dir)
	for _, want := range []string{"not the official bytes: it has", "warning: 20 of 20 test images are training images too"} {
		if err != nil || !strings.Contains(out, want) {
			t.Errorf("%v: want %q in: %s", err, want, out)
		}
	}
}

// Promise(runs/manage): A run can be listed, shown, verified, removed, and exported for others to
// open.
func TestRuns(t *testing.T) {
	root := t.TempDir()
	t.Setenv("CNNBOOK_RUNS", root)
	if _, errs, err := call(t, "runs", "list"); err != nil || !strings.Contains(errs, "no runs in") {
		t.Errorf("%v: %s", err, errs)
	}
	bad := filepath.Join(root, "base-0123456789ab")
	if err := os.MkdirAll(bad, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(bad, "manifest.json"), []byte("{"), 0o644); err != nil {
		t.Fatal(err)
	}
	if out, _, err := call(t, "runs", "list"); err != nil || !strings.Contains(out, "damaged") {
		t.Errorf("%v: %s", err, out)
	}
	if _, _, err := call(t, "runs", "verify", "base"); err == nil {
		t.Error("a damaged run is verified")
	}
	if _, _, err := call(t, "runs", "rm", "base"); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(bad); !os.IsNotExist(err) {
		t.Error("the run is still there")
	}
}

func TestHandout(t *testing.T) {
	dir := t.TempDir()
	student, teacher := filepath.Join(dir, "student"), filepath.Join(dir, "teacher")
	out, _, err := call(t, "handout", "-only", "02", "-student", student, "-teacher", teacher)
	if err != nil || out != student+"\n"+teacher+"\n" {
		t.Fatalf("%v: %s", err, out)
	}
	const name = "02-data-and-splits.ipynb"
	for folder, solved := range map[string]bool{student: false, teacher: true} {
		data, err := os.ReadFile(filepath.Join(folder, name))
		if err != nil || bytes.Contains(data, []byte(`"solution"`)) != solved || !bytes.Contains(data, []byte(`"exercise"`)) {
			t.Errorf("%s: %v, want an exercise, with its solution: %v", folder, err, solved)
		}
	}
	if _, _, err := call(t, "handout", "-only", "02", "-student", student); err == nil || !strings.Contains(err.Error(), name+" exists") {
		t.Errorf("a student's work is overwritten: %v", err)
	}
}
