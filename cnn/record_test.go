package cnn

import (
	"errors"
	"io/fs"
	"path/filepath"
	"reflect"
	"testing"
)

// A record is what the opened run says, and a folder is where it is kept.
func TestRecordsAndFolders(t *testing.T) {
	root, spec := t.TempDir(), tinySpec(t)
	spec.Config.KeepBest = true
	spec.Config.Schedule = OneCycle{Max: 0.1} // its steps are filled in
	var folders Folders
	folder, identity, err := folders.Of(spec)
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(root, folder)
	if _, err := ReadRecord(dir); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("before it exists: %v", err)
	}
	r := openTiny(t, root, spec)
	if r.Dir != dir || r.manifest.Identity != identity {
		t.Fatalf("opened %s, foretold %s", r.Dir, dir)
	}
	if rec, err := ReadRecord(dir); err != nil || rec.Finished || rec.Epochs != 0 || rec.Total != 3 {
		t.Errorf("before the first step: %+v, %v", rec, err)
	}
	r = trainTiny(t, root, spec)
	rec, err := ReadRecord(dir)
	if err != nil {
		t.Fatal(err)
	}
	if !rec.Finished || rec.Kept != r.KeptEpoch() || rec.ValidImages != 30 || rec.Threads != threads() || !reflect.DeepEqual(rec.History, r.History) {
		t.Errorf("%+v, the run %s", rec, r)
	}
	flipBit(t, dir, historyName)
	if _, err := ReadRecord(dir); !errors.Is(err, ErrFormat) {
		t.Errorf("a damaged history: %v, want ErrFormat", err)
	}
	spec.Config.Batch = -1
	if _, _, err := folders.Of(spec); !errors.Is(err, ErrConfig) {
		t.Errorf("a bad configuration: %v, want ErrConfig", err)
	}
}
