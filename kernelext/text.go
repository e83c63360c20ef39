package kernelext

import (
	"html"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

// clean makes text from outside safe to show on one screen with other text:
// control characters, invalid UTF-8 and the characters that reorder what follows
// them (bidirectional controls, Unicode TR36 section 2.5.2) become U+FFFD, line ends of
// any kind become '\n'. Tabs stay. It knows nothing of markup: see escape.
func clean(s string) string {
	s = strings.NewReplacer("\r\n", "\n", "\r", "\n", "\u2028", "\n", "\u2029", "\n", "\u0085", "\n").Replace(s)
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n', r == '\t':
			return r
		case r == utf8.RuneError, unicode.IsControl(r), unicode.Is(unicode.Bidi_Control, r), r == '\uFEFF':
			return utf8.RuneError
		}
		return r
	}, s)
}

// Printable makes text from outside safe to print: without terminal control sequences,
// other control characters, and characters that reorder what follows them.
func Printable(s string) string { return clean(stripANSI(s)) }

// cleanLine is clean on a single line: line ends and runs of blanks become one blank.
func cleanLine(s string) string { return strings.Join(strings.Fields(clean(s)), " ") }

// escape makes text from outside safe in HTML, as content and inside quoted attributes.
func escape(s string) string { return html.EscapeString(clean(s)) }

// escapeLine is escape on a single line, for attributes and captions.
func escapeLine(s string) string { return html.EscapeString(cleanLine(s)) }

// ansiEscape matches terminal control sequences: CSI, OSC, and the two-byte ones (ECMA-48).
var ansiEscape = regexp.MustCompile("\x1b\\[[0-9;:?<=>]*[ -/]*[@-~]|\x1b\\][^\x07\x1b]*(?:\x07|\x1b\\\\)|\x1b[@-Z\\\\-_]")

// stripANSI removes terminal control sequences, which notebook error texts are full of.
func stripANSI(s string) string { return ansiEscape.ReplaceAllString(s, "") }

// firstLine is the first line of s that says something, no longer than limit runes.
func firstLine(s string, limit int) string {
	for line := range strings.Lines(s) {
		if line = cleanLine(line); line != "" {
			return shorten(line, limit)
		}
	}
	return ""
}

// shorten cuts s to at most limit runes, the last of them an ellipsis when it was cut.
func shorten(s string, limit int) string {
	if utf8.RuneCountInString(s) <= limit {
		return s
	}
	runes := []rune(s)
	return strings.TrimRight(string(runes[:max(limit-1, 0)]), " ") + "…"
}
