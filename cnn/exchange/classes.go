package exchange

import (
	"encoding/json"
	"fmt"
	"strings"
	"unicode"

	"github.com/cnnbook/cnnbook/cnn"
)

// classesKey is the key of the classes' names in exported files: a JSON list, where the preprocessing is, too. Keras,
// onnxruntime and others ignore it.
const classesKey = "cnnbook_classes"

// notes lists what a file says about a network beside its layers and weights: JSON by key.
func (m Model) notes() (map[string]string, error) {
	preprocess, err := json.Marshal(m.Preprocess)
	if err != nil {
		return nil, err
	}
	out := map[string]string{preprocessKey: string(preprocess)}
	if len(m.Classes) > 0 {
		classes, err := json.Marshal(m.Classes)
		if err != nil {
			return nil, err
		}
		out[classesKey] = string(classes)
	}
	return out, nil
}

// The classes' names in a file are limited: it may be anyone's.
const (
	classesInFile = 1 << 18 // bytes
	longestClass  = 256     // bytes
)

// toldClasses reads the classes' names from a file that this module exported; none for an empty text.
func toldClasses(text string) ([]string, error) {
	if text == "" {
		return nil, nil
	}
	var names []string
	if len(text) > classesInFile {
		return nil, fmt.Errorf("%w: its %s: %d bytes, expected at most %d", cnn.ErrFormat, classesKey, len(text), classesInFile)
	}
	if err := json.Unmarshal([]byte(text), &names); err != nil {
		return nil, fmt.Errorf("%w: its %s: %w", cnn.ErrFormat, classesKey, err)
	}
	return names, checkClasses(names)
}

// checkClasses checks the names alone.
func checkClasses(names []string) error {
	at := map[string]int{}
	for i, name := range names {
		if before, twice := at[name]; twice {
			return fmt.Errorf("%w: classes %d and %d are both %q", cnn.ErrFormat, before, i, name)
		}
		at[name] = i
		unprintable := func(r rune) bool { return !unicode.IsPrint(r) }
		if name == "" || len(name) > longestClass || strings.ContainsFunc(name, unprintable) {
			return fmt.Errorf("%w: the name of class %d, %.40q: expected 1 to %d bytes of printable text", cnn.ErrFormat, i, name, longestClass)
		}
	}
	return nil
}

// named gives a network the names of its classes, which must be as many as its outputs.
func (m *Model) named(classes []string) error {
	if len(classes) == 0 {
		return nil
	}
	shapes, err := m.Network.Shapes()
	if err != nil {
		return err
	}
	if out := shapes[len(shapes)-1]; len(out) != 1 || out[0] != len(classes) {
		return fmt.Errorf("%w: number of class names: %d, and the network ends in %v: expected one name for each output", cnn.ErrFormat, len(classes), out)
	}
	m.Classes = classes
	return nil
}

// NameClasses gives an imported network the names of its classes, in the order of its outputs. Text that cannot be a name, a
// name that occurs twice, or another number than that of the outputs is an error that wraps cnn.ErrFormat.
func (i *Imported) NameClasses(names []string) error {
	if err := checkClasses(names); err != nil {
		return err
	}
	return i.named(names)
}
