package cli

import (
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"
)

// testRoot is a program with two commands, one of them below another.
func testRoot() *cobra.Command {
	book := &cobra.Command{Use: "book [flags]", Args: NoArgs, Run: func(*cobra.Command, []string) {}}
	book.Flags().String("out", "", "folder")
	book.Flags().Int("seed", 0, "seed")
	book.Flags().Bool("force", false, "force")
	export := &cobra.Command{Use: "export RUN", Args: OneArg("RUN"), Run: func(*cobra.Command, []string) {}}
	export.Flags().StringP("format", "f", "", "format")
	return Root("A test.", book, Group(&cobra.Command{Use: "runs COMMAND"}, export))
}

func TestNormalise(t *testing.T) {
	for args, want := range map[string]string{
		"":                           "",
		"book -out x":                "book --out x",
		"book --out x":               "book --out x",
		"book -out=x -force":         "book --out=x --force",
		"book -force=false -out -x":  "book --force=false --out -x",
		"book --out -force -force":   "book --out -force --force",
		"book -out -- -force":        "book --out -- --force",
		"book -seed -1":              "book --seed -1",
		"book -seed=-1":              "book --seed=-1",
		"book -1 -12 -0.5 -":         "book -1 -12 -0.5 -",
		"book -h":                    "book -h",
		"book -v":                    "book -v",
		"-h":                         "-h",
		"-help":                      "--help",
		"book -help":                 "book --help",
		"book -unknown -x":           "book --unknown -x",
		"book -- -out x":             "book -- -out x",
		"book -force -- -force":      "book --force -- -force",
		"runs export a -format b":    "runs export a --format b",
		"runs export -format -out a": "runs export --format -out a",
		"runs export -f -out a":      "runs export -f -out a",
		"runs export book -out":      "runs export book --out",
		"__complete book -out -x":    "__complete book --out -x",
		"book ---out":                "book ---out",
		"-out x book":                "--out x book",
	} {
		given := strings.Fields(args)
		got := Normalise(testRoot(), given)
		if !slices.Equal(got, strings.Fields(want)) {
			t.Errorf("%s: %q, want %q", args, got, want)
		}
		if !slices.Equal(given, strings.Fields(args)) {
			t.Errorf("%s: the arguments were changed to %q", args, given)
		}
		if !slices.Equal(Normalise(testRoot(), got), got) {
			t.Errorf("%s: not the same the second time", args)
		}
	}
}

func TestList(t *testing.T) {
	for want, words := range map[string][]string{"": nil, "a": {"a"}, "a or b": {"a", "b"}, "a, b or c": {"a", "b", "c"}} {
		if got := list(words); got != want {
			t.Errorf("%q: %q, want %q", words, got, want)
		}
	}
}
