package importer

import (
	"archive/zip"
	"bytes"
	"errors"
	"image/color"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
)

// tree writes a folder with a picture or, where the name has no .png, a text at each path.
func tree(t *testing.T, paths ...string) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "photos")
	for i, path := range paths {
		path = filepath.Join(dir, filepath.FromSlash(path))
		if strings.HasSuffix(path, ".png") {
			write(t, path, 40, 40, color.NRGBA{uint8(10 * i), 100, 0, 255})
			continue
		}
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte("text"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// TestReadFolderLayouts: folders are taken as parts, as classes, or refused, and the notes say which.
//
// Promise(files/import)
func TestReadFolderLayouts(t *testing.T) {
	busCar := []string{"bus", "car"}
	for name, c := range map[string]struct {
		paths       []string
		classes     []string
		train, test int
		notes       []string
	}{
		"training_set": {[]string{"training_set/bus/a.png", "training_set/bus/b.png", "training_set/car/a.png", "test_set/bus/c.png", "test_set/car/c.png"}, busCar, 3, 2,
			[]string{"training_set is taken as the training part, and test_set as the test part"}},
		"Trainset":    {[]string{"Trainset/bus/a.png", "Trainset/car/a.png", "Testset/car/c.png"}, busCar, 2, 1, []string{"Trainset is taken as the training part, and Testset"}},
		"seg_train":   {[]string{"seg_train/seg_train/bus/a.png", "seg_train/seg_train/car/a.png", "seg_test/seg_test/bus/c.png", "seg_pred/seg_pred/1.png"}, busCar, 2, 1, []string{"seg_train is taken as the training part, and seg_test as the test part", "the folder seg_pred is left out"}},
		"train_val":   {[]string{"train_data/bus/a.png", "train_data/car/a.png", "val_data/bus/c.png"}, busCar, 2, 1, []string{"val_data is taken as the test part"}},
		"wrapper":     {[]string{"README.md", "fruits/bus/a.png", "fruits/bus/b.png", "fruits/car/a.png"}, busCar, 2, 1, []string{"the classes are in the folder fruits"}},
		"class train": {[]string{"bus/a.png", "bus/b.png", "car/a.png", "train/a.png"}, []string{"bus", "car", "train"}, 2, 2, nil},
		"loose test":  {[]string{"train/bus/a.png", "train/bus/b.png", "train/car/a.png", "test/1.png"}, busCar, 2, 1, []string{"the folder test is left out: it holds no folders by class, so its pictures have no labels"}},
		"loose test_set": {[]string{"training_set/bus/a.png", "training_set/bus/b.png", "training_set/car/a.png", "test_set/1.png"}, busCar, 2, 1,
			[]string{"training_set is taken as the training part", "the folder test_set is left out: it holds no folders by class"}},
		"superlatives":  {[]string{"greatest/a.png", "greatest/b.png", "latest/a.png"}, []string{"greatest", "latest"}, 2, 1, nil},
		"subfolders":    {[]string{"bus/a.png", "bus/x/b.png", "car/y/a.png"}, busCar, 2, 1, []string{"2 of 3 pictures in ", "lie in folders inside their class's"}},
		"same folders":  {[]string{"day/bus/a.png", "day/car/a.png", "night/bus/a.png", "night/car/a.png"}, []string{"day", "night"}, 2, 2, []string{"each of the classes day, night holds the same folders, bus, car: if those are the classes, move them up"}},
		"like no parts": {[]string{"contest/a.png", "trainer/a.png", "car/a.png"}, []string{"car", "contest", "trainer"}, 2, 1, nil},
	} {
		r, err := Read(t.Context(), tree(t, c.paths...), Options{TestShare: 0.33})
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if !slices.Equal(r.Train.Names, c.classes) || r.Train.Len() != c.train || r.Test.Len() != c.test {
			t.Errorf("%s: classes %q, %d and %d images", name, r.Train.Names, r.Train.Len(), r.Test.Len())
		}
		for _, want := range c.notes {
			if !strings.Contains(strings.Join(r.Notes, "\n"), want) {
				t.Errorf("%s: notes %q lack %q", name, r.Notes, want)
			}
		}
	}
	for want, paths := range map[string][]string{
		`has the class "cars", which`:                             {"training_set/car/a.png", "test_set/cars/a.png"},
		"photos: test, train holds no folders":                    {"train/cat.1.png", "test/1.png"},
		"each of bus, car holds the folders test":                 {"bus/train/a.png", "bus/test/a.png", "car/train/a.png", "car/test/a.png"},
		"has the folder test_set and none named train that holds": {"training_set/1.png", "test_set/bus/a.png"},
		"test_set, training_set holds no folders":                 {"training_set/1.png", "test_set/1.png"},
		"photos: test, val holds no folders":                      {"val/1.png", "test/1.png"},
		"may be more than one part":                               {"train_test/bus/a.png", "x/a.png"},
	} {
		if _, err := Read(t.Context(), tree(t, paths...), Options{}); !errors.Is(err, ErrFormat) || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("error %v, want %q", err, want)
		}
	}
}

func TestReadFolderMistakes(t *testing.T) {
	few := tree(t, "bus/a.png", "bus/b.png", "car/a.png")
	if _, err := Read(t.Context(), few, Options{TestShare: 0.99}); !errors.Is(err, ErrArgument) || !strings.Contains(err.Error(), "photos has 3 images: with 99 % of them as test images none is left for training; choose at most 66 (--test-percent)") {
		t.Errorf("99 %%: %v", err)
	}
	if _, err := Read(t.Context(), few, Options{TestShare: 0.66}); err != nil {
		t.Errorf("66 %%: %v", err)
	}
	if _, err := Read(t.Context(), tree(t, "bus/a.png"), Options{}); !errors.Is(err, ErrArgument) || !strings.Contains(err.Error(), "photos has 1 image and no test part") {
		t.Errorf("one image: %v", err)
	}
	if runtime.GOOS != "linux" { // other systems have no such names
		return
	}
	if _, err := Read(t.Context(), tree(t, "bus/a.png", "bus/b.png", "caf\xe9/a.png"), Options{}); !errors.Is(err, ErrFormat) || !strings.Contains(err.Error(), `"caf\xe9" in `) || !strings.Contains(err.Error(), "is not valid UTF-8") {
		t.Errorf("a name in Latin-1: %v", err)
	}
}

// Arrays that are not read are named.
func TestUnusedArrays(t *testing.T) {
	old, err := zip.OpenReader(filepath.Join("testdata", "keras.npz"))
	if err != nil {
		t.Fatal(err)
	}
	defer old.Close()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for _, f := range old.File {
		from, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		data, err := io.ReadAll(from)
		if err != nil {
			t.Fatal(err)
		}
		part, kind, _ := strings.Cut(f.Name[2:], ".")
		names := []string{part + map[byte]string{'x': "_images.", 'y': "_labels."}[f.Name[0]] + kind}
		if part == "test" {
			names = append(names, strings.Replace(names[0], part, "val", 1), "extra_"+f.Name)
		}
		for _, name := range names {
			w, err := z.Create(name)
			if err == nil {
				_, err = w.Write(data)
			}
			if err != nil {
				t.Fatal(err)
			}
		}
	}
	path := filepath.Join(t.TempDir(), "medmnist.npz")
	if err := errors.Join(z.Close(), os.WriteFile(path, b.Bytes(), 0o644)); err != nil {
		t.Fatal(err)
	}
	r, err := Read(t.Context(), path, Options{})
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"the arrays val_images, val_labels are left out: a training holds back", "the arrays extra_x_test, extra_y_test are left out"} {
		if !strings.Contains(strings.Join(r.Notes, "\n"), want) {
			t.Errorf("notes %q lack %q", r.Notes, want)
		}
	}
}
