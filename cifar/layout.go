package cifar

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode"
)

// infoFile lies beside the batch files of a dataset that CIFAR-10's layout cannot hold.
const infoFile = "dataset.json"

// layout is what the files of a folder may hold.
type layout struct {
	what      string // whose files they are, for messages
	shape     Shape
	classes   int // labels are below
	records   int // the most records of a file
	metaBytes int // the most bytes of metaFile
}

func officialLayout() layout {
	return layout{what: "CIFAR-10", shape: officialShape(), classes: Classes, records: FileRecords, metaBytes: metaBytes}
}

// infoWhat marks the layout of a folder with an infoFile, and infoBytes is the most bytes of one
// of its batch files: it stops a sparse file from being loaded.
const (
	infoWhat  = "dataset"
	infoBytes = 8 << 30
)

func infoLayout(s Shape) layout {
	return layout{what: infoWhat, shape: s, classes: MaxClasses, records: infoBytes / (1 + s.Bytes()), metaBytes: metaBytesMore}
}

// layoutFor chooses CIFAR-10's layout wherever it can hold the datasets.
func layoutFor(train, test *Dataset) layout {
	l := officialLayout()
	if train.Shape() == l.shape && len(train.Names) <= l.classes && train.Len() <= TrainRecords && test.Len() <= TestRecords {
		return l
	}
	return infoLayout(train.Shape())
}

// layout is that of the folder.
func (m mark) layout() layout {
	if m.info == nil {
		return officialLayout()
	}
	return infoLayout(m.info.shape())
}

// recordBytes is the length of a record: label and image.
func (l layout) recordBytes() int { return 1 + l.shape.Bytes() }

// reader reads records of this layout.
func (l layout) reader(r io.Reader, name string) *Reader {
	return &Reader{r: r, name: name, classes: l.classes, buf: make([]byte, l.recordBytes())}
}

// info is the content of an infoFile.
type info struct {
	Format   int    `json:"format"` // 1
	Height   int    `json:"height"`
	Width    int    `json:"width"`
	Channels int    `json:"channels"`
	Train    string `json:"train"` // name of the training images
	Test     string `json:"test"`
}

// infoFormat is the version of infoFile, and infoMaximum the most bytes of one.
const (
	infoFormat  = 1
	infoMaximum = 4096
)

func infoOf(train, test *Dataset) info {
	s := train.Shape()
	return info{Format: infoFormat, Height: s.Height, Width: s.Width, Channels: s.Channels, Train: train.Name, Test: test.Name}
}

func (i info) shape() Shape { return Shape{i.Height, i.Width, i.Channels} }

func (i info) name(part string) string {
	if part == "test" {
		return i.Test
	}
	return i.Train
}

// text is the content of the file.
func (i info) text() []byte {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "\t")
	_ = e.Encode(i) // numbers and strings
	return b.Bytes()
}

// readInfo reads an infoFile. Unknown fields are refused: they may change what the records mean.
func readInfo(r io.Reader) (*info, error) {
	text, err := io.ReadAll(io.LimitReader(r, infoMaximum+1))
	if err != nil {
		return nil, fmt.Errorf("%s: reading: %w", infoFile, err)
	}
	if len(text) > infoMaximum {
		return nil, fmt.Errorf("%s: more than %d bytes: %w", infoFile, infoMaximum, ErrFormat)
	}
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	var i info
	if err := d.Decode(&i); err != nil {
		return nil, fmt.Errorf("%s: byte %d: %s: %w", infoFile, d.InputOffset(), strings.TrimPrefix(err.Error(), "json: "), ErrFormat)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("%s: byte %d: more than one value: %w", infoFile, d.InputOffset(), ErrFormat)
	}
	if i.Format != infoFormat {
		return nil, fmt.Errorf("%s: format %d; this program reads format %d: %w", infoFile, i.Format, infoFormat, ErrFormat)
	}
	if err := i.shape().Check(); err != nil {
		return nil, fmt.Errorf("%s: %w: %w", infoFile, err, ErrFormat)
	}
	for _, name := range []*string{&i.Train, &i.Test} {
		rest, official := strings.CutPrefix(*name, "CIFAR-10")
		official = official && !strings.HasPrefix(rest, "0") // it is not: CIFAR-10 has no such file
		if official || len(*name) > markName || strings.ContainsFunc(*name, func(r rune) bool { return !unicode.IsPrint(r) }) {
			*name = "" // a name that cannot be shown, or is not true, is replaced, not refused
		}
	}
	return &i, nil
}
