package cifar

import (
	"fmt"
	"strings"

	"golang.org/x/text/unicode/norm"
)

// Alike is a pair of class names that people read as the same; the zero value is none.
type Alike struct{ First, Second string }

// AlikeNames returns the first pair of different names that look the same: the same letters
// encoded in two ways, as é in one character or in two, or in capitals and small letters.
func AlikeNames(names []string) Alike {
	seen := map[string]string{}
	for _, name := range names {
		key := strings.ToLower(norm.NFKC.String(name))
		if other, ok := seen[key]; ok && other != name {
			return Alike{other, name}
		}
		seen[key] = name
	}
	return Alike{}
}

// String says in one line what is doubtful, with other letters than ASCII's by their numbers; it is empty for none.
func (a Alike) String() string {
	if a == (Alike{}) {
		return ""
	}
	how := "only in capital and small letters"
	if !strings.EqualFold(a.First, a.Second) {
		how = "only in the Unicode form of their letters"
	}
	return fmt.Sprintf("warning: the classes %+q and %+q differ %s: if they are one class, put its images together and import them again", a.First, a.Second, how)
}
