package main

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/cnnbook/cnnbook/internal/cli"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// words are those of a command line that name a command, without the program.
func words(c *cobra.Command) []string {
	var path []string
	for ; c.HasParent(); c = c.Parent() {
		path = append([]string{c.Name()}, path...)
	}
	return path
}

// Each command answers every way of asking for help alike, on standard output and without an error.
func TestEveryCommandHasHelp(t *testing.T) {
	seen := 0
	for c := range cli.Walk(commands()) {
		seen++
		path := words(c)
		want, _, err := call(t, append([]string{"help"}, path...)...)
		if err != nil || !strings.HasPrefix(want, "Usage: go run . "+strings.Join(path, " ")) {
			t.Errorf("help %v: %v, %q", path, err, want)
		}
		if !strings.Contains(want, "\nExample:\n  go run . ") || !strings.Contains(want, "  -h, --help ") {
			t.Errorf("help %v lacks an example or flags:\n%s", path, want)
		}
		for _, ask := range []string{"-h", "--help", "-help"} {
			out, errs, err := call(t, append(slices.Clone(path), ask)...)
			if err != nil || out != want || errs != "" {
				t.Errorf("%v %s: %v, %q on standard error, and on standard output\n%s", path, ask, err, errs, out)
			}
		}
	}
	if seen < 25 {
		t.Errorf("walked over %d commands", seen)
	}
}

// A group of commands, without one of them, shows its help.
func TestGroupsShowTheirHelp(t *testing.T) {
	for _, path := range [][]string{nil, {"data"}, {"kernel"}, {"runs"}, {"completion"}} {
		want, _, _ := call(t, append([]string{"help"}, path...)...)
		if out, _, err := call(t, path...); err != nil || out != want {
			t.Errorf("%v: %v, %q", path, err, out)
		}
	}
}

// Examples in help are command lines that can be typed.
func TestExamplesParse(t *testing.T) {
	for c := range cli.Walk(commands()) {
		for line := range strings.Lines(c.Example) {
			parses(t, "help of "+c.CommandPath(), line)
		}
	}
}

// parses checks that a line names a command, flags that it has, and as many words as it takes.
func parses(t *testing.T, where, line string) {
	t.Helper()
	root := commands()
	c, rest, err := root.Find(cli.Normalise(root, strings.Fields(line)))
	if err == nil {
		err = c.ParseFlags(rest)
	}
	if err == nil {
		err = c.ValidateArgs(c.Flags().Args())
	}
	if err != nil {
		t.Errorf("%s: %s: %v", where, strings.TrimSpace(line), err)
	}
}

// Every command line in documents, workflows and scripts is accepted.
func TestDocumentedCommandLinesParse(t *testing.T) {
	var files []string
	for _, pattern := range []string{"*.md", "docs/*.md", "docker/*.md", "notebooks/*.md", "notebooks/*.ipynb", ".github/workflows/*", ".ci/run", "docker/templates/*", "internal/bench/*"} {
		found, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, found...)
	}
	seen := map[string]int{}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, line := range commandLines(string(text)) {
			seen[file]++
			parses(t, file, line)
		}
	}
	if seen["README.md"] < 5 || seen["docs/JUPYTER.md"] < 5 || seen["docs/PERFORMANCE.md"] < 5 || seen[".ci/run"] < 2 {
		t.Errorf("command lines found: %v", seen)
	}
}

// commandLines are the command lines of this program in a document, each up to what ends it in a shell or in prose.
func commandLines(text string) (lines []string) {
	for _, match := range regexp.MustCompile("go run \\.((?: [^\\n`#…&;|:,\\\\]+)?)").FindAllStringSubmatch(text, -1) {
		lines = append(lines, strings.ReplaceAll(match[1], `"`, ""))
	}
	return lines
}

// A mistake gives one line with a suggestion or a reference to help; nothing else is printed.
func TestSuggestions(t *testing.T) {
	for line, want := range map[string]string{
		"bok":                    `unknown command "bok": did you mean book?`,
		"hlp":                    `did you mean help?`,
		"stup":                   `did you mean setup?`,
		"runs lst":               `runs: unknown argument "lst": did you mean list? go run . runs --help`,
		"kernel paint":           `kernel: unknown argument "paint": expected install, list or remove`,
		"help runs exprt":        `did you mean export?`,
		"book --budgt full":      `book: unknown flag: --budgt: did you mean --budget? go run . book --help lists the flags`,
		"book -budgt full":       `did you mean --budget?`,
		"runs export x --formt=": `did you mean --format?`,
		"lab --zzzzzz":           `lab: unknown flag: --zzzzzz: go run . lab --help lists the flags`,
		"book -seed -1":          `book: invalid value "-1" for --seed: expected a whole number from 0`,
		"book --force=maybe":     `book: invalid value "maybe" for --force: expected true or false: go run . book --help`,
		"lab --port":             `lab: flag needs an argument: --port: go run . lab --help lists the flags`,
		"--zzzzzz":               `unknown flag: --zzzzzz: go run . --help lists the flags`,
	} {
		out, errs, err := call(t, strings.Fields(line)...)
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\n") || out+errs != "" {
			t.Errorf("%s: got %v and %q, want one line with %s", line, err, out+errs, want)
		}
	}
}

