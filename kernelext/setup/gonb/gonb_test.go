package gonb

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// pinned runs Source with the checkout's tools/go.mod and gives the folder of the copy.
func pinned(t *testing.T) (gonb, modfile string, skipped []string) {
	t.Helper()
	if testing.Short() {
		t.Skip("GoNB's source may have to be fetched")
	}
	tools, err := filepath.Abs("../../../tools")
	if err != nil {
		t.Fatal(err)
	}
	goCommand := func(ctx context.Context, args ...string) (string, error) {
		cmd := exec.CommandContext(ctx, "go", args...)
		cmd.Dir, cmd.Env = tools, append(os.Environ(), "GOWORK=off")
		out, err := cmd.Output()
		return string(out), err
	}
	dir := t.TempDir()
	modfile, skipped, err = Source(t.Context(), goCommand, tools, dir)
	if err != nil {
		t.Fatal(err)
	}
	return filepath.Join(dir, "gonb"), modfile, skipped
}

// TestPatchesFitGoNB: the pinned GoNB is the one that the patches are for.
func TestPatchesFitGoNB(t *testing.T) {
	gonb, modfile, skipped := pinned(t)
	if len(skipped) > 0 {
		t.Errorf("left out: %q", skipped)
	}
	if data, err := os.ReadFile(modfile); err != nil || !strings.Contains(string(data), "\nreplace "+Module+" => ") {
		t.Errorf("%v, no replacement in %s", err, data)
	}
	patches, err := Patches()
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range patches {
		for _, f := range p.files {
			data, err := os.ReadFile(filepath.Join(gonb, filepath.FromSlash(f.name)))
			for _, h := range f.hunks {
				if err != nil || strings.Count(string(data), strings.Join(h.new, "\n")) != 1 {
					t.Errorf("%s: %s: %v, want it changed once", p.Name, f.name, err)
				}
			}
		}
		if err := p.Apply(gonb); err == nil || !strings.HasPrefix(err.Error(), p.Name+": "+p.files[len(p.files)-1].name+":") && !strings.HasPrefix(err.Error(), p.Name+": "+p.files[0].name+":") {
			t.Errorf("a second time %s says %v", p.Name, err)
		}
	}
}

// TestPatchesSayWhy: nine reasons, and for each what its author could do about it.
func TestPatchesSayWhy(t *testing.T) {
	patches, err := Patches()
	if err != nil || len(patches) != 11 {
		t.Fatalf("%d patches, %v", len(patches), err)
	}
	for _, p := range patches {
		data, err := patchFiles.ReadFile(p.Name)
		if err != nil || len(p.Reason) < 80 || !strings.HasPrefix(string(data), p.Reason) || !strings.Contains(string(data), "\nUpstream: ") {
			t.Errorf("%s begins with no reason, or names no issue: %q, %v", p.Name, p.Reason, err)
		}
	}
	mod, err := os.ReadFile("../../../go.mod")
	if err != nil {
		t.Fatal(err)
	}
	module, _, _ := strings.Cut(strings.TrimPrefix(string(mod), "module "), "\n")
	if data, err := fs.ReadFile(patchFiles, "patches/0005-no-needless-go-get.patch"); err != nil || !strings.Contains(string(data), `"`+module+`/"`) {
		t.Errorf("%v, or the patch does not know this module, %s", err, module)
	}
}

const original = "one\ntwo\nthree\nfour\nfive\nsix\nseven\n"

