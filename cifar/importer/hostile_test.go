package importer

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"image"
	"image/png"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/cnnbook/cnnbook/cifar"
)

// A zip archive of a Windows program, with backslashes in its names, is read as any other; names that lead out are refused.
func TestZipWithBackslashes(t *testing.T) {
	for name, want := range map[string]string{`fruit\plum\`: "", `..\plum\`: "leads out of the archive"} {
		var b bytes.Buffer
		z := zip.NewWriter(&b)
		for i, class := range []string{"apple", "plum"} {
			for j := range 3 {
				w, err := z.Create(strings.ReplaceAll(name, "plum", class) + string('a'+rune(j)) + ".png")
				if err != nil {
					t.Fatal(err)
				}
				if _, err := w.Write(aPicture(t, 8, 8, i+j)); err != nil {
					t.Fatal(err)
				}
			}
		}
		if _, err := z.Create(name); err != nil {
			t.Fatal(err)
		}
		if err := z.Close(); err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(t.TempDir(), "windows.zip")
		if err := os.WriteFile(path, b.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
		r, err := Read(t.Context(), path, Options{})
		switch {
		case want != "":
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%s: got %v, want %q", name, err, want)
			}
		case err != nil:
			t.Errorf("%s: %v", name, err)
		case strings.Join(r.Train.Names, " ") != "apple plum":
			t.Errorf("%s: classes %q", name, r.Train.Names)
		}
	}
}

// Labels that count from 1 leave a class without images, which is named at import.
func TestLabelsFromOne(t *testing.T) {
	labels := npy{kind: "u1", order: binary.LittleEndian, shape: []int{4}, data: []byte{1, 2, 1, 2}}
	images := npy{kind: "u1", order: binary.LittleEndian, shape: []int{4, 1, 1}, data: []byte{1, 99, 200, 255}}
	d, err := arrayPart(images, labels, "x", "y")
	if err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(cifar.Warnings(d, d), "; "); !strings.Contains(got, `1 of 3 classes have no training images; the first is "0"`) {
		t.Errorf("got %q", got)
	}
}

// Classes of the two parts whose names only look the same are written as they differ.
func TestPartsWithAlikeClasses(t *testing.T) {
	dir := t.TempDir()
	for _, path := range []string{"train/caf\u00e9/a.png", "train/bee/a.png", "test/cafe\u0301/a.png", "test/bee/a.png"} {
		if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, path)), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, path), aPicture(t, 8, 8, 1), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := Read(t.Context(), dir, Options{}); err == nil || !strings.Contains(err.Error(), `has the class "cafe\u0301", which`) {
		t.Errorf("got %v", err)
	}
}

// aPicture is a PNG file of many colours.
func aPicture(t *testing.T, width, height, seed int) []byte {
	t.Helper()
	img := image.NewGray(image.Rect(0, 0, width, height))
	for i := range img.Pix {
		img.Pix[i] = byte(i * (37 + 10*seed))
	}
	var b bytes.Buffer
	if err := png.Encode(&b, img); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}
