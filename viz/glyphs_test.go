package viz

import (
	"strings"
	"testing"

	"gonum.org/v1/plot/vg"
)

// Promise(pages/glyphs): Text that a figure's font cannot draw does not become boxes in silence: the caption lists the
// characters.
func TestCaptionListsCharactersWithoutAGlyph(t *testing.T) {
	for name, c := range map[string]struct {
		title   string
		labels  []string
		caption string
		want    string
	}{
		"Latin, Greek, Cyrillic": {"Größe × 10⁻⁹ – “ok”", []string{"γάτα", "собака"}, "seed 1", "seed 1"},
		"nothing at all":         {"", []string{"cat", "dog"}, "", ""},
		"Japanese":               {"動物", []string{"猫", "犬"}, "seed 1", "seed 1. Characters without a glyph in Liberation Sans: 動 物 猫 犬"},
		"emoji, one twice":       {"", []string{"🐱 cat", "🐱\ufe0f dog"}, "", "Characters without a glyph in Liberation Sans: 🐱"},
		"control characters":     {"a\x00b", []string{"c\u202ed", "e\u200df"}, "", ""},
	} {
		f, err := Confusion{Title: c.title, Labels: c.labels, Counts: [][]int{{3, 1}, {2, 4}}}.Figure()
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if got := f.Note(c.caption).CaptionText(); len(got) != len(c.want) || !sameWords(got, c.want) {
			t.Errorf("%s: caption %q, want %q", name, got, c.want)
		}
		if f.Caption != c.caption {
			t.Errorf("%s: reading the caption changed it to %q", name, f.Caption)
		}
		if data, err := f.SVG(); err != nil || !strings.Contains(string(data), clean(c.labels[0])) {
			t.Errorf("%s: the SVG lacks %q, %v", name, c.labels[0], err)
		}
	}
}

// sameWords reports whether two captions have the same words; their order depends on what is drawn first.
func sameWords(a, b string) bool {
	count := map[string]int{}
	for _, word := range strings.Fields(a) {
		count[word]++
	}
	for _, word := range strings.Fields(b) {
		count[word]--
	}
	for _, n := range count {
		if n != 0 {
			return false
		}
	}
	return true
}

// The list is short, and the panels of a figure share one.
func TestListOfCharactersWithoutAGlyph(t *testing.T) {
	panel := func(title string) *Figure { return FromPlot(NewPlot(title, "x", "y"), 400, 300, "") }
	row, err := Row("三", panel("一二"), panel("二一"))
	if err != nil {
		t.Fatal(err)
	}
	if got := row.CaptionText(); strings.Count(got, "Characters") != 1 || strings.Count(got, "一") != 1 || !strings.Contains(got, "三") {
		t.Errorf("caption of a row: %q", got)
	}
	var many strings.Builder
	for i := range 30 {
		many.WriteRune(rune(0x4e00 + i))
	}
	if got := panel(many.String()).CaptionText(); !strings.HasSuffix(got, " and 10 more") {
		t.Errorf("caption of thirty: %q", got)
	}
	broken := panel("一")
	broken.Width = vg.Length(-1)
	if got := broken.Note("as set").CaptionText(); got != "as set" {
		t.Errorf("caption of a figure that cannot be drawn: %q", got)
	}
}
