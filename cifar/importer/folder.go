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
	"unicode"
	"unicode/utf8"

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
	dir, err := s.unwrap(dir, isPart)
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
				return nil, fmt.Errorf("%s has the class %+q, which %s has not; give both the same classes, or other names if they are no parts: %w", testDir, name, trainDir, ErrFormat)
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

// part is a part of a dataset: what a folder is called that holds it, and what else its name may contain.
type part struct{ names, words []string }

var (
	trainPart = part{trainNames, []string{"train"}}
	testPart  = part{testNames, []string{"test"}}
	validPart = part{validNames, []string{"valid"}}
)

// is reports whether a folder has the part's very name.
func (p part) is(name string) bool { return slices.Contains(p.names, strings.ToLower(name)) }

// like reports whether a folder's name stands for the part, as training_set and seg_test do.
func (p part) like(name string) bool {
	name = strings.ToLower(name)
	words := strings.FieldsFunc(name, func(r rune) bool { return !unicode.IsLetter(r) })
	return slices.ContainsFunc(words, p.is) || slices.ContainsFunc(p.words, func(w string) bool { return strings.Contains(name, w) })
}

// find chooses the folder of that name, or the only one whose name is like it; "" for none.
func (p part) find(folders []string) string {
	if i := slices.IndexFunc(folders, p.is); i >= 0 {
		return folders[i]
	}
	like := slices.DeleteFunc(slices.Clone(folders), func(name string) bool { return !p.like(name) })
	if len(like) != 1 {
		return ""
	}
	return like[0]
}

// isPart reports whether a folder's name is that of a part.
func isPart(name string) bool { return trainPart.is(name) || testPart.is(name) || validPart.is(name) }

// likePart reports whether a folder's name is like that of a part.
func likePart(name string) bool {
	return trainPart.like(name) || testPart.like(name) || validPart.like(name)
}

// unwrap goes down into a folder that holds no pictures and one other folder, as archives often do.
func (s *source) unwrap(dir string, stop func(name string) bool) (string, error) {
	for range 3 {
		entries, err := os.ReadDir(dir)
		if err != nil {
			return "", err
		}
		only := onlyFolder(entries)
		if only == "" || stop(only) {
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

// parts finds the folders of training and test images. A folder without folders is no part.
func (s *source) parts(dir string) (train, test string, err error) {
	names, err := folders(dir)
	if err != nil {
		return "", "", err
	}
	var holding []string // folders with folders
	for _, name := range names {
		inside, err := folders(filepath.Join(dir, name))
		if err != nil {
			return "", "", err
		}
		if len(inside) > 0 {
			holding = append(holding, name)
		}
	}
	train, test = trainPart.find(holding), testPart.find(holding)
	valid := validPart.find(holding)
	if valid == train || valid == test {
		valid = ""
	}
	// Parts by name, whatever they hold: all folders are called so, as training_set and test_set.
	named := !slices.ContainsFunc(names, func(name string) bool { return !likePart(name) }) &&
		trainPart.find(names) != "" && cmp.Or(testPart.find(names), validPart.find(names)) != ""
	switch {
	case train == "" && (testPart.is(test) || validPart.is(valid) || named && test+valid != ""):
		return "", "", fmt.Errorf("%s has the folder %s and none named train that holds a folder for each class: %w", dir, cmp.Or(test, valid), ErrFormat)
	case len(holding) == 0 && (named || len(names) > 0 && !slices.ContainsFunc(names, func(name string) bool { return !isPart(name) })):
		return "", "", fmt.Errorf("%s: %s holds no folders; want one for each class, with its pictures, as %s/CLASS: %w", dir, few(names), names[0], ErrFormat)
	case train == "", !trainPart.is(train) && test == "" && valid == "" && !named:
		return dir, "", nil
	case train == test:
		return "", "", fmt.Errorf("%s: the folder %s may be more than one part; call the parts train and test: %w", dir, train, ErrFormat)
	case test == "" && valid != "":
		test, valid = valid, ""
		s.note("%s is taken as the test part", test)
	case valid != "":
		s.note("%s is left out: a training holds back validation images by itself", valid)
	}
	if test == "" && !trainPart.is(train) {
		s.note("%s is taken as the training part", train)
	}
	if test != "" && !(trainPart.is(train) && isPart(test)) {
		s.note("%s is taken as the training part, and %s as the test part", train, test)
	}
	for _, name := range names {
		switch {
		case name == train || name == test || name == valid:
		case slices.Contains(holding, name):
			s.note("the folder %s is left out: it is neither train nor test", name)
		default:
			s.note("the folder %s is left out: it holds no folders by class, so its pictures have no labels", name)
		}
	}
	never := func(string) bool { return false }
	if test != "" {
		if test, err = s.unwrap(filepath.Join(dir, test), never); err != nil {
			return "", "", err
		}
	}
	train, err = s.unwrap(filepath.Join(dir, train), never)
	return train, test, err
}

// folders lists the folders in a folder, in order.
func folders(dir string) (names []string, err error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	for _, e := range entries {
		if e.Type().IsRegular() {
			continue
		}
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
	for _, name := range names {
		if !utf8.ValidString(name) {
			return nil, fmt.Errorf("%q in %s is not valid UTF-8, and cannot be a class's name; rename the folder: %w", name, dir, ErrFormat)
		}
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
	if err := s.sameFolders(dir, names); err != nil {
		return nil, err
	}
	skipped, below := 0, 0
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
				if strings.Contains(path, "/") {
					below++
				}
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
	if below > 0 {
		s.note("%d of %d pictures in %s lie in folders inside their class's; they count as that class", below, len(files), dir)
	}
	if skipped > 0 {
		s.note("hidden files are left out: %d", skipped)
	}
	return files, nil
}

// sameFolders looks for classes that hold no pictures but the same folders each: the classes may
// be those folders. Where names are like those of parts, that is an error.
func (s *source) sameFolders(dir string, names []string) error {
	var same []string
	for _, name := range names {
		class := filepath.Join(dir, name)
		entries, err := os.ReadDir(class)
		if errors.Is(err, fs.ErrNotExist) {
			continue // a class without test images
		}
		if err != nil {
			return err
		}
		inside, err := folders(class)
		if err != nil {
			return err
		}
		if len(inside) == 0 || same != nil && !slices.Equal(inside, same) || slices.ContainsFunc(entries, isPicture) {
			return nil
		}
		same = inside
	}
	if len(names) < 2 || len(same) == 0 {
		return nil
	}
	if parts := slices.DeleteFunc(slices.Concat(names, same), func(name string) bool { return !likePart(name) }); len(parts) > 1 {
		return fmt.Errorf("%s: each of %s holds the folders %s, and %s may be parts; want CLASS/*, or train/CLASS/* and test/CLASS/*: %w", dir, few(names), few(same), few(parts), ErrFormat)
	}
	s.note("each of the classes %s holds the same folders, %s: if those are the classes, move them up", few(names), few(same))
	return nil
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
