package book

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/cnnbook/cnnbook/kernelext"
)

// ErrStale means that an executed notebook is older than its source or the code that it imports.
var ErrStale = errors.New("executed notebook is stale")

// Record describes the conditions under which a notebook was executed. It is stored in the
// metadata of the executed notebook under "cnnbook".
type Record struct {
	Data         string  `json:"data"`   // name of the dataset, see Params.DataName
	Budget       string  `json:"budget"` //
	Seed         uint64  `json:"seed"`
	SourceSHA256 string  `json:"source_sha256"`         // of the notebook's own cells; Execute sets it
	CodeSHA256   string  `json:"code_sha256,omitempty"` // of the code that the cells import, see CodeSHA256
	DataSHA256   string  `json:"data_sha256,omitempty"` // of the dataset's content; empty for drawn data, which the code generates
	Backend      string  `json:"backend,omitempty"`     // the backend that the cells computed with
	Seconds      float64 `json:"seconds,omitempty"`     // how long the cells took, where runs that were saved earlier are only opened; Execute sets it

	// Facts lists further information for the reader, in order: versions, backend, machine, date.
	Facts []Fact `json:"facts,omitempty"`
}

// Fact is one line of a page's footer.
type Fact struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// NewRecord starts a record with a notebook's parameters.
func NewRecord(p kernelext.Params) Record {
	return Record{Data: p.DataName(), Budget: p.Budget, Seed: p.Seed}
}

// sourceSHA256 returns a hash of a notebook's cells without their outputs.
func (nb *notebook) sourceSHA256() string {
	h := sha256.New()
	for _, cell := range nb.Cells {
		fmt.Fprintf(h, "%s %d\n%s\n", cell.CellType, len(cell.Source), cell.Source)
	}
	return hex.EncodeToString(h.Sum(nil))
}

// ReadRecord reads the record of an executed notebook. A notebook without one gives ErrStale.
func ReadRecord(path string) (Record, error) {
	nb, err := readNotebook(path)
	if err != nil {
		return Record{}, err
	}
	return nb.record(filepath.Base(path))
}

func (nb *notebook) record(name string) (Record, error) {
	var metadata struct {
		Record *Record `json:"cnnbook"`
	}
	if err := json.Unmarshal(nb.Metadata, &metadata); err != nil {
		return Record{}, fmt.Errorf("%w %s: metadata: %w", ErrNotebook, name, err)
	}
	if metadata.Record == nil {
		return Record{}, fmt.Errorf("%w: %s was not executed by cnnbook; run the book again", ErrStale, name)
	}
	return *metadata.Record, nil
}

// CheckRecord returns an error for an executed notebook that does not match its source: the cells, or the
// code that they import, have changed since. codeSHA256 is not compared if it is empty.
func CheckRecord(executed, source, codeSHA256 string) error {
	_, err := checkedRecord(executed, source, codeSHA256)
	return err
}

// checkedRecord returns the record of an executed notebook that passes CheckRecord.
func checkedRecord(executed, source, codeSHA256 string) (Record, error) {
	record, err := ReadRecord(executed)
	if err != nil {
		return record, err
	}
	nb, err := readNotebook(source)
	if err != nil {
		return record, err
	}
	name := filepath.Base(executed)
	if record.SourceSHA256 != nb.sourceSHA256() {
		return record, fmt.Errorf("%w: the cells of %s have changed since; run the book again", ErrStale, name)
	}
	if codeSHA256 != "" && record.CodeSHA256 != codeSHA256 {
		return record, fmt.Errorf("%w: the code that %s imports has changed since; run the book again", ErrStale, name)
	}
	return record, nil
}

// Fits returns an error for an executed notebook that must be run again to show what r asks for: for CheckRecord's
// reasons, or for another dataset, budget, seed or backend. The Facts are not compared, and SourceSHA256 is that of source.
func (r Record) Fits(executed, source string) error {
	found, err := checkedRecord(executed, source, r.CodeSHA256)
	if err != nil {
		return err
	}
	for _, c := range []struct{ what, found, want string }{
		{"data", found.Data + " " + found.DataSHA256, r.Data + " " + r.DataSHA256},
		{"budget", found.Budget, r.Budget},
		{"seed", fmt.Sprint(found.Seed), fmt.Sprint(r.Seed)},
		{"backend", found.Backend, r.Backend},
	} {
		if c.found != c.want {
			return fmt.Errorf("%w: %s was executed with %s %s, not %s", ErrStale, filepath.Base(executed), c.what, c.found, c.want)
		}
	}
	return nil
}

// CodeSHA256 returns a hash of a module's code: go.mod, go.sum and the Go files with their names, without tests. It covers
// the files that match one of the patterns (see [path.Match]), and those in and below the folders that match.
func CodeSHA256(module fs.FS, patterns ...string) (string, error) {
	names := []string{"go.mod", "go.sum"}
	var found []string
	for _, pattern := range patterns {
		matches, err := fs.Glob(module, pattern)
		if err == nil && len(matches) == 0 {
			err = fmt.Errorf("%s: %w", pattern, fs.ErrNotExist)
		}
		if err != nil {
			return "", fmt.Errorf("book: hash of the code: %w", err)
		}
		found = append(found, matches...)
	}
	for _, root := range found {
		err := fs.WalkDir(module, root, func(name string, entry fs.DirEntry, err error) error {
			if err == nil && entry.Type().IsRegular() && path.Ext(name) == ".go" && !strings.HasSuffix(name, "_test.go") {
				names = append(names, name)
			}
			return err
		})
		if err != nil {
			return "", fmt.Errorf("book: hash of the code: %w", err)
		}
	}
	slices.Sort(names)
	h := sha256.New()
	for _, name := range slices.Compact(names) {
		data, err := fs.ReadFile(module, name)
		if err != nil {
			return "", fmt.Errorf("book: hash of the code: %w", err)
		}
		fmt.Fprintf(h, "%s %d\n", name, len(data))
		h.Write(data)
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}
