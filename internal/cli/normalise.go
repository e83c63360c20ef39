package cli

import (
	"strconv"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// Normalise returns args with two dashes before each option that was written with one: -budget full becomes --budget full,
// and -budget=full becomes --budget=full. Everything else stays unchanged:
//
//   - what follows "--";
//   - the value of an option, whatever it looks like: in --out -x and in -out -x the value is -x;
//   - options of one letter, such as -h, which is short for --help;
//   - numbers, such as -1 and -0.5, and a dash alone.
//
// The command at the beginning of args determines which options have values. An unknown option is treated as one
// without a value, and is an error later.
func Normalise(root *cobra.Command, args []string) []string {
	out := append([]string{}, args...)
	command := root
	for i := 0; i < len(out) && out[i] != "--"; i++ {
		if !strings.HasPrefix(out[i], "-") {
			if below := child(command, out[i]); below != nil {
				command = below
			}
			continue
		}
		name, _, hasValue := strings.Cut(strings.TrimLeft(out[i], "-"), "=")
		if oneDash(out[i]) && len(name) > 1 && !isNumber(out[i]) {
			out[i] = "-" + out[i]
		}
		if flag := lookup(command, out[i], name); flag != nil && flag.NoOptDefVal == "" && !hasValue {
			i++ // its value
		}
	}
	return out
}

// lookup finds the flag that an argument names, by its name or its letter.
func lookup(c *cobra.Command, arg, name string) *pflag.Flag {
	if oneDash(arg) {
		if len(name) != 1 {
			return nil
		}
		return c.Flags().ShorthandLookup(name)
	}
	return c.Flags().Lookup(name)
}

func oneDash(arg string) bool { return strings.HasPrefix(arg, "-") && !strings.HasPrefix(arg, "--") }

func isNumber(arg string) bool {
	_, err := strconv.ParseFloat(arg, 64)
	return err == nil
}
