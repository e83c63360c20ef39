package gonb

import (
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

//go:embed patches/*.patch
var patchFiles embed.FS

// Patch is one change to a source tree, as a file in the unified diff format. Text before the first "--- " line states the reason. It
// contains a line "Required: yes" or "Required: no".
type Patch struct {
	Name     string // of the file; errors begin with it
	Reason   string // first paragraph of the file
	Required bool   // false: the program works without it, less well
	files    []filePatch
}

// filePatch is the change to one existing file.
type filePatch struct {
	name  string // slash-separated
	hunks []hunk
}

// hunk replaces the lines old, which begin at line start of the file (counted from 1), with the lines new.
type hunk struct {
	start    int
	old, new []string
}

// Patches returns the changes to GoNB in the order in which they are applied.
func Patches() ([]Patch, error) {
	names, err := fs.Glob(patchFiles, "patches/*.patch")
	if err != nil {
		return nil, err
	}
	var patches []Patch
	for _, name := range names {
		data, err := patchFiles.ReadFile(name)
		if err != nil {
			return nil, err
		}
		p, err := ParsePatch(name, string(data))
		if err != nil {
			return nil, err
		}
		patches = append(patches, p)
	}
	return patches, nil
}

var (
	hunkHeader = regexp.MustCompile(`^@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@`)
	required   = regexp.MustCompile(`(?m)^Required: (yes|no)$`)
)

// ParsePatch reads a patch. Only changes to existing files are supported. Errors are one line with file name and line number.
func ParsePatch(name, content string) (Patch, error) {
	p := Patch{Name: name}
	lines := strings.Split(strings.TrimSuffix(content, "\n"), "\n")
	first := slices.IndexFunc(lines, func(line string) bool { return strings.HasPrefix(line, "--- ") })
	if first < 0 {
		return p, fmt.Errorf("%s: expected a change in the unified diff format, found none", name)
	}
	head := strings.Join(lines[:first], "\n")
	answer := required.FindStringSubmatch(head)
	if answer == nil {
		return p, fmt.Errorf(`%s: expected a line "Required: yes" or "Required: no" before the first change`, name)
	}
	p.Required = answer[1] == "yes"
	p.Reason, _, _ = strings.Cut(strings.TrimSpace(head), "\n\n")
	for at := first; at < len(lines); {
		line := lines[at]
		switch {
		case strings.HasPrefix(line, "--- "):
			file, err := changedFile(lines, at)
			if err != nil {
				return p, fmt.Errorf("%s:%d: %w", name, at+1, err)
			}
			p.files = append(p.files, filePatch{name: file})
			at += 2
		case strings.HasPrefix(line, "@@ "):
			h, length, err := parseHunk(lines[at:])
			if err != nil {
				return p, fmt.Errorf("%s:%d: %w", name, at+length+1, err)
			}
			last := &p.files[len(p.files)-1]
			last.hunks = append(last.hunks, h)
			at += length
		default:
			return p, fmt.Errorf(`%s:%d: expected "--- " or "@@ ", found %q`, name, at+1, line)
		}
	}
	for _, f := range p.files {
		if len(f.hunks) == 0 {
			return p, fmt.Errorf("%s: no change to %s", name, f.name)
		}
	}
	return p, nil
}

// changedFile reads the two lines that name a file: "--- a/NAME", "+++ b/NAME".
func changedFile(lines []string, at int) (string, error) {
	file, isOld := strings.CutPrefix(lines[at], "--- a/")
	if !isOld || at+1 == len(lines) || lines[at+1] != "+++ b/"+file {
		return "", errors.New(`expected "--- a/NAME" and "+++ b/NAME" with the same name`)
	}
	if !filepath.IsLocal(filepath.FromSlash(file)) || path.Clean(file) != file {
		return "", fmt.Errorf("%q is not the name of a file below the source's folder", file)
	}
	return file, nil
}

// parseHunk reads a hunk and the number of its lines. With an error, that number is the offending line, counted from 0.
func parseHunk(lines []string) (h hunk, length int, err error) {
	header := hunkHeader.FindStringSubmatch(lines[0])
	if header == nil {
		return h, 0, fmt.Errorf(`expected "@@ -LINE,LINES +LINE,LINES @@", found %q`, lines[0])
	}
	number := func(i int) int {
		if header[i] == "" {
			return 1
		}
		n, err2 := strconv.Atoi(header[i])
		err = errors.Join(err, err2)
		return n
	}
	var olds, news int
	h.start, olds, news = number(1), number(2), number(4)
	if err != nil {
		return h, 0, fmt.Errorf("line numbers in %q are out of range", lines[0])
	}
	for length = 1; len(h.old) < olds || len(h.new) < news; length++ {
		if length == len(lines) {
			return h, length, fmt.Errorf("expected %d old and %d new lines, found %d and %d", olds, news, len(h.old), len(h.new))
		}
		line := lines[length]
		if line == "" {
			line = " " // an editor has removed the space of an empty line
		}
		switch line[0] {
		case ' ':
			h.old, h.new = append(h.old, line[1:]), append(h.new, line[1:])
		case '-':
			h.old = append(h.old, line[1:])
		case '+':
			h.new = append(h.new, line[1:])
		default:
			return h, length, fmt.Errorf(`expected a line that begins with " ", "-" or "+", found %q`, line)
		}
	}
	if len(h.old) != olds || len(h.new) != news || olds == 0 {
		return h, length - 1, fmt.Errorf("expected %d old and %d new lines, found %d and %d", olds, news, len(h.old), len(h.new))
	}
	return h, length, nil
}

// Apply changes the files below folder dir: all of them, or none if one does not fit. The context of each hunk must match
// exactly, at its line or at one other place only. Errors are one line that names the patch, the file and the line.
func (p Patch) Apply(dir string) error {
	changed := make([]string, len(p.files))
	for i, f := range p.files {
		data, err := os.ReadFile(filepath.Join(dir, filepath.FromSlash(f.name)))
		if err != nil {
			return fmt.Errorf("%s: %s: %w", p.Name, f.name, errors.Unwrap(err))
		}
		lines := strings.Split(string(data), "\n")
		for _, h := range slices.Backward(f.hunks) { // from the end, so that line numbers stay valid
			at, err := h.find(lines)
			if err != nil {
				return fmt.Errorf("%s: %s:%w", p.Name, f.name, err)
			}
			lines = slices.Replace(lines, at, at+len(h.old), h.new...)
		}
		changed[i] = strings.Join(lines, "\n")
	}
	for i, f := range p.files {
		if err := os.WriteFile(filepath.Join(dir, filepath.FromSlash(f.name)), []byte(changed[i]), 0o644); err != nil {
			return fmt.Errorf("%s: %w", p.Name, err)
		}
	}
	return nil
}

// find returns the index of the line at which the old lines begin. The error begins with a line number.
func (h hunk) find(lines []string) (int, error) {
	fits := func(at int) bool {
		return at >= 0 && at+len(h.old) <= len(lines) && slices.Equal(lines[at:at+len(h.old)], h.old)
	}
	if fits(h.start - 1) {
		return h.start - 1, nil
	}
	var found []int
	for at := range lines {
		if fits(at) {
			found = append(found, at)
		}
	}
	switch len(found) {
	case 1:
		return found[0], nil
	case 0:
		for i, want := range h.old {
			if at := h.start - 1 + i; at >= len(lines) {
				return 0, fmt.Errorf("%d: expected %q, found the end of the file", at+1, want)
			} else if at < 0 || lines[at] != want {
				return 0, fmt.Errorf("%d: expected %q, found %q", at+1, want, lines[max(at, 0)])
			}
		}
	}
	return 0, fmt.Errorf("%d: the lines to change occur at %d places, none of them the expected one", h.start, len(found))
}
