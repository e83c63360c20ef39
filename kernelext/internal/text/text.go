// Package text prepares text for display: safe on a screen and in HTML, on one line, shortened, with counts and durations.
package text

import (
	"errors"
	"fmt"
	"html"
	"io"
	"os"
	"regexp"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// Clean makes untrusted text safe to show next to other text:
// control characters, invalid UTF-8 and the characters that reorder what follows
// them (bidirectional controls, Unicode TR36 section 2.5.2) become U+FFFD, line ends of
// any kind become '\n'. Tabs stay. It does not handle markup: see Escape.
func Clean(s string) string {
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

// CleanLine is Clean for a single line: line ends and runs of blanks become one space.
func CleanLine(s string) string { return strings.Join(strings.Fields(Clean(s)), " ") }

// Escape makes untrusted text safe in HTML, as content and inside quoted attributes.
func Escape(s string) string { return html.EscapeString(Clean(s)) }

// EscapeLine is Escape for a single line, for attributes and captions.
func EscapeLine(s string) string { return html.EscapeString(CleanLine(s)) }

// ansiEscape matches terminal control sequences: CSI, OSC, and the two-byte ones (ECMA-48).
var ansiEscape = regexp.MustCompile("\x1b\\[[0-9;:?<=>]*[ -/]*[@-~]|\x1b\\][^\x07\x1b]*(?:\x07|\x1b\\\\)|\x1b[@-Z\\\\-_]")

// StripANSI removes terminal control sequences, which are frequent in the error texts of notebooks.
func StripANSI(s string) string { return ansiEscape.ReplaceAllString(s, "") }

// FirstLine is the first line of s that is not blank, no longer than limit runes.
func FirstLine(s string, limit int) string {
	for line := range strings.Lines(s) {
		if line = CleanLine(line); line != "" {
			return Shorten(line, limit)
		}
	}
	return ""
}

// Shorten cuts s to at most limit runes, the last of them an ellipsis when it was cut.
func Shorten(s string, limit int) string {
	if utf8.RuneCountInString(s) <= limit {
		return s
	}
	runes := []rune(s)
	return strings.TrimRight(string(runes[:max(limit-1, 0)]), " ") + "…"
}

// PathCause is the system's reason without operation and path, which the caller names.
func PathCause(err error) error {
	var pathErr *os.PathError
	if errors.As(err, &pathErr) {
		return pathErr.Err
	}
	return err
}

// SpanText is a duration in words: 9 min 20 s.
func SpanText(d time.Duration) string {
	switch {
	case d < time.Minute:
		return fmt.Sprintf("%.3g s", d.Seconds())
	case d < time.Hour:
		s := int(d.Round(time.Second).Seconds())
		return fmt.Sprintf("%d min %d s", s/60, s%60)
	}
	m := int(d.Round(time.Minute).Minutes())
	return fmt.Sprintf("%d h %d min", m/60, m%60)
}

// OneLine joins the lines of s, so that one error stays one line in a terminal and in a log.
func OneLine(s string) string {
	return strings.Join(strings.Fields(s), " ")
}

// EscapeMarkdown escapes text so that Markdown shows it literally, formulas included.
func EscapeMarkdown(s string) string {
	var b strings.Builder
	for _, r := range CleanLine(s) {
		if strings.ContainsRune("\\`*_{}[]()<>#+-.!|$~^&:\"'@", r) {
			b.WriteByte('\\')
		}
		b.WriteRune(r)
	}
	return b.String()
}

// IsTerminal reports whether w is a character device, on which a line can be overwritten.
func IsTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	if !ok {
		return false
	}
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}
