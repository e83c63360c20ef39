package book

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/cnnbook/cnnbook/kernelext/setup"
)

// Tags of the cells of an exercise.
const (
	TagExercise = "exercise" // a code cell for the learner to write in, which compiles as it is
	TagSolution = "solution" // a cell with the answer; in Go it redeclares the same names, and so replaces them
	TagCheck    = "check"    // a code cell that reports whether the exercise is solved, see Checks
)

// tagRaises is Jupyter's own tag for a cell whose error does not stop the cells after it.
const tagRaises = "raises-exception"

// Handout is the audience of a copy of a notebook.
type Handout int

const (
	// ForStudents leaves out all outputs, the cells tagged as solutions, and what is between nbgrader's delimiters. A check that fails, as it does until the
	// exercise is solved, does not stop "Run All".
	ForStudents Handout = iota
	// ForTeachers shows all cells, with the solutions unfolded, and all existing outputs.
	ForTeachers
)

// WriteHandouts writes copies of notebooks under their own names into folder dir, which it creates. It overwrites
// nothing, since an existing file may be someone's work: it is then an error that wraps fs.ErrExist, and nothing is
// written.
func (b Book) WriteHandouts(notebooks []string, dir string, kind Handout) error {
	copies := make([]*notebook, len(notebooks))
	for i, name := range notebooks {
		nb, err := readNotebook(b.path(name))
		if err == nil {
			err = nb.handOut(kind)
		}
		if err != nil {
			return fmt.Errorf("copy %s: %w", name, err)
		}
		copies[i] = nb
		if err := notThere(filepath.Join(dir, filepath.FromSlash(name))); err != nil {
			return err
		}
	}
	for i, nb := range copies {
		target := filepath.Join(dir, filepath.FromSlash(notebooks[i]))
		if err := os.MkdirAll(filepath.Dir(target), 0o755); err != nil {
			return fmt.Errorf("copies: %w", err)
		}
		if err := nb.write(target, 0o644); err != nil {
			return fmt.Errorf("copies: %w", err)
		}
	}
	return nil
}

// notThere returns an error for a path that exists.
func notThere(path string) error {
	if _, err := os.Lstat(path); err == nil {
		return &setup.Problem{Cause: path + " exists", Remedy: "choose another folder, or move your work away first", Err: fs.ErrExist}
	} else if !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// handOut turns the notebook into the copy for an audience, in place.
func (nb *notebook) handOut(kind Handout) error {
	if err := (normaliser{kernel: kernelspecInfo{DisplayName: setup.KernelDisplayName, Language: "go", Name: setup.KernelName}}).apply(nb); err != nil {
		return err
	}
	var cells []notebookCell
	for i, cell := range nb.Cells {
		meta, err := readCellTags(cell.Metadata)
		if err != nil {
			return fmt.Errorf("cell %d: %w", i+1, err)
		}
		if err := meta.checkSpelling(); err != nil {
			return fmt.Errorf("cell %d: %w", i+1, err)
		}
		switch {
		case kind == ForTeachers:
			meta.unfold()
		case meta.has(TagSolution):
			continue
		default:
			cell.Outputs = nil
			source, err := withoutRegions(string(cell.Source))
			if err != nil {
				return fmt.Errorf("cell %d: %w", i+1, err)
			}
			cell.Source = multiline(source)
			if meta.has(TagCheck) {
				meta.add(tagRaises)
			}
		}
		if cell.Metadata, err = meta.encode(); err != nil {
			return fmt.Errorf("cell %d: %w", i+1, err)
		}
		cells = append(cells, cell)
	}
	nb.Cells = cells
	return nil
}

// cellTags is the metadata of a cell: its tags, and the rest unchanged.
type cellTags struct {
	tags []string
	rest map[string]json.RawMessage
}

func readCellTags(metadata json.RawMessage) (cellTags, error) {
	var c cellTags
	if len(metadata) > 0 {
		if err := json.Unmarshal(metadata, &c.rest); err != nil {
			return c, fmt.Errorf("metadata: %w", err)
		}
	}
	if tags := c.rest["tags"]; len(tags) > 0 {
		if err := json.Unmarshal(tags, &c.tags); err != nil {
			return c, fmt.Errorf("tags: %w", err)
		}
	}
	return c, nil
}

// checkSpelling refuses a tag that differs from a known one in capitals, spaces or an s at its end: a solution tagged
// Solution would reach the students.
func (c *cellTags) checkSpelling() error {
	for _, tag := range c.tags {
		plain := strings.TrimSuffix(strings.ToLower(strings.TrimSpace(tag)), "s")
		for _, known := range []string{TagExercise, TagSolution, TagCheck, tagCover} {
			if plain == known && tag != known {
				return fmt.Errorf("tag %q: expected %q, in lower case", tag, known)
			}
		}
	}
	return nil
}

func (c *cellTags) has(tag string) bool { return slices.Contains(c.tags, tag) }

func (c *cellTags) add(tag string) {
	if !c.has(tag) {
		c.tags = append(c.tags, tag)
	}
}

// unfold removes the metadata that hides a cell's source in JupyterLab and on a page.
func (c *cellTags) unfold() {
	delete(c.rest, "jupyter")
	c.tags = slices.DeleteFunc(c.tags, func(tag string) bool { return tag == "hide-input" || tag == "hide-cell" })
}

func (c *cellTags) encode() (json.RawMessage, error) {
	delete(c.rest, "tags")
	fields := map[string]any{}
	for name, value := range c.rest {
		fields[name] = value
	}
	if len(c.tags) > 0 {
		fields["tags"] = c.tags
	}
	return marshal(fields, "")
}
