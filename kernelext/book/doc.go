// Package book works with notebooks without a person: it runs them, makes pages of them, and keeps their outputs.
//
// [Execute] runs a notebook from its first cell to its last and normalises what it leaves; [Render] makes the pages of
// executed notebooks, which load nothing from elsewhere; [Publish] puts outputs into the notebooks of a repository.
// [CheckRecord] tells when an executed notebook is older than its cells or the code that they import. [WriteHandouts] copies
// notebooks for students and teachers. Package godoc, below it, makes pages of Go packages.
package book
