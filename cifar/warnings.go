package cifar

import "fmt"

// Warnings are those of [Examine] for which no images are compared, a line each: for whoever imports a dataset.
func Warnings(train, test *Dataset) []string {
	var q Quality
	q.look(train, test)
	return q.plain()
}

// look finds what shows without comparing images.
func (q *Quality) look(train, test *Dataset) {
	q.Empty, q.EmptyTest = emptyClasses(train), emptyClasses(test)
	q.Dim, q.DimTest = train.Dim(), test.Dim()
	q.Alike = AlikeNames(train.Names)
}

// plain names it.
func (q *Quality) plain() (lines []string) {
	for _, line := range []string{
		q.Alike.String(), dimWarning("training", q.Dim), dimWarning("test", q.DimTest), q.Empty.warning("training"), q.EmptyTest.warning("test"),
	} {
		if line != "" {
			lines = append(lines, line)
		}
	}
	return lines
}

func (e Empty) warning(part string) string {
	if e.Count == 0 {
		return ""
	}
	return fmt.Sprintf("warning: %d of %d classes have no %s images; the first is %q", e.Count, e.Of, part, e.First)
}
