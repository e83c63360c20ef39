package cache

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/cnnbook/cnnbook/kernelext/internal/testkit"
)

// stepEnv makes this test binary act as a set-up process that works on one step; see TestMain.
const stepEnv = "KERNELEXT_TEST_STEP"

func TestMain(m *testing.M) {
	if dir := os.Getenv(stepEnv); dir != "" {
		os.Exit(stepProcess(dir))
	}
	os.Exit(m.Run())
}

// stepProcess makes dir slowly, in place if its name says so, and counts its starts in a file next to it.
func stepProcess(dir string) int {
	s := Folder{Dir: dir, What: "Making a test folder", InPlace: strings.Contains(dir, "inplace"),
		Build: func(ctx context.Context, out string) (any, error) {
			log, err := os.OpenFile(dir+".begun", os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
			if err != nil {
				return nil, err
			}
			defer log.Close()
			if _, err := log.WriteString("x"); err != nil {
				return nil, err
			}
			for _, part := range []string{"first", "second"} {
				if _, err := os.Stat(filepath.Join(out, part)); err == nil {
					return nil, errors.New("the folder is not empty")
				}
				if err := os.WriteFile(filepath.Join(out, part), []byte(part), 0o644); err != nil {
					return nil, err
				}
				for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
					if _, err := os.Stat(dir + ".go"); err == nil {
						break
					}
				}
			}
			return "made", nil
		}}
	if _, err := s.Run(context.Background(), NewReporter(os.Stdout)); err != nil {
		os.Stdout.WriteString(err.Error() + "\n")
		return 1
	}
	return 0
}

// startStep starts a stepProcess.
func startStep(t *testing.T, dir string) (*exec.Cmd, *bytes.Buffer) {
	t.Helper()
	var out bytes.Buffer
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), stepEnv+"="+dir)
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cmd.Process.Kill() })
	return cmd, &out
}

func TestStepSurvivesKill(t *testing.T) {
	for _, name := range []string{"renamed", "inplace"} {
		t.Run(name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), name)
			torn := dir + PartialSuffix
			if name == "inplace" {
				torn = dir
			}
			first, _ := startStep(t, dir)
			testkit.WaitFor(t, "the first part", func() bool { return testkit.Exists(filepath.Join(torn, "first")) })
			if err := first.Process.Kill(); err != nil { // SIGKILL, half-way
				t.Fatal(err)
			}
			first.Wait()
			if testkit.Exists(filepath.Join(dir, MarkerName)) {
				t.Fatal("a folder made half-way counts as finished")
			}

			if err := os.WriteFile(dir+".go", nil, 0o644); err != nil {
				t.Fatal(err)
			}
			second, out := startStep(t, dir)
			if err := second.Wait(); err != nil {
				t.Fatalf("after a kill: %v\n%s", err, out)
			}
			for _, part := range []string{"first", "second", MarkerName} {
				if !testkit.Exists(filepath.Join(dir, part)) {
					t.Errorf("%s is missing after the second run", part)
				}
			}
			if testkit.Exists(dir + PartialSuffix) {
				t.Error("the unfinished folder is still there")
			}
		})
	}
}

func TestStepTwoAtOnce(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "renamed")
	first, firstOut := startStep(t, dir)
	testkit.WaitFor(t, "the first part", func() bool { return testkit.Exists(filepath.Join(dir+PartialSuffix, "first")) })

	read, write, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer read.Close()
	second := exec.Command(os.Args[0])
	second.Env = append(os.Environ(), stepEnv+"="+dir)
	second.Stdout, second.Stderr = write, write
	if err := second.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { second.Process.Kill() })
	write.Close()
	buf := make([]byte, 256)
	n, _ := read.Read(buf) // blocks until the second says something
	line := string(buf[:n])
	if !strings.HasPrefix(line, "Waiting for another set-up (process ") || !strings.Contains(line, "Making a test folder") {
		t.Errorf("the second process says %q", line)
	}

	if err := os.WriteFile(dir+".go", nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if err := first.Wait(); err != nil {
		t.Fatalf("%v\n%s", err, firstOut)
	}
	if err := second.Wait(); err != nil {
		t.Fatal(err)
	}
	if begun, err := os.ReadFile(dir + ".begun"); err != nil || string(begun) != "x" {
		t.Errorf("the folder was made %d times, want once (%v)", len(begun), err)
	}
}

