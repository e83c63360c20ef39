package cli

import (
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// unknown is the error for a word that is not a command below c.
func unknown(c *cobra.Command, word string) error {
	var names []string
	for _, below := range available(c) {
		names = append(names, below.Name())
	}
	hint := DidYouMean(word, "", names)
	if !c.HasParent() {
		return fmt.Errorf("unknown command %q%s %s help lists the commands", word, hint, c.CommandPath())
	}
	if hint == ":" {
		hint = ": expected " + list(names) + ":"
	}
	return fmt.Errorf("%sunknown argument %q%s %s --help explains", prefix(c), word, hint, c.CommandPath())
}

// flagError is a mistake in a command's flags, on one line.
func flagError(c *cobra.Command, err error) error {
	var missing *pflag.NotExistError
	var invalid *pflag.InvalidValueError
	hint := ":"
	switch {
	case errors.As(err, &invalid):
		err = fmt.Errorf("invalid value %q for --%s: expected %s", invalid.GetValue(), invalid.GetFlag().Name, expected(invalid.GetFlag()))
	case errors.As(err, &missing):
		var names []string
		c.Flags().VisitAll(func(f *pflag.Flag) { names = append(names, f.Name) })
		hint = DidYouMean(missing.GetSpecifiedName(), "--", names)
	}
	return fmt.Errorf("%s%w%s %s --help lists the flags", prefix(c), err, hint, c.CommandPath())
}

// expected describes the values that a flag takes.
func expected(f *pflag.Flag) string {
	switch kind := f.Value.Type(); kind {
	case "int":
		return "a whole number"
	case "uint64":
		return "a whole number from 0 to 18446744073709551615"
	case "bool":
		return "true or false"
	default:
		return kind
	}
}

// DidYouMean separates a mistake from the reference to its help: a colon, or a question if some names are close to word.
func DidYouMean(word, dashes string, names []string) string {
	candidates := &cobra.Command{SuggestionsMinimumDistance: 2}
	for _, name := range names {
		candidates.AddCommand(&cobra.Command{Use: name, Run: func(*cobra.Command, []string) {}})
	}
	close := candidates.SuggestionsFor(word)
	if word == "" || len(close) == 0 {
		return ":"
	}
	for i, name := range close {
		close[i] = dashes + name
	}
	return ": did you mean " + list(close) + "?"
}

// list is "a, b or c".
func list(words []string) string {
	last := len(words) - 1
	if last < 1 {
		return strings.Join(words, "")
	}
	return strings.Join(words[:last], ", ") + " or " + words[last]
}
