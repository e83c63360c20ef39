package book

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"image"
	"image/png"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/cnnbook/cnnbook/kernelext/setup"
)

// publishFiles writes a source with one code cell, and the same executed, with html as its output.
func publishFiles(t *testing.T, html string) (executed, source string) {
	t.Helper()
	dir := t.TempDir()
	executed, source = filepath.Join(dir, "executed.ipynb"), filepath.Join(dir, "source.ipynb")
	write := func(path, heading, outputs string) {
		text := fmt.Sprintf(`{"cells":[{"cell_type":"markdown","id":"a","metadata":{},"source":%q},
			{"cell_type":"code","id":"b","metadata":{},"execution_count":7,"outputs":[%s],"source":"%%%%\nshow()"}],
			"metadata":{},"nbformat":4,"nbformat_minor":5}`, heading, outputs)
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	quoted, err := json.Marshal(html)
	if err != nil {
		t.Fatal(err)
	}
	write(executed, "# Old words", fmt.Sprintf(`{"output_type":"display_data","metadata":{},"data":{"text/html":%s}}`, quoted))
	write(source, "# New words", "")
	return executed, source
}

func noise(side int) string {
	img := image.NewRGBA(image.Rect(0, 0, side, side))
	rng := rand.New(rand.NewPCG(1, 2))
	for i := range img.Pix {
		img.Pix[i] = uint8(rng.Uint32()) | uint8(255*(i%4/3))
	}
	var b bytes.Buffer
	if err := png.Encode(&b, img); err != nil {
		panic(err)
	}
	return `<figure><img alt="noise" src="data:image/png;base64,` + base64.StdEncoding.EncodeToString(b.Bytes()) + `"></figure>`
}

func TestPublishKeepsTheSourcesWordsAndTheOutputs(t *testing.T) {
	executed, source := publishFiles(t, "<p>result</p>")
	if err := Publish(executed, source); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(source)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"New words", "result", `"execution_count": null`, setup.KernelDisplayName} {
		if !strings.Contains(string(data), want) {
			t.Errorf("no %s in %s", want, data)
		}
	}
}

func TestPublishMakesLargePicturesSmaller(t *testing.T) {
	executed, source := publishFiles(t, noise(560))
	if err := Publish(executed, source); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(source)
	if err != nil || info.Size() > publishedBytes {
		t.Errorf("%d bytes, %v", info.Size(), err)
	}
	executed, source = publishFiles(t, noise(1500))
	if err := Publish(executed, source); err == nil || !strings.Contains(err.Error(), "more than 1000000 bytes") {
		t.Errorf("far too large: %v", err)
	}
}

func TestPublishRefusesChangedCode(t *testing.T) {
	executed, source := publishFiles(t, "")
	data, err := os.ReadFile(source)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(source, bytes.Replace(data, []byte("show()"), []byte("hide()"), 1), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := Publish(executed, source); !errors.Is(err, ErrStale) {
		t.Errorf("got %v, want ErrStale", err)
	}
}
