package text

import (
	"html"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/cnnbook/cnnbook/kernelext/internal/testkit"
)

// Promise(files/text)
func TestEscape(t *testing.T) {
	for _, text := range testkit.Hostile {
		checkSafe(t, Escape(text))
		checkSafe(t, EscapeLine(text))
		if strings.Contains(EscapeLine(text), "\n") {
			t.Errorf("%q has several lines", EscapeLine(text))
		}
	}
}

// checkSafe reports characters that could leave a quoted attribute or reorder the page.
func checkSafe(t *testing.T, s string) {
	t.Helper()
	if strings.ContainsAny(s, `<>"'`) {
		t.Errorf("%q holds markup", s)
	}
	if !utf8.ValidString(s) {
		t.Errorf("%q is not UTF-8", s)
	}
	for _, r := range s {
		if unicode.Is(unicode.Bidi_Control, r) || unicode.IsControl(r) && r != '\n' && r != '\t' {
			t.Errorf("%q holds %U", s, r)
		}
	}
}

// Promise(files/text)
func FuzzEscape(f *testing.F) {
	for _, text := range testkit.Hostile {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		checkSafe(t, Escape(text))
		if got := html.UnescapeString(Escape(text)); got != Clean(text) {
			t.Errorf("%q reads back as %q", Clean(text), got)
		}
	})
}

func TestStripANSI(t *testing.T) {
	tests := [][2]string{
		{"plain", "plain"},
		{"\x1b[31mred\x1b[0m", "red"},
		{"\x1b[1;38;5;200mbright\x1b[K", "bright"},
		{"\x1b]0;title\x07after", "after"},
		{"\x1b]8;;http://x\x1b\\link\x1b]8;;\x1b\\", "link"},
		{"\x1bMup", "up"},
		{"a\x1b", "a\x1b"},
	}
	for _, test := range tests {
		if got := StripANSI(test[0]); got != test[1] {
			t.Errorf("stripANSI(%q) = %q, expected %q", test[0], got, test[1])
		}
	}
}

func TestFirstLine(t *testing.T) {
	if got, want := FirstLine("\n  \n  a  b\nc", 10), "a b"; got != want {
		t.Errorf("got %q, expected %q", got, want)
	}
	if got, want := Shorten("größer", 4), "grö…"; got != want {
		t.Errorf("got %q, expected %q", got, want)
	}
}
