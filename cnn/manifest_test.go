package cnn

import (
	"encoding/json"
	"errors"
	"path/filepath"
	"strings"
	"testing"
)

// manifestText is the manifest of a run that has just begun.
func manifestText(t testing.TB) string {
	t.Helper()
	m := manifest{
		Format: formatVersion, Name: "small", Config: json.RawMessage(`{"batch":20}`),
		Architecture: Architecture{Name: "small", Input: Shape{32, 32, 3}, Layers: []Layer{Flatten{"flatten"}, Dense{Name: "dense", Units: 10}}},
	}
	for _, f := range []*savedFile{&m.State.Weights, &m.State.Optimizer, &m.State.History} {
		*f = savedFile{Name: "f", Bytes: 1, SHA256: strings.Repeat("0", 64)}
	}
	var err error
	if m.Identity, err = identityOf(m); err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// Promise(files/hostile)
func TestManifestRefuses(t *testing.T) {
	good := manifestText(t)
	if _, err := parseManifest([]byte(good), "m"); err != nil {
		t.Fatal(err)
	}
	change := func(old, with string) string {
		if !strings.Contains(good, old) {
			t.Fatalf("the manifest has no %s", old)
		}
		return strings.Replace(good, old, with, 1)
	}
	for name, test := range map[string]struct{ text, want string }{
		"empty":             {"", "unexpected end of JSON input"},
		"truncated":         {good[:len(good)/2], "unexpected end of JSON input"},
		"text after":        {good + "x", "invalid character 'x' after top-level value"},
		"deep JSON":         {`{"format":` + strings.Repeat("[", 100_000), "exceeded max depth"},
		"deep architecture": {change(`"layers":[`, `"layers":[`+strings.Repeat("[", 20_000)), "exceeded max depth"},
		"no version":        {"{}", "format 0, this program reads format"},
		"version as text":   {change(`"format":`, `"format":"x","was":`), "cannot unmarshal string"},
		"unknown field":     {change(`"name":`, `"nmae":`), `unknown field "nmae"`},
		"flipped bit":       {change(`"units":10`, `"units":11`), "its identity does not match its content"},
		"unknown layer":     {change(`"class_name":"Dense"`, `"class_name":"Dance"`), `unknown class_name "Dance"`},
		"negative position": {change(`"step":0`, `"step":-1`), "negative position"},
		"negative size":     {change(`"bytes":1`, `"bytes":-1`), "not a file of the run's own folder"},
		"size of 2^63":      {change(`"bytes":1`, `"bytes":9223372036854775808`), "cannot unmarshal number"},
		"parent folder":     {change(`"name":"f"`, `"name":"../f"`), `"../f" is not a file of the run's own folder`},
		"absolute path":     {change(`"name":"f"`, `"name":"/etc/passwd"`), `"/etc/passwd" is not a file of the run's own folder`},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := parseManifest([]byte(test.text), "manifest.json")
			if !errors.Is(err, ErrFormat) || !strings.Contains(err.Error(), test.want) || !strings.Contains(err.Error(), "manifest.json") {
				t.Errorf("got %v, want ErrFormat in manifest.json with %q", err, test.want)
			}
		})
	}
}

// FuzzManifest: what is accepted names files of its own folder alone, and is accepted again
// when it is written again.
//
// Promise(files/hostile)
func FuzzManifest(f *testing.F) {
	f.Add([]byte(manifestText(f)))
	f.Add([]byte(`{"format":2,"state":{"weights":{"name":"../x"}}}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		m, err := parseManifest(data, "fuzz")
		if err != nil {
			if !errors.Is(err, ErrFormat) {
				t.Errorf("%v does not wrap ErrFormat", err)
			}
			return
		}
		for _, file := range []savedFile{m.State.Weights, m.State.Optimizer, m.State.History} {
			if filepath.Base(file.Name) != file.Name {
				t.Errorf("%q leads elsewhere", file.Name)
			}
		}
		again, err := json.Marshal(m)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := parseManifest(again, "again"); err != nil {
			t.Errorf("%v in %s", err, again)
		}
	})
}
