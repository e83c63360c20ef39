package book

import (
	"encoding/json"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/cnnbook/cnnbook/kernelext/internal/browser"
	"github.com/cnnbook/cnnbook/kernelext/internal/kerneltest"
)

const networkCells = `import (
	"github.com/cnnbook/cnnbook/cnn"
	"github.com/cnnbook/cnnbook/notebooks/lab"
)

l := lab.Open()
network := cnn.Architecture{Name: "light", Input: cnn.Shape{32, 32, 3}, Layers: []cnn.Layer{
	cnn.Conv2D{Name: "conv", Filters: 12, Kernel: 5, Padding: "same", Stride: 2},
	cnn.BatchNormalization{Name: "norm"},
	cnn.Activation{Name: "gelu", Function: "gelu"},
	cnn.MaxPooling2D{Name: "pool", Size: 4},
	cnn.Flatten{Name: "flatten"},
	cnn.Dense{Name: "output", Units: 10},
	cnn.Activation{Name: "softmax", Function: "softmax"},
}}
run := l.Fit("light", network, cnn.Config{Optimizer: cnn.Adam{}, Schedule: cnn.Constant(0.003), Epochs: 2})
---
lab.InPage(run, l.Test)`

// TestNetworkInAPage trains a network in the kernel, puts it into a page of a book and asks it in the browser, where the page is
// opened as a file.
//
// Promise(pages/network) the evaluator in the page of a book, in Chromium: on 100 test images, and for pictures that are dropped and chosen, by keyboard too
func TestNetworkInAPage(t *testing.T) {
	b := browser.Open(t)
	if dir := os.Getenv(pagesEnv); dir != "" {
		pages, err := filepath.Glob(filepath.Join(dir, "*-network.html"))
		if err != nil || len(pages) == 0 {
			t.Fatalf("no page with a network in %s (%v)", dir, err)
		}
		for _, page := range pages {
			page = must(filepath.Abs(page))(t)
			checkNetworkPage(t, b, page)
			checkNetworkLooks(t, b, page)
		}
		return
	}
	e := execution(t, strings.Split(networkCells, "\n---\n")...)
	if _, err := Execute(t.Context(), e); err != nil {
		t.Fatal(err)
	}
	s := site(t, "# unused")
	s.Executed, s.Notebooks = filepath.Dir(e.Out), []string{"executed.ipynb"}
	if err := os.MkdirAll(filepath.Dir(s.Out), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := Render(t.Context(), s); err != nil {
		t.Fatal(err)
	}
	const file = "executed-network.html"
	for name, wants := range map[string]bool{"executed.html": true, "index.html": true, "single/executed.html": false} {
		data, err := os.ReadFile(filepath.Join(s.Out, name))
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(data), `href="`+file+`"`) != wants {
			t.Errorf("%s links to the page with the network: %v, expected %v", name, !wants, wants)
		}
		if strings.Contains(string(data), "<template") {
			t.Errorf("%s carries the page", name)
		}
		if name != "index.html" && !strings.Contains(string(data), "bright where the answer hangs on it") {
			t.Errorf("%s does not show the still", name)
		}
	}
	if err := Publish(e.Out, e.Notebook); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(e.Notebook); err != nil || info.Size() > 200_000 {
		t.Errorf("the notebook with outputs takes %d bytes (%v)", info.Size(), err)
	}
	page := filepath.Join(s.Out, file)
	checkNetworkPage(t, b, page)
	checkNetworkLooks(t, b, page)
}

