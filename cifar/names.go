package cifar

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// metaFile holds the class names, one per line, in the order of the labels.
const metaFile = "batches.meta.txt"

// officialNames is the content of metaFile in the official archive.
const officialNames = "airplane\nautomobile\nbird\ncat\ndeer\ndog\nfrog\nhorse\nship\ntruck\n\n"

// metaBytes is the most that a metaFile of at most [Classes] names may hold, metaBytesMore of
// more names, and nameBytes the longest class name.
const (
	metaBytes     = 4096
	metaBytesMore = MaxClasses * (nameBytes + 2)
	nameBytes     = 100
)

// readNames reads a metaFile of a folder. The official names become those of the write-up,
// see the package documentation. Anything but 1 to l.classes different names is refused: a label would
// otherwise be shown under the name of another class.
func (l layout) readNames(r io.Reader) ([]string, error) {
	text, err := io.ReadAll(io.LimitReader(r, int64(l.metaBytes)+1))
	if err != nil {
		return nil, fmt.Errorf("%s: reading: %w", metaFile, err)
	}
	return l.parseNames(text)
}

// parseNames is readNames for the file's content, of which a byte more than l.metaBytes is enough.
func (l layout) parseNames(text []byte) ([]string, error) {
	if len(text) > l.metaBytes {
		return nil, fmt.Errorf("%s: more than %d bytes; want one class name per line: %w", metaFile, l.metaBytes, ErrFormat)
	}
	names := strings.Split(strings.TrimRight(strings.ReplaceAll(string(text), "\r\n", "\n"), "\n"), "\n")
	if slices.Equal(names, strings.Fields(officialNames)) {
		return classNames(), nil
	}
	if err := l.checkNames(names); err != nil {
		return nil, fmt.Errorf("%s: %w: %w", metaFile, err, ErrFormat)
	}
	return names, nil
}

// checkNames reports the first name, by its line in metaFile, that cannot stand for a class.
func (l layout) checkNames(names []string) error {
	if len(names) > l.classes {
		return fmt.Errorf("%d class names; the format has at most %d", len(names), l.classes)
	}
	for i, name := range names {
		switch {
		case strings.TrimSpace(name) == "":
			return fmt.Errorf("line %d: the class name is empty", i+1)
		case !utf8.ValidString(name):
			return fmt.Errorf("line %d: class name %q is not valid UTF-8; give it another name", i+1, name)
		case strings.TrimSpace(name) != name || strings.ContainsFunc(name, func(r rune) bool { return !unicode.IsPrint(r) }):
			return fmt.Errorf("line %d: class name %q; want printable text without spaces around it", i+1, name)
		case len(name) > nameBytes:
			return fmt.Errorf("line %d: the class name has %d bytes; want at most %d", i+1, len(name), nameBytes)
		case slices.Contains(names[:i], name):
			return fmt.Errorf("line %d: class name %q is there twice", i+1, name)
		}
	}
	return nil
}

// namesText is the content of a metaFile.
func namesText(names []string) string {
	if slices.Equal(names, classNames()) {
		return officialNames
	}
	return strings.Join(names, "\n") + "\n"
}

// checkLabels reports the first record whose label has no name.
func checkLabels(files map[string]batch, classes int) error {
	for _, name := range batchFiles() {
		for i, label := range files[name].labels {
			if int(label) >= classes {
				return fmt.Errorf("%s: record %d: label %d; %s names %d classes: %w", name, i, label, metaFile, classes, ErrFormat)
			}
		}
	}
	return nil
}
