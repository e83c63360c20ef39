package importer

import (
	"fmt"
	"math"
)

// notBytes refuses pixels of another type than uint8, and says how to save those that
// their values show to be scaled.
func notBytes(images npy, name string) error {
	kinds := map[byte]string{'u': "uint", 'i': "int", 'f': "float"}
	kind := fmt.Sprint(kinds[images.kind[0]], 8*images.width())
	least, most := math.Inf(1), math.Inf(-1)
	for i := range len(images.data) / images.width() {
		v := images.number(i)
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return fmt.Errorf("%s: value %d is %v; want uint8, pixels of 0 to 255: %w", name, i, v, ErrFormat)
		}
		least, most = min(least, v), max(most, v)
	}
	remedy := "save the pixels as they were before they were changed"
	switch {
	case most <= least: // all the same, or none
	case least >= 0 && most > 1 && most <= 255:
		remedy = "save x.round().astype('uint8')"
	case least >= 0 && most <= 1:
		remedy = "if they are pixels divided by 255, save (x*255).round().astype('uint8')"
	case least >= -1 && most <= 1:
		remedy = "if they are pixels divided by 127.5, minus 1, save ((x+1)*127.5).round().astype('uint8')"
	}
	return fmt.Errorf("%s holds values of type %s, from %.4g to %.4g; want uint8, pixels of 0 to 255: %s: %w", name, kind, least, most, remedy, ErrFormat)
}
