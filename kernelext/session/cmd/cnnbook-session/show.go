package main

import (
	"fmt"
	"strings"

	"github.com/cnnbook/cnnbook/kernelext"
)

// show shows the values of a cell's last expression: what kernelext displays as that, anything else as Go prints it.
func show(values ...any) error {
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
