package cifar

import (
	"strings"
	"testing"
)

// Class names that look the same are named.
//
// Promise(files/quality)
func TestAlikeNames(t *testing.T) {
	for want, names := range map[string][]string{
		"": {"cat", "dog", "caf\u00e9", "cafe"},
		`the classes "caf\u00e9" and "cafe\u0301" differ only in the Unicode form of their letters`: {"caf\u00e9", "cat", "cafe\u0301"},
		`the classes "Cat" and "cat" differ only in capital and small letters`:                      {"Cat", "cat"},
		`the classes "\uff21" and "a" differ only in the Unicode form`:                              {"\uff21", "a"},
	} {
		if got := AlikeNames(names).String(); !strings.Contains(got, want) || want == "" && got != "" || strings.Contains(got, "\n") {
			t.Errorf("%q: got %q, want %q", names, got, want)
		}
	}
	train, test := Drawn(1, 50, 20)
	train.Names = append(train.Names[:9:9], "CAT")
	if text := Examine(train, test).String(); !strings.Contains(text, `warning: the classes "cat" and "CAT" differ`) {
		t.Errorf("got %s", text)
	}
}