func TestStepRun(t *testing.T) {
	var builds atomic.Int32
	s := Folder{Dir: filepath.Join(t.TempDir(), "a", "b"), What: "Making it", Build: func(_ context.Context, dir string) (any, error) {
		builds.Add(1)
		return map[string]int{"answer": 42}, os.WriteFile(filepath.Join(dir, "file"), nil, 0o644)
	}}
	var wg sync.WaitGroup
	for range 8 { // goroutines of one process take turns like processes
		wg.Go(func() {
			note, err := s.Run(t.Context(), nil)
			if err != nil || !bytes.Contains(note, []byte("42")) {
				t.Errorf("note %s, error %v", note, err)
			}
		})
	}
	wg.Wait()
	if n := builds.Load(); n != 1 {
		t.Errorf("built %d times, want once", n)
	}

	s.Check = func(dir string) error { _, err := os.Stat(filepath.Join(dir, "file")); return err }
	if err := os.Remove(filepath.Join(s.Dir, "file")); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Run(t.Context(), nil); err != nil || builds.Load() != 2 {
		t.Errorf("a damaged folder: built %d times, error %v; want twice and none", builds.Load(), err)
	}
	if err := os.WriteFile(filepath.Join(s.Dir, MarkerName), []byte(`{"what":`), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Run(t.Context(), nil); err != nil || builds.Load() != 3 {
		t.Errorf("a torn marker: built %d times, error %v; want three times and none", builds.Load(), err)
	}
}

func TestStepFailureLeavesNothing(t *testing.T) {
	boom := errors.New("no luck")
	for _, inPlace := range []bool{false, true} {
		parent := t.TempDir()
		s := Folder{Dir: filepath.Join(parent, "x"), What: "Making it", InPlace: inPlace, Build: func(_ context.Context, dir string) (any, error) {
			return nil, errors.Join(os.WriteFile(filepath.Join(dir, "half"), nil, 0o644), boom)
		}}
		var log bytes.Buffer
		if _, err := s.Run(t.Context(), NewReporter(&log)); !errors.Is(err, boom) {
			t.Errorf("error %v, want %v", err, boom)
		}
		if !strings.Contains(log.String(), "Making it: failed after") {
			t.Errorf("log %q does not tell the failure", &log)
		}
		left, err := filepath.Glob(filepath.Join(parent, "*"))
		if err != nil || len(left) != 1 || left[0] != s.Dir+".lock" {
			t.Errorf("left behind: %v", left)
		}
	}
}

func TestStepCancelled(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	s := Folder{Dir: filepath.Join(t.TempDir(), "x"), What: "Making it", Build: func(context.Context, string) (any, error) {
		cancel()
		return nil, nil // a build that does not look at its context
	}}
	if _, err := s.Run(ctx, nil); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want %v", err, context.Canceled)
	}
	if testkit.Exists(s.Dir) {
		t.Error("a cancelled step counts as finished")
	}
}

func TestHashOfKeepsPartsApart(t *testing.T) {
	if Hash("ab", "c") == Hash("a", "bc") {
		t.Error("parts run together")
	}
	if once, twice := Hash("a"), Hash("a"); once != twice || len(once) != 12 {
		t.Error("a hash has 12 digits and depends on its parts alone")
	}
}

func TestMarkerIsJSON(t *testing.T) {
	s := Folder{Dir: filepath.Join(t.TempDir(), "x"), What: "Making it", Build: func(context.Context, string) (any, error) { return map[string]string{"api": "0.81"}, nil }}
	if _, err := s.Run(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(filepath.Join(s.Dir, MarkerName))
	var m Marker
	if err != nil || json.Unmarshal(data, &m) != nil || m.What != s.What || m.Made.IsZero() {
		t.Errorf("marker %s, error %v", data, err)
	}
}
