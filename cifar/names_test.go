package cifar

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// fruit is a dataset of three classes of its own.
func fruit(t *testing.T) (train, test *Dataset) {
	t.Helper()
	train, test = Drawn(1, 30, 6)
	for _, d := range []*Dataset{train, test} {
		d.Drawn, d.Names = false, []string{"apple", "banana", "さくらんぼ"}
		for i := range d.Labels {
			d.Labels[i] = uint8(i % 3)
		}
	}
	return train, test
}

// Promise(files/names): The class names of a dataset are kept when it is saved and opened again. A file of names that does not
// fit the labels is refused, and only the official names make a dataset CIFAR-10.
func TestClassNamesAreKept(t *testing.T) {
	train, test := fruit(t)
	dir := t.TempDir()
	if err := Save(dir, train, test); err != nil {
		t.Fatal(err)
	}
	got, gotTest, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(got.Names, train.Names) || !slices.Equal(gotTest.Names, train.Names) {
		t.Errorf("saved the classes %q, opened %q and %q", train.Names, got.Names, gotTest.Names)
	}
	if got.Class(1) != "banana" {
		t.Errorf("the banana is a %q", got.Class(1))
	}
	if strings.HasPrefix(got.Name, "CIFAR-10") {
		t.Errorf("three kinds of fruit are called %q", got.Name)
	}
	if got.Fingerprint() != train.Fingerprint() {
		t.Error("the images have changed")
	}
}

// The official file of names stands for the short names of the write-up, as does none at all: runs keep their identities.
func TestOfficialNamesAreTheWriteUps(t *testing.T) {
	train, test := Drawn(1, 10, 5)
	dir := t.TempDir()
	if err := Save(dir, train, test); err != nil {
		t.Fatal(err)
	}
	meta := filepath.Join(dir, folderName, metaFile)
	text, err := os.ReadFile(meta)
	if err != nil {
		t.Fatal(err)
	}
	if string(text) != officialNames {
		t.Errorf("saved the names %q", text)
	}
	for _, change := range []func() error{
		func() error { return nil },
		func() error {
			return os.WriteFile(meta, []byte(strings.ReplaceAll(officialNames, "\n", "\r\n")), 0o644)
		},
		func() error { return os.Remove(meta) },
	} {
		if err := change(); err != nil {
			t.Fatal(err)
		}
		got, _, err := Open(dir)
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(got.Names, classNames()) || got.Name != train.Name {
			t.Errorf("%q with the classes %q", got.Name, got.Names)
		}
	}
}

func TestNamesAreRefused(t *testing.T) {
	train, test := fruit(t)
	dir := t.TempDir()
	if err := Save(dir, train, test); err != nil {
		t.Fatal(err)
	}
	for text, want := range map[string]string{
		"":                               "line 1: the class name is empty",
		"apple\n\nbanana\n":              "line 2: the class name is empty",
		"apple\nbanana\napple\n":         `line 3: class name "apple" is there twice`,
		"apple\nbana\x1bna\ncherry\n":    `line 2: class name "bana\x1bna"`,
		"apple\ncaf\xe9\ncherry\n":       `line 2: class name "caf\xe9" is not valid UTF-8`,
		"apple\n banana\ncherry\n":       `line 2: class name " banana"`,
		"apple\nbanana\n":                "data_batch_1.bin: record 2: label 2; batches.meta.txt names 2 classes",
		strings.Repeat("x\n", 11):        "11 class names; the format has at most 10",
		strings.Repeat("x", 101) + "\ny": "line 1: the class name has 101 bytes",
		strings.Repeat("apple\n", 1000):  "more than 4096 bytes",
	} {
		if err := os.WriteFile(filepath.Join(dir, folderName, metaFile), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		_, _, err := Open(dir)
		if !errors.Is(err, ErrFormat) || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("names %.40q: error %v, want %q", text, err, want)
		}
	}
	for want, change := range map[string]func(){
		"want the same in the same order": func() { test.Names = []string{"banana", "apple", "cherry"} },
		"line 2: the class name is empty": func() { train.Names, test.Names = []string{"a", "", "c"}, []string{"a", "", "c"} },
	} {
		train, test = fruit(t)
		change()
		if err := Save(t.TempDir(), train, test); !errors.Is(err, ErrArgument) || !strings.Contains(err.Error(), want) {
			t.Errorf("saving: error %v, want %q", err, want)
		}
	}
}

// What people have in a dataset's place is found, or named in one line that says what to do.
func TestOpenFindsWhatPeopleHave(t *testing.T) {
	train, test := Drawn(1, 10, 5)
	dir := t.TempDir()
	if err := Save(filepath.Join(dir, folderName), train, test); err != nil {
		t.Fatal(err)
	}
	if got, _, err := Open(dir); err != nil || got.Fingerprint() != train.Fingerprint() {
		t.Errorf("a folder in one of its own name: %v", err)
	}
	plain := filepath.Join(dir, ArchiveName)
	if err := os.WriteFile(plain, tarball(t, officialEntries()), 0o644); err != nil {
		t.Fatal(err)
	}
	if got, _, err := Open(plain); err != nil || got.Len() != 10 {
		t.Errorf("a tar archive that is called .tar.gz: %v", err)
	}
	if _, _, err := Open(t.TempDir()); !errors.Is(err, ErrNotFound) || !strings.Contains(err.Error(), "go run . data import") {
		t.Errorf("another folder: %v", err)
	}
	zip := filepath.Join(dir, "cifar.zip")
	if err := os.WriteFile(zip, []byte("PK\x03\x04 and more"), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, _, err := Open(zip); !errors.Is(err, ErrFormat) || !strings.Contains(err.Error(), "is a zip archive; unpack it") {
		t.Errorf("a zip: %v", err)
	}
	files := filepath.Join(dir, folderName, folderName)
	if err := os.Rename(filepath.Join(files, "test_batch.bin"), filepath.Join(files, "Test_Batch.BIN")); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(plain); err != nil {
		t.Fatal(err)
	}
	if _, _, err := Open(dir); !errors.Is(err, ErrNotFound) || !strings.Contains(err.Error(), "holds Test_Batch.BIN; rename it to test_batch.bin") {
		t.Errorf("capitals: %v", err)
	}
}
