package cifar_test

import (
	"testing"

	"github.com/cnnbook/cnnbook/cifar"
)

func TestMirrored(t *testing.T) {
	d, _ := cifar.Drawn(1, 3, 1)
	before := d.Fingerprint()
	m := d.Mirrored()
	for i := range d.Len() {
		for y := range cifar.Height {
			for x := range cifar.Width {
				if got, want := m.Image(i).RGBAAt(x, y), d.Image(i).RGBAAt(cifar.Width-1-x, y); got != want {
					t.Fatalf("image %d at %d, %d: %v, expected %v", i, x, y, got, want)
				}
			}
		}
	}
	if d.Fingerprint() != before {
		t.Error("Mirrored changed the dataset itself")
	}
	if m.Fingerprint() == before || m.Mirrored().Fingerprint() != before {
		t.Error("mirrored once it must differ, mirrored twice be the same")
	}
	if m.Class(2) != d.Class(2) || m.Origin[2] != d.Origin[2] || m.Name == d.Name {
		t.Errorf("labels, origins and another name expected, got %v, %v, %q", m.Labels, m.Origin, m.Name)
	}
}

func TestMirroredFollowsTheSizeOfTheImages(t *testing.T) {
	d := &cifar.Dataset{Names: []string{"a"}, Height: 2, Width: 3, Channels: 1, Images: []byte{1, 2, 3, 4, 5, 6}, Labels: []uint8{0}, Origin: []int{0}}
	if got := string(d.Mirrored().Images); got != string([]byte{3, 2, 1, 6, 5, 4}) {
		t.Errorf("mirrored to %v", []byte(got))
	}
}
