package kernelext

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"image"
	"image/color"
	"image/png"
	"io"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/cnnbook/cnnbook/kernelext/internal/testkit"
	"github.com/cnnbook/cnnbook/kernelext/internal/text"
)

func ExampleDisplay() {
	err := Display(
		Picture{Image: image.NewGray(image.Rect(0, 0, 32, 32)), Alt: "A black square.", Caption: "Nothing to see."},
		Table{
			Header:  []string{"Epoch", "Loss", "Accuracy"},
			Rows:    [][]string{{"1", "2.3291", "0.1034"}, {"2", "2.2514", "0.1702"}},
			Caption: "The first epochs.",
		},
		Markdown("The loss is $-\\log p$."),
	)
	if err != nil {
		fmt.Println(err)
	}
	// Output:
	// [Figure: A black square.]
	// Nothing to see.
	// Epoch    Loss  Accuracy
	// ─────  ──────  ────────
	//     1  2.3291    0.1034
	//     2  2.2514    0.1702
	// The first epochs.
	// The loss is $-\log p$.
}

func ExampleRow() {
	square := image.NewGray(image.Rect(0, 0, 8, 8))
	_ = Display(Row(Picture{Image: square, Alt: "Left."}, Picture{Image: square, Alt: "Right."}))
	// Output:
	// [Figure: Left.]
	// [Figure: Right.]
}

// figure is a Figure for tests.
type figure struct {
	png          []byte
	err          error
	alt, caption string
}

func (f figure) PNG() ([]byte, error) { return f.png, f.err }
func (f figure) AltText() string      { return f.alt }
func (f figure) CaptionText() string  { return f.caption }

func pngOf(t *testing.T, w, h int) []byte {
	t.Helper()
	var buf bytes.Buffer
	if err := png.Encode(&buf, image.NewGray(image.Rect(0, 0, w, h))); err != nil {
		t.Fatal(err)
	}
	return buf.Bytes()
}

// withPHYs puts a pHYs chunk of so many pixels per metre behind the header.
func withPHYs(data []byte, perMetre uint32) []byte {
	chunk := []byte("pHYs")
	chunk = binary.BigEndian.AppendUint32(chunk, perMetre)
	chunk = binary.BigEndian.AppendUint32(chunk, perMetre)
	chunk = append(chunk, 1)
	whole := binary.BigEndian.AppendUint32(nil, 9)
	whole = append(whole, chunk...)
	whole = binary.BigEndian.AppendUint32(whole, crc32.ChecksumIEEE(chunk))
	const header = 8 + 25
	return slices.Concat(data[:header], whole, data[header:])
}

// Promise(files/text): Text from outside (names of classes, layers and runs, paths) stays text in
// HTML, SVG, alt text and the terminal.
func TestBundlesEscapeWhatComesFromOutside(t *testing.T) {
	svg := []byte(`<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>`)
	for _, said := range testkit.Hostile {
		items := map[string]any{
			"figure":  figure{png: pngOf(t, 4, 4), alt: said, caption: said},
			"picture": Picture{Image: image.NewGray(image.Rect(0, 0, 2, 2)), Alt: said, Caption: said},
			"svg":     SVG{Source: svg, Alt: said, Caption: said},
			"table":   Table{Header: []string{said}, Rows: [][]string{{said}}, Caption: said},
			"text":    Row(Text(said), said, errors.New(said)),
		}
		for name, item := range items {
			b, err := bundleOf(item)
			if err != nil {
				t.Fatalf("%s with %q: %v", name, said, err)
			}
			if got := testkit.CheckHTML(t, b.HTML); !strings.Contains(got, text.CleanLine(said)) && name != "text" {
				t.Errorf("%s: said %q is not in %q", name, text.CleanLine(said), got)
			}
			for _, r := range b.Text {
				if r < ' ' && r != '\n' && r != '\t' || r == '\u202E' {
					t.Errorf("%s: the words hold %U", name, r)
				}
			}
		}
	}
}

