// Package book processes notebooks headless: it runs them, renders them as pages, and stores their outputs.
//
// [Execute] runs a notebook from its first cell to its last and normalises the result; [Render] makes the pages of
// executed notebooks, which load nothing from other sites; [Publish] copies outputs into the notebooks of a repository.
// [CheckRecord] reports an executed notebook that is older than its cells or the code that they import. [WriteHandouts]
// copies notebooks for students and teachers. Package godoc, below it, makes pages of the documentation of Go packages.
package book