// checkNetworkPage asks the network in a page that is opened as a file.
func checkNetworkPage(t *testing.T, b *browser.Browser, page string) {
	t.Helper()
	if info, err := os.Stat(page); err != nil || info.Size() > 3_000_000 {
		t.Fatalf("%v, %v: expected a page of at most 3 MB", info, err)
	}
	b.Open(t, fileURL(page), browser.Look{Theme: "light", Width: 1400, Height: 1000})
	paint := firstPaint(t, b)
	awaitNetwork(t, b, `document.body.dataset.ready === "yes"`)

	// All test images, compared with what cnn said about them.
	evaluate(t, b, `document.querySelector("#compare").click()`, nil)
	awaitNetwork(t, b, `document.querySelector("#compared").dataset.images > 0`)
	var compared struct{ Largest, Same, Images float64 }
	evaluate(t, b, `(({largest, same, images}) => ({largest: +largest, same: +same, images: +images}))(document.querySelector("#compared").dataset)`, &compared)
	t.Logf("in the browser, on %.0f images: largest difference %.2g, the same class for %.0f; first paint after %.0f ms", compared.Images, compared.Largest, compared.Same, paint)
	if compared.Images != 100 || compared.Same < 99 || !(compared.Largest < 0.001) {
		t.Errorf("on %.0f images: largest difference %g, the same class for %.0f", compared.Images, compared.Largest, compared.Same)
	}

	// By keyboard: from one test image to the next.
	before := shownAnswer(t, b)
	evaluate(t, b, `document.querySelector("#thumbnails input:checked").focus()`, nil)
	b.Press(t, "ArrowRight", 39)
	awaitNetwork(t, b, `document.body.dataset.asked > 0 && document.querySelector("#progress").hidden`)
	if after := shownAnswer(t, b); after == before || !strings.Contains(after, "Test image") {
		t.Errorf("after the right arrow: %q, was %q", after, before)
	}

	// A picture in a file, whose middle is a test image: its answer is that for the image itself.
	name, want := drawFirst(t, b)
	for how, give := range map[string]func(){
		"chosen":  func() { b.Choose(t, "#file", name) },
		"dropped": func() { b.Drop(t, 300, 300, name) },
	} {
		evaluate(t, b, `document.querySelector("#answer").textContent = ""`, nil)
		give()
		awaitNetwork(t, b, `document.querySelector("#answer").textContent && document.querySelector("#progress").hidden`)
		got := shownAnswer(t, b)
		if !strings.HasPrefix(got, "wide.png: ") || !strings.HasSuffix(got, want) {
			t.Errorf("%s: %q, expected wide.png and %q", how, got, want)
		}
	}
	var read, hangs string
	evaluate(t, b, `document.querySelector("#read").textContent`, &read)
	evaluate(t, b, `document.querySelector("#hangs").textContent`, &hangs)
	if !strings.Contains(read, "64×96 pixels, cut to the middle and averaged to 32×32") || !strings.Contains(hangs, "Hiding") {
		t.Errorf("read: %q, hangs: %q", read, hangs)
	}
	other := filepath.Join(t.TempDir(), "other.png")
	if err := os.WriteFile(other, []byte("no picture"), 0o644); err != nil {
		t.Fatal(err)
	}
	b.Choose(t, "#file", other)
	awaitNetwork(t, b, `document.querySelector("#answer").textContent.includes("cannot be read")`)
	checkRequests(t, b)
	for _, request := range b.Requests {
		if strings.HasPrefix(request, "file:") && request != fileURL(page) {
			t.Errorf("the page requests %s", request)
		}
	}
	var left string // the page's policy stops whatever a script may try
	evaluate(t, b, `fetch("data:text/plain,x").then(() => "sent", () => "stopped")`, &left)
	if left != "stopped" {
		t.Error("the page's policy lets a script fetch")
	}

	b.Scripts(t, false)
	b.Open(t, fileURL(page), browser.Look{Theme: "light", Width: 800, Height: 900})
	var text string
	evaluate(t, b, `document.querySelector("main").innerText`, &text)
	if !strings.Contains(text, "Without JavaScript, this page shows one test image") || !strings.Contains(text, "Test image") || strings.Contains(text, "Choose a picture") {
		t.Errorf("without scripts: %s", text)
	}
	b.Scripts(t, true)
}

// checkNetworkLooks checks the page with axe, and that it fits, in both themes.
func checkNetworkLooks(t *testing.T, b *browser.Browser, page string) {
	t.Helper()
	script, err := os.ReadFile(must(kerneltest.Environment(t).WheelFile(t.Context(), axe(), "axe", "axe.js", "Fetching axe-core"))(t))
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range []browser.Look{{Theme: "light", Width: 1400, Height: 1000}, {Theme: "dark", Width: 390, Height: 844}} {
		b.Open(t, fileURL(page), l)
		awaitNetwork(t, b, `document.body.dataset.ready === "yes"`)
		checkLook(t, b, l)
		checkAxe(t, b, string(script))
	}
}

func must(value string, err error) func(t *testing.T) string {
	return func(t *testing.T) string {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return value
	}
}

func evaluate(t *testing.T, b *browser.Browser, expression string, value any) {
	t.Helper()
	if err := b.Evaluate(expression, value); err != nil {
		t.Fatalf("%s: %v", expression, err)
	}
}

// awaitNetwork waits until a condition holds in the page.
func awaitNetwork(t *testing.T, b *browser.Browser, condition string) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) {
		var holds bool
		evaluate(t, b, "Boolean("+condition+")", &holds)
		if holds {
			return
		}
	}
	var text string
	evaluate(t, b, `document.querySelector("main").innerText`, &text)
	t.Fatalf("not within a minute: %s, in\n%s", condition, text)
}

func shownAnswer(t *testing.T, b *browser.Browser) string {
	t.Helper()
	var answer string
	evaluate(t, b, `document.querySelector("#answer").textContent`, &answer)
	return strings.TrimSpace(answer)
}

// drawFirst writes the page's first test image, each pixel twice as wide and high, into the middle of a wider picture. It returns
// the file, and the end of the sentence with cnn's own answer.
func drawFirst(t *testing.T, b *browser.Browser) (name, answer string) {
	t.Helper()
	var pixels []byte
	var text string
	evaluate(t, b, `unpacked("test-images").then((all) => JSON.stringify([...all.slice(0, size)]))`, &text)
	var numbers []int
	if err := json.Unmarshal([]byte(text), &numbers); err != nil {
		t.Fatal(err)
	}
	for _, n := range numbers {
		pixels = append(pixels, byte(n))
	}
	img := image.NewNRGBA(image.Rect(0, 0, 96, 64))
	for y := range 64 {
		for x := range 96 {
			c := color.NRGBA{255, 0, 255, 255} // what is cut off
			if x >= 16 && x < 80 {
				at := 3 * (y/2*32 + (x-16)/2)
				c = color.NRGBA{pixels[at], pixels[at+1], pixels[at+2], 255}
			}
			img.SetNRGBA(x, y, c)
		}
	}
	name = filepath.Join(t.TempDir(), "wide.png")
	f, err := os.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := png.Encode(f, img); err != nil {
		t.Fatal(err)
	}
	var ours struct {
		Name        string
		Probability float64
	}
	evaluate(t, b, `(() => { const p = facts.ours.slice(0, facts.classes.length); const best = p.indexOf(Math.max(...p)); return {name: facts.classes[best], probability: p[best]} })()`, &ours)
	return name, fmt.Sprintf("The network says %s, with a probability of %.1f\u00a0%%.", ours.Name, 100*ours.Probability)
}
