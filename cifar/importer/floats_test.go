package importer

import (
	"encoding/binary"
	"errors"
	"math"
	"strings"
	"testing"
)

// Pixels that are not bytes are refused with their range and with what gives bytes.
func TestRefusesScaledPixels(t *testing.T) {
	for want, values := range map[string][]float32{
		"x holds values of type float32, from 0 to 1; want uint8, pixels of 0 to 255: if they are pixels divided by 255, save (x*255)": {0, 0.5, 1},
		"from -1 to 0.5; want uint8, pixels of 0 to 255: if they are pixels divided by 127.5, minus 1, save ((x+1)*127.5)":             {-1, 0.5},
		"from 3 to 254; want uint8, pixels of 0 to 255: save x.round().astype('uint8')":                                                {3, 254},
		"from -2 to 2.1; want uint8, pixels of 0 to 255: save the pixels as they were before":                                          {-2, 2.1},
		"x: value 1 is NaN": {1, float32(math.NaN())},
	} {
		a := npy{kind: "f4", order: binary.BigEndian, shape: []int{1, 1, len(values)}}
		for _, v := range values {
			a.data = binary.BigEndian.AppendUint32(a.data, math.Float32bits(v))
		}
		_, err := arrayPart(a, npy{kind: "u1", shape: []int{1}, data: []byte{0}}, "x", "y")
		if !errors.Is(err, ErrFormat) || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("got %v, want %q", err, want)
		}
	}
}
