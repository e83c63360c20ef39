package page

import (
	"bytes"
	"compress/gzip"
	_ "embed"
	"encoding/base64"
	"fmt"
	"html/template"
	"image"
	"image/color"
	"image/png"
	"math"

	"github.com/cnnbook/cnnbook/cifar"
	"github.com/cnnbook/cnnbook/cnn"
	"github.com/cnnbook/cnnbook/internal/pagenet"
)

// The page's parts. wasm_exec.js is Go's own, and belongs to the Go version that compiled the evaluator.
var (
	//go:embed page.html
	pageHTML string
	//go:embed page.css
	pageCSS string
	//go:embed page.js
	pageJS string
	//go:embed evaluator/wasm_exec.js
	wasmExec string
	//go:embed evaluator/LICENSE
	goLicense string
	//go:embed evaluator/evaluator.wasm.gz
	evaluator []byte
)

// content is what goes into a page.
type content struct {
	run         *cnn.Run
	about, note string
	classes     []string
	test        *cifar.Dataset
	images      [][]byte
	ours        *cnn.Result
	shown       []int // positions of the images to choose from
	fingerprint string
	unlabelled  bool
}

// facts is what the page's script reads.
type facts struct {
	Height   int       `json:"height"`
	Width    int       `json:"width"`
	Channels int       `json:"channels"`
	Classes  []string  `json:"classes"`
	Actual   []int     `json:"actual"` // of each image; null where they are unlabelled
	Images   int       `json:"images"`
	Shown    []int     `json:"shown"`
	First    int       `json:"first"`
	Ours     []float32 `json:"ours"` // probabilities, image by image
}

// row is a line of the table of probabilities.
type row struct {
	Name    string
	Percent string
	Best    bool
	Style   template.CSS
}

// render fills in the page.
func (p *Page) render(c content) ([]byte, error) {
	t, err := template.New("page").Parse(pageHTML)
	if err != nil {
		return nil, err
	}
	in := c.run.Network.Input
	f := facts{Height: in[0], Width: in[1], Channels: in[2], Classes: c.classes, Actual: c.ours.Actual, Shown: c.shown, First: p.First.Image}
	f.Images = len(c.images)
	if c.unlabelled {
		f.Actual = nil
	}
	for _, probabilities := range c.ours.Probabilities {
		for _, v := range probabilities {
			f.Ours = append(f.Ours, float32(v))
		}
	}
	network, err := packed(p.Network)
	if err != nil {
		return nil, err
	}
	images, err := packed(bytes.Join(c.images, nil))
	if err != nil {
		return nil, err
	}
	best := pagenet.Best(p.First.Probabilities)
	picture, err := dataURL(p.First.Picture(in[0], in[1], in[2]))
	if err != nil {
		return nil, err
	}
	lit, err := dataURL(p.First.LitPicture(in[0], in[1]))
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	err = t.Execute(&out, map[string]any{
		"About": c.about, "Note": c.note, "Drawn": c.run.Drawn(), "Named": c.run.NamesClasses(), "Data": c.test.Name, "First": p.First.Image,
		"Preprocess": c.run.Preprocess().ForEvaluation().String(), "Fingerprint": c.fingerprint,
		"Height": in[0], "Width": in[1], "Bits": p.Bits, "Images": p.Images, "Same": p.Same, "Right": p.Right, "Largest": p.Within(),
		"Picture": picture, "Lit": lit, "Actual": c.classes[p.First.Class], "Labelled": !c.unlabelled, "Answer": c.classes[best], "AnswerPercent": percent(p.First.Probabilities[best]),
		"Drop": fmt.Sprintf("%.1f", 100*p.First.Drop), "Hangs": p.First.Drop >= 0.01,
		"Rows":  rows(c.classes, p.First.Probabilities),
		"Facts": f, "CSS": template.CSS(pageCSS), "JS": template.JS(pageJS), "WasmExec": template.JS(wasmExec),
		"Evaluator": encoded(evaluator), "GoLicense": goLicense, "Network": network, "TestImages": images,
	})
	return out.Bytes(), err
}

func rows(classes []string, probabilities []float32) []row {
	best := pagenet.Best(probabilities)
	out := make([]row, len(classes))
	for i, name := range classes {
		out[i] = row{name, percent(probabilities[i]), i == best, template.CSS(fmt.Sprintf("width:%.1f%%", 100*probabilities[i]))}
	}
	return out
}

func percent(p float32) string { return fmt.Sprintf("%.1f\u00a0%%", 100*p) }

// Within is Largest with two digits, rounded up.
func (p *Page) Within() string { return small(p.Largest) }

// small writes a difference with two digits, rounded up.
func small(v float64) string {
	if v <= 0 {
		return "0"
	}
	digits := int(math.Ceil(-math.Log10(v))) + 1
	unit := math.Pow(10, -float64(max(1, digits)))
	return fmt.Sprintf("%.*f", max(1, digits), math.Ceil(v/unit)*unit)
}

// packed compresses data for a script element of the page. DecompressionStream unpacks it there.
func packed(data []byte) (template.HTML, error) {
	var b bytes.Buffer
	w, err := gzip.NewWriterLevel(&b, gzip.BestCompression)
	if err != nil {
		return "", err
	}
	if _, err := w.Write(data); err != nil {
		return "", err
	}
	if err := w.Close(); err != nil {
		return "", err
	}
	return encoded(b.Bytes()), nil
}

func encoded(data []byte) template.HTML {
	return template.HTML(base64.StdEncoding.EncodeToString(data)) // has no character of HTML
}

func dataURL(img image.Image) (template.URL, error) {
	var b bytes.Buffer
	err := png.Encode(&b, img)
	return template.URL("data:image/png;base64," + base64.StdEncoding.EncodeToString(b.Bytes())), err
}

// Picture is the image that was asked about.
func (f First) Picture(height, width, channels int) image.Image {
	return rgbImage(rgb(f.Pixels, channels), height, width)
}

// HiddenPicture is the image with the part hidden on which the answer hangs most.
func (f First) HiddenPicture(height, width, channels int) image.Image {
	return rgbImage(rgb(f.Hidden, channels), height, width)
}

// LitPicture is the image, as bright as the answer hangs on each part.
func (f First) LitPicture(height, width int) image.Image { return rgbImage(f.Lit, height, width) }

func rgb(pixels []byte, channels int) []byte {
	if channels == 3 {
		return pixels
	}
	var out []byte
	for _, v := range pixels {
		out = append(out, v, v, v)
	}
	return out
}

func rgbImage(rgb []byte, height, width int) image.Image {
	img := image.NewNRGBA(image.Rect(0, 0, width, height))
	for i := range height * width {
		img.SetNRGBA(i%width, i/width, color.NRGBA{rgb[3*i], rgb[3*i+1], rgb[3*i+2], 0xff})
	}
	return img
}
