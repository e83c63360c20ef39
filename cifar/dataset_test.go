package cifar

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"image/color"
	"slices"
	"strings"
	"testing"
)

// tiny makes a dataset of n images whose pixels encode index, channel and position.
func tiny(n int) *Dataset {
	d := &Dataset{Name: "tiny", Names: classNames(), Origin: identity(n)}
	for i := range n {
		d.Labels = append(d.Labels, uint8(i%Classes))
		for b := range PixelBytes {
			d.Images = append(d.Images, byte(i*7+b/PlaneBytes*31+b%251))
		}
	}
	return d
}

func TestImageIsChannelFirst(t *testing.T) {
	d := tiny(3)
	const x, y = 5, 9
	at := 2*PixelBytes + y*Width + x
	d.Images[at], d.Images[at+PlaneBytes], d.Images[at+2*PlaneBytes] = 10, 20, 30
	if got, want := d.Image(2).RGBAAt(x, y), (color.RGBA{10, 20, 30, 255}); got != want {
		t.Errorf("pixel (%d, %d) is %v, want %v", x, y, got, want)
	}
	if got := d.Pixels(2); len(got) != PixelBytes || cap(got) != PixelBytes {
		t.Errorf("Pixels has length %d and capacity %d, want both %d", len(got), cap(got), PixelBytes)
	}
}

func TestSubset(t *testing.T) {
	d := tiny(12)
	s, err := d.Subset([]int{11, 3, 3})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Check(); err != nil {
		t.Error(err)
	}
	if !slices.Equal(s.Origin, []int{11, 3, 3}) || !slices.Equal(s.Labels, []uint8{1, 3, 3}) {
		t.Errorf("origins %v, labels %v", s.Origin, s.Labels)
	}
	again, err := s.Subset([]int{0})
	if err != nil || again.Origin[0] != 11 {
		t.Errorf("the subset of a subset has origin %v (error %v), want 11", again.Origin, err)
	}
	s.Images[0]++
	if s.Images[0] == d.Pixels(11)[0] {
		t.Error("a subset shares pixels with its dataset")
	}
	for _, bad := range [][]int{{-1}, {0, 12}} {
		if _, err := d.Subset(bad); !errors.Is(err, ErrArgument) {
			t.Errorf("Subset(%v): %v, want ErrArgument", bad, err)
		}
	}
}

func TestHead(t *testing.T) {
	d := tiny(4)
	for _, test := range []struct{ n, want int }{{-1, 0}, {0, 0}, {3, 3}, {4, 4}, {9, 4}} {
		if got := d.Head(test.n).Len(); got != test.want {
			t.Errorf("Head(%d) has %d images, want %d", test.n, got, test.want)
		}
	}
}

func TestCheck(t *testing.T) {
	tests := []struct {
		name   string
		change func(*Dataset)
		want   string
	}{
		{"pixels", func(d *Dataset) { d.Images = d.Images[1:] }, "3 labels and 9215 bytes of images; want 9216"},
		{"origin", func(d *Dataset) { d.Origin = nil }, "3 labels and 0 origins"},
		{"label", func(d *Dataset) { d.Labels[1] = 10 }, "image 1 has label 10; there are 10 class names"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			d := tiny(3)
			test.change(d)
			err := d.Check()
			if !errors.Is(err, ErrArgument) || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want ErrArgument with %q", err, test.want)
			}
		})
	}
	if err := tiny(3).Check(); err != nil {
		t.Error(err)
	}
}

// TestFingerprint computes the documented definition in another way.
func TestFingerprint(t *testing.T) {
	d := tiny(2)
	var text []byte
	text = append(text, "cnnbook dataset 1\n"...)
	text = binary.LittleEndian.AppendUint64(text, 10)
	for _, name := range strings.Fields("plane car bird cat deer dog frog horse boat truck") {
		text = append(binary.LittleEndian.AppendUint64(text, uint64(len(name))), name...)
	}
	text = binary.LittleEndian.AppendUint64(text, 2)
	text = append(append(text, d.Labels...), d.Images...)
	sum := sha256.Sum256(text)
	if got, want := d.Fingerprint(), hex.EncodeToString(sum[:]); got != want {
		t.Errorf("fingerprint %s, want %s", got, want)
	}
	before := d.Fingerprint()
	d.Name, d.Drawn, d.Origin = "other", true, nil
	if d.Fingerprint() != before {
		t.Error("the fingerprint depends on more than content")
	}
	for _, change := range []func(){
		func() { d.Images[5000] ^= 1 }, func() { d.Labels[1]++ }, func() { d.Names[3] = "tiger" },
	} {
		before := d.Fingerprint()
		if change(); d.Fingerprint() == before {
			t.Error("a change of content leaves the fingerprint as it was")
		}
	}
}

func TestStats(t *testing.T) {
	d := &Dataset{Name: "two", Drawn: true, Names: []string{"a", "b", "c"}, Labels: []uint8{2, 0}}
	d.Images = make([]byte, 2*PixelBytes)
	for i := range PlaneBytes {
		d.Images[i] = 100                         // red: 100 and 0
		d.Images[PixelBytes+2*PlaneBytes+i] = 255 // blue: 0 and 255
	}
	s := d.Stats()
	if want := [Channels]float64{50, 0, 127.5}; s.Mean != want || s.Std != want { // two values: half the distance
		t.Errorf("mean %v, standard deviation %v, want both %v", s.Mean, s.Std, want)
	}
	if !slices.Equal(s.PerClass, []int{1, 0, 1}) {
		t.Errorf("images of each class %v", s.PerClass)
	}
	if text := s.String(); !strings.Contains(text, "drawn by a program, not photographs") {
		t.Errorf("the table does not say that the data is drawn:\n%s", text)
	}
	if empty := new(Dataset).Stats(); empty.Images != 0 || empty.Mean != [Channels]float64{} {
		t.Errorf("statistics of nothing: %+v", empty)
	}
}

func TestOfClass(t *testing.T) {
	d, _ := Drawn(1, 40, 10)
	cats, err := d.OfClass("cat")
	if err != nil || cats.Len() == 0 {
		t.Fatalf("%v", err)
	}
	want := 0
	for i := range d.Len() {
		if d.Class(i) == "cat" {
			want++
		}
	}
	if cats.Len() != want {
		t.Errorf("%d images, want %d", cats.Len(), want)
	}
	for i := range cats.Len() {
		if cats.Class(i) != "cat" || d.Class(cats.Origin[i]) != "cat" {
			t.Errorf("image %d is a %s, from image %d", i, cats.Class(i), cats.Origin[i])
		}
	}
	if _, err := d.OfClass("unicorn"); !errors.Is(err, ErrArgument) || !strings.Contains(err.Error(), "cat, ") {
		t.Errorf("%v, expected ErrArgument and the classes", err)
	}
}
