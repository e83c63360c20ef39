package pagenet_test

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"image"
	"image/color"
	"math"
	"strings"
	"testing"

	"github.com/cnnbook/cnnbook/cifar"
	"github.com/cnnbook/cnnbook/cifar/picture"
	"github.com/cnnbook/cnnbook/cnn"
	"github.com/cnnbook/cnnbook/cnn/page"
	"github.com/cnnbook/cnnbook/internal/pagenet"
)

// A network that answers by the mean of each channel: is an image red, green or blue?
func Example() {
	network := cnn.Architecture{Input: cnn.Shape{4, 4, 3}, Layers: []cnn.Layer{
		cnn.GlobalAveragePooling2D{Name: "mean"},
		cnn.Activation{Name: "softmax", Function: "softmax"},
	}}
	file, err := page.Encode(network, nil, cnn.Preprocess{Raw: true}, []string{"red", "green", "blue"}, 8)
	if err != nil {
		fmt.Println(err)
		return
	}
	n, err := pagenet.Parse(file)
	if err != nil {
		fmt.Println(err)
		return
	}
	green := make([]byte, n.Pixels())
	for i := 1; i < len(green); i += 3 {
		green[i] = 255
	}
	p := n.Ask(green)
	fmt.Printf("%s: %.4f\n", n.Classes[pagenet.Best(p)], p[1])
	// Output:
	// green: 0.5761
}

// layers has a layer of each kind.
func layers() cnn.Architecture {
	return cnn.Architecture{Name: "all", Input: cnn.Shape{9, 8, 3}, Layers: []cnn.Layer{
		cnn.Conv2D{Name: "conv", Filters: 5, Kernel: 3, Padding: "same", Stride: 2},
		cnn.Activation{Name: "gelu", Function: "gelu"},
		cnn.ZeroPadding2D{Name: "zeros", Top: 1, Left: 2, Right: 1},
		cnn.DepthwiseConv2D{Name: "depthwise", Kernel: 2, Padding: "same", Multiplier: 2},
		cnn.BatchNormalization{Name: "norm"},
		cnn.LeakyReLU{Name: "leaky"},
		cnn.AveragePooling2D{Name: "average", Size: 3, Stride: 1, Padding: "same"},
		cnn.WindowMaxPooling2D{Name: "window", Size: 2, Stride: 1, Padding: "same"},
		cnn.MaxPooling2D{Name: "max", Size: 2},
		cnn.Flatten{Name: "flatten"},
		cnn.Dense{Name: "dense", Units: 3},
		cnn.Activation{Name: "softmax", Function: "softmax"},
	}}
}

func encoded(t testing.TB, a cnn.Architecture, bits int) []byte {
	t.Helper()
	weights, err := a.Initialize(1)
	if err != nil {
		t.Fatal(err)
	}
	classes := make([]string, 3)
	for i := range classes {
		classes[i] = fmt.Sprint("class ", i)
	}
	file, err := page.Encode(a, weights, cnn.Preprocess{}, classes, bits)
	if err != nil {
		t.Fatal(err)
	}
	return file
}

// sealed puts the right checksum at a file's end.
func sealed(data []byte) []byte {
	return binary.LittleEndian.AppendUint32(data[:len(data):len(data)], crc32.ChecksumIEEE(data))
}

// Damage is named with its place. Every cut and every flipped byte is noticed.
func TestParseRefuses(t *testing.T) {
	file := encoded(t, layers(), 8)
	if _, err := pagenet.Parse(file); err != nil {
		t.Fatal(err)
	}
	for n := range len(file) {
		if _, err := pagenet.Parse(file[:n]); !errors.Is(err, pagenet.ErrFormat) {
			t.Fatalf("cut to %d bytes: %v", n, err)
		}
		damaged := append([]byte(nil), file...)
		damaged[n] ^= 0x10
		if _, err := pagenet.Parse(damaged); !errors.Is(err, pagenet.ErrFormat) {
			t.Fatalf("byte %d is another: %v", n, err)
		}
	}
	body := file[:len(file)-4]
	edited := func(at int, values ...byte) []byte {
		data := append([]byte(nil), body...)
		copy(data[at:], values)
		return sealed(data)
	}
	conv := strings.Index(string(body), "conv") + len("conv")
	for want, data := range map[string][]byte{
		"byte 8, header: it does not begin with cnnpage1":                  edited(0, 'C'),
		"the checksum is wrong: the file is damaged":                       append(append([]byte(nil), body...), 1, 2, 3, 4),
		"expected 1 or 3 channels, found 2":                                edited(12, 2, 0),
		`layer 1 ("conv"): stride: expected 1 to 1024, found 0`:            edited(conv+2, 0, 0),
		`layer 1 ("conv"): filters: expected 1 to 4194304, found 16777221`: edited(conv+8, 1),
		`layer 1 ("conv"): weights: expected 8 or 16 bits, found 7`:        edited(conv+9, 7),
		`layer 1 ("conv"): a number is a NaN or an infinity`:               edited(conv+10, 0, 0, 0x80, 0x7f),
		"1 bytes are left over":                                            sealed(append(append([]byte(nil), body...), 0)),
		`layer 1 ("conv"): a window of side 30 does not fit into 9×8`:      edited(conv, 30, 0, 2, 0, 0),
		"more than 67108864 bytes":                                         make([]byte, pagenet.MaxBytes+1),
		`layer 12 ("softmax"): activation 99 is unknown`:                   edited(len(body)-5, 99),
		`layer 1 ("conv"): padding: expected 0 to 1, found 2`:              edited(conv+4, 2),
		`layer 1 ("conv"): kind 77 is unknown`:                             edited(conv-7, 77),
	} {
		if _, err := pagenet.Parse(data); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %s", err, want)
		}
	}
}

