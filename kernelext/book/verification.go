package book

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/cnnbook/cnnbook/internal/atomicfile"
	"github.com/cnnbook/cnnbook/internal/number"
)

// verifiedFile holds the Verification of the notebooks in its folder.
const verifiedFile = "verified.json"

// Verification is what came of training parts of the runs behind a book's figures again.
type Verification struct {
	Stretches []Stretch `json:"stretches"`
	Skipped   []Skipped `json:"skipped,omitempty"`
}

// Stretch is a part of a run that was trained again, or a file of it that is not what it was.
type Stretch struct {
	Run        string    `json:"run"` // its name
	Identity   string    `json:"identity"`
	Weights    string    `json:"sha256"`  // of the weights of its figures, as in a Receipt
	What       string    `json:"what"`    // "steps 41 to 80"
	Difference string    `json:"differs"` // what is not the same; empty: the same bits
	At         time.Time `json:"at"`
	Machine    string    `json:"machine"` // its kind

	// Files says that nothing was trained: a file of the run is not what it was. Each verification looks at the files anew.
	Files bool `json:"files,omitempty"`
}

// Skipped is a run that cannot be trained again here.
type Skipped struct {
	Run      string `json:"run"`
	Identity string `json:"identity"`
	Why      string `json:"why"`
}

// of returns the part of a verification that is about runs with some receipts: with the same weights.
func (v Verification) of(receipts []Receipt) (out Verification) {
	about := func(identity, sha256 string) bool {
		return slices.ContainsFunc(receipts, func(r Receipt) bool {
			return r["identity"] == identity && (sha256 == "" || r["sha256"] == "" || r["sha256"] == sha256)
		})
	}
	for _, s := range v.Stretches {
		if about(s.Identity, s.Weights) {
			out.Stretches = append(out.Stretches, s)
		}
	}
	for _, s := range v.Skipped {
		if about(s.Identity, "") {
			out.Skipped = append(out.Skipped, s)
		}
	}
	return out
}

// differences returns the stretches that gave other bits.
func (v Verification) differences() (out []Stretch) {
	for _, s := range v.Stretches {
		if s.Difference != "" {
			out = append(out, s)
		}
	}
	return out
}

// Err is the error of a verification that found differences.
func (v Verification) Err() error {
	found := v.differences()
	if len(found) == 0 {
		return nil
	}
	s := found[0]
	return fmt.Errorf("verify: %d of %d stretches are not the same bits: run %s-%.12s, %s: %s", len(found), len(v.Stretches), s.Run, s.Identity, s.What, s.Difference)
}

// String is the sentence for the page; empty if nothing was trained again.
func (v Verification) String() string {
	if len(v.Stretches) == 0 {
		return ""
	}
	runs, last := map[string]bool{}, v.Stretches[0]
	machines := map[string]bool{}
	for _, s := range v.Stretches {
		runs[s.Identity], machines[s.Machine] = true, true
		if s.At.After(last.At) {
			last = s
		}
	}
	bits := "the same bits"
	if n := len(v.differences()); n > 0 {
		bits = fmt.Sprintf("%d not the same bits", n)
	}
	machine := "on this kind of machine: " + last.Machine
	if len(machines) > 1 {
		machine = fmt.Sprintf("on %d kinds of machine, the last %s", len(machines), last.Machine)
	}
	stretches := "1 stretch"
	if n := len(v.Stretches); n > 1 {
		stretches = fmt.Sprintf("%d stretches", n)
	}
	return fmt.Sprintf("%s of %s trained again, %s, on %s, %s", stretches, number.Counted(len(runs), "run"), bits, last.At.Format("2 January 2006"), machine)
}

// with adds the results of a newer verification of the runs with some receipts. They replace older ones of the same stretches, and
// of these runs' files.
func (v Verification) with(newer Verification, receipts []Receipt) Verification {
	out := Verification{Skipped: newer.Skipped}
	for _, s := range v.Stretches {
		if s.Files && slices.ContainsFunc(receipts, func(r Receipt) bool { return r["identity"] == s.Identity }) {
			continue
		}
		if !slices.ContainsFunc(newer.Stretches, func(n Stretch) bool {
			return n.Identity == s.Identity && (n.What == s.What || n.Difference == "" && n.Weights != s.Weights)
		}) {
			out.Stretches = append(out.Stretches, s)
		}
	}
	out.Stretches = append(out.Stretches, newer.Stretches...)
	return out
}

// verify has parts of the runs behind the figures trained again and keeps what came of it beside the executed notebooks.
// What was found before an interrupt is kept, too.
func (b Build) verify(ctx context.Context, notebooks []string, executed string) error {
	receipts, err := receiptsIn(executed, notebooks)
	if err != nil {
		return err
	}
	old, err := readVerification(executed)
	if err != nil {
		return err
	}
	found, err := b.Verify(ctx, b.Params, receipts)
	if len(found.Stretches)+len(found.Skipped) == 0 {
		return err
	}
	data, encodeErr := marshal(old.with(found, receipts), " ")
	if encodeErr != nil {
		return errors.Join(err, encodeErr)
	}
	return errors.Join(err, atomicfile.WriteBytes(filepath.Join(executed, verifiedFile), data, 0o644))
}

// receiptsIn returns the receipts of executed notebooks.
func receiptsIn(dir string, notebooks []string) (all []Receipt, err error) {
	for _, name := range notebooks {
		nb, err := readNotebook(filepath.Join(dir, filepath.FromSlash(name)))
		if err != nil {
			return nil, err
		}
		found, err := nb.receiptsOf()
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		all = append(all, found...)
	}
	return all, nil
}

// readVerification reads what an earlier verification of executed notebooks has found.
func readVerification(dir string) (v Verification, err error) {
	data, err := os.ReadFile(filepath.Join(dir, verifiedFile))
	if errors.Is(err, fs.ErrNotExist) {
		return v, nil
	}
	if err == nil {
		err = json.Unmarshal(data, &v)
	}
	if err != nil {
		return v, fmt.Errorf("book: %s: %w; remove it and verify again", filepath.Join(dir, verifiedFile), err)
	}
	return v, nil
}
