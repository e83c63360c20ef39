package book

import (
	"testing"

	"github.com/cnnbook/cnnbook/kernelext/internal/testkit"
)

// Promise(pages/links): No link or reference within the pages is broken.
func TestCheckLinks(t *testing.T) {
	dir := t.TempDir()
	testkit.WriteFiles(t, dir, map[string]string{
		"index.html":     `<a class="x" href="sub/two.html#here">2</a> <a href="https://example.org/x">web</a> <a href="#">top</a> <img alt="" src="p.png"> <a href="data:,x">d</a>`,
		"sub/two.html":   `<h2 id="here">x</h2><a href="../index.html">1</a> <a href="#a%22b">q</a> <p id="a%22b">`,
		"p.png":          "",
		"_static/s.html": `<a href="gone.html">not ours</a>`,
	})
	if err := checkLinks(dir); err != nil {
		t.Error(err)
	}
	for link, want := range map[string]string{
		"sub/two.html#there": `index.html links to sub/two.html, which has no anchor "there"`,
		"three.html":         "index.html links to three.html, which does not exist",
		"#nowhere":           `index.html links to index.html, which has no anchor "nowhere"`,
	} {
		testkit.WriteFiles(t, dir, map[string]string{"index.html": `<a href="` + link + `">x</a>`})
		if err := checkLinks(dir); err == nil || err.Error() != want {
			t.Errorf("got %v, expected %s", err, want)
		}
	}
}
