package diagram_test

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode"

	"github.com/cnnbook/cnnbook/cnn"
	"github.com/cnnbook/cnnbook/cnn/diagram"
)

func TestSVGShowsEveryLayer(t *testing.T) {
	net := cnn.WriteUp()
	svg, err := diagram.SVG(t.Context(), net)
	if err != nil {
		t.Fatal(err)
	}
	text := wellFormed(t, svg)
	for _, l := range net.Layers {
		if !strings.Contains(text, l.LayerName()) {
			t.Errorf("layer %q is not in the diagram", l.LayerName())
		}
	}
	if !strings.Contains(text, "(None, 8, 8, 64)") || !strings.Contains(text, "2097664") {
		t.Error("shapes or parameters are missing")
	}
}

// Promise(files/text)
func TestNamesAreEscaped(t *testing.T) {
	net := cnn.Architecture{Input: cnn.Shape{4, 4, 1}, Layers: []cnn.Layer{cnn.Flatten{Name: `<b>"&`}}}
	svg, err := diagram.SVG(t.Context(), net)
	if err != nil {
		t.Fatal(err)
	}
	if text := wellFormed(t, svg); !strings.Contains(text, `<b>"&`) {
		t.Errorf("the name is not in the diagram: %s", text)
	}
}

func TestBadArchitecture(t *testing.T) {
	if _, err := diagram.SVG(t.Context(), cnn.Architecture{}); !errors.Is(err, cnn.ErrArchitecture) {
		t.Errorf("got %v, want ErrArchitecture", err)
	}
}

// Characters that no XML may hold, or that reorder what follows them, are replaced.
//
// Promise(files/text)
func TestControlCharactersAreReplaced(t *testing.T) {
	net := cnn.Architecture{Input: cnn.Shape{4, 4, 1}, Layers: []cnn.Layer{cnn.Flatten{Name: "a\x00\x1b[31m\u202eb\u2066\xff\n]]>'"}}}
	svg, err := diagram.SVG(t.Context(), net)
	if err != nil {
		t.Fatal(err)
	}
	text := wellFormed(t, svg)
	if !strings.Contains(text, "[31m") || !strings.Contains(text, "]]>'") {
		t.Errorf("the name is not in the diagram: %q", text)
	}
	for _, r := range text {
		if unicode.IsControl(r) && r != '\n' || unicode.Is(unicode.Bidi_Control, r) {
			t.Errorf("the diagram holds %U", r)
		}
	}
}

// wellFormed parses an XML document and returns its text.
func wellFormed(t *testing.T, data []byte) string {
	t.Helper()
	d := xml.NewDecoder(strings.NewReader(string(data)))
	var text strings.Builder
	for {
		token, err := d.Token()
		if err == io.EOF {
			return text.String()
		}
		if err != nil {
			t.Fatalf("not well-formed: %v", err)
		}
		if c, ok := token.(xml.CharData); ok {
			text.Write(c)
		}
	}
}

// TestTextStaysInItsBox: whatever font a browser has, no text is wider than the cell of the table that it stands in.
func TestTextStaysInItsBox(t *testing.T) {
	svg, err := diagram.SVG(t.Context(), cnn.WriteUp())
	if err != nil {
		t.Fatal(err)
	}
	type box struct{ left, right, top, bottom float64 }
	var boxes []box
	for _, m := range regexp.MustCompile(`<polygon fill="none"[^>]* points="([^"]*)"`).FindAllSubmatch(svg, -1) {
		b := box{math.Inf(1), math.Inf(-1), math.Inf(1), math.Inf(-1)}
		for point := range strings.FieldsSeq(string(m[1])) {
			var x, y float64
			if _, err := fmt.Sscanf(point, "%g,%g", &x, &y); err != nil {
				t.Fatal(err)
			}
			b = box{min(b.left, x), max(b.right, x), min(b.top, y), max(b.bottom, y)}
		}
		boxes = append(boxes, b)
	}
	texts := regexp.MustCompile(`<text text-anchor="start" x="([^"]*)" y="([^"]*)" [^>]*textLength="([^"]*)"`).FindAllSubmatch(svg, -1)
	if want := bytes.Count(svg, []byte("<text")); len(texts) != want || want < 18*5 {
		t.Fatalf("%d of %d texts have a width, expected all and 90 at least", len(texts), want)
	}
	for _, m := range texts {
		var v [3]float64
		for i := range v {
			if v[i], err = strconv.ParseFloat(string(m[i+1]), 64); err != nil {
				t.Fatal(err)
			}
		}
		inside := func(b box) bool {
			return b.left <= v[0] && v[0]+v[2] <= b.right && b.top <= v[1] && v[1] <= b.bottom
		}
		if !slices.ContainsFunc(boxes, inside) {
			t.Errorf("%s is in no box", m[0])
		}
	}
}

// Graphviz keeps nothing in the folder for temporary files, which accounts share: as another account, every program of ours
// would panic while it starts.
//
// Promise(kernel/accounts): Several accounts of one machine use one installation at once. Each only reads it, and keeps in its home what is
// its own: nothing that is installed is compiled or downloaded again.
func TestGraphvizKeepsToItsAccount(t *testing.T) {
	if dir := os.Getenv("DIAGRAM_TEST_TMP"); dir != "" {
		if os.TempDir() != dir {
			t.Errorf("programs see the folder %s for temporary files, want %s", os.TempDir(), dir)
		}
		return
	}
	tmp, cache := t.TempDir(), t.TempDir()
	for name, test := range map[string]struct{ cache, home string }{
		"cache": {cache, "/nowhere"}, "home": {filepath.Join(os.DevNull, "read-only"), cache}, "none": {"", os.DevNull},
	} {
		cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestGraphvizKeepsToItsAccount$")
		cmd.Env = append(os.Environ(), "TMPDIR="+tmp, "CNNBOOK_CACHE="+test.cache, "HOME="+test.home, "XDG_CACHE_HOME=", "DIAGRAM_TEST_TMP="+tmp)
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("%s: %v\n%s", name, err, out)
		}
	}
	if left, err := os.ReadDir(tmp); err != nil || len(left) > 0 {
		t.Errorf("left behind in %s: %v, %v", tmp, left, err)
	}
	for _, dir := range []string{cache, filepath.Join(cache, ".cache", "cnnbook")} {
		if kept, err := os.ReadDir(filepath.Join(dir, "graphviz", "go-graphviz")); runtime.GOOS == "linux" && (err != nil || len(kept) == 0) {
			t.Errorf("nothing is kept in %s: %v", dir, err)
		}
	}
}
