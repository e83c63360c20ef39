package importer

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"

	"github.com/cnnbook/cnnbook/cifar"
	"github.com/cnnbook/cnnbook/cifar/picture"
)

// maximum is the most bytes of images that a folder may become.
const maximum = 8 << 30

// pictureFile is a file of a folder.
type pictureFile struct {
	path  string
	label int
}

// readFolder reads a folder of pictures by class: train/CLASS and test/CLASS, or CLASS
// alone. Classes are numbered in the order of their names, as Keras and torchvision do.
func readFolder(ctx context.Context, dir string, o Options) (*source, error) {
	s := &source{format: "a folder of pictures by class"}
	dir, err := s.unwrap(dir)
	if err != nil {
		return nil, err
	}
	trainDir, testDir, err := s.parts(dir)
	if err != nil {
		return nil, err
	}
	names, err := classFolders(trainDir)
	if err != nil {
		return nil, err
	}
	files, err := s.list(trainDir, names)
	if err != nil {
		return nil, err
	}
	if o.Shape == (cifar.Shape{}) {
		o.Shape = cifar.Shape{Height: cifar.Height, Width: cifar.Width, Channels: cifar.Channels}
	}
	var testFiles []pictureFile
	if testDir != "" {
		tested, err := classFolders(testDir)
		if err != nil {
			return nil, err
		}
		for _, name := range tested {
			if !slices.Contains(names, name) {
				return nil, fmt.Errorf("%s has the class %q, which %s has not: %w", testDir, name, trainDir, ErrFormat)
			}
		}
		for _, name := range names {
			if !slices.Contains(tested, name) {
				s.note("class %q has no test images", name)
			}
		}
		if testFiles, err = s.list(testDir, names); err != nil {
			return nil, err
		}
	}
	if total := len(files) + len(testFiles); total > maximum/o.Shape.Bytes() {
		return nil, fmt.Errorf("%w: %d pictures of %s are %d bytes; at most %d fit: choose a smaller size", ErrArgument, total, o.Shape, total*o.Shape.Bytes(), maximum)
	}
	l := loader{options: o, total: len(files) + len(testFiles), notes: map[string]*example{}}
	if s.train, err = l.load(ctx, files, names); err != nil {
		return nil, err
	}
	if testDir != "" {
		if s.test, err = l.load(ctx, testFiles, names); err != nil {
			return nil, err
		}
	}
	return s, l.report(s)
}

// The names of folders that hold a part, in small letters.
var (
	trainNames = []string{"train", "training"}
	validNames = []string{"val", "valid", "validation"}
	testNames  = []string{"test", "testing"}
)

// unwrap goes down into a folder that holds nothing but one other, as archives often do.
func (s *source) unwrap(dir string) (string, error) {
	for range 3 {
		entries, err := os.ReadDir(dir)
		if err != nil {
			return "", err
		}
		only := onlyFolder(entries)
		if only == "" || slices.Contains(slices.Concat(trainNames, validNames, testNames), strings.ToLower(only)) {
			return dir, nil
		}
		inner := filepath.Join(dir, only)
		if names, err := folders(inner); err != nil || len(names) == 0 {
			return dir, err // a single class
		}
		dir = inner
		s.note("the classes are in the folder %s", only)
	}
	return dir, nil
}

// parts finds the folders of training and test images.
func (s *source) parts(dir string) (train, test string, err error) {
	names, err := folders(dir)
	if err != nil {
		return "", "", err
	}
	find := func(wanted []string) string {
		for _, name := range names {
			if slices.Contains(wanted, strings.ToLower(name)) {
				return name
			}
		}
		return ""
	}
	train, test = find(trainNames), find(testNames)
	valid := find(validNames)
	switch {
	case train == "" && test == "" && valid == "":
		return dir, "", nil
	case train == "":
		return "", "", fmt.Errorf("%s has the folder %s and none named train: %w", dir, cmp.Or(test, valid), ErrFormat)
	case test == "" && valid != "":
		test = valid
		s.note("%s is taken as the test part", valid)
	case valid != "":
		s.note("%s is left out: a training holds back validation images by itself", valid)
	}
	for _, name := range names {
		if name != train && name != test && name != valid {
			s.note("the folder %s is left out: it is neither train nor test", name)
		}
	}
	if test != "" {
		test = filepath.Join(dir, test)
	}
	return filepath.Join(dir, train), test, nil
}

// folders lists the folders in a folder, in order.
func folders(dir string) (names []string, err error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	for _, e := range entries {
		info, err := os.Stat(filepath.Join(dir, e.Name())) // of what a link leads to
		if err == nil && info.IsDir() && !hidden(e.Name()) {
			names = append(names, e.Name())
		}
	}
	slices.Sort(names)
	return names, nil
}

func classFolders(dir string) ([]string, error) {
	names, err := folders(dir)
	if err != nil {
		return nil, err
	}
	if len(names) == 0 {
		return nil, fmt.Errorf("%s holds no folders; want one for each class, with its pictures: %w", dir, ErrFormat)
	}
	if len(names) > cifar.MaxClasses {
		return nil, fmt.Errorf("%s holds %d folders; at most %d classes are possible: %w", dir, len(names), cifar.MaxClasses, ErrFormat)
	}
	return names, nil
}

