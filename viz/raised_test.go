package viz

import (
	"slices"
	"testing"

	"github.com/cnnbook/cnnbook/internal/number"
	"golang.org/x/image/font/sfnt"
	"gonum.org/v1/plot/font"
)

func TestRaisedTextIsDrawnOfGlyphsThatTheFontHas(t *testing.T) {
	f := sans(tickSize, false)
	var got []string
	for _, p := range pieces(f, "at 1.2 × 10⁻³⁴⁵⁶⁷⁸⁹⁰¹² and 10⁵") {
		got = append(got, p.text)
		face := (*sfnt.Font)(font.DefaultCache.Lookup(f, f.Size).Face)
		for _, r := range p.text {
			if index, err := face.GlyphIndex(new(sfnt.Buffer), r); err != nil || index == 0 {
				t.Errorf("no glyph for %q: %v", r, err)
			}
		}
	}
	if want := []string{"at 1.2 × 10", "−3456789012", " and 10", "5"}; !slices.Equal(got, want) {
		t.Errorf("pieces %q, want %q", got, want)
	}
	plain, raised := textWidth(f, "10−9"), textWidth(f, "10⁻⁹")
	if ten := textWidth(f, "10"); raised <= ten || raised >= plain {
		t.Errorf("10⁻⁹ is %v wide, 10−9 %v and 10 %v", raised, plain, ten)
	}
}

func TestLogTicksAreWrittenAsPeopleReadThem(t *testing.T) {
	var got []string
	for _, tick := range (logTicks{}).Ticks(1e-7, 1e-2) {
		if tick.Label != "" {
			got = append(got, tick.Label)
		}
	}
	if want := []string{"10⁻⁷", "10⁻⁶", "10⁻⁵", "0.0001", "0.001", "0.01"}; !slices.Equal(got, want) {
		t.Errorf("ticks %q, want %q", got, want)
	}
	if got := (linearTicks{count: 4}).Ticks(0, 8e-9)[1].Label; got != number.Short(2e-9) || got != "2 × 10⁻⁹" {
		t.Errorf("the second tick from 0 to 8 × 10⁻⁹ is %q", got)
	}
}
