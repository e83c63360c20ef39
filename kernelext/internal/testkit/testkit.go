// Package testkit holds helpers that the tests of kernelext's packages share and that need no installation.
package testkit

import (
	"encoding/xml"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// WaitFor waits up to half a minute until a condition holds, and otherwise ends the test.
func WaitFor(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(30 * time.Second); time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
		if ok() {
			return
		}
	}
	t.Fatalf("timed out waiting for %s", what)
}

// Exists reports whether there is a file or folder of that name.
func Exists(name string) bool { _, err := os.Stat(name); return err == nil }

// Script puts an executable shell script into a separate folder and returns that folder.
func Script(t *testing.T, name, body string) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, name), []byte("#!/bin/sh\n"+body+"\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	return dir
}

// Checkout writes a go.mod like this module's, with a Go version.
func Checkout(t *testing.T, goVersion string) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "go.mod"), []byte("module github.com/cnnbook/cnnbook\n\ngo "+goVersion+"\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	return dir
}

// OnePlainLine checks the form of an error that the user can fix.
func OnePlainLine(t *testing.T, err, class error, words ...string) {
	t.Helper()
	if !errors.Is(err, class) {
		t.Fatalf("error %v, want one of class %q", err, class)
	}
	for _, w := range append(words, "; ") { // cause; remedy
		if !strings.Contains(err.Error(), w) {
			t.Errorf("error %q lacks %q", err, w)
		}
	}
	if strings.Contains(err.Error(), "\n") {
		t.Errorf("error %q has several lines", err)
	}
}

// Hostile are untrusted texts that must be shown as text only.
var Hostile = []string{
	`<script>alert(1)</script>`,
	`"><img src=x onerror=alert(1)>`,
	`' onmouseover='alert(1)`,
	`</figcaption></figure><h1>`,
	`&lt;b&gt; & &amp;`,
	"\x00\x07\x1b[31mred\x1b[0m\x7f",
	"\u202Egnp.exe\u202C",
	"\u2066isolated\u2069\u200F",
	"line\r\nline\u2028line\u0085line",
	"\xff\xfe broken",
	"]]>-->",
	`$\href{javascript:alert(1)}{x}$`,
}

// CheckHTML parses a fragment, which must be well-formed as XML too, and reports what is not allowed there. It
// returns the text and the alternative texts.
func CheckHTML(t *testing.T, fragment string) string {
	t.Helper()
	decoder := xml.NewDecoder(strings.NewReader("<root>" + fragment + "</root>"))
	var text strings.Builder
	for {
		token, err := decoder.Token()
		if errors.Is(err, io.EOF) {
			return text.String()
		}
		if err != nil {
			t.Fatalf("not well-formed: %v in\n%s", err, fragment)
		}
		switch token := token.(type) {
		case xml.CharData:
			text.Write(token)
		case xml.StartElement:
			if token.Name.Local == "root" {
				continue
			}
			attributes, ok := allowed[token.Name.Local]
			if !ok {
				t.Errorf("unexpected element <%s> in\n%s", token.Name.Local, fragment)
			}
			for _, a := range token.Attr {
				if !slices.Contains(attributes, a.Name.Local) {
					t.Errorf("unexpected attribute %s of <%s>", a.Name.Local, token.Name.Local)
				}
				if a.Name.Local == "src" && !strings.HasPrefix(a.Value, "data:image/") {
					t.Errorf("<img> loads %q", a.Value)
				}
				if a.Name.Local == "alt" {
					text.WriteString(a.Value + "\n")
				}
			}
		case xml.Comment, xml.ProcInst, xml.Directive:
			t.Errorf("unexpected %T in\n%s", token, fragment)
		}
	}
}

// WriteFiles writes files with the given contents, by slash-separated names below dir.
func WriteFiles(t *testing.T, dir string, files map[string]string) {
	t.Helper()
	for name, text := range files {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// SharedLibrary compiles a C source.
func SharedLibrary(t *testing.T, source string) string {
	t.Helper()
	if _, err := exec.LookPath("cc"); err != nil {
		t.Skip("no C compiler to make libraries with")
	}
	dir := t.TempDir()
	c, so := filepath.Join(dir, "plugin.c"), filepath.Join(dir, "pjrt_c_api_cpu_plugin.so")
	if err := os.WriteFile(c, []byte(source), 0o644); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command("cc", "-shared", "-fPIC", "-o", so, c).CombinedOutput(); err != nil {
		t.Fatalf("cc: %v\n%s", err, out)
	}
	return so
}

// FaultyPlugin is a library that does not work, and the error that describes it.
type FaultyPlugin struct{ Name, File, Want string }

// FaultyPlugins returns one for each way in which a plugin can be faulty.
func FaultyPlugins(t *testing.T) []FaultyPlugin {
	t.Helper()
	written := func(content string) string {
		file := filepath.Join(t.TempDir(), "pjrt_c_api_cpu_plugin.so")
		if err := os.WriteFile(file, []byte(content), 0o755); err != nil {
			t.Fatal(err)
		}
		return file
	}
	return []FaultyPlugin{
		{"missing", "/nonexistent/plugin.so", "cannot be read: no such file or directory"},
		{"text", written(strings.Repeat("not a library\n", 100)), "is not a shared library for this machine"},
		{"empty", written(""), "is not a shared library for this machine"},
		{"another library", SharedLibrary(t, `int x;`), "is not a PJRT plugin: it has no function GetPjrtApi"},
		{"aborts on load", SharedLibrary(t, `#include <stdlib.h>
			__attribute__((constructor)) static void f(void) { abort(); }
			void *GetPjrtApi(void) { return 0; }`), "aborts when it is loaded"},
		{"exits on load", SharedLibrary(t, `#include <stdlib.h>
			__attribute__((constructor)) static void f(void) { exit(0); }`), "prints something other than its description"},
		{"another interface", SharedLibrary(t, `struct api { unsigned long size; void *ext; struct { unsigned long size; void *ext; int major, minor; } v; };
			static struct api a = {sizeof(struct api), 0, {24, 0, 7, 7}};
			void *GetPjrtApi(void) { return &a; }`), "built for another PJRT interface"},
	}
}

// allowed are the elements and attributes of everything that this package shows.
var allowed = map[string][]string{
	"figure": {"class", "style"}, "figcaption": {"style"}, "img": {"alt", "class", "src", "width", "height", "style"},
	"div":   {"class", "style", "role", "aria-label", "aria-valuemin", "aria-valuemax", "aria-valuenow"},
	"table": {"class", "style"}, "caption": {"style"}, "thead": {}, "tbody": {}, "tr": {}, "th": {"scope", "style"}, "td": {"style"},
	"pre": {"class", "style"}, "strong": {"style"}, "span": {"style"},
}

// Pretend writes the files, each a script that prints its arguments.
func Pretend(t *testing.T, files ...string) {
	t.Helper()
	for _, file := range files {
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte("#!/bin/sh\nprintf '%s\\n' \"$@\"\n"), 0o755); err != nil {
			t.Fatal(err)
		}
	}
}
