package cifar

import "fmt"

// dimBelow is the value that some pixel of any photographs reaches. Where none does, the pixels were
// divided, or are a mask or another table of small numbers.
const dimBelow = 64

// Dim returns the largest value of all pixels if it is so small that they hardly are
// values from 0 to 255, and 0 otherwise.
func (d *Dataset) Dim() byte {
	var most byte
	for _, v := range d.Images {
		if most = max(most, v); most >= dimBelow {
			return 0
		}
	}
	return most
}

// dimWarning says in one line what is wrong with a part, "training" or "test", whose largest value is so small, and what
// to do; it is empty for 0.
func dimWarning(part string, most byte) string {
	if most == 0 {
		return ""
	}
	times := fmt.Sprintf("255/%d", most)
	if 255%int(most) == 0 {
		times = fmt.Sprint(255 / int(most))
	}
	return fmt.Sprintf("warning: the pixels of all %s images are from 0 to %d, where 0 to 255 is expected: they may be scaled down, or a mask; "+
		"multiply them by %s, round them, save them as uint8, and import them again", part, most, times)
}
