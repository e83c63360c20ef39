package cnn

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// graphsEnv is the folder of compiled graphs, which the plugin that set-up puts in front of XLA's reads.
const graphsEnv = "CNNBOOK_GRAPHS"

// trainInChild trains in another process that keeps compiled graphs in a folder, and returns the weights.
func trainInChild(t *testing.T, graphs string, env ...string) []byte {
	t.Helper()
	root := t.TempDir()
	cmd := exec.Command(os.Args[0], "-test.run=^TestKeptGraphsChild$", "-test.v")
	cmd.Env = append(append(os.Environ(), "CNNBOOK_TEST_TRAINING="+root, graphsEnv+"="+graphs), env...)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	files, err := filepath.Glob(filepath.Join(root, "*", "weights-*15.safetensors"))
	if err != nil || len(files) != 1 {
		t.Fatalf("%v: weights %q", err, files)
	}
	weights, err := os.ReadFile(files[0])
	if err != nil {
		t.Fatal(err)
	}
	return weights
}

func TestKeptGraphsChild(t *testing.T) {
	root := os.Getenv("CNNBOOK_TEST_TRAINING")
	if root == "" || os.Getenv(graphsEnv) == "" {
		t.Skip("only as the child of a test")
	}
	trainTiny(t, root, tinySpec(t))
}

// A graph that another process has compiled gives the same bits; one that is damaged, or was compiled by other rules, is compiled again.
//
// Promise(compute/kept-graphs): A second process does not compile a graph again: it loads what the first has kept, and computes the
// same bits. A damaged file costs a compilation, and nothing else.
func TestKeptGraphs(t *testing.T) {
	if os.Getenv(graphsEnv) == "" {
		t.Skip("this platform's plugin keeps no graphs")
	}
	graphs := t.TempDir()
	files := func(want int) []string {
		t.Helper()
		names, err := filepath.Glob(filepath.Join(graphs, "*"))
		if err != nil || len(names) != want {
			t.Fatalf("%v: files %q, want %d", err, names, want)
		}
		return names
	}
	const kept = 3 // a step, an evaluation, and one of its last batch
	compiled := trainInChild(t, graphs)
	names := files(kept)
	contents := map[string][]byte{}
	longAgo := time.Now().Add(-time.Hour)
	for _, name := range names {
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		contents[name] = data
		if !strings.HasSuffix(name, ".graph") || os.Chtimes(name, longAgo, longAgo) != nil {
			t.Errorf("file %s", name)
		}
	}
	if !bytes.Equal(trainInChild(t, graphs), compiled) {
		t.Error("loaded graphs give other weights")
	}
	for _, name := range files(kept) {
		info, err := os.Stat(name)
		if err != nil {
			t.Fatal(err)
		}
		if data, err := os.ReadFile(name); err != nil || !bytes.Equal(data, contents[name]) {
			t.Errorf("%s was written again: %v", name, err)
		}
		if !info.ModTime().After(longAgo.Add(time.Minute)) {
			t.Errorf("%s was not used", name)
		}
	}
	// Another folder is only read, and only what belongs to this account or to the plugin's.
	own := t.TempDir()
	readToo := func(want int) {
		t.Helper()
		if !bytes.Equal(trainInChild(t, own, "CNNBOOK_GRAPHS_TOO="+graphs), compiled) {
			t.Error("graphs of another folder give other weights")
		}
		if made, err := filepath.Glob(filepath.Join(own, "*")); err != nil || len(made) != want {
			t.Errorf("%v: beside another folder the files %q were made, want %d", err, made, want)
		}
	}
	readToo(0)
	if os.Getuid() == 0 {
		for _, name := range names {
			if err := os.Chown(name, 65534, 65534); err != nil {
				t.Fatal(err)
			}
		}
		readToo(kept)
		for _, name := range names {
			if err := os.Chown(name, 0, 0); err != nil {
				t.Fatal(err)
			}
		}
	}
	damaged := bytes.Clone(contents[names[0]])
	damaged[len(damaged)-100] ^= 1
	for name, data := range map[string][]byte{names[0]: damaged, names[1]: contents[names[1]][:1000]} {
		if err := os.WriteFile(name, data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if !bytes.Equal(trainInChild(t, graphs), compiled) {
		t.Error("damaged files change the weights")
	}
	for _, name := range files(kept) {
		if data, err := os.ReadFile(name); err != nil || len(data) != len(contents[name]) || bytes.Equal(data, damaged) {
			t.Errorf("%s is as it was damaged, of %d bytes: %v", name, len(data), err)
		}
	}
	trainInChild(t, graphs, "XLA_FLAGS="+os.Getenv("XLA_FLAGS")+" --xla_cpu_enable_fast_min_max=true")
	files(2 * kept)
}
