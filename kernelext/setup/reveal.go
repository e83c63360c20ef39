package setup

import (
	"context"
	"fmt"
	"os"
	"path"
)

// RevealFiles are the files of reveal.js that slides need: the program, its style, and the window with the speaker's notes.
func RevealFiles() []string {
	return []string{"dist/reveal.js", "dist/reveal.css", "plugin/notes/notes.js"}
}

// reveal is reveal.js 5.2.1 (https://revealjs.com, MIT), from a Python package that carries it.
func reveal(file string) Wheel {
	return Wheel{
		Name: "sphinx-revealjs", Version: "3.2.0",
		SHA256: "0c19290687a68c835a4653c3e679528b64393731759dc72e8e5361367c5e41e9",
		Member: "sphinx_revealjs/_static/revealjs/" + file,
	}
}

// Reveal returns the contents of RevealFiles by name. They are fetched once.
func (e *Environment) Reveal(ctx context.Context) (map[string][]byte, error) {
	files := map[string][]byte{}
	for _, file := range RevealFiles() {
		name, err := e.WheelFile(ctx, reveal(file), "reveal", path.Base(file), "Fetching reveal.js")
		if err == nil {
			files[path.Base(file)], err = os.ReadFile(name)
		}
		if err != nil {
			return nil, fmt.Errorf("fetch reveal.js, which shows slides: %w", err)
		}
	}
	return files, nil
}