// Each flag of each command means the same with one dash and with two, before a blank and before "=".
func TestOneDashOrTwo(t *testing.T) {
	seen := 0
	for c := range cli.Walk(commands()) {
		c.LocalFlags().VisitAll(func(f *pflag.Flag) {
			value := map[string]string{"string": "-x", "stringSlice": "-x", "int": "-3", "uint64": "7", "float64": "0.5", "bool": "true"}[f.Value.Type()]
			if value == "" {
				t.Fatalf("%s --%s: no value of type %s", c.CommandPath(), f.Name, f.Value.Type())
			}
			forms := [][]string{{"-" + f.Name + "=" + value}, {"--" + f.Name + "=" + value}}
			if f.Value.Type() == "bool" {
				forms = append(forms, []string{"-" + f.Name}, []string{"--" + f.Name})
			} else if f.NoOptDefVal == "" { // otherwise the value is optional, and only "=" joins one
				forms = append(forms, []string{"-" + f.Name, value}, []string{"--" + f.Name, value})
			}
			for _, form := range forms {
				seen++
				root := commands()
				again, rest, err := root.Find(cli.Normalise(root, slices.Concat(words(c), form, []string{"word"})))
				if err == nil {
					err = again.ParseFlags(rest)
				}
				if err != nil || again.CommandPath() != c.CommandPath() {
					t.Errorf("%s %v: %v, %s", c.CommandPath(), form, err, again.CommandPath())
					continue
				}
				if got := again.Flags().Lookup(f.Name); strings.Trim(got.Value.String(), "[]") != value || !slices.Equal(again.Flags().Args(), []string{"word"}) {
					t.Errorf("%s %v: %s, and words %q", c.CommandPath(), form, got.Value, again.Flags().Args())
				}
			}
		})
	}
	if seen < 200 {
		t.Errorf("tried %d spellings", seen)
	}
}

func TestCompletionScripts(t *testing.T) {
	for _, shell := range []string{"bash", "zsh", "fish", "powershell"} {
		out, errs, err := call(t, "completion", shell)
		if err != nil || errs != "" || len(out) < 1000 || !strings.Contains(out, "cnnbook") {
			t.Errorf("%s: %v, %q, %d bytes", shell, err, errs, len(out))
		}
	}
}

// A shell that asks what can follow gets commands, flags and values.
func TestCompletedWords(t *testing.T) {
	root := t.TempDir()
	t.Setenv("CNNBOOK_RUNS", root)
	if err := os.MkdirAll(filepath.Join(root, "base-0123456789ab"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(root, "base-0123456789ab", "manifest.json"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	for line, want := range map[string]string{
		"":                              "book train runs completion help",
		"runs ":                         "list show verify rm export import",
		"runs show ":                    "base-0123456789ab",
		"runs export ":                  "base-0123456789ab",
		"runs export base -format ":     "run safetensors csv keras onnx npz",
		"runs export base --format=":    "keras",
		"book --budget ":                "smoke cpu hours full",
		"train -budget ":                "smoke cpu hours full",
		"train --recipe ":               "base quick improved fast",
		"book --only ":                  "02-data-and-splits",
		"book --bud":                    "--budget",
		"help runs ":                    "export",
		"completion ":                   "bash zsh fish powershell",
		"bench --precision ":            "bfloat16",
		"runs show base-0123456789ab x": "",
	} {
		out, _, err := call(t, append([]string{"__complete"}, strings.Split(line, " ")...)...)
		var offered []string
		for text := range strings.Lines(out) {
			word, _, _ := strings.Cut(strings.TrimSpace(text), "\t")
			offered = append(offered, word)
		}
		for _, word := range strings.Fields(want) {
			if err != nil || !slices.Contains(offered, word) {
				t.Errorf("%q: %v, offered %q, want %s", line, err, offered, word)
			}
		}
		if want == "" && (len(offered) != 1 || err != nil) {
			t.Errorf("%q: %v, offered %q", line, err, offered)
		}
	}
}
