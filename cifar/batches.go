package cifar

import (
	"fmt"
	"io"
	"slices"
	"strings"
)

// folderName is the folder of the binary version in the official archive.
const folderName = "cifar-10-batches-bin"

// trainFiles returns the names of the five training files in order.
func trainFiles() []string {
	return []string{"data_batch_1.bin", "data_batch_2.bin", "data_batch_3.bin", "data_batch_4.bin", "data_batch_5.bin"}
}

const testFile = "test_batch.bin"

// batchFiles returns all six, the test file last.
func batchFiles() []string { return append(trainFiles(), testFile) }

// batch is the content of one file.
type batch struct {
	images []byte
	labels []uint8
}

// readBatch reads a whole file of the official layout: see [layout.readBatch].
func readBatch(r io.Reader, name string, size int64) (batch, error) {
	return officialLayout().readBatch(r, name, size)
}

// readBatch reads a whole file of 1 to l.records records. size is the announced
// number of bytes, or negative; it is only a hint for allocation.
func (l layout) readBatch(r io.Reader, name string, size int64) (batch, error) {
	if size > int64(l.records)*int64(l.recordBytes()) {
		return batch{}, l.tooLong(name)
	}
	hint := max(0, int(size/int64(l.recordBytes())))
	b := batch{images: make([]byte, 0, hint*l.shape.Bytes()), labels: make([]uint8, 0, hint)}
	records := l.reader(r, name)
	for {
		label, pixels, err := records.next()
		if err == io.EOF {
			break
		}
		if err != nil {
			return batch{}, err
		}
		if records.Records() > l.records {
			return batch{}, l.tooLong(name)
		}
		b.labels = append(b.labels, label)
		b.images = append(b.images, pixels...)
	}
	if len(b.labels) == 0 {
		return batch{}, fmt.Errorf("%s: the file is empty; want 1 to %d records of %d bytes: %w",
			name, l.records, l.recordBytes(), ErrFormat)
	}
	return b, nil
}

func (l layout) tooLong(name string) error {
	return fmt.Errorf("%s: more than %d records (%d bytes), the most that a %s file holds: %w",
		name, l.records, l.records*l.recordBytes(), l.what, ErrFormat)
}

// assemble makes the two datasets out of the six files' content, by file name.
// It removes each file from the map as it goes, so that the peak of memory is
// little more than the datasets themselves.
//
// A label without a class name is an error. Drawn images without their mark are recognised.
func assemble(files map[string]batch, mark mark) (train, test *Dataset, err error) {
	if err := checkLabels(files, len(mark.classNames())); err != nil {
		return nil, nil, err
	}
	train = joinBatches(files, trainFiles(), mark.label("train", TrainRecords), mark)
	test = joinBatches(files, []string{testFile}, mark.label("test", TestRecords), mark)
	if !mark.drawn {
		recognise(train, test)
	}
	return train, test, nil
}

func joinBatches(files map[string]batch, names []string, label func(n int) string, mark mark) *Dataset {
	n := 0
	for _, name := range names {
		n += len(files[name].labels)
	}
	shape := mark.layout().shape
	d := &Dataset{
		Name:   label(n),
		Drawn:  mark.drawn,
		Names:  mark.classNames(),
		Images: make([]byte, 0, n*shape.Bytes()),
		Labels: make([]uint8, 0, n),
		Origin: identity(n),
	}
	d.setShape(shape)
	for _, name := range names {
		b := files[name]
		delete(files, name)
		d.Images = append(d.Images, b.images...)
		d.Labels = append(d.Labels, b.labels...)
	}
	return d
}

// otherData is the error for something that may be another dataset.
type otherData struct{ error }

func (o otherData) Unwrap() error { return o.error }

// missingFiles explains which files are missing, from the names that are there:
// another version of the data, some files of the set, or none.
func missingFiles(where string, has func(name string) bool, names []string) error {
	var missing []string
	for _, name := range batchFiles() {
		if !has(name) {
			missing = append(missing, name)
		}
	}
	if len(missing) == 0 {
		return nil
	}
	if other := otherVersion(names); other != "" {
		return otherData{fmt.Errorf("%s holds %s; want the binary version of CIFAR-10 (%s): %w",
			where, other, ArchiveName, ErrFormat)}
	}
	for _, name := range missing {
		if i := slices.IndexFunc(names, func(other string) bool { return strings.EqualFold(other, name) }); i >= 0 {
			return fmt.Errorf("%s holds %s; rename it to %s: %w", where, names[i], name, ErrNotFound)
		}
	}
	if len(missing) == len(batchFiles()) {
		return otherData{fmt.Errorf("%s holds no CIFAR-10: want a folder %s with data_batch_1.bin to data_batch_5.bin and %s, or %s: %w",
			where, folderName, testFile, ArchiveName, ErrNotFound)}
	}
	return fmt.Errorf("%s lacks %s; get the dataset again: %w", where, strings.Join(missing, ", "), ErrNotFound)
}

// otherVersion names the dataset that a folder or archive with these names holds,
// if it is a relative of the right one.
func otherVersion(names []string) string {
	switch {
	case slices.ContainsFunc(names, func(s string) bool { return strings.HasPrefix(s, "cifar-100") }),
		slices.Contains(names, "train.bin") && slices.Contains(names, "test.bin"):
		return "CIFAR-100"
	case slices.Contains(names, "cifar-10-batches-py"), slices.Contains(names, "data_batch_1"):
		return "the Python version of CIFAR-10 (pickled batches)"
	case slices.Contains(names, "cifar-10-batches-mat"), slices.Contains(names, "data_batch_1.mat"):
		return "the MATLAB version of CIFAR-10"
	}
	return ""
}