func TestDisplayErrors(t *testing.T) {
	square := image.NewGray(image.Rect(0, 0, 2, 2))
	boom := errors.New("no data")
	tests := []struct {
		name string
		item any
		want string
	}{
		{"nil", nil, "it is nil, expected a figure, image, table or text"},
		{"unknown", 3, "no way to show a int, expected a figure, image, table or text"},
		{"failing figure", figure{err: boom}, "no data"},
		{"figure without PNG", figure{png: []byte("GIF89a, not a PNG")}, "the figure's PNG cannot be read: png: invalid format: not a PNG file"},
		{"no image", Picture{}, "the Picture has no image"},
		{"empty image", image.NewGray(image.Rect(3, 3, 3, 9)), "the image is empty: 0 by 6 pixels"},
		{"huge scale", Picture{Image: square, Scale: 1 << 20}, "the image is too large: 2 by 2 pixels at scale 1048576, expected at most 16384 a side"},
		{"empty SVG", SVG{}, "the SVG is empty, expected an <svg> element"},
		{"other XML", SVG{Source: []byte("<html></html>")}, "the SVG has <html> as root, expected <svg>"},
		{"broken SVG", SVG{Source: []byte("<svg><g></svg>")}, "the SVG is not well-formed at byte 14: XML syntax error on line 1: element <g> closed by </svg>"},
		{"empty row", Row(), "the row is empty"},
		{"markdown in a row", Row(square, Markdown("x")), "position 2 of 2 in the row: Markdown is not allowed in a row, use Text"},
		{"bad item in a row", Row(square, nil), "position 2 of 2 in the row: it is nil, expected a figure, image, table or text"},
		{"empty table", Table{}, "the table has no columns"},
		{"ragged table", Table{Header: []string{"a", "b"}, Rows: [][]string{{"1", "2"}, {"3"}}}, "row 2 of the table has 1 cell, expected 2"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var out strings.Builder
			err := displayOn(textOutput{&out}, []any{"before", test.item, "after"})
			if !errors.Is(err, ErrDisplay) {
				t.Fatalf("got %v, expected an error that wraps ErrDisplay", err)
			}
			if want := "cannot display item 2 of 3: " + test.want; err.Error() != want {
				t.Errorf("got  %s\nwant %s", err, want)
			}
			if out.String() != "before\n" {
				t.Errorf("shown: %q, expected the item before alone", out.String())
			}
		})
	}
	if err := displayOn(textOutput{io.Discard}, []any{figure{err: boom}}); !errors.Is(err, boom) {
		t.Errorf("%v does not wrap the figure's error", err)
	}
}

func TestSmallPicturesAreEnlargedInWholeSteps(t *testing.T) {
	img := image.NewRGBA(image.Rect(10, 20, 12, 21)) // two pixels, not at the origin
	red, blue := color.RGBA{255, 0, 0, 255}, color.RGBA{0, 0, 255, 255}
	img.Set(10, 20, red)
	img.Set(11, 20, blue)
	b, err := bundleOf(img)
	if err != nil {
		t.Fatal(err)
	}
	got := decodeImage(t, b.HTML)
	if size := got.Bounds().Size(); size != image.Pt(256, 128) {
		t.Fatalf("size is %v, expected 256 by 128", size)
	}
	for x := range 256 {
		want := red
		if x >= 128 {
			want = blue
		}
		if c := color.RGBAModel.Convert(got.At(x, 77)); c != want {
			t.Fatalf("pixel %d is %v, expected %v", x, c, want)
		}
	}
	if !strings.Contains(b.HTML, `alt="Image of 2 by 1 pixels."`) {
		t.Errorf("no alternative text in %.200s", b.HTML)
	}
}

func decodeImage(t *testing.T, fragment string) image.Image {
	t.Helper()
	match := regexp.MustCompile(`data:image/png;base64,([^"]*)"`).FindStringSubmatch(fragment)
	if match == nil {
		t.Fatalf("no PNG in %.200s", fragment)
	}
	data, err := base64.StdEncoding.DecodeString(match[1])
	if err != nil {
		t.Fatal(err)
	}
	img, err := png.Decode(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	return img
}

func TestFigureWidthFollowsDensity(t *testing.T) {
	data := pngOf(t, 800, 10)
	tests := []struct {
		name string
		png  []byte
		want string
	}{
		{"none", data, `width="800"`},
		{"144 dpi", withPHYs(data, 5669), `width="400"`},
		{"72 dpi", withPHYs(data, 2835), `width="800"`},
		{"absurd", withPHYs(data, 1<<31), `width="800"`},
	}
	for _, test := range tests {
		b, err := bundleOf(figure{png: test.png})
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(b.HTML, test.want) {
			t.Errorf("%s: no %s in %s", test.name, test.want, regexp.MustCompile(`base64,[^"]*`).ReplaceAllString(b.HTML, "…"))
		}
	}
}

func TestTableAlignment(t *testing.T) {
	table := Table{
		Header: []string{"name", "value", "mixed", "centre"},
		Rows:   [][]string{{"loss", "−0.5", "3 of 4", "x"}, {"acc", "—", "none", "yyy"}},
		Align:  []Align{3: AlignCenter},
	}
	b, err := table.bundle()
	if err != nil {
		t.Fatal(err)
	}
	want := "" +
		"name  value  mixed   centre\n" +
		"────  ─────  ──────  ──────\n" +
		"loss   −0.5  3 of 4    x\n" +
		"acc       —  none     yyy\n"
	if b.Text != want {
		t.Errorf("got\n%s\nwant\n%s", b.Text, want)
	}
	for _, align := range []string{"left", "right", "center"} {
		if !strings.Contains(b.HTML, `text-align:`+align+`"`) {
			t.Errorf("no column is aligned %s", align)
		}
	}
}