// hidden reports files that systems leave in folders.
func hidden(name string) bool {
	return strings.HasPrefix(name, ".") || strings.EqualFold(name, "thumbs.db") || strings.EqualFold(name, "desktop.ini") || name == "__MACOSX"
}

// list finds the files of all classes, in folders below theirs too.
func (s *source) list(dir string, names []string) (files []pictureFile, err error) {
	skipped := 0
	for label, name := range names {
		class := filepath.Join(dir, name)
		before := len(files)
		if _, err := os.Stat(class); errors.Is(err, fs.ErrNotExist) {
			continue // a class without test images
		}
		err := fs.WalkDir(os.DirFS(class), ".", func(path string, e fs.DirEntry, err error) error {
			switch {
			case err != nil:
				return err
			case path != "." && hidden(e.Name()):
				skipped++
				if e.IsDir() {
					return fs.SkipDir
				}
			case !e.IsDir():
				files = append(files, pictureFile{filepath.Join(class, filepath.FromSlash(path)), label})
			}
			return nil
		})
		if err != nil {
			return nil, fmt.Errorf("reading %s: %w", class, err)
		}
		if len(files) == before {
			return nil, fmt.Errorf("%s holds no pictures; remove the folder or fill it: %w", class, ErrFormat)
		}
	}
	if entries, err := os.ReadDir(dir); err == nil {
		var loose []string
		for _, e := range entries {
			if !e.IsDir() && e.Type().IsRegular() && !hidden(e.Name()) {
				loose = append(loose, e.Name())
			}
		}
		if len(loose) > 0 {
			s.note("files that belong to no class are left out: %s", few(loose))
		}
	}
	if skipped > 0 {
		s.note("hidden files are left out: %d", skipped)
	}
	return files, nil
}

// loader reads pictures, several at a time.
type loader struct {
	options Options
	total   int

	mutex      sync.Mutex
	done       int
	unreadable []string
	notes      map[string]*example // by what was done
}

// example counts the pictures to which the same was done.
type example struct {
	count int
	first string // the least path, whatever the order of reading
}

// load reads the files as one part, in an order that the seed determines: files are listed
// class by class, and whoever takes the first thousand wants all classes.
func (l *loader) load(ctx context.Context, files []pictureFile, names []string) (*cifar.Dataset, error) {
	pixels := make([][]byte, len(files))
	order := shuffle(len(files), l.options.Seed)
	next := make(chan int)
	var workers sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		workers.Go(func() {
			for i := range next {
				pixels[i] = l.read(files[i].path)
			}
		})
	}
	var stopped error
	for i := range files {
		if stopped = ctx.Err(); stopped != nil {
			break
		}
		next <- i
	}
	close(next)
	workers.Wait()
	if stopped != nil {
		return nil, stopped
	}
	var images, labels []byte
	for _, i := range order {
		if pixels[i] != nil {
			images = append(images, pixels[i]...)
			labels = append(labels, byte(files[i].label))
			pixels[i] = nil
		}
	}
	return newDataset(names, l.options.Shape, images, labels), nil
}

// read reads a picture; nil if it cannot be read.
func (l *loader) read(path string) []byte {
	p, err := picture.DecodeFile(path)
	var pixels []byte
	var how string
	if err == nil {
		pixels, how, err = picture.Fit(p.Image, l.options.Shape)
	}
	l.mutex.Lock()
	defer l.mutex.Unlock()
	l.done++
	if l.options.Progress != nil {
		l.options.Progress(l.done, l.total)
	}
	if err != nil {
		l.unreadable = append(l.unreadable, err.Error())
		return nil
	}
	_, how, _ = strings.Cut(how, ": ")
	did := p.Notes
	for part := range strings.SplitSeq(how, ", ") {
		if _, after, ok := strings.Cut(part, " cut out "); ok { // sizes differ from picture to picture
			part = "cut out " + after
		}
		if part != "as it is" {
			did = append(did, part)
		}
	}
	for _, what := range did {
		e := l.notes[what]
		if e == nil {
			e = &example{first: path}
			l.notes[what] = e
		}
		e.count++
		e.first = min(e.first, path)
	}
	return pixels
}

// listed is how many unreadable files a report names.
const listed = 20

// report says what was done to the pictures, and is an error if some cannot be read and
// that was not allowed.
func (l *loader) report(s *source) error {
	whats := make([]string, 0, len(l.notes))
	for what := range l.notes {
		whats = append(whats, what)
	}
	slices.SortFunc(whats, func(a, b string) int {
		return cmp.Or(cmp.Compare(l.notes[b].count, l.notes[a].count), strings.Compare(a, b))
	})
	for _, what := range whats {
		e := l.notes[what]
		s.note("%d of %d pictures: %s; the first is %s", e.count, l.total, what, e.first)
	}
	if len(l.unreadable) == 0 {
		return nil
	}
	slices.Sort(l.unreadable)
	text := strings.Join(l.unreadable[:min(listed, len(l.unreadable))], "; ")
	if more := len(l.unreadable) - listed; more > 0 {
		text += fmt.Sprintf("; and %d more", more)
	}
	if !l.options.SkipUnreadable {
		return fmt.Errorf("%d of %d files cannot be read; remove them, or leave them out with --skip-unreadable: %s: %w", len(l.unreadable), l.total, text, ErrFormat)
	}
	s.note("%d of %d files cannot be read and are left out: %s", len(l.unreadable), l.total, text)
	return nil
}
