package importer

import (
	"fmt"
	"path/filepath"

	"github.com/cnnbook/cnnbook/cifar"
)

// readCIFAR10Python reads data_batch_1 to data_batch_5, test_batch and batches.meta.
func readCIFAR10Python(dir string) (*source, error) {
	s := &source{format: "CIFAR-10's pickled batches for Python", named: true}
	names, err := pickledNames(filepath.Join(dir, "batches.meta"), "label_names")
	if err != nil {
		return nil, err
	}
	var images, labels []byte
	for k := 1; k <= 5; k++ {
		i, l, err := pickledBatch(filepath.Join(dir, fmt.Sprintf("data_batch_%d", k)), "labels", len(names))
		if err != nil {
			return nil, err
		}
		images, labels = append(images, i...), append(labels, l...)
	}
	s.train = newDataset(names, shape32, images, labels)
	if images, labels, err = pickledBatch(filepath.Join(dir, "test_batch"), "labels", len(names)); err != nil {
		return nil, err
	}
	s.test = newDataset(names, shape32, images, labels)
	s.train.Name, s.test.Name = "CIFAR-10 for Python, train", "CIFAR-10 for Python, test"
	return s, nil
}

// readCIFAR100Python reads the files train, test and meta.
func readCIFAR100Python(dir string, o Options) (*source, error) {
	coarse, err := wantsCoarse(o)
	if err != nil {
		return nil, err
	}
	key := "fine_label"
	if coarse {
		key = "coarse_label"
	}
	names, err := pickledNames(filepath.Join(dir, "meta"), key+"_names")
	if err != nil {
		return nil, err
	}
	s := source100(coarse)
	s.format += ", for Python"
	for file, part := range map[string]**cifar.Dataset{"train": &s.train, "test": &s.test} {
		images, labels, err := pickledBatch(filepath.Join(dir, file), key+"s", len(names))
		if err != nil {
			return nil, err
		}
		*part = newDataset(names, shape32, images, labels)
	}
	s.name100(coarse)
	return s, nil
}

// pickledDict reads a file that holds one dictionary.
func pickledDict(path string) (*pyDict, error) {
	data, err := readWhole(path)
	if err != nil {
		return nil, err
	}
	value, err := unpickle(data, path)
	if err != nil {
		return nil, err
	}
	d, ok := value.(*pyDict)
	if !ok {
		return nil, fmt.Errorf("%s: it holds no dictionary: %w", path, ErrFormat)
	}
	return d, nil
}

// pickledNames reads a list of class names.
func pickledNames(path, key string) ([]string, error) {
	d, err := pickledDict(path)
	if err != nil {
		return nil, fmt.Errorf("the class names: %w", err)
	}
	list, ok := d.get(key).(*pyList)
	if !ok || len(list.items) == 0 || len(list.items) > cifar.MaxClasses {
		return nil, fmt.Errorf("%s: no list %s of 1 to %d names: %w", path, key, cifar.MaxClasses, ErrFormat)
	}
	names := make([]string, len(list.items))
	for i, item := range list.items {
		if names[i] = textOf(item); names[i] == "" {
			return nil, fmt.Errorf("%s: %s: name %d is empty or no text: %w", path, key, i, ErrFormat)
		}
	}
	return names, nil
}

// pickledBatch reads the array data, whose rows are images as in the binary version, and
// the list of their labels.
func pickledBatch(path, key string, classes int) (images, labels []byte, err error) {
	d, err := pickledDict(path)
	if err != nil {
		return nil, nil, err
	}
	array, ok := d.get("data").(*pyArray)
	if !ok || len(array.shape) != 2 || array.shape[1] != cifar.PixelBytes {
		return nil, nil, fmt.Errorf("%s: no array data of images by %d values: %w", path, cifar.PixelBytes, ErrFormat)
	}
	list, ok := d.get(key).(*pyList)
	if !ok {
		return nil, nil, fmt.Errorf("%s: no list %s: %w", path, key, ErrFormat)
	}
	if n := array.shape[0]; len(list.items) != n || n == 0 {
		return nil, nil, fmt.Errorf("%s: %d labels for %d images: %w", path, len(list.items), n, ErrFormat)
	}
	for i, item := range list.items {
		label, ok := item.(int)
		if !ok {
			return nil, nil, fmt.Errorf("%s: %s: label %d is no whole number: %w", path, key, i, ErrFormat)
		}
		if label < 0 || label >= classes {
			return nil, nil, fmt.Errorf("%s: %s: label %d is %d; want 0 to %d: %w", path, key, i, label, classes-1, ErrFormat)
		}
		labels = append(labels, byte(label))
	}
	return array.data, labels, nil
}
