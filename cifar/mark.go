package cifar

import (
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"unicode"
)

// markFile lies beside the batch files of drawn images, so that neither people nor
// Load take them for photographs.
const markFile = "DRAWN.txt"

// markBytes is the most that is read of a mark file, markName the longest name kept.
const (
	markBytes = 4096
	markName  = 200
)

// mark is what a folder says about itself beyond the six files.
type mark struct {
	drawn       bool
	train, test string   // names; empty for the default
	classes     []string // from metaFile; nil for those of CIFAR-10
	info        *info    // from infoFile; nil for CIFAR-10's layout
}

// classNames are the class names by label.
func (m mark) classNames() []string {
	if m.classes == nil {
		return classNames()
	}
	return slices.Clone(m.classes)
}

// String is the content of the mark file.
func (m mark) String() string {
	return "Drawn stand-in images, not photographs: made by a program in the layout of CIFAR-10.\n" +
		"Do not report figures measured on them as figures on CIFAR-10.\n\n" +
		"train: " + strconv.Quote(m.train) + "\n" +
		"test: " + strconv.Quote(m.test) + "\n"
}

// readMark reads a mark file. Its presence alone marks the data as drawn; unclean
// names are ignored, not refused.
func readMark(r io.Reader) (mark, error) {
	text, err := io.ReadAll(io.LimitReader(r, markBytes))
	if err != nil {
		return mark{}, fmt.Errorf("%s: reading: %w", markFile, err)
	}
	m := mark{drawn: true}
	for line := range strings.Lines(string(text)) {
		if v, ok := strings.CutPrefix(line, "train: "); ok {
			m.train = cleanName(v)
		}
		if v, ok := strings.CutPrefix(line, "test: "); ok {
			m.test = cleanName(v)
		}
	}
	return m, nil
}

func cleanName(quoted string) string {
	name, err := strconv.Unquote(strings.TrimSpace(quoted))
	if err != nil || len(name) > markName || strings.ContainsFunc(name, func(r rune) bool { return !unicode.IsPrint(r) }) {
		return ""
	}
	return name
}

// label returns a function that names the part ("train" or "test") with n images,
// of which the official dataset has whole.
func (m mark) label(part string, whole int) func(n int) string {
	return func(n int) string {
		given := m.train
		if part == "test" {
			given = m.test
		}
		switch {
		case m.drawn && strings.Contains(given, "drawn"):
			return given
		case m.info != nil && m.info.name(part) != "" && (!m.drawn || strings.Contains(m.info.name(part), "drawn")):
			return m.info.name(part)
		case m.drawn:
			return "drawn stand-in " + part
		case m.info != nil:
			return fmt.Sprintf("%s images of %d classes", part, len(m.classes))
		case !slices.Equal(m.classNames(), classNames()):
			return fmt.Sprintf("%s images of %d classes, in CIFAR-10's layout", part, len(m.classes))
		case n == whole:
			return "CIFAR-10 " + part
		}
		return fmt.Sprintf("CIFAR-10 %s (%d of %d images)", part, n, whole)
	}
}
