// Package number writes numbers as people read them, the same in figures, tables and live displays.
package number

import (
	"math"
	"strconv"
	"strings"
)

// Short writes v with up to three significant digits: 2.33, 0.00432, 24000. Numbers below 0.0001 and from ten million on are
// multiples of a power of ten: 8 × 10⁻⁹, 10⁻⁵.
func Short(v float64) string {
	a := math.Abs(v)
	switch {
	case a == 0:
		return "0"
	case math.IsNaN(v) || math.IsInf(v, 0):
		return strconv.FormatFloat(v, 'g', -1, 64)
	case a < 1e-4*(1-1e-9) || a >= 1e7:
		return power(v)
	case a >= 100:
		return strconv.FormatFloat(v, 'f', 0, 64)
	}
	s := strconv.FormatFloat(v, 'f', 2-int(math.Floor(math.Log10(a))), 64)
	return strings.TrimSuffix(strings.TrimRight(s, "0"), ".")
}

var raised = strings.NewReplacer("-", "⁻", "0", "⁰", "1", "¹", "2", "²", "3", "³", "4", "⁴", "5", "⁵", "6", "⁶", "7", "⁷", "8", "⁸", "9", "⁹")

// power writes v as a multiple of a power of ten, and the power alone where the multiple is 1.
func power(v float64) string {
	digits, exponent, _ := strings.Cut(strconv.FormatFloat(v, 'e', 2, 64), "e")
	digits = strings.TrimSuffix(strings.TrimRight(digits, "0"), ".")
	n, _ := strconv.Atoi(exponent) // FormatFloat wrote it
	ten := "10" + raised.Replace(strconv.Itoa(n))
	switch digits {
	case "1":
		return ten
	case "-1":
		return "-" + ten
	}
	return digits + " × " + ten
}

// Counted is "1 epoch" or "3 epochs".
func Counted(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return strconv.Itoa(n) + " " + noun + "s"
}

// Thousands writes 2168362 as 2,168,362.
func Thousands(n int) string {
	s := strconv.Itoa(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}