// patchOf makes a patch that changes "four" in a/b.txt.
func patchOf(t *testing.T, required string) Patch {
	t.Helper()
	p, err := ParsePatch("patches/0009-x.patch", "Because.\n\nMore.\nRequired: "+required+"\n\n--- a/a/b.txt\n+++ b/a/b.txt\n"+
		"@@ -3,3 +3,4 @@ heading\n three\n-four\n+FOUR\n+and\n five\n@@ -7 +8 @@\n-seven\n+SEVEN\n")
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// tree makes a folder with the file a/b.txt.
func tree(t *testing.T, content string) (dir, file string) {
	t.Helper()
	dir = t.TempDir()
	file = filepath.Join(dir, "a", "b.txt")
	if err := errors.Join(os.Mkdir(filepath.Dir(file), 0o755), os.WriteFile(file, []byte(content), 0o644)); err != nil {
		t.Fatal(err)
	}
	return dir, file
}

func TestApply(t *testing.T) {
	p := patchOf(t, "no")
	if p.Reason != "Because." || p.Required {
		t.Errorf("patch %+v", p)
	}
	for name, c := range map[string]struct{ content, want, fault string }{
		"as it was":      {original, "one\ntwo\nthree\nFOUR\nand\nfive\nsix\nSEVEN\n", ""},
		"lines in front": {"zero\nzero\n" + original, "zero\nzero\none\ntwo\nthree\nFOUR\nand\nfive\nsix\nSEVEN\n", ""},
		"another copy":   {original + "three\nfour\nfive\n", "one\ntwo\nthree\nFOUR\nand\nfive\nsix\nSEVEN\nthree\nfour\nfive\n", ""},
		"two elsewhere":  {"zero\n" + original + "three\nfour\nfive\n", "", "a/b.txt:3: the lines to change occur at 2 places, none of them the expected one"},
		"other context":  {strings.Replace(original, "five", "5", 1), "", `a/b.txt:5: expected "five", found "5"`},
		"other line":     {strings.Replace(original, "four", "for", 1), "", `a/b.txt:4: expected "four", found "for"`},
		"short":          {"one\ntwo\nthree", "", `a/b.txt:7: expected "seven", found the end of the file`},
		"half of it":     {strings.Replace(original, "three", "3", 1), "", `a/b.txt:3: expected "three", found "3"`},
	} {
		t.Run(name, func(t *testing.T) {
			dir, file := tree(t, c.content)
			err := p.Apply(dir)
			if c.fault == "" && err != nil || c.fault != "" && (err == nil || err.Error() != "patches/0009-x.patch: "+c.fault) {
				t.Errorf("error %v, want %q", err, c.fault)
			}
			want := c.want
			if c.fault != "" {
				want = c.content // nothing is changed
			}
			if got, err := os.ReadFile(file); err != nil || string(got) != want {
				t.Errorf("got %q, %v; want %q", got, err, want)
			}
		})
	}
	if err := p.Apply(t.TempDir()); err == nil || err.Error() != "patches/0009-x.patch: a/b.txt: no such file or directory" {
		t.Errorf("no file: %v", err)
	}
}

// TestPatchThatDoesNotFit is left out with a line where that is safe, and stops everything where it is not.
func TestPatchThatDoesNotFit(t *testing.T) {
	dir, file := tree(t, strings.Replace(original, "four", "for", 1))
	other, err := ParsePatch("patches/0010-y.patch", "Why.\nRequired: yes\n--- a/a/b.txt\n+++ b/a/b.txt\n@@ -1 +1 @@\n-one\n+ONE\n")
	if err != nil {
		t.Fatal(err)
	}
	skipped, err := applyAll([]Patch{patchOf(t, "no"), other}, dir)
	const fault = `patches/0009-x.patch: a/b.txt:4: expected "four", found "for"`
	if err != nil || len(skipped) != 1 || skipped[0] != fault {
		t.Errorf("left out %q, %v; want %q", skipped, err, fault)
	}
	if got, err := os.ReadFile(file); err != nil || !strings.HasPrefix(string(got), "ONE\ntwo\nthree\nfor\n") {
		t.Errorf("the other patch is not applied: %q, %v", got, err)
	}
	if _, err := applyAll([]Patch{patchOf(t, "yes")}, dir); err == nil || !strings.Contains(err.Error(), fault) || strings.Contains(err.Error(), "\n") {
		t.Errorf("a required patch: %v", err)
	}
}

func TestParsePatchRefuses(t *testing.T) {
	const head = "Why.\nRequired: no\n"
	for content, want := range map[string]string{
		"":                                                              "p: expected a change in the unified diff format, found none",
		"Why.\n--- a/x\n+++ b/x\n":                                      `p: expected a line "Required: yes" or "Required: no" before the first change`,
		head + "--- a/x\n+++ b/y\n":                                     `p:3: expected "--- a/NAME" and "+++ b/NAME" with the same name`,
		head + "--- /dev/null\n+++ b/y\n":                               `p:3: expected "--- a/NAME" and "+++ b/NAME" with the same name`,
		head + "--- a/../x\n+++ b/../x\n":                               `p:3: "../x" is not the name of a file below the source's folder`,
		head + "--- a/x\n+++ b/x\n":                                     "p: no change to x",
		head + "--- a/x\n+++ b/x\n@@ x @@":                              `p:5: expected "@@ -LINE,LINES +LINE,LINES @@", found "@@ x @@"`,
		head + "--- a/x\n+++ b/x\n@@ -1,2 +1,2 @@\n a\n":                "p:7: expected 2 old and 2 new lines, found 1 and 1",
		head + "--- a/x\n+++ b/x\n@@ -1,2 +1,1 @@\n a\n+b\n-c\n":        "p:8: expected 2 old and 1 new lines, found 2 and 2",
		head + "--- a/x\n+++ b/x\n@@ -1 +1 @@\n!a\n":                    `p:6: expected a line that begins with " ", "-" or "+", found "!a"`,
		head + "--- a/x\n+++ b/x\n@@ -0,0 +1 @@\n+a\n":                  "p:6: expected 0 old and 1 new lines, found 0 and 1",
		head + "--- a/x\n+++ b/x\n@@ -1 +1 @@\n-a\n+b\n+c\n":            `p:8: expected "--- " or "@@ ", found "+c"`,
		head + "--- a/x\n+++ b/x\n@@ -99999999999999999999 +1 @@\n a\n": `p:5: line numbers in "@@ -99999999999999999999 +1 @@" are out of range`,
	} {
		if _, err := ParsePatch("p", content); err == nil || err.Error() != want {
			t.Errorf("%q:\ngot  %v\nwant %s", content, err, want)
		}
	}
	// A blank that an editor has taken from the end of an empty line of context is no fault.
	if p, err := ParsePatch("p", head+"--- a/x\n+++ b/x\n@@ -1,2 +1,2 @@\n\n-a\n+b\n"); err != nil || p.files[0].hunks[0].old[0] != "" {
		t.Errorf("%+v, %v", p, err)
	}
}

func FuzzParsePatch(f *testing.F) {
	patches, err := fs.Glob(patchFiles, "patches/*.patch")
	if err != nil {
		f.Fatal(err)
	}
	for _, name := range patches {
		data, err := patchFiles.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(data))
	}
	f.Fuzz(func(t *testing.T, content string) {
		p, err := ParsePatch("p", content)
		if err != nil && strings.Contains(err.Error(), "\n") && !strings.Contains(content, "\r") {
			t.Errorf("error %q has several lines", err)
		}
		for _, file := range p.files {
			if err == nil && !filepath.IsLocal(file.name) {
				t.Errorf("changes %s", file.name)
			}
		}
	})
}
