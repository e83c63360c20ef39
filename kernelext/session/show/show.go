// Package show shows what the last expression of a cell gives.
package show

import (
	"fmt"
	"os"
	"strings"

	"github.com/cnnbook/cnnbook/kernelext"
)

// Cell does for a program of joined cells what a session does: it shows the values of a cell's last expression, or ends the
// program if the last of them is an error. A last value of nil is not shown.
func Cell(values ...any) {
	if values = checked(values); len(values) > 0 {
		checked([]any{Values(values...)})
	}
}

// Drop ends the program if the last of the values is an error.
func Drop(values ...any) { checked(values) }

// checked gives the values without a last one that is nil.
func checked(values []any) []any {
	n := len(values) - 1
	if n < 0 {
		return values
	}
	if err, ok := values[n].(error); ok {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	if values[n] == nil {
		return values[:n]
	}
	return values
}

// Values shows the values of a cell's last expression: what kernelext displays as that, anything else as Go prints it.
func Values(values ...any) error {
	var plain []string
	for _, v := range values {
		if kernelext.Displayable(v) {
			if err := kernelext.Display(v); err != nil {
				return err
			}
			continue
		}
		plain = append(plain, text(v))
	}
	if len(plain) > 0 {
		fmt.Println(strings.Join(plain, ", "))
	}
	return nil
}