// FuzzNetwork feeds any bytes to the parser, as they are and with the right checksum. What it accepts can be asked.
func FuzzNetwork(f *testing.F) {
	for _, bits := range []int{8, 16} {
		file := encoded(f, layers(), bits)
		f.Add(file[:len(file)-4])
	}
	f.Add([]byte(pagenet.Magic))
	f.Fuzz(func(t *testing.T, data []byte) {
		if len(data) > 1<<16 {
			return
		}
		for _, file := range [][]byte{data, sealed(data)} {
			n, err := pagenet.Parse(file)
			if err != nil {
				if !errors.Is(err, pagenet.ErrFormat) {
					t.Fatal(err)
				}
				continue
			}
			if n.Products > 1<<22 {
				continue
			}
			pixels := make([]byte, n.Pixels())
			if got := n.Ask(pixels); len(got) != len(n.Classes) {
				t.Fatalf("%d answers for %d classes", len(got), len(n.Classes))
			}
			o := n.Occlude()
			n.Lit(pixels, o.Map([]float32{o.Drop(pixels, 0, 1, o.Parts()-1)}))
		}
	})
}

// A picture is brought to size as package picture does it for predict and for datasets.
func TestFitIsThatOfPictures(t *testing.T) {
	for _, channels := range []int{1, 3} {
		a := cnn.Architecture{Input: cnn.Shape{6, 5, channels}, Layers: []cnn.Layer{
			cnn.Flatten{Name: "flatten"}, cnn.Dense{Name: "dense", Units: 3}, cnn.Activation{Name: "softmax", Function: "softmax"}}}
		n, err := pagenet.Parse(encoded(t, a, 16))
		if err != nil {
			t.Fatal(err)
		}
		for _, size := range [][2]int{{6, 5}, {40, 23}, {23, 40}, {3, 2}, {1, 9}} {
			img := image.NewNRGBA(image.Rect(0, 0, size[1], size[0]))
			for i := range img.Pix {
				img.Pix[i] = byte(i * i * 7)
			}
			img.SetNRGBA(0, 0, color.NRGBA{200, 100, 50, 0})
			planes, _, err := picture.Fit(img, cifar.Shape{Height: 6, Width: 5, Channels: channels})
			if err != nil {
				t.Fatal(err)
			}
			got := n.Fit(append([]byte(nil), img.Pix...), size[1], size[0])
			if len(got) != len(planes) {
				t.Fatalf("%v: %d values, want %d", size, len(got), len(planes))
			}
			for i, v := range got {
				want := planes[i%channels*30+i/channels]
				if d := int(v) - int(want); d < -1 || d > 1 { // colours times opacity are rounded in another place
					t.Fatalf("%v with %d channels: value %d is %d, want %d", size, channels, i, v, want)
				}
			}
		}
	}
}

// The parts cover every pixel about equally often, and the map is the mean over the parts that cover a pixel.
func TestPartsCoverTheImage(t *testing.T) {
	for _, side := range [][2]int{{32, 32}, {9, 8}, {48, 33}, {2, 3}} {
		a := cnn.Architecture{Input: cnn.Shape{side[0], side[1], 3}, Layers: []cnn.Layer{
			cnn.GlobalAveragePooling2D{Name: "mean"}, cnn.Activation{Name: "softmax", Function: "softmax"}}}
		n, err := pagenet.Parse(encoded(t, a, 8))
		if err != nil {
			t.Fatal(err)
		}
		o := n.Occlude()
		pixels := make([]byte, n.Pixels())
		for i := range pixels {
			pixels[i] = byte(255 * (i / 3 % 2)) // the mean is neither
		}
		covered := make([]int, side[0]*side[1])
		sums := make([]float32, len(covered))
		drops := make([]float32, o.Parts())
		for part := range drops {
			drops[part] = float32(part)
			hidden := o.Hide(pixels, part)
			for i := range covered {
				if hidden[3*i] != pixels[3*i] {
					covered[i]++
					sums[i] += drops[part]
				}
			}
		}
		fall := o.Map(drops)
		for i, n := range covered {
			if n < 1 || n > 4 {
				t.Fatalf("%v: pixel %d is hidden %d times", side, i, n)
			}
			if math.Abs(float64(fall[i]-sums[i]/float32(n))) > 1e-4 {
				t.Fatalf("%v: pixel %d has %g, want %g", side, i, fall[i], sums[i]/float32(n))
			}
		}
	}
}
